// Tier 2, above `tensor`.
//! Bounds with readable error messages.
//!
//! Each trait here, except `ParallelInput`, has an impl for one type only, so a method could name that type instead.
//! (`InputOf` and `Maps` are in `network`.) The traits exist because the compiler's messages are then readable:
//!
//! * If a method takes an argument of a fixed type, such as `&[X]`, the error for another type is "mismatched types".
//!   A trait that only `X` implements can have a separate message.
//! * An error ends with a list of the types that implement the required trait. For `Layer<X>`, the list contains every
//!   tuple. For a trait with one blanket impl, the list is empty.
//! * The error for a projection, as in `Layer<X, Output = Y>`, is "type mismatch resolving ..". It does not show which
//!   layer is wrong.

use crate::tensor::{SameSample, SameType, Sample, Tensor};

/// The type `Y`: a network must give this output.
#[diagnostic::on_unimplemented(
    message = "this network gives `{Self}`, not the `{Y}` that is expected here",
    label = "the last layer gives `{Self}`",
    note = "make the last layer give `{Y}`, or expect `{Self}` here"
)]
pub trait OutputIs<Y> {
    /// `Y`.
    type Same;
}

impl<Y> OutputIs<Y> for Y {
    type Same = Y;
}

/// The type `Y`: the type of a buffer for outputs `Y`.
#[diagnostic::on_unimplemented(
    message = "this network gives `{Y}`, but the buffer for its outputs holds `{Self}`",
    label = "the last layer gives `{Y}`",
    note = "make the buffer a slice of `{Y}`"
)]
pub trait OutputFor<Y>: SameType<Y> {}

impl<Y> OutputFor<Y> for Y {}

/// The type `Y`: the type of a cotangent (a gradient with respect to an output) of `Y`.
#[diagnostic::on_unimplemented(
    message = "this network gives `{Y}`, but the cotangents are `{Self}`",
    label = "the last layer gives `{Y}`",
    note = "a cotangent is a gradient with respect to an output and has its shape: pass one `{Y}` for each input"
)]
pub trait CotangentOf<Y>: SameType<Y> {}

impl<Y> CotangentOf<Y> for Y {}

/// The type `X`: a network of `network!` that declares this output must give it.
#[diagnostic::on_unimplemented(
    message = "this network gives `{X}`, not the `{Self}` that was declared",
    label = "the last layer gives `{X}`",
    note = "make the last layer give `{Self}`, or declare `{X}`"
)]
pub trait DeclaredOutput<X> {}

impl<X> DeclaredOutput<X> for X {}

/// The gradient of a network `N`: an `N`, or an `Owned<N>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the gradient of `{N}`",
    label = "the gradient of another network",
    note = "the gradient has the same type as the network: `let mut gradient = Net::zeros();`"
)]
pub trait GradientOf<N> {
    #[doc(hidden)]
    fn as_gradient(&self) -> &N;
    #[doc(hidden)]
    fn as_gradient_mut(&mut self) -> &mut N;
}

#[diagnostic::do_not_recommend]
impl<N> GradientOf<N> for N {
    fn as_gradient(&self) -> &N {
        self
    }
    fn as_gradient_mut(&mut self) -> &mut N {
        self
    }
}

#[cfg(feature = "alloc")]
#[diagnostic::do_not_recommend]
impl<N> GradientOf<N> for chainrule_parameters::Owned<N> {
    fn as_gradient(&self) -> &N {
        self
    }
    fn as_gradient_mut(&mut self) -> &mut N {
        self
    }
}

/// The type `N`: an average of a network `N` is updated from such a network.
#[diagnostic::on_unimplemented(
    message = "this is the average of another network: of `{N}`, not of `{Self}`",
    label = "a network of another type",
    note = "an average has the same type as its network: make one for each network, with `ExponentialMovingAverage::new(0.99)`"
)]
pub trait AveragedAs<N>: SameType<N> {}

impl<N> AveragedAs<N> for N {}

/// The type `X`: the output of a branch, which is added to the output `X` of a skip connection.
#[diagnostic::on_unimplemented(
    message = "a residual block has a branch that gives `{Self}` and a skip connection that gives `{X}`: the shapes must be the same",
    label = "`{Self}` cannot be added to `{X}`",
    note = "`Residual<Branch>` adds its input to the output of the branch, so the branch must give the shape of the input",
    note = "if the branch changes the shape, add a shortcut that changes it too, as in `Residual<Branch, Linear<64, 32>>`"
)]
pub trait SameShape<X: Sample>: SameSample<X> {
    /// `X`, the output of the block. If the shapes differ, the compiler does not know this type, and so reports no
    /// further errors for the layers after the block.
    type Same: Sample;
}

impl<X: Sample> SameShape<X> for X {
    type Same = X;
}

/// The type `X`: the output of the branch of a highway block with the input `X`. The gate mixes the two.
#[diagnostic::on_unimplemented(
    message = "the branch of a highway block takes `{X}` and gives `{Self}`: the shapes must be the same",
    label = "the gate cannot mix `{Self}` with `{X}`",
    note = "the block mixes its input with the output of its branch, element by element: make the last layer of the branch give `{X}`"
)]
pub trait HighwayBranch<X: Sample>: SameSample<X> {
    /// `X`. See [`SameShape::Same`].
    type Same: Sample;
}

impl<X: Sample> HighwayBranch<X> for X {
    type Same = X;
}

/// The type `X`: the output of a layer with the input `X`. Copies of such a layer can follow one another in an array.
#[diagnostic::on_unimplemented(
    message = "a repeated layer takes `{X}` and gives `{Self}`: the shapes must be the same",
    label = "the next copy takes `{X}`, not `{Self}`",
    note = "make the last layer of the repeated block give `{X}`, or write layers of different shapes as a tuple"
)]
pub trait SameShapeAsInput<X: Sample>: SameSample<X> {
    /// `X`. See [`SameShape::Same`].
    type Same: Sample;
}

impl<X: Sample> SameShapeAsInput<X> for X {
    type Same = X;
}

/// One of the two inputs of `Parallel`. It must be plain data, because it is copied into the workspace.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a half of the input of `Parallel`",
    label = "not a tensor or a pair of tensors",
    note = "each half is copied, so it must be plain data: turn a `Label` into a vector with `one_hot()`"
)]
pub trait ParallelInput: Sample + bytemuck::Pod {}

#[diagnostic::do_not_recommend]
impl<X: Sample + bytemuck::Pod> ParallelInput for X {}

/// A bound for stacks of more than 16 layers, which nothing implements. It exists for the compiler's message.
#[diagnostic::on_unimplemented(
    message = "a stack has at most 16 layers, but this one has {LAYERS}",
    label = "too many layers for one tuple",
    note = "nest tuples, as in `((A, B, C), (D, E, F))`, or repeat equal layers in an array, as in `[Block; 4]`: the network computes the same"
)]
pub trait AtMostSixteen<const LAYERS: usize> {}

/// A tensor with the same scalar type as `In`.
#[diagnostic::on_unimplemented(
    message = "a layer has one scalar type: it cannot take `{In}` and give `{Self}`",
    label = "`{In}` and `{Self}` have different scalar types",
    note = "use `f32` for both or `f64` for both, as in `Dense<Vector<4, f64>, Vector<8, f64>>`"
)]
pub trait SameScalar<In: Tensor>: Tensor<Scalar = In::Scalar> {}

#[diagnostic::do_not_recommend] // so that the message is the one above, not one about the projection
impl<In: Tensor, Out: Tensor<Scalar = In::Scalar>> SameScalar<In> for Out {}

/// A tensor of `f64`. Finite differences in `f32` are not precise enough for a gradient check.
#[diagnostic::on_unimplemented(
    message = "gradients are checked in `f64`, but these inputs are `{Self}`",
    label = "`{Self}` is not a tensor of `f64`",
    note = "implement the layer for every scalar type, as in `impl<T: Real> Layer<Vector<N, T>> for ..`, and check it with `Vector<N, f64>`"
)]
pub trait InF64: Tensor<Scalar = f64> {}

#[diagnostic::do_not_recommend] // so that the message is the one above, not one about the projection
impl<X: Tensor<Scalar = f64>> InF64 for X {}

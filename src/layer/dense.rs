use core::slice::{from_mut, from_ref};

use bytemuck::{Pod, Zeroable};
use chainrule_derive::Parameters;
use chainrule_parameters::{Number, Part, Scalar};

use super::compare::comparable;
use super::onnx::Form;
use super::{Backward, Cost, Effect, Factor, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::bounds::SameScalar;
use crate::kernel::{Initial, Real, Strided, gemm, gemm_deep, sum_rows};
use crate::tensor::{Aligned, Tensor, Vector, len};

/// A linear map from all numbers of one shape to all numbers of another: Z = W X + b.
///
/// Forward `z = x W + b`; backward `dx = dz Wᵀ`, `dW = xᵀ dz`, `db = dz`, summed over the batch.
///
/// # Shapes
/// Input `In`, output `Out`: any two tensors of the same scalar type. `Dense<Image<1, 28, 28>, Vector<10>>` needs no
/// flattening. `weight` is `[In::LEN, Out::LEN]`: a row for each input. `bias` has the shape of the output. For vectors
/// write [`Linear<IN, OUT>`](Linear).
///
/// # Gradient flow
/// The Jacobian is W: one of the factors W in the chain rule's product. With entries of variance s², the squared norm
/// of a gradient grows by the factor `Out::LEN` s² on average.
/// [He's initialization](crate::init::Initializer::he_normal) (s² = 2 / fan-in) therefore preserves it in layers of
/// equal width with ReLU.
///
/// # Source
/// Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986), eq. 1 and 6.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut layer = Linear::<2, 3>::zeros();
/// *layer.weight = [[1.0, 2.0, 3.0].into(), [10.0, 20.0, 30.0].into()]; // a row for each input
/// layer.bias = Vector([0.5, 0.5, 0.5]);
/// assert_eq!(layer.predict(&Vector([1.0, 0.1]))?, Vector([2.5, 4.5, 6.5]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("fully connected", "affine map", "nn.Linear", "Gemm"))]
#[derive(Clone, Parameters)]
#[parameters(name = "Dense<{In}, {Out}{=bias::<Out, B>()}>")]
pub struct Dense<In: Tensor, Out: Tensor, B: Bias<Out> = Out> {
    /// W: a row for each number of the input, with its weight for each number of the output.
    #[parameter(weight, fan_in = len::<In>(), fan_out = len::<Out>(), layout = ShapeToShape { inputs: In::SHAPE, outputs: Out::SHAPE }, shape = &[len::<In>(), len::<Out>()], scalar = Out::Scalar)]
    pub weight: Aligned<In::Of<Out>>,
    /// b: has the shape of the output, or is [`NoBias`].
    #[parameter(bias, shape = Out::SHAPE, scalar = Out::Scalar)]
    pub bias: B,
}

/// A linear map between vectors: a [`Dense`] layer with its sizes as numbers.
///
/// Forward `z = x W + b`; backward `dx = dz Wᵀ`, `dW = xᵀ dz`, `db = dz`, summed over the batch.
///
/// # Shapes
/// Input `Vector<IN>`, output `Vector<OUT>`. `weight` is `[IN, OUT]`: a row for each input (PyTorch's is the
/// transpose). `bias` is `[OUT]`. Without a bias: `Linear<784, 128, f32, NoBias>`.
///
/// # Gradient flow
/// The same as [`Dense`]: the Jacobian is W.
///
/// # Source
/// Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986), eq. 1 and 6.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut layer = Linear::<2, 3>::zeros();
/// *layer.weight = [[1.0, 2.0, 3.0].into(), [10.0, 20.0, 30.0].into()]; // a row for each input
/// layer.bias = Vector([0.5, 0.5, 0.5]);
/// assert_eq!(layer.predict(&Vector([1.0, 0.1]))?, Vector([2.5, 4.5, 6.5]));
///
/// assert_eq!(<Linear<784, 128>>::COUNT, 784 * 128 + 128);
/// assert_eq!(<Linear<784, 128, f32, NoBias>>::COUNT, 784 * 128);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("fully connected", "nn.Linear", "Gemm", "InnerProduct"))]
#[derive(Clone, Parameters)]
#[parameters(name = "Linear<{IN}, {OUT}{=scalar_and_bias::<Vector<OUT, T>, B>()}>")]
pub struct Linear<const IN: usize, const OUT: usize, T: Real = f32, B: Bias<Vector<OUT, T>> = Vector<OUT, T>>
{
    /// W: a row for each input, with its weight for each output.
    #[parameter(weight, fan_in = IN, fan_out = OUT, shape = &[IN, OUT], scalar = T)]
    pub weight: Aligned<[Vector<OUT, T>; IN]>,
    /// b: one number for each output, or [`NoBias`].
    #[parameter(bias, shape = &[OUT], scalar = T)]
    pub bias: B,
}

/// A linear map from a vector to a gate of the same length. Its bias starts at a whole number, which is a part of its
/// type.
///
/// Forward `z = x W + b`; backward `dx = dz Wᵀ`, `dW = xᵀ dz`, `db = dz`, summed over the batch.
///
/// # Shapes
/// `Vector<N>` to `Vector<N>`. `weight` is `[N, N]`: a row for each input. `bias` is `[N]`. It starts at `START`,
/// whichever bias the initializer sets in other layers.
///
/// # Gradient flow
/// The same as [`Dense`]. A [`Sigmoid`](super::Sigmoid) after it starts near σ(`START`): 0.12 for -2.
///
/// # Source
/// Srivastava, Greff, Schmidhuber, "Highway networks", 2015, section 2.2. It is the first layer of the gate of a
/// [`Highway`](crate::stack::Highway).
///
/// # Examples
/// ```
/// use chainrule::layer::GateLinear;
/// use chainrule::prelude::*;
///
/// type Gate = (GateLinear<3, -2>, Sigmoid);
/// let closed: Vector<3> = Gate::init(&mut rng(0)).predict(&Vector([0.0; 3]))?;
/// approx::assert_abs_diff_eq!(closed, Vector([0.1192; 3]), epsilon = 1e-4);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("highway gate", "transform gate"))]
#[derive(Clone, Parameters)]
#[parameters(name = "GateLinear<{N}, {START}{:T}>")]
pub struct GateLinear<const N: usize, const START: i32, T: Real = f32> {
    /// W: a row for each input, with its weight for each number of the gate.
    #[parameter(weight, fan_in = N, fan_out = N, shape = &[N, N], scalar = T)]
    pub weight: Aligned<[Vector<N, T>; N]>,
    /// b: the larger the number, the further the gate is open.
    #[parameter(scale = START as f64, shape = &[N], scalar = T)]
    pub bias: Vector<N, T>,
}

/// Takes the place of a bias in the type of a layer that has none. See the example of [`Linear`].
#[doc(alias("bias=False", "use_bias=False"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Zeroable, Pod)]
#[repr(C)]
pub struct NoBias;

/// The types for the bias of a [`Dense`] layer: the shape of the output, or [`NoBias`]. See the example of [`Linear`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the bias of a layer that gives `{Out}`",
    label = "a bias is either `{Out}`, the default, or `NoBias`"
)]
pub trait Bias<Out: Tensor>: Pod + Send + Sync {
    #[doc(hidden)]
    const IS_NONE: bool;
    #[doc(hidden)]
    fn as_numbers(&self) -> Option<&[Out::Scalar]>;
    #[doc(hidden)]
    fn as_numbers_mut(&mut self) -> Option<&mut [Out::Scalar]>;
}

impl<Out: Tensor> Bias<Out> for Out {
    const IS_NONE: bool = false;
    fn as_numbers(&self) -> Option<&[Out::Scalar]> {
        Some(self.as_slice())
    }
    fn as_numbers_mut(&mut self) -> Option<&mut [Out::Scalar]> {
        Some(self.as_mut_slice())
    }
}

impl<Out: Tensor> Bias<Out> for NoBias {
    const IS_NONE: bool = true;
    fn as_numbers(&self) -> Option<&[Out::Scalar]> {
        None
    }
    fn as_numbers_mut(&mut self) -> Option<&mut [Out::Scalar]> {
        None
    }
}

/// Returns the part after the shapes in the name of a [`Dense`] layer.
const fn bias<Out: Tensor, B: Bias<Out>>() -> Part {
    Part::Text(if B::IS_NONE { ", NoBias" } else { "" })
}

/// Returns the part after the sizes in the name of a [`Linear`] layer or a convolution.
pub(super) const fn scalar_and_bias<Out: Tensor, B: Bias<Out>>() -> Part {
    match (B::IS_NONE, <Out::Scalar as Number>::SCALAR) {
        (false, scalar) => Part::Scalar(scalar),
        (true, Scalar::F32) => Part::Text(", f32, NoBias"),
        (true, Scalar::F64) => Part::Text(", f64, NoBias"),
    }
}

/// Implements what [`Dense`], [`Linear`] and [`GateLinear`] have in common. `$In` and `$Out` are their shapes.
macro_rules! dense {
    ([$($generics:tt)*] $layer:ty, $In:ty, $Out:ty, $Scalar:ty) => {
        impl<$($generics)*> $layer {
            /// Returns W as numbers in memory order: a row for each input, with its weight for each output.
            pub fn weights(&self) -> &[$Scalar] {
                bytemuck::must_cast_slice(from_ref(&*self.weight))
            }

            /// Returns W as mutable numbers in memory order: a row for each input, with its weight for each output.
            pub fn weights_mut(&mut self) -> &mut [$Scalar] {
                bytemuck::must_cast_slice_mut(from_mut(&mut *self.weight))
            }
        }

        comparable!([$($generics)*] $layer);
    };
    (@layer [$($generics:tt)*] $layer:ty, $In:ty, $Out:ty) => {
        impl<$($generics)*> Layer<$In> for $layer {
            type Output = $Out;
            const PLAN: Plan = Plan::leaf::<$In, Self>()
                .costs(Cost::weights((len::<$In>() * len::<$Out>()) as u64, len::<$Out>()))
                .factor(Factor::Weights)
                .effect(Effect::Weights { inputs: len::<$In>() as f64 })
                .window(Window::WHOLE)
                .form(Form::Dense);
            const OVERWRITES: bool = true;

            fn forward(&self, input: &[$In], output: &mut [$Out], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                let (inputs, outputs) = (<$In>::LEN, <$Out>::LEN);
                let start = self.bias.as_numbers().map_or(Initial::Zero, Initial::Row);
                let (x, w) = (Strided::rows(<$In>::flat(input), inputs), Strided::rows(self.weights(), outputs));
                gemm(x, w, start, <$Out>::flat_mut(output), inputs, outputs);
            }

            fn backward(&self, pass: Backward<'_, $In, Self>) {
                pass.check_lengths();
                let (inputs, outputs) = (<$In>::LEN, <$Out>::LEN);
                let Backward { input, output_grad, input_grad, gradient, accumulate, .. } = pass;
                let dz = <$Out>::flat(output_grad);
                let (x, samples) = (Strided::transposed(<$In>::flat(input), inputs), input.len());
                let dw = gradient.weights_mut();
                gemm_deep(x, Strided::rows(dz, outputs), accumulate.into(), dw, samples, outputs);
                if let Some(db) = gradient.bias.as_numbers_mut() {
                    sum_rows(dz, accumulate.into(), db);
                }
                if let Some(input_grad) = input_grad {
                    let (dz, w) = (Strided::rows(dz, outputs), Strided::transposed(self.weights(), outputs));
                    gemm(dz, w, Initial::Zero, <$In>::flat_mut(input_grad), outputs, inputs);
                }
            }
        }
    };
}

dense!([In: Tensor, Out: Tensor, B: Bias<Out>] Dense<In, Out, B>, In, Out, Out::Scalar);
dense!(@layer [In: Tensor, Out: SameScalar<In>, B: Bias<Out>] Dense<In, Out, B>, In, Out);
dense!(
    [const IN: usize, const OUT: usize, T: Real, B: Bias<Vector<OUT, T>>] Linear<IN, OUT, T, B>,
    Vector<IN, T>, Vector<OUT, T>, T
);
dense!(
    @layer [const IN: usize, const OUT: usize, T: Real, B: Bias<Vector<OUT, T>>] Linear<IN, OUT, T, B>,
    Vector<IN, T>, Vector<OUT, T>
);
dense!([const N: usize, const START: i32, T: Real] GateLinear<N, START, T>, Vector<N, T>, Vector<N, T>, T);
dense!(@layer [const N: usize, const START: i32, T: Real] GateLinear<N, START, T>, Vector<N, T>, Vector<N, T>);

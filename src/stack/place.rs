//! Checks of the layers of a stack. Their messages contain the place of the layer.

use crate::kernel::Real;
use crate::layer::{At, Passed};
use crate::tensor::{Join2, Join3, Join4, Sample, Tensor, Vector};

/// Implements `At` for layers with inner layers. The compiler reports the error of the inner layer.
macro_rules! at {
    ([$($generics:tt)*] $layer:ty) => {
        impl<const PLACE: usize, X: $crate::tensor::Sample, $($generics)*> $crate::layer::At<PLACE, X> for $layer
        where
            Self: $crate::layer::Layer<X>,
        {
            type Layer = Self;
            type Output = <Self as $crate::layer::Layer<X>>::Output;
            #[inline(always)]
            fn layer(&self) -> &Self {
                self
            }
            #[inline(always)]
            fn layer_mut(&mut self) -> &mut Self {
                self
            }
        }
    };
}
pub(super) use at;

/// Implements `At` for a layer with a check. The compiler knows the type `$Check` only if the check succeeds.
macro_rules! at_if {
    ([$($generics:tt)*] $layer:ty, $X:ty, $Check:ty, where $($bounds:tt)+) => {
        impl<const PLACE: usize, $($generics)*> $crate::layer::At<PLACE, $X> for $layer
        where
            $($bounds)+,
            $Check: $crate::layer::Then<$X, Self>,
        {
            type Layer = <$Check as $crate::layer::Then<$X, Self>>::Layer;
            type Output = <$Check as $crate::layer::Then<$X, Self>>::Output;
            fn layer(&self) -> &Self::Layer {
                <$Check as $crate::layer::Then<$X, Self>>::layer(self)
            }
            fn layer_mut(&mut self) -> &mut Self::Layer {
                <$Check as $crate::layer::Then<$X, Self>>::layer_mut(self)
            }
        }
    };
}
pub(super) use at_if;

/// [`SameShape`](crate::bounds::SameShape) at the place `PLACE` of a stack.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, a residual block, has a branch that gives `{Self}` and a skip connection that gives `{X}`: the shapes must be the same",
    label = "`{Self}` cannot be added to `{X}`",
    note = "`Residual<Branch>` adds its input to the output of the branch, so the branch must give the shape of the input",
    note = "if the branch changes the shape, add a shortcut that changes it too, as in `Residual<Branch, Linear<64, 32>>`"
)]
pub trait SameShapeAt<const PLACE: usize, X: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, X: Sample> SameShapeAt<PLACE, X> for X {
    type Check = Passed;
}

/// [`SameShapeAsInput`](crate::bounds::SameShapeAsInput) at the place `PLACE` of a stack.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack repeats a block that takes `{X}` and gives `{Self}`: the shapes must be the same",
    label = "the next copy takes `{X}`, not `{Self}`",
    note = "make the last layer of the repeated block give `{X}`, or write layers of different shapes as a tuple"
)]
pub trait SameShapeAsInputAt<const PLACE: usize, X: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, X: Sample> SameShapeAsInputAt<PLACE, X> for X {
    type Check = Passed;
}

/// [`HighwayBranch`](crate::bounds::HighwayBranch) at the place `PLACE` of a stack.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, a highway block, takes `{X}`, but its branch gives `{Self}`: the shapes must be the same",
    label = "the gate cannot mix `{Self}` with `{X}`",
    note = "the block mixes its input with the output of its branch, element by element: make the last layer of the branch give `{X}`"
)]
pub trait HighwayBranchAt<const PLACE: usize, X: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, X: Sample> HighwayBranchAt<PLACE, X> for X {
    type Check = Passed;
}

/// The output of a skip connection, next to a branch that gives `Y`. The two are compared when both are known.
pub trait AddsToBranch<const PLACE: usize, Y: Sample>: Sample {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, X: Sample, Y: Sample + SameShapeAt<PLACE, X>> AddsToBranch<PLACE, Y> for X {
    type Check = Y::Check;
}

/// The output of the branch of a [`ResidualWithMemory`](super::ResidualWithMemory) at the place `PLACE` of a stack. It
/// must be an `A`, as the first half of the input is.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, a residual block with a memory, has a branch that gives `{Self}`, but the first half of its input is `{A}`: the shapes must be the same",
    label = "`{Self}` cannot be added to `{A}`",
    note = "the block adds the output of its branch to the first half of the pair, and does not change the second: make the last layer of the branch give `{A}`"
)]
pub trait SumWithFirstAt<const PLACE: usize, A: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, A: Sample> SumWithFirstAt<PLACE, A> for A {
    type Check = Passed;
}

/// The first half of a pair, next to a branch that gives `Y`. The two are compared when both are known.
pub trait SumWithFirst<const PLACE: usize, Y: Sample>: Sample {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, A: Sample, Y: Sample + SumWithFirstAt<PLACE, A>> SumWithFirst<PLACE, Y> for A {
    type Check = Y::Check;
}

/// The output of a layer. The result of the check is known when the output is.
pub trait KnownOutput: Sample {
    /// The result of the check.
    type Check;
}

impl<Y: Sample> KnownOutput for Y {
    type Check = Passed;
}

/// Two checks that both succeed.
pub trait Both<Other> {
    /// The result of the checks.
    type Check;
}

impl Both<Passed> for Passed {
    type Check = Passed;
}

/// The second summand of a [`Sum`](super::Sum) at the place `PLACE` of a stack. It must be an `A`, as the first is.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `Sum`, cannot add `{A}` and `{Self}`: the shapes must be the same",
    label = "the first half of the pair is `{A}`, the second is `{Self}`",
    note = "make the last layers of both halves give the same shape, or concatenate the two with `Join`"
)]
pub trait SummandAt<const PLACE: usize, A: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, A: Sample> SummandAt<PLACE, A> for A {
    type Check = Passed;
}

/// The first summand, next to a second that is a `B`. The two are compared when both are known.
pub trait AddsToSummand<const PLACE: usize, B: Sample>: Sample {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, A: Sample, B: Sample + SummandAt<PLACE, A>> AddsToSummand<PLACE, B> for A {
    type Check = B::Check;
}

/// The second operand of the layer `L` on a pair, at the place `PLACE` of a stack. It must be an `A`, as the first is.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot combine `{A}` and `{Self}`: the shapes must be the same",
    label = "the first half of the pair is `{A}`, the second is `{Self}`",
    note = "the layer combines the halves element by element: make the last layers of both halves give the same shape"
)]
pub trait OperandAt<const PLACE: usize, L, A: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, L, A: Sample> OperandAt<PLACE, L, A> for A {
    type Check = Passed;
}

/// The first operand, next to a second that is a `B`. The two are compared when both are known.
pub trait PairedOperand<const PLACE: usize, L, B: Sample>: Sample {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, L, A: Sample, B: Sample + OperandAt<PLACE, L, A>> PairedOperand<PLACE, L, B> for A {
    type Check = B::Check;
}

/// The output of the layer in a [`PerStep`](super::PerStep) for one step, at the place `PLACE` of a stack. It must be a
/// vector.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `PerStep`, needs a `Vector` for each step, but its layer gives `{Self}`",
    label = "`{Self}` is not a `Vector`",
    note = "`PerStep<L>` applies `L` to the features of each step, which are a `Vector`, and joins the results into a sequence"
)]
pub trait StepAt<const PLACE: usize> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, const N: usize, T: Real> StepAt<PLACE> for Vector<N, T> {
    type Check = Passed;
}

/// [`Branches`](super::Branches) at the place `PLACE` of a stack.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, a concatenation, needs a tuple of 2 to 4 branches, not `{Self}`",
    label = "`{Self}` is not a tuple of 2 to 4 layers",
    note = "write the branches as a tuple, as in `Concat<(Relu, Tanh)>`, and nest more than 4, as in `Concat<(Concat<(A, B, C)>, Concat<(D, E)>)>`"
)]
pub trait BranchesAt<const PLACE: usize, X: Sample> {
    /// The result of the check.
    type Check;
}

/// The last of several outputs that are concatenated, after those in the tuple `Before`. They are compared when all are
/// known; otherwise `Join2<?>` would infer the last output from the first.
pub trait JoinedBehind<Before>: Sample {
    /// The result of the check.
    type Check;
}

impl<A: Join2<B>, B: Tensor> JoinedBehind<(A,)> for B {
    type Check = <A::Joined as KnownOutput>::Check;
}

impl<A: Tensor, B: JoinedBefore<(A,), (C,)>, C: Tensor> JoinedBehind<(A, B)> for C {
    type Check = B::Check;
}

impl<A: Tensor, B: Tensor, C: JoinedBefore<(A, B), (D,)>, D: Tensor> JoinedBehind<(A, B, C)> for D {
    type Check = C::Check;
}

/// An output that is concatenated, after those in `Before` and before those in `After`, which are known.
pub trait JoinedBefore<Before, After>: Sample {
    /// The result of the check.
    type Check;
}

impl<A: Join3<B, C>, B: Tensor, C: Tensor> JoinedBefore<(A,), (C,)> for B {
    type Check = <A::Joined as KnownOutput>::Check;
}

impl<A: Tensor, B: JoinedBefore<(A,), (C, D)>, C: Tensor, D: Tensor> JoinedBefore<(A, B), (D,)> for C {
    type Check = B::Check;
}

impl<A: Join4<B, C, D>, B: Tensor, C: Tensor, D: Tensor> JoinedBefore<(A,), (C, D)> for B {
    type Check = <A::Joined as KnownOutput>::Check;
}

macro_rules! branches_at {
    ($($L:ident)+; $Last:ident) => {
        impl<const PLACE: usize, X: Sample, $($L: At<PLACE, X>,)+ $Last: At<PLACE, X>> BranchesAt<PLACE, X>
            for ($($L,)+ $Last)
        where
            $Last::Output: JoinedBehind<($($L::Output,)+)>,
        {
            type Check = <$Last::Output as JoinedBehind<($($L::Output,)+)>>::Check;
        }
    };
}
branches_at!(F; G);
branches_at!(F G; H);
branches_at!(F G H; I);

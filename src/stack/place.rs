//! Checks of the layers of a stack whose messages say the place.

use crate::kernel::Real;
use crate::layer::{At, Passed};
use crate::tensor::{Join2, Join3, Join4, Sample, Tensor, Vector};

/// Implements `At` for layers with layers inside: the compiler's error is that of the layer inside.
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

/// Implements `At` for a layer whose check, `$Check`, is known only if it holds.
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
    note = "without a second type, the skip connection gives the block's own input, so the branch must give that shape; where the branch changes the shape, give the skip connection a layer that changes it too, as in `Residual<Branch, Linear<64, 32>>`"
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
    message = "layer {PLACE} of this stack repeats a block that takes `{X}` and gives `{Self}`: it must give back the shape it takes",
    label = "`{Self}` cannot go into the next copy, which takes `{X}`",
    note = "make the last layer of the repeated block give `{X}`, or write layers of different shapes one by one in a tuple"
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
    message = "layer {PLACE} of this stack, a highway block, takes `{X}`, and its branch gives `{Self}`: the shapes must be the same",
    label = "the gate cannot mix `{Self}` with `{X}`",
    note = "the block mixes its branch's output with its own input, number by number: make the last layer of the branch give `{X}`"
)]
pub trait HighwayBranchAt<const PLACE: usize, X: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, X: Sample> HighwayBranchAt<PLACE, X> for X {
    type Check = Passed;
}

/// What the skip connection gives, beside a branch that gives `Y`. Neither is compared before both are known.
pub trait BesideBranch<const PLACE: usize, Y: Sample>: Sample {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, X: Sample, Y: Sample + SameShapeAt<PLACE, X>> BesideBranch<PLACE, Y> for X {
    type Check = Y::Check;
}

/// What the branch of a [`ResidualWithMemory`](super::ResidualWithMemory) at the place `PLACE` of a stack gives: an `A`, as
/// the first half of its input.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, a residual block with a memory, adds what its branch gives to the first half of its input: the branch gives `{Self}`, and the first half is `{A}`",
    label = "`{Self}` cannot be added to `{A}`",
    note = "make the last layer of the branch give the shape of the pair's first half, `{A}`; the second half is kept as it is"
)]
pub trait SumWithFirstAt<const PLACE: usize, A: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, A: Sample> SumWithFirstAt<PLACE, A> for A {
    type Check = Passed;
}

/// The first half of a pair, beside a branch that gives `Y`. Neither is compared before both are known.
pub trait SumWithFirst<const PLACE: usize, Y: Sample>: Sample {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, A: Sample, Y: Sample + SumWithFirstAt<PLACE, A>> SumWithFirst<PLACE, Y> for A {
    type Check = Y::Check;
}

/// What a layer gives. The result of the check is known if that is.
pub trait KnownOutput: Sample {
    /// The result of the check.
    type Check;
}

impl<Y: Sample> KnownOutput for Y {
    type Check = Passed;
}

/// A check after another.
pub trait Both<Other> {
    /// The result of the checks.
    type Check;
}

impl Both<Passed> for Passed {
    type Check = Passed;
}

/// The second summand of a [`Sum`](super::Sum) at the place `PLACE` of a stack: as the first, an `A`.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `Sum`, cannot add `{A}` and `{Self}`: the shapes must be the same",
    label = "the second half of the pair is `{Self}`, the first `{A}`",
    note = "make the last layers of both halves give the same shape, or put the two side by side by `Join`"
)]
pub trait SummandAt<const PLACE: usize, A: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, A: Sample> SummandAt<PLACE, A> for A {
    type Check = Passed;
}

/// The first summand, beside a second that is a `B`. Neither is compared before both are known.
pub trait BesideSummand<const PLACE: usize, B: Sample>: Sample {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, A: Sample, B: Sample + SummandAt<PLACE, A>> BesideSummand<PLACE, B> for A {
    type Check = B::Check;
}

/// The second operand of the layer `L` on a pair, at the place `PLACE` of a stack: as the first, an `A`.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot combine `{A}` and `{Self}`: the shapes must be the same",
    label = "the second half of the pair is `{Self}`, the first `{A}`",
    note = "it combines the halves number by number: make the last layers of both halves give the same shape"
)]
pub trait OperandAt<const PLACE: usize, L, A: Sample> {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, L, A: Sample> OperandAt<PLACE, L, A> for A {
    type Check = Passed;
}

/// The first operand, beside a second that is a `B`. Neither is compared before both are known.
pub trait BesideOperand<const PLACE: usize, L, B: Sample>: Sample {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, L, A: Sample, B: Sample + OperandAt<PLACE, L, A>> BesideOperand<PLACE, L, B> for A {
    type Check = B::Check;
}

/// The step of a sequence that [`PerStep`](super::PerStep) gives, at the place `PLACE` of a stack: a vector.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `PerStep`, puts vectors together to a sequence, and its layer gives `{Self}` for each step",
    label = "`{Self}` is no `Vector`",
    note = "a layer on each step takes a `Vector` of the features of the step, and gives a `Vector`"
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
    message = "layer {PLACE} of this stack, a concatenation, holds 2 to 4 branches in a tuple, and not `{Self}`",
    label = "`{Self}` is not a tuple of 2 to 4 layers",
    note = "write the branches as a tuple, as in `Concat<(Relu, Tanh)>`; more than 4 nest, as in `Concat<(Concat<(A, B, C)>, Concat<(D, E)>)>`"
)]
pub trait BranchesAt<const PLACE: usize, X: Sample> {
    /// The result of the check.
    type Check;
}

/// The last of several outputs that are joined, behind those in the tuple `Before`. They are compared when all are known:
/// `Join2<?>` would else infer the last output from the first.
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

/// An output that is joined, behind those in `Before` and before those in `After`, which are known.
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

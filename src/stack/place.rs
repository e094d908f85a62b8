//! Checks of the layers of a stack whose messages say the place.

use crate::layer::{At, Passed};
use crate::tensor::{Sample, Tensor};

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

/// What the skip connection gives, beside a branch that gives `Y`. Neither is compared before both are known.
pub trait BesideBranch<const PLACE: usize, Y: Sample>: Sample {
    /// The result of the check.
    type Check;
}

impl<const PLACE: usize, X: Sample, Y: Sample + SameShapeAt<PLACE, X>> BesideBranch<PLACE, Y> for X {
    type Check = Y::Check;
}

/// What one layer gives, beside others that give `Others`. The result of the check is known if all of them are.
pub trait BesideOutputs<Others>: Sample {
    /// The result of the check.
    type Check;
}

impl<X: Sample, Others> BesideOutputs<Others> for X {
    type Check = Passed;
}

/// [`Branches`](super::Branches) at the place `PLACE` of a stack.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, a concatenation, holds 2 to 4 branches in a tuple, and not `{Self}`",
    label = "`{Self}` is not a tuple of 2 to 4 layers",
    note = "write the branches as a tuple, as in `Concat<(Relu, Tanh)>`; more than 4 nest, as in `Concat<(Concat<(A, B, C)>, Concat<(D, E)>)>`"
)]
pub trait BranchesAt<const PLACE: usize, X: Tensor> {
    /// The result of the check.
    type Check;
}

macro_rules! branches_at {
    ($First:ident $($L:ident)+) => {
        impl<const PLACE: usize, X: Tensor, $First: At<PLACE, X>, $($L: At<PLACE, X>),+> BranchesAt<PLACE, X>
            for ($First, $($L),+)
        where
            $First::Output: BesideOutputs<($($L::Output,)+)>,
        {
            type Check = <$First::Output as BesideOutputs<($($L::Output,)+)>>::Check;
        }
    };
}
branches_at!(F G);
branches_at!(F G H);
branches_at!(F G H I);

//! Checks of the layers of a stack whose messages say the place.

use crate::layer::Passed;
use crate::tensor::Sample;

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

//! The check of layers that halve the channels of their input. Its message names the layer and its place in a stack.
//! [`Halve`](crate::tensor::side::Halve) makes the same check without a layer.

use core::ops::Rem;

use typenum::{U2, UTerm};

use super::Passed;
use crate::kernel::Real;
use crate::tensor::side::{Known, Side};
use crate::tensor::{Image, Sequence, Vector};

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;

/// The features or channels of this tensor have two equal halves, as the layer `L` requires.
pub trait HalvesAt<const PLACE: usize, L> {
    #[doc(hidden)]
    type Check;
}

macro_rules! halves_at {
    ([$($generics:tt)*] $X:ty, $C:ident) => {
        impl<const PLACE: usize, L, $($generics)*, T: Real, Rest> HalvesAt<PLACE, L> for $X
        where
            Side<$C>: Known,
            N<$C>: Rem<U2, Output = Rest>,
            Rest: EvenAt<PLACE, Self, L, $C>,
        {
            type Check = Rest::Check;
        }
    };
}
halves_at!([const C: usize] Vector<C, T>, C);
halves_at!([const STEPS: usize, const C: usize] Sequence<STEPS, C, T>, C);
halves_at!([const C: usize, const H: usize, const W: usize] Image<C, H, W, T>, C);

/// The remainder of the division by 2 is 0.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: {CHANNELS} features or channels cannot be split into two equal halves",
    label = "layer {PLACE}, `{L}`, splits its input into two halves",
    note = "make the layer before it give an even number of features or channels: twice the number that `{L}` gives"
)]
pub trait EvenAt<const PLACE: usize, X, L, const CHANNELS: usize> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const CHANNELS: usize> EvenAt<PLACE, X, L, CHANNELS> for UTerm {
    type Check = Passed;
}

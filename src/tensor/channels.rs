use super::{Image, Sequence, Tensor, Vector};
use crate::kernel::Real;

/// A tensor of `C` features or channels, for layers that treat each of them by itself.
///
/// In memory it is a number of rows: in each, [`EACH`](Channels::EACH) numbers of the first channel, then those of the
/// second, and so on. A step of a sequence is a row; a vector and an image are one row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has not {C} features or channels",
    label = "the layer takes {C} features, or an image of {C} channels",
    note = "the channels of an image come first, `Image<{C}, HEIGHT, WIDTH>`, and the features of a sequence last, `Sequence<STEPS, {C}>`"
)]
pub trait Channels<const C: usize>: Tensor {
    /// How many numbers of a channel are side by side.
    const EACH: usize;
}

impl<const C: usize, T: Real> Channels<C> for Vector<C, T> {
    const EACH: usize = 1;
}

impl<const STEPS: usize, const C: usize, T: Real> Channels<C> for Sequence<STEPS, C, T> {
    const EACH: usize = 1;
}

impl<const C: usize, const H: usize, const W: usize, T: Real> Channels<C> for Image<C, H, W, T> {
    const EACH: usize = H * W;
}

/// The numbers of each channel in turn, row after row: a channel, and [`EACH`](Channels::EACH) of its numbers.
pub(crate) fn by_channel<const C: usize, X: Channels<C>>(
    batch: &[X],
) -> impl Iterator<Item = (usize, &[X::Scalar])> {
    X::flat(batch).chunks_exact(X::EACH.max(1)).enumerate().map(|(at, numbers)| (at % C.max(1), numbers))
}

/// As [`by_channel`].
pub(crate) fn by_channel_mut<const C: usize, X: Channels<C>>(
    batch: &mut [X],
) -> impl Iterator<Item = (usize, &mut [X::Scalar])> {
    X::flat_mut(batch)
        .chunks_exact_mut(X::EACH.max(1))
        .enumerate()
        .map(|(at, numbers)| (at % C.max(1), numbers))
}

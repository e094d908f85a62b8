use super::{Image, Sequence, Tensor, Vector};
use crate::kernel::Real;

/// A tensor of `C` features or channels, for layers that process each channel separately.
///
/// In memory it is a list of rows. Each row has [`EACH`](Channels::EACH) numbers of the first channel, then the same of
/// the second, and so on. Each step of a sequence is a row. A vector or an image is one row.
///
/// ```
/// use chainrule::tensor::{Channels, Image, Sequence};
/// assert_eq!(<Image<3, 8, 8> as Channels<3>>::EACH, 64); // one row
/// assert_eq!(<Sequence<5, 3> as Channels<3>>::EACH, 1); // five rows
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not have {C} features or channels",
    label = "the layer takes {C} features, or an image of {C} channels",
    note = "the channels of an image come first, `Image<{C}, HEIGHT, WIDTH>`, and the features of a sequence last, `Sequence<STEPS, {C}>`"
)]
pub trait Channels<const C: usize>: Tensor {
    /// The number of adjacent elements of one channel in a row.
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

/// Returns the numbers of each channel, row after row: the index of a channel, and its [`EACH`](Channels::EACH)
/// numbers.
pub(crate) fn by_channel<const C: usize, X: Channels<C>>(
    batch: &[X],
) -> impl Iterator<Item = (usize, &[X::Scalar])> {
    X::flat(batch).chunks_exact(X::EACH.max(1)).enumerate().map(|(at, numbers)| (at % C.max(1), numbers))
}

/// Returns the numbers as [`by_channel`], mutably.
pub(crate) fn by_channel_mut<const C: usize, X: Channels<C>>(
    batch: &mut [X],
) -> impl Iterator<Item = (usize, &mut [X::Scalar])> {
    X::flat_mut(batch)
        .chunks_exact_mut(X::EACH.max(1))
        .enumerate()
        .map(|(at, numbers)| (at % C.max(1), numbers))
}

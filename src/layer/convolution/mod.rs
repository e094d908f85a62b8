//! Convolutions: linear maps of windows, with the same weights at every place.
//!
//! | layer | input of a window | output of a window |
//! |---|---|---|
//! | [`Conv2d`] | all channels of `K` x `K` pixels | one pixel of every channel |
//! | [`DepthwiseConv2d`] | one channel of `K` x `K` pixels | one pixel of that channel |
//! | [`TransposedConv2d`] | one pixel of all channels | `K` x `K` pixels of every channel |
//! | [`Conv1d`] | all features of `K` steps | one step of every feature |

mod conv1d;
mod conv2d;
mod depthwise;
mod transposed;

use core::ops::Range;

use crate::kernel::{Accumulate, Real, Windows};
use crate::layer::{Space, WorkspaceMut};
use crate::tensor::side::{Side, Slide};
use crate::tensor::{Tensor, len};

pub use conv1d::Conv1d;
pub use conv2d::Conv2d;
pub use depthwise::DepthwiseConv2d;
pub use transposed::TransposedConv2d;

/// The side of the output of a window of `K`, in steps of `S`, on a side of `D` padded by `P`.
type Slid<const D: usize, const K: usize, const S: usize, const P: usize> = <Side<D> as Slide<K, S, P>>::Out;

/// Returns the geometry of windows of `kernel` x `kernel` on the image `X` for the output `Y`: on all of its channels,
/// or on each group of them.
#[inline(always)]
const fn windows<X: Tensor, Y: Tensor>(
    groups: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
) -> Windows {
    let [channels, height, width] = [X::SHAPE[0] / groups, X::SHAPE[1], X::SHAPE[2]];
    let [out_height, out_width] = [Y::SHAPE[1], Y::SHAPE[2]];
    Windows::new(groups, [channels, height, width], [kernel, stride, padding], [out_height, out_width])
}

/// Returns the scratch memory of a convolution from `X` to `Y`. An empty tensor needs none: `Plan::check` does not accept
/// it.
const fn scratch<X: Tensor, Y: Tensor, T: Real>(
    groups: usize,
    [kernel, stride, padding]: [usize; 3],
    out_channels: usize,
) -> Space {
    if len::<X>() == 0 || len::<Y>() == 0 {
        return Space::NONE;
    }
    Space::per_batch::<T>(windows::<X, Y>(groups, kernel, stride, padding).workspace_len::<T>(out_channels))
}

/// Returns the scratch memory of [`sum_in_blocks`] for this number of weights.
const fn blocks_scratch<T: Real>(weights: usize) -> Space {
    Space::per_batch::<f64>(weights).and(Space::per_batch::<T>(weights))
}

/// Returns how many samples of this number of places are a block of [`sum_in_blocks`] for the kernel, which sums 128 terms
/// for each of the 8 samples of a vector at a time: there are about 128 such sums.
const fn block(places: usize) -> usize {
    let samples = (1 << 17) / if places == 0 { 1 } else { places };
    if samples < 16 { 16 } else { samples }
}

/// Computes the gradient of weights over a batch, with rounding errors that do not grow with the batch: `add` computes
/// it for a block of samples in `T`, and the blocks are added in `f64`. A batch of one block costs nothing more.
///
fn sum_in_blocks<T: Real>(
    samples: usize,
    block: usize,
    accumulate: Accumulate,
    gradient: &mut [T],
    workspace: &mut WorkspaceMut<'_>,
    mut add: impl FnMut(Range<usize>, Accumulate, &mut [T]),
) {
    let (totals, part) = (workspace.scratch::<f64>(gradient.len()), workspace.scratch::<T>(gradient.len()));
    if samples <= block {
        return add(0..samples, accumulate, gradient);
    }
    for (total, start) in totals.iter_mut().zip(&*gradient) {
        *total = if accumulate == Accumulate::Add { start.to_f64() } else { 0.0 };
    }
    for start in (0..samples).step_by(block) {
        add(start..samples.min(start + block), Accumulate::Overwrite, part);
        totals.iter_mut().zip(&*part).for_each(|(total, part)| *total += part.to_f64());
    }
    gradient.iter_mut().zip(totals).for_each(|(gradient, total)| *gradient = T::from_f64(*total));
}

/// Implements the methods that all layers with a `weight` have. `T` is their scalar.
macro_rules! weights {
    ([$($generics:tt)*] $layer:ty) => {
        impl<$($generics)*> $layer {
            /// Returns W as numbers in memory order.
            pub fn weights(&self) -> &[T] {
                bytemuck::must_cast_slice(core::slice::from_ref(&*self.weight))
            }

            /// Returns W as numbers in memory order.
            pub fn weights_mut(&mut self) -> &mut [T] {
                bytemuck::must_cast_slice_mut(core::slice::from_mut(&mut *self.weight))
            }
        }

        $crate::layer::compare::comparable!([$($generics)*] $layer);
    };
}
use weights;

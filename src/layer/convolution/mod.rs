//! Convolutions: linear maps of windows, with the same weights at each place.
//!
//! | layer | input of a window | output of a window |
//! |---|---|---|
//! | [`Conv2d`] | all channels of `K` x `K` pixels | one pixel of every channel |
//! | [`DepthwiseConv2d`] | one channel of `K` x `K` pixels | one pixel of that channel |
//! | [`TransposedConv2d`] | one pixel of all channels | `K` x `K` pixels of every channel |
//! | [`Conv1d`] | all features of `K` steps | one step of every feature |
//! | [`TransposedConv1d`] | one step of all features | `K` steps of every feature |
//!
//! [`Conv2dWith`], [`Conv1dWith`], [`TransposedConv2dWith`] and [`TransposedConv1dWith`] are the same layers with
//! settings in their type: different windows for rows and columns, dilation, groups, and other kinds of padding.

mod conv1d;
mod conv1d_with;
mod conv2d;
mod conv2d_with;
mod depthwise;
mod pixels;
mod settings;
mod step_places;
mod steps;
mod transposed1d;
mod transposed1d_with;
mod transposed2d;
mod transposed2d_with;

use core::ops::Range;

use crate::kernel::{Accumulate, Real};
use crate::layer::{Space, WorkspaceMut};
use crate::tensor::side::{Grow, GrowAlong, Side, Slide, SlideAlong};

pub use conv1d::Conv1d;
pub(crate) use conv1d_with::Axis as AxisOfConv1d;
pub use conv1d_with::Conv1dWith;
pub use conv2d::Conv2d;
pub use conv2d_with::Conv2dWith;
pub use depthwise::DepthwiseConv2d;
pub(crate) use pixels::Pixels;
pub(crate) use settings::{PixelSettings, Plain, StepSettings, Transposed, WeightFields};
pub(crate) use steps::Steps as StepWindows;
pub use transposed1d::TransposedConv1d;
pub use transposed1d_with::TransposedConv1dWith;
pub use transposed2d::TransposedConv2d;
pub use transposed2d_with::TransposedConv2dWith;

/// The side of the output of windows of `K` with the stride `S`, on a side of `D` with a padding of `P`.
type Slid<const D: usize, const K: usize, const S: usize, const P: usize> = <Side<D> as Slide<K, S, P>>::Out;

/// The side of the output of windows `A` on a side of `D`.
type Along<const D: usize, A> = <Side<D> as SlideAlong<A>>::Out;

/// The side of the output of a transposed window.
type Grown<const D: usize, const K: usize, const S: usize, const P: usize> = <Side<D> as Grow<K, S, P>>::Out;

/// The side of the output of transposed windows `A` on a side of `D`, plus `MORE`.
type GrownAlong<const D: usize, A, MORE> = <Side<D> as GrowAlong<A, MORE>>::Out;

/// Returns the scratch memory that [`sum_in_blocks`] needs for this number of weights.
const fn blocks_scratch<T: Real>(weights: usize) -> Space {
    Space::per_batch::<f64>(weights).and(Space::per_batch::<T>(weights))
}

/// Returns the number of samples with this number of places in a block of [`sum_in_blocks`]. The kernel sums 128 terms
/// at a time for each of the 8 samples of a vector, and a block has about 128 such sums.
const fn block(places: usize) -> usize {
    let samples = (1 << 17) / if places == 0 { 1 } else { places };
    if samples < 16 { 16 } else { samples }
}

/// Computes the gradient of weights over a batch, with rounding errors that do not grow with the batch. `add` computes
/// the gradient of a block of samples in `T`, and the blocks are added in `f64`. A batch with a single block takes no
/// extra time.
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

/// Implements the methods of all layers with a `weight`. `T` is their scalar type.
macro_rules! weights {
    ([$($generics:tt)*] $layer:ty) => {
        impl<$($generics)*> $layer {
            /// Returns W as numbers in memory order.
            pub fn weights(&self) -> &[T] {
                bytemuck::must_cast_slice(core::slice::from_ref(&*self.weight))
            }

            /// Returns W as mutable numbers in memory order.
            pub fn weights_mut(&mut self) -> &mut [T] {
                bytemuck::must_cast_slice_mut(core::slice::from_mut(&mut *self.weight))
            }

            /// Returns W and b as mutable numbers in memory order.
            fn parts_mut(&mut self) -> (&mut [T], Option<&mut [T]>) {
                let weights = bytemuck::must_cast_slice_mut(core::slice::from_mut(&mut *self.weight));
                (weights, self.bias.as_numbers_mut())
            }
        }

        $crate::layer::compare::comparable!([$($generics)*] $layer);
    };
}
use weights;

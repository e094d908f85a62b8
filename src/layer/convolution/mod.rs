//! Convolutions: linear maps that look at windows, with the same weights at every place.
//!
//! | layer | a window of the input | gives |
//! |---|---|---|
//! | [`Conv2d`] | all channels of `K` x `K` pixels | one pixel of every channel |
//! | [`DepthwiseConv2d`] | one channel of `K` x `K` pixels | one pixel of that channel |
//! | [`TransposedConv2d`] | one pixel of all channels | `K` x `K` pixels of every channel |
//! | [`Conv1d`] | all features of `K` steps | one step of every feature |

mod conv1d;
mod conv2d;
mod depthwise;
mod transposed;
mod workspace;

use crate::kernel::Windows;
use crate::tensor::Tensor;
use crate::tensor::side::{Side, Slide};

pub use conv1d::Conv1d;
pub use conv2d::Conv2d;
pub use depthwise::DepthwiseConv2d;
pub use transposed::TransposedConv2d;
use workspace::Workspace;

/// The side of the output of a window of `K`, in steps of `S`, on a side of `D` padded by `P`.
type Slid<const D: usize, const K: usize, const S: usize, const P: usize> = <Side<D> as Slide<K, S, P>>::Out;

/// How windows of `kernel` x `kernel` lie on the image `X` for the output `Y`: on all of its channels, or on each group of them.
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

/// The product of the sides of a weight.
const fn count(shape: &[usize]) -> usize {
    let (mut count, mut side) = (1, 0);
    while side < shape.len() {
        count *= shape[side];
        side += 1;
    }
    count
}

/// What layers of a `weight` and a `bias` have in common: all but their doc comment, their fields and their mathematics.
/// `T` is their scalar, `B` the type of their bias.
macro_rules! weight_and_bias {
    (
        [$($generics:tt)*] $layer:ty,
        weight: $shape:expr, fan_in: $fan_in:expr, fan_out: $fan_out:expr, bias: $channels:expr, prints: $format:literal
    ) => {
        impl<$($generics)*> $layer {
            /// W as numbers in memory order.
            pub fn weights(&self) -> &[T] {
                bytemuck::must_cast_slice(core::slice::from_ref(&*self.weight))
            }

            /// W as numbers in memory order.
            pub fn weights_mut(&mut self) -> &mut [T] {
                bytemuck::must_cast_slice_mut(core::slice::from_mut(&mut *self.weight))
            }
        }

        impl<$($generics)*> $crate::layer::Parameters for $layer {
            const COUNT: usize = $crate::layer::convolution::count(&$shape) + size_of::<B>() / size_of::<T>();

            fn zeros() -> Self {
                Self { weight: $crate::tensor::zeros(), bias: $crate::tensor::zeros() }
            }

            fn fields(fields: &mut impl $crate::layer::Fields<Self>) {
                use $crate::layer::Field;
                let weight = Field::weight("weight", &$shape, $fan_in, $fan_out);
                fields.tensor(weight, Self::weights, Self::weights_mut);
                if size_of::<B>() > 0 {
                    fields.tensor(
                        Field::bias("bias", &[$channels]),
                        |layer| layer.bias.as_numbers().unwrap_or(&[]),
                        |layer| layer.bias.as_numbers_mut().unwrap_or(&mut []),
                    );
                }
            }
        }

        $crate::layer::compare::comparable!([$($generics)*] $layer);

        impl<$($generics)*> Clone for $layer {
            fn clone(&self) -> Self {
                $crate::layer::compare::copy(self)
            }
        }

        impl<$($generics)*> core::fmt::Debug for $layer {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, $format)?;
                f.write_str(if size_of::<B>() > 0 { ")" } else { ", no bias)" })
            }
        }
    };
}
use weight_and_bias;

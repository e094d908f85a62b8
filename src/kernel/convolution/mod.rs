//! Convolutions, their transposes and their weight gradients, in two ways.
//!
//! * Side by side (`lanes`, `correlate`, `outer`): as many samples as a vector has lanes are worked on at once, each in a lane of
//!   its own. Every pixel is then a vector, so that any window, stride, padding and number of channels runs at full
//!   width without a copy for each place of a window: a pixel is copied once, however many windows it lies in.
//! * One by one (`im2col`): the windows of a sample are laid out as a matrix for one product. For fewer samples
//!   than would fill half of a vector, for images of which a vector of samples does not fit into the cache, and for
//!   windows of one pixel, which are a product as they lie (1.7 times as fast for 32 to 64 channels).
//!
//! The two convolutions of a LeNet-5 took two to four times as long one by one (batch 32, AVX2).

mod axis;
mod correlate;
mod im2col;
mod lanes;
mod outer;
mod sums;
#[cfg(test)]
mod tests;
mod tile;

use alloc::vec::Vec;

use super::product::Product;
use super::simd::dispatch;
use correlate::Correlate;
use outer::Outer;
use sums::Sums;

/// Side by side, a vector of samples' input and output may have so many bytes: what a second-level cache holds.
const SIDE_BY_SIDE: usize = 1 << 19;

/// How windows lie on an image, or on each of several groups of its channels.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    /// Each group of channels is a convolution of its own: 1, or the number of channels if it is depthwise.
    pub(crate) groups: usize,
    /// The channels of the image in a group.
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// The window's side.
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) out_height: usize,
    pub(crate) out_width: usize,
}

/// Room to work in, which grows to what it is asked for and is used again after that.
#[derive(Clone, Debug)]
pub struct Room<T> {
    first: Vec<T>,
    second: Vec<T>,
    third: Vec<T>,
}

impl<T> Default for Room<T> {
    fn default() -> Self {
        Self { first: Vec::new(), second: Vec::new(), third: Vec::new() }
    }
}

/// `len` numbers of this room, to be written, from the start of a cache line on.
fn take<T: Product>(room: &mut Vec<T>, len: usize) -> &mut [T] {
    const LINE: usize = 64;
    if room.len() < len + LINE {
        room.resize(len + LINE, T::ZEROS[0]);
    }
    let start = room.as_ptr().align_offset(LINE).min(LINE);
    &mut room[start..][..len]
}

/// A scalar with its convolutions: compiled here once, not in every crate that has a network. All of them are of a batch, sample after
/// sample, and overwrite their result. `weights` has a row for each channel of the output and a column for each of the window's taps.
#[doc(hidden)]
pub trait Convolve: Product {
    /// `outputs = bias + W * images`: the convolution.
    fn convolve(
        windows: &Windows,
        weights: &[Self],
        bias: Option<&[Self]>,
        images: &[Self],
        outputs: &mut [Self],
        room: &mut Room<Self>,
    );

    /// `images = bias + Wᵀ * outputs`: the convolution's transpose.
    fn convolve_transposed(
        windows: &Windows,
        weights: &[Self],
        bias: Option<&[Self]>,
        outputs: &[Self],
        images: &mut [Self],
        room: &mut Room<Self>,
    );

    /// `dW = Σ output ⊗ image`: the gradient of `Σ output · (W * image)` by `W`.
    fn weight_gradient(
        windows: &Windows,
        outputs: &[Self],
        images: &[Self],
        gradient: &mut [Self],
        room: &mut Room<Self>,
    );

    /// `db = Σ planes`, over all samples and all places of a channel: the gradient of a bias.
    fn bias_gradient(planes: &[Self], places: usize, gradient: &mut [Self]);
}

macro_rules! convolve {
    ($scalar:ident) => {
        impl Convolve for $scalar {
            fn convolve(
                windows: &Windows,
                weights: &[Self],
                bias: Option<&[Self]>,
                from: &[Self],
                to: &mut [Self],
                room: &mut Room<Self>,
            ) {
                let transposed = false;
                let done =
                    dispatch(Correlate { windows, transposed, weights, bias, from, to: &mut *to, room });
                windows.one_by_one(weights, bias, from, to, room, done);
            }

            fn convolve_transposed(
                windows: &Windows,
                weights: &[Self],
                bias: Option<&[Self]>,
                from: &[Self],
                to: &mut [Self],
                room: &mut Room<Self>,
            ) {
                let transposed = true;
                let done =
                    dispatch(Correlate { windows, transposed, weights, bias, from, to: &mut *to, room });
                windows.one_by_one_transposed(weights, bias, from, to, room, done);
            }

            fn weight_gradient(
                windows: &Windows,
                outputs: &[Self],
                images: &[Self],
                gradient: &mut [Self],
                room: &mut Room<Self>,
            ) {
                let done = dispatch(Outer { windows, outputs, images, gradient: &mut *gradient, room });
                windows.add_one_by_one(outputs, images, gradient, room, done);
            }

            fn bias_gradient(planes: &[Self], places: usize, gradient: &mut [Self]) {
                dispatch(Sums { planes, places, gradient });
            }
        }
    };
}
convolve!(f32);
convolve!(f64);

impl Windows {
    /// How many numbers of the image a window covers.
    const fn taps(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// How many places a window has on a channel.
    const fn places(&self) -> usize {
        self.out_height * self.out_width
    }

    /// How many numbers an image has.
    const fn image_len(&self) -> usize {
        self.groups * self.channels * self.height * self.width
    }

    /// How many samples are worked on side by side next, of those that are left and of so many lanes.
    fn side_by_side<T>(&self, left: usize, lanes: usize, out_channels: usize) -> Option<usize> {
        let bytes = (self.image_len() + out_channels * self.places()) * lanes * size_of::<T>();
        let fits = self.kernel > 1 && bytes <= SIDE_BY_SIDE;
        (fits && left > 0 && 2 * left >= lanes).then_some(left.min(lanes))
    }
}

//! The geometry of a convolution's windows on an image.

use crate::simd::VECTOR_BYTES;
use crate::size;

/// The most bytes that the inputs and outputs of a vector of samples may have to be interleaved: the size of a
/// second-level cache.
const INTERLEAVED_BYTES: usize = 1 << 19;
/// More than the margins that are added to the rows of an output, for a transposed convolution.
const MARGIN: usize = 16;

/// The geometry of a convolution: the positions of its windows on an image, or on each of several groups of its
/// channels.
///
/// Its sizes are checked when it is made ([`new`](Windows::new)), so that none of the functions that take it can leave
/// an image or overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    pub(super) groups: usize,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) out_height: usize,
    pub(super) out_width: usize,
}

impl Windows {
    /// Windows of `kernel` x `kernel` pixels, in steps of `stride`, on an image padded by `padding`, at `out_height` x
    /// `out_width` places.
    ///
    /// Each of the `groups` is a separate convolution, of `channels` channels of the image: 1 group, or one for each
    /// channel in a depthwise convolution.
    ///
    /// # Panics
    /// When a size other than the padding is 0, when a window leaves the padded image, or when the sizes are so large
    /// that a number of bytes overflows.
    pub const fn new(
        groups: usize,
        [channels, height, width]: [usize; 3],
        [kernel, stride, padding]: [usize; 3],
        [out_height, out_width]: [usize; 2],
    ) -> Self {
        assert!(groups > 0 && channels > 0 && height > 0 && width > 0, "an image has at least one number");
        assert!(kernel > 0 && stride > 0, "the window and the stride of a convolution are at least 1");
        assert!(out_height > 0 && out_width > 0, "a window has at least one place");
        let padded_height = size::sum([height, padding, padding]);
        let padded_width = size::sum([width, padding, padding]);
        assert!(
            size::sum([size::product([out_height - 1, stride]), kernel]) <= padded_height
                && size::sum([size::product([out_width - 1, stride]), kernel]) <= padded_width,
            "a window leaves the padded image"
        );
        let sides = [size::sum([padded_height, MARGIN]), size::sum([padded_width, MARGIN])];
        let bytes = size::product([groups, channels, sides[0], sides[1], VECTOR_BYTES]);
        assert!(bytes <= isize::MAX as usize, "the image is too large");
        // A longer stride than the image, of a window with one place, is the same convolution.
        let longest = size::larger(padded_height, padded_width);
        let stride = if stride < longest { stride } else { longest };
        Self { groups, channels, height, width, kernel, stride, padding, out_height, out_width }
    }

    /// Returns how many numbers of the image a window covers.
    pub(super) const fn taps(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// Returns how many places a window has on a channel.
    pub(super) const fn places(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Returns how many numbers an image has.
    pub(super) const fn image_len(&self) -> usize {
        self.groups * self.channels * self.height * self.width
    }

    /// Returns how many numbers an output has.
    ///
    /// # Panics
    /// When the output has no channels, when the groups do not divide them, or when the output is so large that its
    /// bytes overflow.
    pub(super) const fn output_len(&self, out_channels: usize) -> usize {
        assert!(
            out_channels > 0 && out_channels.is_multiple_of(self.groups),
            "the groups of a convolution divide the channels of its output"
        );
        let row = self.out_width + MARGIN;
        let bytes = size::product([out_channels, self.out_height, row, VECTOR_BYTES]);
        assert!(bytes <= isize::MAX as usize, "the output is too large");
        out_channels * self.places()
    }

    /// Returns the number of channels of the output, for weights of this length.
    ///
    /// # Panics
    /// When the weights are not a whole number of windows.
    pub(super) fn out_channels(&self, weights: usize) -> usize {
        assert!(weights.is_multiple_of(self.taps()), "the weights are not a whole number of windows");
        weights / self.taps()
    }

    /// Returns whether samples are interleaved in vectors of this number of lanes.
    pub(super) const fn interleaves<T>(&self, lanes: usize, out_channels: usize) -> bool {
        let numbers = self.image_len().saturating_add(out_channels.saturating_mul(self.places()));
        let bytes = numbers.saturating_mul(lanes * size_of::<T>());
        self.kernel > 1 && bytes <= INTERLEAVED_BYTES
    }

    /// Returns how many samples of the `left` ones are interleaved next, if any.
    pub(super) fn next_samples<T>(&self, left: usize, lanes: usize, out_channels: usize) -> Option<usize> {
        let worth = left > 0 && left >= lanes - left.min(lanes);
        (worth && self.interleaves::<T>(lanes, out_channels)).then_some(left.min(lanes))
    }
}

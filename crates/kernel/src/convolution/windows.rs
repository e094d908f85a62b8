//! The geometry of a convolution's windows on an image.

use super::bands::MOST_TAPS;
use crate::simd::VECTOR_BYTES;
use crate::size;

/// The most bytes that the inputs and outputs of a vector of samples may have to be interleaved: the size of a
/// second-level cache.
const INTERLEAVED_BYTES: usize = 1 << 19;
/// More than the margins that are added to the rows of an output, for a transposed convolution.
const MARGIN: usize = 16;

/// The windows along one axis of an image, its rows or its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowPlaces {
    /// The side of the image.
    pub side: usize,
    /// How many rows or columns a window covers.
    pub kernel: usize,
    /// The distance from one window to the next.
    pub stride: usize,
    /// The distance between the rows or columns that a window covers: 1 without gaps.
    pub dilation: usize,
    /// The zeros before the image. After it there are as many as the last window needs.
    pub before: usize,
    /// How many windows there are.
    pub places: usize,
}

impl WindowPlaces {
    /// Returns over how many rows or columns a window extends, with its gaps.
    const fn span(&self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }

    /// Returns where the last window ends, counted from the first zero before the image.
    pub(super) const fn end(&self) -> usize {
        (self.places - 1) * self.stride + self.span()
    }

    /// Returns whether a window covers zeros at either end.
    pub(super) const fn is_padded(&self) -> bool {
        self.before > 0 || self.end() > self.side
    }

    /// Returns whether windows have no gaps between them, and more than padding in them.
    const fn is_dense(&self) -> bool {
        self.stride <= self.kernel && self.before < self.span()
    }

    /// Returns the places, first and one past the last, whose tap `k` is on the image rather than on its padding.
    pub(super) const fn on_image(&self, k: usize) -> [usize; 2] {
        let tap = k * self.dilation;
        let first = self.before.saturating_sub(tap).div_ceil(self.stride);
        let past = (self.side + self.before).saturating_sub(tap).div_ceil(self.stride);
        [first, if past < self.places { past } else { self.places }]
    }

    /// Checks the numbers. A stride or a dilation that is never taken is made so short that nothing overflows.
    ///
    /// # Panics
    /// As [`Windows::along`].
    const fn checked(self) -> Self {
        let Self { side, kernel, stride, dilation, before, places } = self;
        assert!(side > 0, "an image has at least one number");
        assert!(
            kernel > 0 && stride > 0 && dilation > 0,
            "the window, the stride and the dilation of a convolution are at least 1"
        );
        assert!(places > 0, "a window has at least one place");
        let dilation = if kernel == 1 { 1 } else { dilation };
        let span = size::sum([size::product([kernel - 1, dilation]), 1]);
        let end = size::sum([size::product([places - 1, stride]), span]);
        // A longer stride than the image, of a window with one place, is the same convolution.
        let longest = size::larger(size::sum([side, before]), end);
        Self { stride: if stride < longest { stride } else { longest }, dilation, ..self }
    }

    /// Returns the length of the padded image.
    pub(super) const fn padded(&self) -> usize {
        size::larger(self.side + self.before, self.end())
    }
}

/// The geometry of a convolution: the positions of its windows on an image, or on each of several groups of its
/// channels.
///
/// Its sizes are checked when it is made ([`new`](Windows::new), [`along`](Windows::along)), so that none of the
/// functions that take it can leave an image or overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    pub(crate) groups: usize,
    pub(crate) channels: usize,
    pub(crate) rows: WindowPlaces,
    pub(crate) columns: WindowPlaces,
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
        let rows =
            WindowPlaces { side: height, kernel, stride, dilation: 1, before: padding, places: out_height };
        let columns = WindowPlaces { side: width, places: out_width, ..rows };
        let windows = Self::along(groups, channels, rows, columns);
        assert!(
            windows.rows.end() <= size::sum([height, padding, padding])
                && windows.columns.end() <= size::sum([width, padding, padding]),
            "a window leaves the padded image"
        );
        windows
    }

    /// Windows whose numbers differ by axis, on each of `groups` groups of `channels` channels of an image.
    ///
    /// # Panics
    /// When a size other than the padding is 0, or when the sizes are so large that a number of bytes overflows.
    pub const fn along(groups: usize, channels: usize, rows: WindowPlaces, columns: WindowPlaces) -> Self {
        assert!(groups > 0 && channels > 0, "an image has at least one number");
        let (rows, columns) = (rows.checked(), columns.checked());
        let sides = [size::sum([rows.padded(), MARGIN]), size::sum([columns.padded(), MARGIN])];
        let bytes = size::product([groups, channels, sides[0], sides[1], VECTOR_BYTES]);
        assert!(bytes <= isize::MAX as usize, "the image is too large");
        Self { groups, channels, rows, columns }
    }

    /// Returns how many numbers of a channel a window covers.
    pub(super) const fn pixels(&self) -> usize {
        self.rows.kernel * self.columns.kernel
    }

    /// Returns how many numbers of the image a window covers.
    pub(crate) const fn taps(&self) -> usize {
        self.channels * self.pixels()
    }

    /// Returns how many places a window has on a channel.
    pub(super) const fn places(&self) -> usize {
        self.rows.places * self.columns.places
    }

    /// Returns how many numbers an image has.
    pub(super) const fn image_len(&self) -> usize {
        self.groups * self.channels * self.rows.side * self.columns.side
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
        let row = self.columns.places + MARGIN;
        let bytes = size::product([out_channels, self.rows.places, row, VECTOR_BYTES]);
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

    /// Returns whether samples are interleaved in vectors of this number of lanes. The columns of a window are then
    /// next to one another.
    pub(super) const fn interleaves<T>(&self, lanes: usize, out_channels: usize) -> bool {
        let numbers = self.image_len().saturating_add(out_channels.saturating_mul(self.places()));
        let bytes = numbers.saturating_mul(lanes * size_of::<T>());
        self.pixels() > 1 && self.columns.dilation == 1 && bytes <= INTERLEAVED_BYTES
    }

    /// Returns whether samples that are not interleaved are convolved directly. (Of windows with gaps between them,
    /// `im2col` copies less.)
    pub(super) const fn is_direct(&self) -> bool {
        let dense = self.rows.is_dense() && self.columns.is_dense();
        1 < self.pixels() && self.pixels() <= MOST_TAPS && dense
    }

    /// Returns how many samples of the `left` ones are interleaved next, if any.
    pub(super) fn next_samples<T>(&self, left: usize, lanes: usize, out_channels: usize) -> Option<usize> {
        // A vector that is three quarters full is as fast as the direct convolution, one that is half full as `im2col`.
        let least = if self.is_direct() { lanes - lanes / 4 } else { lanes / 2 };
        let worth = left > 0 && left >= least;
        (worth && self.interleaves::<T>(lanes, out_channels)).then_some(left.min(lanes))
    }
}

//! The scratch memory of a convolution: how much it takes, and how it is divided.

use super::correlate::Correlation;
use super::{Windows, direct, direct_gradient, weight_gradient};
use crate::simd::VECTOR_BYTES;
use crate::{Real, size};

/// The lengths of the parts of a workspace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout(pub(super) [usize; 3]);

impl Layout {
    /// Returns the length of a part, rounded up so that the next one starts at a multiple of 64 bytes if this one does.
    const fn rounded<T>(len: usize) -> usize {
        let line = VECTOR_BYTES / size_of::<T>();
        size::product([len.div_ceil(line), line])
    }

    /// Returns the length of the whole workspace.
    pub(super) const fn len<T>(self) -> usize {
        let [a, b, c] = self.0;
        size::sum([Self::rounded::<T>(a), Self::rounded::<T>(b), Self::rounded::<T>(c)])
    }

    /// Divides a workspace.
    ///
    /// # Panics
    /// When it is too short.
    pub(super) fn split<T>(self, workspace: &mut [T]) -> [&mut [T]; 3] {
        assert!(
            workspace.len() >= self.len::<T>(),
            "the workspace of a convolution has {} numbers, and needs {}: see `Windows::workspace_len`",
            workspace.len(),
            self.len::<T>()
        );
        let [a, b, c] = self.0;
        let (first, rest) = workspace.split_at_mut(Self::rounded::<T>(a));
        let (second, third) = rest.split_at_mut(Self::rounded::<T>(b));
        [&mut first[..a], &mut second[..b], &mut third[..c]]
    }
}

impl Windows {
    /// Returns the largest number of scratch numbers that one call of [`convolve`](super::convolve),
    /// [`convolve_transposed`](super::convolve_transposed) or [`weight_gradient`](super::weight_gradient) needs, for
    /// any batch and on any processor.
    ///
    /// # Panics
    /// When the groups do not divide `out_channels`, or the sizes overflow.
    pub const fn workspace_len<T: Real>(&self, out_channels: usize) -> usize {
        // Panics for channels that no call accepts.
        self.output_len(out_channels);
        let mut len = self.im2col_layout::<T>(out_channels).len::<T>();
        if self.is_direct() {
            len = size::larger(len, direct::layout::<T>(self, false, out_channels).len::<T>());
            len = size::larger(len, direct_gradient::layout::<T>(self, out_channels).len::<T>());
            len = size::larger(len, direct::layout::<T>(self, true, out_channels).len::<T>());
        }
        let mut bytes = VECTOR_BYTES;
        // The vectors of all levels have 16, 32 and 64 bytes.
        while bytes >= 16 {
            let lanes = bytes / size_of::<T>();
            if self.interleaves::<T>(lanes, out_channels) {
                let forward = Correlation::new(self, false, out_channels).layout(lanes);
                let transposed = Correlation::new(self, true, out_channels).layout(lanes);
                let gradient = weight_gradient::layout(self, out_channels, lanes);
                len = size::larger(len, size::larger(forward.len::<T>(), transposed.len::<T>()));
                len = size::larger(len, gradient.len::<T>());
            }
            bytes /= 2;
        }
        len
    }
}

//! Convolution as a matrix product, sample by sample.
//!
//! The windows of an image are laid out as a matrix, `patches`, with a row for each place in a window (channel, row,
//! column) and a column for each place of the output: a convolution is then one product of it, and so are its two
//! gradients. A row of `patches` is the image shifted by that place, so it is mostly copied whole. Of a large image
//! only a band of the output's rows is laid out at a time, so that `patches` stays in the cache between being written
//! and being read.

use core::ops::Range;

use super::Windows;
use super::correlate::Correlate;
use super::weight_gradient::WeightGradient;
use super::workspace::Layout;
use crate::gemm::{Initial, Strided, gemm};
use crate::{Real, size};

/// The bytes of `patches` that are laid out at a time: what a second-level cache of 512 KiB holds together with
/// everything else.
const CACHE: usize = 1 << 18;
/// But no fewer columns than this (or all), so that the tiles of the product are mostly whole.
const COLUMNS: usize = 64;

impl<T: Real> Correlate<'_, T> {
    /// Computes the samples from `done` on, one at a time.
    pub(super) fn im2col(&mut self, done: usize) {
        let Self { windows, transposed, weights, bias, from, to, workspace } = self;
        let (windows, groups) = (*windows, windows.groups);
        let (image_len, output_len) =
            (windows.image_len(), weights.len() / windows.taps() * windows.places());
        let (from_len, to_len, places) = if *transposed {
            (output_len, image_len, windows.rows.side * windows.columns.side)
        } else {
            (image_len, output_len, windows.places())
        };
        let samples = from.chunks_exact(from_len).zip(to.chunks_exact_mut(to_len));
        for (from, to) in samples.skip(done) {
            let filled = fill_bias(*bias, to, places);
            if *transposed && !filled {
                to.fill(T::zero());
            }
            let channels = from.chunks_exact(from_len / groups).zip(to.chunks_exact_mut(to_len / groups));
            for ((from, to), weights) in channels.zip(weights.chunks_exact(weights.len() / groups)) {
                if *transposed {
                    windows.add_transposed_one(weights, from, to, workspace);
                } else {
                    windows.convolve_one(weights, from, to, !filled, workspace);
                }
            }
        }
    }
}

impl<T: Real> WeightGradient<'_, T> {
    /// Adds the gradients of the samples from `done` on, one at a time.
    pub(super) fn im2col(&mut self, done: usize) {
        let Self { windows, outputs, images, gradient, workspace, .. } = self;
        let (windows, groups) = (*windows, windows.groups);
        let (image_len, output_len) =
            (windows.image_len(), gradient.len() / windows.taps() * windows.places());
        let len = gradient.len() / groups;
        let samples = images.chunks_exact(image_len).zip(outputs.chunks_exact(output_len));
        for (image, output) in samples.skip(done) {
            let channels =
                image.chunks_exact(image_len / groups).zip(output.chunks_exact(output_len / groups));
            for ((image, output), gradient) in channels.zip(gradient.chunks_exact_mut(len)) {
                windows.add_gradient_of_one(output, image, gradient, workspace);
            }
        }
    }
}

impl Windows {
    /// Returns the parts of the workspace: the patches of a band, and a copy of the band unless it is all of the
    /// output.
    pub(super) const fn im2col_layout<T>(&self, out_channels: usize) -> Layout {
        let rows = self.band_rows::<T>();
        let columns = rows * self.columns.places;
        let band = if rows < self.rows.places { out_channels / self.groups } else { 0 };
        Layout([size::product([self.taps(), columns]), size::product([band, columns]), 0])
    }

    /// Returns the rows of a band of the output, so that the patches of a band fit into the cache. The bands have about
    /// the same size.
    const fn band_rows<T>(&self) -> usize {
        let fit = CACHE / size::product([self.taps(), self.columns.places, size_of::<T>()]);
        let rows = size::larger(fit, COLUMNS.div_ceil(self.columns.places));
        self.rows.places.div_ceil(self.rows.places.div_ceil(rows))
    }

    /// `output = W * image`, or added to the output unless it is `new`.
    fn convolve_one<T: Real>(
        &self,
        weights: &[T],
        image: &[T],
        output: &mut [T],
        new: bool,
        workspace: &mut [T],
    ) {
        let initial = if new { Initial::Zero } else { Initial::Output };
        let channels = weights.len() / self.taps();
        let [patches, band, _] = self.im2col_layout::<T>(channels * self.groups).split(workspace);
        let weights = Strided::rows(weights, self.taps());
        for rows in self.bands::<T>() {
            let columns = rows.len() * self.columns.places;
            let patches = &mut patches[..self.taps() * columns];
            self.gather(&rows, image, patches);
            let patches = Strided::rows(patches, columns);
            if columns == self.places() {
                return gemm(weights, patches, initial, output, self.taps(), columns);
            }
            let band = &mut band[..channels * columns];
            gemm(weights, patches, Initial::Zero, band, self.taps(), columns);
            for (row, band) in output.chunks_exact_mut(self.places()).zip(band.chunks_exact(columns)) {
                let row = &mut row[rows.start * self.columns.places..][..columns];
                if new {
                    row.copy_from_slice(band);
                } else {
                    row.iter_mut().zip(band).for_each(|(row, &band)| *row += band);
                }
            }
        }
    }

    /// `image += Wᵀ * output`.
    fn add_transposed_one<T: Real>(&self, weights: &[T], output: &[T], image: &mut [T], workspace: &mut [T]) {
        let channels = weights.len() / self.taps();
        let [patches, band, _] = self.im2col_layout::<T>(channels * self.groups).split(workspace);
        for rows in self.bands::<T>() {
            let columns = rows.len() * self.columns.places;
            let band = self.band(&rows, output, band);
            let patches = &mut patches[..self.taps() * columns];
            let weights = Strided::transposed(weights, self.taps());
            gemm(weights, Strided::rows(band, columns), Initial::Zero, patches, channels, columns);
            self.scatter(&rows, patches, image);
        }
    }

    /// `dW += output ⊗ image`.
    fn add_gradient_of_one<T: Real>(
        &self,
        output: &[T],
        image: &[T],
        gradient: &mut [T],
        workspace: &mut [T],
    ) {
        let channels = gradient.len() / self.taps();
        let [patches, band, _] = self.im2col_layout::<T>(channels * self.groups).split(workspace);
        for rows in self.bands::<T>() {
            let columns = rows.len() * self.columns.places;
            let band = self.band(&rows, output, band);
            let patches = &mut patches[..self.taps() * columns];
            self.gather(&rows, image, patches);
            let (band, patches) = (Strided::rows(band, columns), Strided::transposed(patches, columns));
            gemm(band, patches, Initial::Output, gradient, columns, self.taps());
        }
    }

    /// Returns the output's rows in bands.
    pub(super) fn bands<T>(&self) -> impl Iterator<Item = Range<usize>> {
        let (rows, end) = (self.band_rows::<T>(), self.rows.places);
        (0..end).step_by(rows).map(move |start| start..end.min(start + rows))
    }

    /// Returns a band of every channel of the output, copied unless it is all.
    fn band<'a, T: Real>(&self, rows: &Range<usize>, output: &'a [T], copy: &'a mut [T]) -> &'a [T] {
        let columns = rows.len() * self.columns.places;
        if columns == self.places() {
            return output;
        }
        let band = &mut copy[..output.len() / self.places() * columns];
        for (band, row) in band.chunks_exact_mut(columns).zip(output.chunks_exact(self.places())) {
            band.copy_from_slice(&row[rows.start * self.columns.places..][..columns]);
        }
        band
    }

    /// Calls `f` for each run of places in these rows of the output whose tap `(channel, ky, kx)` is on the image, with
    /// the row of patches, the first place, the first pixel, and how many. Places whose tap is on the padding are left
    /// out.
    fn runs(&self, rows: &Range<usize>, mut f: impl FnMut(usize, usize, usize, usize)) {
        let Self { channels, rows: y_axis, columns: x_axis, .. } = *self;
        let row_step = y_axis.stride * x_axis.side;
        for channel in 0..channels {
            for ky in 0..y_axis.kernel {
                let [top, bottom] = y_axis.on_image(ky);
                let (top, bottom) = (rows.start.max(top), rows.end.min(bottom));
                if top >= bottom {
                    continue;
                }
                let row = channel * y_axis.side + top * y_axis.stride + ky * y_axis.dilation - y_axis.before;
                for kx in 0..x_axis.kernel {
                    let tap = (channel * y_axis.kernel + ky) * x_axis.kernel + kx;
                    let [first, past] = x_axis.on_image(kx);
                    if first >= past {
                        continue;
                    }
                    let column = first * x_axis.stride + kx * x_axis.dilation - x_axis.before;
                    let mut pixel = row * x_axis.side + column;
                    for oy in top..bottom {
                        f(tap, (oy - rows.start) * x_axis.places + first, pixel, past - first);
                        pixel += row_step;
                    }
                }
            }
        }
    }

    /// Lays the windows of these rows of the output out as columns.
    fn gather<T: Real>(&self, rows: &Range<usize>, image: &[T], patches: &mut [T]) {
        let columns = rows.len() * self.columns.places;
        if self.rows.is_padded() || self.columns.is_padded() {
            patches.fill(T::zero());
        }
        self.runs(rows, |tap, place, pixel, count| {
            let patches = &mut patches[tap * columns + place..][..count];
            if self.columns.stride == 1 {
                patches.copy_from_slice(&image[pixel..][..count]);
            } else {
                let pixels = image[pixel..].iter().step_by(self.columns.stride);
                patches.iter_mut().zip(pixels).for_each(|(patch, &pixel)| *patch = pixel);
            }
        });
    }

    /// Adds the columns back onto the image, each number to the pixel it came from.
    fn scatter<T: Real>(&self, rows: &Range<usize>, patches: &[T], image: &mut [T]) {
        let columns = rows.len() * self.columns.places;
        self.runs(rows, |tap, place, pixel, count| {
            let patches = &patches[tap * columns + place..][..count];
            if self.columns.stride == 1 {
                let pixels = &mut image[pixel..][..count];
                pixels.iter_mut().zip(patches).for_each(|(pixel, &patch)| *pixel += patch);
            } else {
                let pixels = image[pixel..].iter_mut().step_by(self.columns.stride);
                pixels.zip(patches).for_each(|(pixel, &patch)| *pixel += patch);
            }
        });
    }
}

/// Fills each channel with its bias, if there is one. Returns whether there is.
fn fill_bias<T: Real>(bias: Option<&[T]>, numbers: &mut [T], places: usize) -> bool {
    for (&bias, numbers) in bias.unwrap_or(&[]).iter().zip(numbers.chunks_exact_mut(places)) {
        numbers.fill(bias);
    }
    bias.is_some()
}

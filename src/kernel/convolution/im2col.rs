//! Convolution as a matrix product, sample by sample.
//!
//! The windows of an image are laid out as a matrix, `patches`, with a row for each place in a window (channel, row, column) and
//! a column for each place of the output: a convolution is then one product of it, and so are its two gradients. A row of
//! `patches` is the image shifted by that place, so it is mostly copied whole. Of a large image only a band of the
//! output's rows is laid out at a time, so that `patches` stays in the cache between being written and being read.

use alloc::vec::Vec;
use core::ops::Range;

use super::super::product::{Product, Start, Strided, product};
use super::{Room, Windows, take};

/// The bytes of `patches` that are laid out at a time: what a second-level cache of 512 KiB holds beside all else.
const CACHE: usize = 1 << 18;
/// But no fewer columns than this (or all), so that the tiles of the product are mostly whole.
const COLUMNS: usize = 64;

impl Windows {
    /// [`convolve`](super::Convolve::convolve) of the samples from `done` on.
    pub(super) fn one_by_one<T: Product>(
        &self,
        weights: &[T],
        bias: Option<&[T]>,
        images: &[T],
        outputs: &mut [T],
        room: &mut Room<T>,
        done: usize,
    ) {
        let output_len = weights.len() / self.taps() * self.places();
        let samples = images.chunks_exact(self.image_len()).zip(outputs.chunks_exact_mut(output_len));
        for (image, output) in samples.skip(done) {
            let start = fill_bias(bias, output, self.places());
            let groups = image.chunks_exact(image.len() / self.groups);
            let groups = groups.zip(output.chunks_exact_mut(output_len / self.groups));
            for ((image, output), weights) in groups.zip(weights.chunks_exact(weights.len() / self.groups)) {
                self.convolve_one(weights, image, output, start, room);
            }
        }
    }

    /// [`convolve_transposed`](super::Convolve::convolve_transposed) of the samples from `done` on.
    pub(super) fn one_by_one_transposed<T: Product>(
        &self,
        weights: &[T],
        bias: Option<&[T]>,
        outputs: &[T],
        images: &mut [T],
        room: &mut Room<T>,
        done: usize,
    ) {
        let output_len = weights.len() / self.taps() * self.places();
        let samples = images.chunks_exact_mut(self.image_len()).zip(outputs.chunks_exact(output_len));
        for (image, output) in samples.skip(done) {
            if fill_bias(bias, image, self.height * self.width) {
                image.fill(T::ZEROS[0]);
            }
            let groups = image.chunks_exact_mut(self.image_len() / self.groups);
            let groups = groups.zip(output.chunks_exact(output_len / self.groups));
            for ((image, output), weights) in groups.zip(weights.chunks_exact(weights.len() / self.groups)) {
                self.add_transposed_one(weights, output, image, room);
            }
        }
    }

    /// [`weight_gradient`](super::Convolve::weight_gradient), added, of the samples from `done` on.
    pub(super) fn add_one_by_one<T: Product>(
        &self,
        outputs: &[T],
        images: &[T],
        gradient: &mut [T],
        room: &mut Room<T>,
        done: usize,
    ) {
        let output_len = gradient.len() / self.taps() * self.places();
        let samples = images.chunks_exact(self.image_len()).zip(outputs.chunks_exact(output_len));
        for (image, output) in samples.skip(done) {
            let groups = image.chunks_exact(image.len() / self.groups);
            let groups = groups.zip(output.chunks_exact(output_len / self.groups));
            let len = gradient.len() / self.groups;
            for ((image, output), gradient) in groups.zip(gradient.chunks_exact_mut(len)) {
                self.add_gradient_of_one(output, image, gradient, room);
            }
        }
    }

    /// `output = W * image`, or added to what stands there unless it shall be `new`.
    fn convolve_one<T: Product>(
        &self,
        weights: &[T],
        image: &[T],
        output: &mut [T],
        new: bool,
        room: &mut Room<T>,
    ) {
        let start = if new { Start::Zero } else { Start::Output };
        let channels = weights.len() / self.taps();
        let weights = Strided::rows(weights, self.taps());
        for rows in self.bands::<T>() {
            let columns = rows.len() * self.out_width;
            let patches = take(&mut room.first, self.taps() * columns);
            self.gather(&rows, image, patches);
            let patches = Strided::rows(patches, columns);
            if columns == self.places() {
                return product(weights, patches, start, output, self.taps(), columns);
            }
            let band = take(&mut room.second, channels * columns);
            product(weights, patches, Start::Zero, band, self.taps(), columns);
            for (row, band) in output.chunks_exact_mut(self.places()).zip(band.chunks_exact(columns)) {
                let row = &mut row[rows.start * self.out_width..][..columns];
                if new {
                    row.copy_from_slice(band);
                } else {
                    row.iter_mut().zip(band).for_each(|(row, &band)| *row = *row + band);
                }
            }
        }
    }

    /// `image += Wᵀ * output`.
    fn add_transposed_one<T: Product>(
        &self,
        weights: &[T],
        output: &[T],
        image: &mut [T],
        room: &mut Room<T>,
    ) {
        let channels = weights.len() / self.taps();
        for rows in self.bands::<T>() {
            let columns = rows.len() * self.out_width;
            let band = self.band(&rows, output, &mut room.second);
            let patches = take(&mut room.first, self.taps() * columns);
            let weights = Strided::transposed(weights, self.taps());
            product(weights, Strided::rows(band, columns), Start::Zero, patches, channels, columns);
            self.scatter(&rows, patches, image);
        }
    }

    /// `dW += output ⊗ image`.
    fn add_gradient_of_one<T: Product>(
        &self,
        output: &[T],
        image: &[T],
        gradient: &mut [T],
        room: &mut Room<T>,
    ) {
        for rows in self.bands::<T>() {
            let columns = rows.len() * self.out_width;
            let band = self.band(&rows, output, &mut room.second);
            let patches = take(&mut room.first, self.taps() * columns);
            self.gather(&rows, image, patches);
            let (band, patches) = (Strided::rows(band, columns), Strided::transposed(patches, columns));
            product(band, patches, Start::Output, gradient, columns, self.taps());
        }
    }

    /// The output's rows in bands of about one size, whose patches fit into the cache.
    pub(super) fn bands<T>(&self) -> impl Iterator<Item = Range<usize>> {
        let fit = CACHE / (self.taps() * self.out_width * size_of::<T>());
        let rows = fit.max(COLUMNS.div_ceil(self.out_width));
        let rows = self.out_height.div_ceil(self.out_height.div_ceil(rows));
        let end = self.out_height;
        (0..end).step_by(rows).map(move |start| start..end.min(start + rows))
    }

    /// A band of every channel of the output, copied unless it is all.
    fn band<'r, T: Product>(&self, rows: &Range<usize>, output: &'r [T], room: &'r mut Vec<T>) -> &'r [T] {
        let columns = rows.len() * self.out_width;
        if columns == self.places() {
            return output;
        }
        let band = take(room, output.len() / self.places() * columns);
        for (band, row) in band.chunks_exact_mut(columns).zip(output.chunks_exact(self.places())) {
            band.copy_from_slice(&row[rows.start * self.out_width..][..columns]);
        }
        band
    }

    /// Calls `f` for each run of places in these rows of the output whose tap `(channel, ky, kx)` lies on the image: the
    /// row of patches, the first place, the first pixel, and how many. Places whose tap lies on the padding are left out.
    fn runs(&self, rows: &Range<usize>, mut f: impl FnMut(usize, usize, usize, usize)) {
        for channel in 0..self.channels {
            for ky in 0..self.kernel {
                for kx in 0..self.kernel {
                    let tap = (channel * self.kernel + ky) * self.kernel + kx;
                    let Some((first, last)) = self.on_image(kx, self.width, self.out_width) else { continue };
                    for oy in rows.clone() {
                        let y = oy * self.stride + ky;
                        if y < self.padding || y - self.padding >= self.height {
                            continue;
                        }
                        let place = (oy - rows.start) * self.out_width + first;
                        let row = (channel * self.height + y - self.padding) * self.width;
                        f(tap, place, row + first * self.stride + kx - self.padding, last - first);
                    }
                }
            }
        }
    }

    /// The output places, first and one past the last, whose tap `k` lies within a side rather than on its padding.
    fn on_image(&self, k: usize, side: usize, out: usize) -> Option<(usize, usize)> {
        let first = self.padding.saturating_sub(k).div_ceil(self.stride);
        let last = (side + self.padding).checked_sub(k + 1)? / self.stride + 1;
        let last = last.min(out);
        (first < last).then_some((first, last))
    }

    /// Lays the windows of these rows of the output out as columns.
    fn gather<T: Product>(&self, rows: &Range<usize>, image: &[T], patches: &mut [T]) {
        let columns = rows.len() * self.out_width;
        if self.padding > 0 {
            patches.fill(T::ZEROS[0]);
        }
        self.runs(rows, |tap, place, pixel, count| {
            let patches = &mut patches[tap * columns + place..][..count];
            if self.stride == 1 {
                patches.copy_from_slice(&image[pixel..][..count]);
            } else {
                let pixels = image[pixel..].iter().step_by(self.stride);
                patches.iter_mut().zip(pixels).for_each(|(patch, &pixel)| *patch = pixel);
            }
        });
    }

    /// Adds the columns back onto the image, each number to the pixel it came from.
    fn scatter<T: Product>(&self, rows: &Range<usize>, patches: &[T], image: &mut [T]) {
        let columns = rows.len() * self.out_width;
        self.runs(rows, |tap, place, pixel, count| {
            let patches = &patches[tap * columns + place..][..count];
            if self.stride == 1 {
                let pixels = &mut image[pixel..][..count];
                pixels.iter_mut().zip(patches).for_each(|(pixel, &patch)| *pixel = *pixel + patch);
            } else {
                let pixels = image[pixel..].iter_mut().step_by(self.stride);
                pixels.zip(patches).for_each(|(pixel, &patch)| *pixel = *pixel + patch);
            }
        });
    }
}

/// Every number of a channel starts at the channel's bias. If there is none, nothing is written, and the numbers are to be new.
fn fill_bias<T: Product>(bias: Option<&[T]>, numbers: &mut [T], places: usize) -> bool {
    for (&bias, numbers) in bias.unwrap_or(&[]).iter().zip(numbers.chunks_exact_mut(places)) {
        numbers.fill(bias);
    }
    bias.is_none()
}

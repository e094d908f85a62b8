//! Convolution as a matrix product.
//!
//! The windows of an image are laid out as a matrix, `patches`, with a row for each place in a window (channel, row, column) and
//! a column for each place of the output: a convolution is then one product of it, and so are its two gradients. A row of
//! `patches` is the image shifted by that place, so it is mostly copied whole. Of a large image only a band of the
//! output's rows is laid out at a time, so that `patches` stays in the cache between being written and being read.

use alloc::vec::Vec;
use core::ops::Range;

use super::{Real, Strided, add_product};

/// The bytes of `patches` that are laid out at a time: what a second-level cache of 512 KiB holds beside all else.
const CACHE: usize = 1 << 18;
/// But no fewer columns than this (or all), so that the tiles of the product are mostly whole.
const COLUMNS: usize = 64;

/// How windows lie on an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
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
    patches: Vec<T>,
    band: Vec<T>,
}

impl<T> Default for Room<T> {
    fn default() -> Self {
        Self { patches: Vec::new(), band: Vec::new() }
    }
}

/// `len` numbers of this room, to be written.
fn take<T: Real>(room: &mut Vec<T>, len: usize) -> &mut [T] {
    if room.len() < len {
        room.resize(len, T::zero());
    }
    &mut room[..len]
}

/// `W` has a row for each channel of the output and a column for each of the window's [`taps`](Windows::taps).
impl Windows {
    /// `output += W * image`: the convolution.
    pub(crate) fn convolve<T: Real>(&self, weights: &[T], image: &[T], output: &mut [T], room: &mut Room<T>) {
        let channels = weights.len() / self.taps();
        for rows in self.bands::<T>() {
            let columns = rows.len() * self.out_width;
            let patches = take(&mut room.patches, self.taps() * columns);
            self.gather(&rows, image, patches);
            let band = take(&mut room.band, channels * columns);
            band.fill(T::zero());
            let (weights, patches) = (Strided::rows(weights, self.taps()), Strided::rows(patches, columns));
            add_product(weights, patches, band, self.taps(), columns);
            for (row, band) in output.chunks_exact_mut(self.places()).zip(band.chunks_exact(columns)) {
                let row = &mut row[rows.start * self.out_width..][..columns];
                row.iter_mut().zip(band).for_each(|(row, &band)| *row += band);
            }
        }
    }

    /// `image += Wᵀ * output`: the convolution's transpose.
    pub(crate) fn convolve_transposed<T: Real>(
        &self,
        weights: &[T],
        output: &[T],
        image: &mut [T],
        room: &mut Room<T>,
    ) {
        let channels = weights.len() / self.taps();
        for rows in self.bands::<T>() {
            let columns = rows.len() * self.out_width;
            let band = self.band(&rows, output, &mut room.band);
            let patches = take(&mut room.patches, self.taps() * columns);
            patches.fill(T::zero());
            let weights = Strided::transposed(weights, self.taps());
            add_product(weights, Strided::rows(band, columns), patches, channels, columns);
            self.scatter(&rows, patches, image);
        }
    }

    /// `dW += output ⊗ image`: the gradient of `output · (W * image)` by `W`.
    pub(crate) fn add_weight_gradient<T: Real>(
        &self,
        output: &[T],
        image: &[T],
        gradient: &mut [T],
        room: &mut Room<T>,
    ) {
        for rows in self.bands::<T>() {
            let columns = rows.len() * self.out_width;
            let band = self.band(&rows, output, &mut room.band);
            let patches = take(&mut room.patches, self.taps() * columns);
            self.gather(&rows, image, patches);
            let (band, patches) = (Strided::rows(band, columns), Strided::transposed(patches, columns));
            add_product(band, patches, gradient, columns, self.taps());
        }
    }

    /// How many numbers of the image a window covers.
    const fn taps(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// How many places a window has on the image.
    const fn places(&self) -> usize {
        self.out_height * self.out_width
    }

    /// The output's rows in bands of about one size, whose patches fit into the cache.
    fn bands<T>(&self) -> impl Iterator<Item = Range<usize>> {
        let fit = CACHE / (self.taps() * self.out_width * size_of::<T>());
        let rows = fit.max(COLUMNS.div_ceil(self.out_width));
        let rows = self.out_height.div_ceil(self.out_height.div_ceil(rows));
        let end = self.out_height;
        (0..end).step_by(rows).map(move |start| start..end.min(start + rows))
    }

    /// A band of every channel of the output.
    fn band<'r, T: Real>(&self, rows: &Range<usize>, output: &[T], room: &'r mut Vec<T>) -> &'r [T] {
        let columns = rows.len() * self.out_width;
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
    fn gather<T: Real>(&self, rows: &Range<usize>, image: &[T], patches: &mut [T]) {
        let columns = rows.len() * self.out_width;
        if self.padding > 0 {
            patches.fill(T::zero());
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
    fn scatter<T: Real>(&self, rows: &Range<usize>, patches: &[T], image: &mut [T]) {
        let columns = rows.len() * self.out_width;
        self.runs(rows, |tap, place, pixel, count| {
            let patches = &patches[tap * columns + place..][..count];
            if self.stride == 1 {
                let pixels = &mut image[pixel..][..count];
                pixels.iter_mut().zip(patches).for_each(|(pixel, &patch)| *pixel += patch);
            } else {
                let pixels = image[pixel..].iter_mut().step_by(self.stride);
                pixels.zip(patches).for_each(|(pixel, &patch)| *pixel += patch);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers from -4 to 4, all different sequences: their sums of products are exact in any order.
    fn numbers<T: Real>(len: usize, seed: usize) -> Vec<T> {
        (0..len).map(|at| T::of((((at + 1) * (seed + 7) * 7919) % 1009 % 9) as f64 - 4.0)).collect()
    }

    /// Both maps and the weight gradient against the six loops of the formula, added to what was there.
    fn check<T: Real>(windows: Windows, out_channels: usize, room: &mut Room<T>) {
        let Windows { channels, height, width, kernel, stride, padding, out_height, out_width } = windows;
        let weights = numbers::<T>(out_channels * windows.taps(), 1);
        let image = numbers::<T>(channels * height * width, 2);
        let output = numbers::<T>(out_channels * windows.places(), 3);

        let (mut y, mut dx, mut dw) = (output.clone(), image.clone(), weights.clone());
        for (tap, place) in (0..weights.len()).flat_map(|tap| (0..windows.places()).map(move |p| (tap, p))) {
            let (o, i) = (tap / windows.taps(), tap % windows.taps() / (kernel * kernel));
            let (m, n) = (tap / kernel % kernel, tap % kernel);
            let (row, column) = (place / out_width * stride + m, place % out_width * stride + n);
            if row < padding || row >= padding + height || column < padding || column >= padding + width {
                continue;
            }
            let pixel = (i * height + row - padding) * width + column - padding;
            let place = o * out_height * out_width + place;
            y[place] += weights[tap] * image[pixel];
            dx[pixel] += weights[tap] * output[place];
            dw[tap] += output[place] * image[pixel];
        }

        let mut found = (output.clone(), image.clone(), weights.clone());
        windows.convolve(&weights, &image, &mut found.0, room);
        windows.convolve_transposed(&weights, &output, &mut found.1, room);
        windows.add_weight_gradient(&output, &image, &mut found.2, room);
        assert_eq!(found.0, y, "the convolution of {windows:?}");
        assert_eq!(found.1, dx, "the transpose of {windows:?}");
        assert_eq!(found.2, dw, "the weight gradient of {windows:?}");
    }

    /// Windows of a kernel, a stride and a padding on an image, if they fit.
    fn windows(
        [channels, height, width]: [usize; 3],
        [kernel, stride, padding]: [usize; 3],
    ) -> Option<Windows> {
        let out = |side: usize| Some((side + 2 * padding).checked_sub(kernel)? / stride + 1);
        let (out_height, out_width) = (out(height)?, out(width)?);
        Some(Windows { channels, height, width, kernel, stride, padding, out_height, out_width })
    }

    #[test]
    fn the_convolution_and_both_its_gradients_are_the_loops_of_the_formula() {
        let (mut single, mut double) = (Room::<f32>::default(), Room::<f64>::default());
        let mut checked = 0;
        // Among them: windows wider than the image, strides past the window, paddings past the window.
        for image in [[1, 1, 1], [2, 1, 4], [1, 5, 5], [3, 6, 4], [2, 3, 11]] {
            for kernel in [1, 2, 3, 5] {
                for stride in [1, 2, 3, 7] {
                    for padding in [0, 1, 2, 6] {
                        let Some(windows) = windows(image, [kernel, stride, padding]) else { continue };
                        for out_channels in [1, 2, 5] {
                            check(windows, out_channels, &mut single);
                            check(windows, out_channels, &mut double);
                        }
                        checked += 1;
                    }
                }
            }
        }
        // All but these: windows of 2, 3 and 5 on the least sides 1, 1, 5, 4, 3, and of 5 on 1, 1 when padded by 1.
        assert_eq!(checked, 5 * 4 * 4 * 4 - (2 + 2 + 4) * 4 - 2 * 4);
    }

    #[test]
    fn a_large_image_is_worked_through_in_bands() {
        for [kernel, stride, padding] in [[5, 1, 0], [5, 1, 2], [7, 2, 3], [4, 3, 5]] {
            let windows = windows([4, 61, 75], [kernel, stride, padding]).unwrap();
            let bands: Vec<_> = windows.bands::<f64>().collect();
            assert!(bands.len() > 1, "{windows:?} has one band");
            assert_eq!(bands.iter().map(Range::len).sum::<usize>(), windows.out_height);
            check(windows, 3, &mut Room::<f64>::default());
        }
    }
}

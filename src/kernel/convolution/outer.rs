//! The gradient of the weights, of samples side by side: every number is a vector, with a lane for each sample.
//!
//! The sums of a few channels of the output by a few taps in a row stay in registers while all places go by. The lanes are
//! summed at the very end, over all samples.

use super::super::product::Product;
use super::super::simd::{Kernel, Level, Vector};
use super::lanes::interleave;
use super::{Room, Windows, take};

/// So many taps side by side make a tile, at most, and so many channels by how many taps: about twelve sums.
const TAPS: usize = 5;
const fn most_channels(taps: usize) -> usize {
    match taps {
        5 => 2,
        4 => 3,
        3 => 4,
        _ => 6,
    }
}

/// `gradient = Σ output ⊗ image`. Gives how many samples it has done.
pub(super) struct Outer<'a, T> {
    pub(super) windows: &'a Windows,
    pub(super) outputs: &'a [T],
    pub(super) images: &'a [T],
    pub(super) gradient: &'a mut [T],
    pub(super) room: &'a mut Room<T>,
}

impl<T: Product> Kernel for Outer<'_, T> {
    type Output = usize;

    #[inline(always)]
    #[allow(unsafe_code)]
    fn run<L: Level>(self) -> usize {
        let Self { windows, outputs, images, gradient, room } = self;
        let Windows { groups, channels, height, width, kernel, stride, padding, out_width, .. } = *windows;
        let lanes = T::Vector::<L>::LANES;
        let out_channels = gradient.len() / windows.taps();
        let (image_len, output_len) = (windows.image_len(), out_channels * windows.places());
        let samples = outputs.len() / output_len;
        assert!(
            images.len() == samples * image_len && outputs.len() == samples * output_len,
            "as many inputs as outputs"
        );
        gradient.fill(T::ZEROS[0]);
        if windows.side_by_side::<T>(samples, lanes, out_channels).is_none() {
            return 0;
        }

        let right = ((out_width - 1) * stride + kernel).saturating_sub(padding + width);
        let pitch = padding + width + right;
        let Room { first, second, third } = room;
        let image = take(first, groups * channels * height * pitch * lanes);
        let output = take(second, output_len * lanes);
        let sums = take(third, gradient.len() * lanes);
        sums.fill(T::ZEROS[0]);
        if pitch > width {
            image.fill(T::ZEROS[0]);
        }

        let mut done = 0;
        while let Some(count) = windows.side_by_side::<T>(samples - done, lanes, out_channels) {
            let (from, outputs) =
                (images[done * image_len..].as_ptr(), outputs[done * output_len..].as_ptr());
            let (rows, row_len) = if pitch == width { (1, image_len) } else { (image_len / width, width) };
            for row in 0..rows {
                // SAFETY: the rows of `count` samples, to rows of the buffer that are `pitch` vectors long.
                unsafe {
                    let to = image.as_mut_ptr().add((row * pitch + padding) * lanes);
                    interleave::<L, T>(from.add(row * row_len), image_len, count, row_len, to);
                }
            }
            // SAFETY: `count` outputs, to as many vectors as an output has numbers.
            unsafe { interleave::<L, T>(outputs, output_len, count, output_len, output.as_mut_ptr()) };
            for group in 0..groups {
                let out_channels = out_channels / groups;
                let tiles = Tiles {
                    windows,
                    image: image[group * channels * height * pitch * lanes..].as_ptr(),
                    pitch,
                    output: output[group * out_channels * windows.places() * lanes..].as_ptr(),
                    sums: sums[group * out_channels * windows.taps() * lanes..].as_mut_ptr(),
                };
                // SAFETY: the buffers have room for all channels of the group.
                unsafe { tiles.run::<L>(out_channels) };
            }
            done += count;
        }
        for (gradient, sums) in gradient.iter_mut().zip(sums.chunks_exact(lanes)) {
            // SAFETY: a vector has so many lanes.
            *gradient = unsafe { T::Vector::<L>::read(sums.as_ptr()) }.sum();
        }
        done
    }
}

/// All channels of a group of the output, and all taps of a group of the image.
struct Tiles<'a, T> {
    windows: &'a Windows,
    image: *const T,
    /// The length of the image's rows with their margins.
    pitch: usize,
    output: *const T,
    sums: *mut T,
}

#[allow(unsafe_code)]
impl<T: Product> Tiles<'_, T> {
    /// # Safety
    /// All channels of image, output and sums are there, and the processor has the level.
    #[inline(always)]
    unsafe fn run<L: Level>(&self, out_channels: usize) {
        let Windows { channels, kernel, .. } = *self.windows;
        let tiles = kernel.div_ceil(TAPS);
        let most = most_channels(kernel.div_ceil(tiles));
        let (mut out, mut blocks) = (0, out_channels.div_ceil(most));
        while out < out_channels {
            let high = (out_channels - out).div_ceil(blocks);
            for row in 0..channels * kernel {
                let (mut tap, mut tiles) = (0, tiles);
                while tap < kernel {
                    let wide = (kernel - tap).div_ceil(tiles);
                    let place = Place { out, channel: row / kernel, row: row % kernel, tap };
                    // SAFETY: so many channels and taps from there are in the group.
                    unsafe {
                        match wide {
                            1 => self.channels::<L, 1>(place, high),
                            2 => self.channels::<L, 2>(place, high),
                            3 => self.channels::<L, 3>(place, high),
                            4 => self.channels::<L, 4>(place, high),
                            _ => self.channels::<L, 5>(place, high),
                        }
                    }
                    tap += wide;
                    tiles -= 1;
                }
            }
            out += high;
            blocks -= 1;
        }
    }

    /// Where the blocks of channels are made for more taps than this tile has, they are smaller than it could take.
    #[inline(always)]
    unsafe fn channels<L: Level, const TAPS: usize>(&self, place: Place, high: usize) {
        // SAFETY: the caller's.
        unsafe {
            match high {
                1 => self.tile::<L, 1, TAPS>(place),
                2 => self.tile::<L, 2, TAPS>(place),
                3 if TAPS < 5 => self.tile::<L, 3, TAPS>(place),
                4 if TAPS < 4 => self.tile::<L, 4, TAPS>(place),
                5 if TAPS < 3 => self.tile::<L, 5, TAPS>(place),
                6 if TAPS < 3 => self.tile::<L, 6, TAPS>(place),
                _ => unreachable!("a tile has about twelve sums"),
            }
        }
    }

    /// Adds to the sums of `R` channels by `TAPS` taps.
    #[inline(always)]
    unsafe fn tile<L: Level, const R: usize, const TAPS: usize>(&self, place: Place) {
        let lanes = T::Vector::<L>::LANES;
        let Windows { height, kernel, stride, padding, out_height, out_width, .. } = *self.windows;
        let Place { out, channel, row, tap } = place;
        // The rows of the output whose windows have this row on the image.
        let first = padding.saturating_sub(row).div_ceil(stride);
        let past = (height + padding).saturating_sub(row).div_ceil(stride).min(out_height);
        // SAFETY: r < R and t < TAPS, which the caller says are there; the rows are on the image, and the columns on it or its margins.
        unsafe {
            let numbers = (out * self.windows.taps() + (channel * kernel + row) * kernel + tap) * lanes;
            let to = self.sums.add(numbers);
            let to_row = self.windows.taps() * lanes;
            let mut sums = [[T::Vector::<L>::zero(); TAPS]; R];
            for r in 0..R {
                for t in 0..TAPS {
                    sums[r][t] = T::Vector::<L>::read(to.add(r * to_row + t * lanes));
                }
            }
            for y in first..past {
                let image_row = channel * height + y * stride + row - padding;
                let mut image = self.image.add((image_row * self.pitch + tap) * lanes);
                let mut output = self.output.add((out * out_height + y) * out_width * lanes);
                for _ in 0..out_width {
                    let mut pixels = [T::Vector::<L>::zero(); TAPS];
                    for t in 0..TAPS {
                        pixels[t] = T::Vector::<L>::read(image.add(t * lanes));
                    }
                    for r in 0..R {
                        let number = T::Vector::<L>::read(output.add(r * out_height * out_width * lanes));
                        for t in 0..TAPS {
                            sums[r][t] = number.multiply_add(pixels[t], sums[r][t]);
                        }
                    }
                    image = image.wrapping_add(stride * lanes);
                    output = output.wrapping_add(lanes);
                }
            }
            for r in 0..R {
                for t in 0..TAPS {
                    sums[r][t].write(to.add(r * to_row + t * lanes));
                }
            }
        }
    }
}

/// The first channel of the output and the first tap of a tile: a channel of the image, a row of the window, and a column.
#[derive(Clone, Copy)]
struct Place {
    out: usize,
    channel: usize,
    row: usize,
    tap: usize,
}

//! The gradient of the weights, of interleaved samples: every number is a vector, with a lane for each sample.
//!
//! The sums of a few channels of the output by a few taps in a row stay in registers while all places go by. The lanes
//! are summed at the very end, over all samples.

use super::interleave::interleave;
use super::workspace::Layout;
use super::{Accumulate, Windows};
use crate::simd::{Kernel, Level, Vector};
use crate::{Real, size};

/// The largest number of neighboring taps of a tile. The number of channels depends on it: about twelve sums.
const TAPS: usize = 5;
const fn most_channels(taps: usize) -> usize {
    match taps {
        5 => 2,
        4 => 3,
        3 => 4,
        _ => 6,
    }
}

/// How many terms are summed in a register before they are added to the sums in memory, at least one row: the rounding
/// errors grow with the rows of all samples, and not with their places.
const TERMS: usize = 128;

/// The least places of all samples that are summed directly: for fewer, the sums of lanes take most of the time.
const DIRECT_PLACES: usize = 256;

/// `gradient = Σ output ⊗ image`, or added to it, of slices that are checked.
#[doc(hidden)]
#[derive(Debug)]
pub struct WeightGradient<'a, T> {
    pub(super) windows: &'a Windows,
    pub(super) outputs: &'a [T],
    pub(super) images: &'a [T],
    pub(super) accumulate: Accumulate,
    pub(super) gradient: &'a mut [T],
    pub(super) workspace: &'a mut [T],
}

impl<'a, T: Real> WeightGradient<'a, T> {
    /// # Panics
    /// When the slices do not fit the windows or one another.
    pub(super) fn new(
        windows: &'a Windows,
        outputs: &'a [T],
        images: &'a [T],
        accumulate: Accumulate,
        gradient: &'a mut [T],
        workspace: &'a mut [T],
    ) -> Self {
        let output_len = windows.output_len(windows.out_channels(gradient.len()));
        let samples = outputs.len() / output_len;
        assert!(
            outputs.len().is_multiple_of(output_len)
                && images.len() == size::product([samples, windows.image_len()]),
            "as many inputs as outputs"
        );
        Self { windows, outputs, images, accumulate, gradient, workspace }
    }
}

/// Returns the parts of the workspace: the image and the output as vectors, and the sums.
pub(super) const fn layout(windows: &Windows, out_channels: usize, lanes: usize) -> Layout {
    Layout([
        size::product([windows.groups, windows.channels, windows.rows.side, windows.columns.padded(), lanes]),
        size::product([out_channels, windows.places(), lanes]),
        size::product([out_channels, windows.taps(), lanes]),
    ])
}

/// Returns how many samples it has computed: all, or those before the ones that are left to `im2col`.
impl<T: Real> Kernel for &mut WeightGradient<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn run<L: Level>(self, level: L) -> usize {
        let done = self.interleaved(level);
        let left = self.images.len() / self.windows.image_len() - done;
        let places = left.saturating_mul(self.windows.places());
        if self.windows.is_direct() && places >= DIRECT_PLACES { self.direct(level, done) } else { done }
    }
}

impl<T: Real> WeightGradient<'_, T> {
    /// Returns how many samples it has computed. The samples that are left are too few for a vector, or all.
    #[inline(always)]
    pub(super) fn interleaved<L: Level>(&mut self, _: L) -> usize {
        let WeightGradient { windows, outputs, images, accumulate, gradient, workspace } = self;
        let windows = *windows;
        let Windows { groups, channels, rows, columns } = *windows;
        let (height, width) = (rows.side, columns.side);
        let lanes = T::Vector::<L>::LANES;
        let out_channels = gradient.len() / windows.taps();
        let (image_len, output_len) = (windows.image_len(), out_channels * windows.places());
        let samples = outputs.len() / output_len;
        if windows.next_samples::<T>(samples, lanes, out_channels).is_none() {
            if *accumulate == Accumulate::Overwrite {
                gradient.fill(T::zero());
            }
            return 0;
        }

        // The image's rows with their margins.
        let pitch = columns.padded();
        let [image, output, sums] = layout(windows, out_channels, lanes).split(workspace);
        sums.fill(T::zero());
        if pitch > width {
            image.fill(T::zero());
        }

        let mut done = 0;
        while let Some(count) = windows.next_samples::<T>(samples - done, lanes, out_channels) {
            let from = images[done * image_len..][..count * image_len].as_ptr();
            let outputs = outputs[done * output_len..][..count * output_len].as_ptr();
            let (rows, row_len) = if pitch == width { (1, image_len) } else { (image_len / width, width) };
            for row in 0..rows {
                // SAFETY: a level was passed. `rows * row_len` is `image_len`, and `from` has `count` samples of it;
                // row `row` of the buffer begins at `row * pitch` vectors, and has `before + row_len` of them at
                // least. `count` is at most the lanes.
                unsafe {
                    let to = image.as_mut_ptr().add((row * pitch + columns.before) * lanes);
                    interleave::<L, T>(from.add(row * row_len), image_len, count, row_len, to);
                }
            }
            // SAFETY: a level was passed. `outputs` has `count` samples, the buffer a vector for each number of one of
            // them.
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
                // SAFETY: a level was passed. Each pointer is to the first channel of the group; its buffer has the
                // channels of all groups, the image in rows of `pitch` vectors.
                unsafe { tiles.run::<L>(out_channels) };
            }
            done += count;
        }
        for (gradient, sums) in gradient.iter_mut().zip(sums.chunks_exact(lanes)) {
            // SAFETY: a level was passed, and the chunk has as many numbers as a vector.
            let sum = unsafe { T::Vector::<L>::read(sums.as_ptr()).sum() };
            *gradient = if *accumulate == Accumulate::Add { *gradient + sum } else { sum };
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

impl<T: Real> Tiles<'_, T> {
    /// Adds to the sums of all channels of the output.
    ///
    /// # Safety
    /// Everything that the windows cover of a group's image, in rows of `pitch` vectors with the padding before
    /// the first column, can be read; so can `out_channels` channels of the output; `out_channels` times the taps of
    /// sums can be read and written. The processor has the level.
    #[inline(always)]
    unsafe fn run<L: Level>(&self, out_channels: usize) {
        let Windows { channels, rows, columns, .. } = *self.windows;
        let kernel = columns.kernel;
        let tiles = kernel.div_ceil(TAPS);
        let most = most_channels(kernel.div_ceil(tiles));
        let (mut out, mut blocks) = (0, out_channels.div_ceil(most));
        while out < out_channels {
            let high = (out_channels - out).div_ceil(blocks);
            for row in 0..channels * rows.kernel {
                let (mut tap, mut tiles) = (0, tiles);
                while tap < kernel {
                    let wide = (kernel - tap).div_ceil(tiles);
                    let index = TileIndex { out, channel: row / rows.kernel, row: row % rows.kernel, tap };
                    // SAFETY: the caller's promise: `out + high` is at most `out_channels`, and `tap + wide` at most
                    // `kernel`.
                    unsafe {
                        match wide {
                            1 => self.channels::<L, 1>(index, high),
                            2 => self.channels::<L, 2>(index, high),
                            3 => self.channels::<L, 3>(index, high),
                            4 => self.channels::<L, 4>(index, high),
                            _ => self.channels::<L, 5>(index, high),
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

    /// Adds to the sums of `high` channels by `TAPS` taps. A block of channels that was made for more taps than this
    /// tile has is smaller than the tile could take.
    ///
    /// # Safety
    /// As for [`run`](Tiles::run); `high` channels and `TAPS` taps from `index` on are in the group.
    #[inline(always)]
    unsafe fn channels<L: Level, const TAPS: usize>(&self, index: TileIndex, high: usize) {
        // SAFETY: the caller's promise, with `high` for `R`.
        unsafe {
            match high {
                1 => self.tile::<L, 1, TAPS>(index),
                2 => self.tile::<L, 2, TAPS>(index),
                3 if TAPS < 5 => self.tile::<L, 3, TAPS>(index),
                4 if TAPS < 4 => self.tile::<L, 4, TAPS>(index),
                5 if TAPS < 3 => self.tile::<L, 5, TAPS>(index),
                6 if TAPS < 3 => self.tile::<L, 6, TAPS>(index),
                _ => unreachable!("a tile has about twelve sums"),
            }
        }
    }

    /// Adds to the sums of `R` channels by `TAPS` taps.
    ///
    /// # Safety
    /// As for [`run`](Tiles::run); `R` channels and `TAPS` taps from `index` on are in the group.
    #[inline(always)]
    unsafe fn tile<L: Level, const R: usize, const TAPS: usize>(&self, index: TileIndex) {
        let lanes = T::Vector::<L>::LANES;
        let Windows { rows: y_axis, columns: x_axis, .. } = *self.windows;
        let (height, out_height, out_width) = (y_axis.side, y_axis.places, x_axis.places);
        let stride = x_axis.stride;
        let TileIndex { out, channel, row, tap } = index;
        // The rows of the output whose windows have row `row` on the image.
        let [first, past] = y_axis.on_image(row);
        // SAFETY: r < R and t < TAPS are the caller's. `y` is in the output, and its window's row `row` is on the
        // image. The last column read is `(out_width - 1) * stride + tap + t`, less than the last window's end, up to
        // which a row of `pitch` vectors reaches.
        unsafe {
            let numbers =
                (out * self.windows.taps() + (channel * y_axis.kernel + row) * x_axis.kernel + tap) * lanes;
            let to = self.sums.add(numbers);
            let to_row = self.windows.taps() * lanes;
            let one = T::Vector::<L>::splat(T::one());
            let rows = (TERMS / out_width).max(1);
            let mut start = first;
            while start < past {
                let end = if past - start < rows { past } else { start + rows };
                let mut sums = [[T::Vector::<L>::zero(); TAPS]; R];
                for y in start..end {
                    let image_row =
                        channel * height + y * y_axis.stride + row * y_axis.dilation - y_axis.before;
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
                        let to = to.add(r * to_row + t * lanes);
                        one.multiply_add(sums[r][t], T::Vector::<L>::read(to)).write(to);
                    }
                }
                start = end;
            }
        }
    }
}

/// Where a tile begins: the channel of the output, and the tap, which is a channel of the image, a row of the window
/// and a column.
#[derive(Clone, Copy)]
struct TileIndex {
    out: usize,
    channel: usize,
    row: usize,
    tap: usize,
}

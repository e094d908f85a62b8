//! The gradient of the weights, of one sample after the other: the lanes of a vector are places next to one another.
//!
//! The places are in the order of `direct`. The sums of a few channels of the output by a few taps stay in registers
//! while the places of some samples go by; then their lanes are added.

use super::Windows;
use super::axis::Axis;
use super::bands::{Bands, MOST_TAPS, fill_row};
use super::direct_tile::MAX_CHANNELS;
use super::weight_gradient::WeightGradient;
use super::workspace::Layout;
use crate::simd::{Level, VECTOR_BYTES, Vector};
use crate::{Real, size};

/// The bytes of the copies of the image, about: a band of one sample, or several samples.
const COPIES_BYTES: usize = 1 << 18;
/// How many places are summed in registers, about: 64 to 256 terms in each lane. The sums of these are added one by
/// one.
const PLACES: usize = 1024;

/// How the samples are divided.
struct Parts {
    bands: Bands,
    /// How many samples are copied at once.
    samples: usize,
    /// The length of a band of a channel of the output, with the gaps between its rows.
    line: usize,
}

impl Parts {
    const fn new<T>(windows: &Windows) -> Self {
        let places = windows.rows.places;
        let mut bands = Bands::new::<T>(windows, false, windows.channels, COPIES_BYTES, PLACES / 2);
        let most = size::larger(PLACES / bands.pitch(), 1);
        if most < bands.band {
            bands.band = places.div_ceil(places.div_ceil(most));
        }
        let vector = VECTOR_BYTES / size_of::<T>();
        let line = size::product([size::product([bands.band, bands.pitch()]).div_ceil(vector), vector]);
        let mut samples = 1;
        let bytes = size::product([bands.len::<T>(), size_of::<T>()]);
        while bands.band == places && (samples + 1) * bytes <= COPIES_BYTES && (samples + 1) * line <= PLACES
        {
            samples += 1;
        }
        Self { bands, samples, line }
    }
}

/// Returns the parts of the workspace: the copies of the image, and those of the output.
pub(super) const fn layout<T>(windows: &Windows, out_channels: usize) -> Layout {
    let Parts { bands, samples, line } = Parts::new::<T>(windows);
    let lines = size::product([samples, out_channels / windows.groups, line]);
    let copies = size::product([samples, bands.len::<T>()]);
    Layout([copies, size::sum([lines, VECTOR_BYTES / size_of::<T>()]), 0])
}

impl<T: Real> WeightGradient<'_, T> {
    /// Adds the gradients of the samples from `done` on. Returns how many samples there are.
    #[inline(always)]
    pub(super) fn direct<L: Level>(&mut self, _: L, done: usize) -> usize {
        let WeightGradient { windows, outputs, images, gradient, workspace, .. } = self;
        let windows = *windows;
        let lanes = T::Vector::<L>::LANES;
        let Windows { groups, channels, rows, columns } = *windows;
        let (taps, width) = (windows.taps(), columns.places);
        let out_channels = gradient.len() / taps / groups;
        let (plane, image_len) = (windows.places(), channels * rows.side * columns.side);
        let output_len = out_channels * plane;
        let samples = outputs.len() / (output_len * groups);
        let Parts { bands, samples: together, line } = Parts::new::<T>(windows);
        let [copies, lines, _] = layout::<T>(windows, out_channels * groups).split(workspace);
        let mut table = [0; MOST_TAPS];
        let (y, x) = (Axis::new(&rows, false, 0), Axis::new(&columns, false, 0));
        for tap in 0..windows.pixels() {
            table[tap] = bands.tap(&y, &x, tap / columns.kernel, tap % columns.kernel);
        }
        let copy_len = bands.len::<T>();
        for copy in copies.chunks_exact_mut(copy_len) {
            // What is read past the last row is multiplied by 0.
            copy[copy_len - VECTOR_BYTES / size_of::<T>()..].fill(T::zero());
        }
        // Rows of whole vectors are read in place.
        let in_place = width.is_multiple_of(lanes);

        let mut first = done;
        while first < samples {
            let count = if samples - first < together { samples - first } else { together };
            for group in 0..groups {
                let gradient = &mut gradient[group * out_channels * taps..][..out_channels * taps];
                let mut start = 0;
                while start < rows.places {
                    let high =
                        if rows.places - start < bands.band { rows.places - start } else { bands.band };
                    let vectors = ((high - 1) * bands.pitch() + width).div_ceil(lanes);
                    for at in 0..count {
                        let of = (first + at) * groups + group;
                        let image = &images[of * image_len..][..image_len];
                        let copy = &mut copies[at * copy_len..][..copy_len];
                        // SAFETY: a level was passed. The image has the channels of a group, the copy its length.
                        unsafe { bands.fill::<L, T>(image.as_ptr(), start, copy.as_mut_ptr()) };
                        if in_place {
                            continue;
                        }
                        for channel in 0..out_channels {
                            let from = &outputs[of * output_len + channel * plane..][..plane];
                            let to = lines[(at * out_channels + channel) * line..].as_mut_ptr();
                            for row in 0..high {
                                let from = from[(start + row) * width..][..width].as_ptr();
                                // The gap after the last row ends where the last vector does.
                                let at = row * bands.pitch();
                                let len = if row + 1 < high { bands.pitch() } else { vectors * lanes - at };
                                // SAFETY: a level was passed. `from` has a row; the rows are in a line, which has
                                // place for whole vectors and is followed by a vector at least.
                                unsafe { fill_row::<L, T>(from, width, 0, to.add(at), len) };
                            }
                        }
                    }
                    let output = first * groups * output_len + group * output_len + start * width;
                    let tiles = Tiles {
                        copies: copies.as_ptr(),
                        copy_channel: bands.channel(),
                        table: &table[..windows.pixels()],
                        output: if in_place { outputs[output..].as_ptr() } else { lines.as_ptr() },
                        plane: if in_place { plane } else { line },
                        samples: [copy_len, if in_place { groups * output_len } else { out_channels * line }],
                        count,
                        columns: if in_place { width / lanes } else { 1 },
                        vectors: if in_place { high } else { vectors },
                        steps: if in_place { [bands.pitch(), width] } else { [lanes; 2] },
                    };
                    let (mut out, mut blocks) = (0, out_channels.div_ceil(MAX_CHANNELS));
                    while out < out_channels {
                        let high = (out_channels - out).div_ceil(blocks);
                        let gradient = &mut gradient[out * taps..][..high * taps];
                        // SAFETY: a level was passed. The copies and the outputs are those of the band of `count`
                        // samples, and the gradient has `high` channels from `out` on.
                        unsafe {
                            match high {
                                1 => tiles.run::<L, 1>(out, gradient),
                                2 => tiles.run::<L, 2>(out, gradient),
                                3 => tiles.run::<L, 3>(out, gradient),
                                _ => tiles.run::<L, 4>(out, gradient),
                            }
                        }
                        out += high;
                        blocks -= 1;
                    }
                    start += bands.band;
                }
            }
            first += count;
        }
        samples
    }
}

/// All tiles of a band of some samples. The pairs are distances in the copies of the image and in the output.
struct Tiles<'a, T> {
    copies: *const T,
    copy_channel: usize,
    /// Where the taps of a channel are.
    table: &'a [usize],
    output: *const T,
    /// The distance between the channels of the output.
    plane: usize,
    samples: [usize; 2],
    count: usize,
    /// How many times there are `vectors`, each time one vector after the time before.
    columns: usize,
    vectors: usize,
    steps: [usize; 2],
}

impl<T: Real> Tiles<'_, T> {
    /// Adds to the gradient of `R` channels of the output, from `out` on.
    ///
    /// # Safety
    /// For each sample, column and vector: a vector can be read for each tap of the gradient, and for each of the `R`
    /// channels. The processor has the level.
    #[inline(always)]
    unsafe fn run<L: Level, const R: usize>(&self, out: usize, gradient: &mut [T]) {
        let taps = gradient.len() / R;
        let wide = T::Vector::<L>::LANES * size_of::<T>() == VECTOR_BYTES;
        let mut tap = 0;
        while tap < taps {
            // SAFETY: the caller's promise: no more taps are summed than are left.
            unsafe {
                tap += match taps - tap {
                    6.. if wide => self.tile::<L, R, 6>(out, tap, gradient),
                    3.. => self.tile::<L, R, 3>(out, tap, gradient),
                    2 => self.tile::<L, R, 2>(out, tap, gradient),
                    _ => self.tile::<L, R, 1>(out, tap, gradient),
                };
            }
        }
    }

    /// Adds to the gradient of `R` channels by `TAPS` taps. Returns `TAPS`.
    ///
    /// # Safety
    /// As for [`run`](Tiles::run), with `TAPS` taps from `tap` on.
    #[inline(always)]
    unsafe fn tile<L: Level, const R: usize, const TAPS: usize>(
        &self,
        out: usize,
        tap: usize,
        gradient: &mut [T],
    ) -> usize {
        let lanes = T::Vector::<L>::LANES;
        let mut first = [self.copies; TAPS];
        for t in 0..TAPS {
            let (channel, pixel) = ((tap + t) / self.table.len(), (tap + t) % self.table.len());
            first[t] = self.copies.wrapping_add(channel * self.copy_channel + self.table[pixel]);
        }
        let taps = gradient.len() / R;
        // SAFETY: t < TAPS and r < R, and the samples, columns and vectors are the caller's. `last` has `R * TAPS`
        // vectors.
        unsafe {
            let mut sums = [[T::Vector::<L>::zero(); TAPS]; R];
            for sample in 0..self.count {
                for column in 0..self.columns {
                    let mut image = sample * self.samples[0] + column * lanes;
                    let mut output = out * self.plane + sample * self.samples[1] + column * lanes;
                    for _ in 0..self.vectors {
                        let mut pixels = [T::Vector::<L>::zero(); TAPS];
                        for t in 0..TAPS {
                            pixels[t] = T::Vector::<L>::read(first[t].add(image));
                        }
                        for r in 0..R {
                            let number = T::Vector::<L>::read(self.output.add(output + r * self.plane));
                            for t in 0..TAPS {
                                sums[r][t] = number.multiply_add(pixels[t], sums[r][t]);
                            }
                        }
                        image += self.steps[0];
                        output += self.steps[1];
                    }
                }
            }
            // Without a copy, the loop below would keep the sums in memory all the time.
            let mut last = [[T::Vector::<L>::zero(); TAPS]; R];
            let to = last.as_mut_ptr().cast::<T>();
            for r in 0..R {
                for t in 0..TAPS {
                    sums[r][t].write(to.add((r * TAPS + t) * lanes));
                }
            }
            let last = core::hint::black_box(&last);
            for r in 0..R {
                for t in 0..TAPS {
                    gradient[r * taps + tap + t] += last[r][t].sum();
                }
            }
        }
        TAPS
    }
}

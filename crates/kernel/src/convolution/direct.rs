//! The convolution and its transpose of one sample after the other: the lanes of a vector are places next to one
//! another.
//!
//! A few channels of the target at a time; their tiles are in `direct_tile`. Each number is the same sum, in the same
//! order, as that of interleaved samples.
//!
//! The places of a band are one line: with those between the end of a row and the start of the next one, which are
//! computed and not used, a tap is at the same distance from every place. Where the rows are whole vectors, these
//! places are left out.

use super::Windows;
use super::axis::Axis;
use super::bands::{Bands, MOST_TAPS};
use super::correlate::Correlate;
use super::direct_tile::{MAX_CHANNELS, Run, Tiles};
use super::workspace::Layout;
use crate::simd::{Level, VECTOR_BYTES, Vector};
use crate::{Real, size};

/// The bytes of a band, about: they stay in the cache while the channels of the target are computed.
const BAND_BYTES: usize = 1 << 16;
/// The least places of a band: two tiles of the largest vectors.
const BAND_PLACES: usize = 192;

/// Returns the bands of the source.
const fn bands<T>(windows: &Windows, transposed: bool, out_channels: usize) -> Bands {
    let channels = if transposed { out_channels / windows.groups } else { windows.channels };
    Bands::new::<T>(windows, transposed, channels, BAND_BYTES, BAND_PLACES)
}

/// Returns the parts of the workspace: a band of the source, and the line of places of a few channels.
pub(super) const fn layout<T>(windows: &Windows, transposed: bool, out_channels: usize) -> Layout {
    let bands = bands::<T>(windows, transposed, out_channels);
    let line = size::sum([size::product([bands.band, bands.pitch()]), VECTOR_BYTES / size_of::<T>()]);
    Layout([bands.len::<T>(), size::product([MAX_CHANNELS, line]), 0])
}

impl<T: Real> Correlate<'_, T> {
    /// Computes the samples from `done` on, one at a time. Returns how many there are.
    #[inline(always)]
    pub(super) fn direct<L: Level>(&mut self, _: L, done: usize) -> usize {
        let Correlate { windows, transposed, weights, bias, from, to, workspace } = self;
        let (windows, transposed) = (*windows, *transposed);
        let out_channels = weights.len() / windows.taps();
        let Windows { groups, channels, rows, columns } = *windows;
        let (image, outputs) = ([rows.side, columns.side], [rows.places, columns.places]);
        let (source, target, [from_channels, to_channels]) = if transposed {
            (outputs, image, [out_channels / groups, channels])
        } else {
            (image, outputs, [channels, out_channels / groups])
        };
        let from_len = from_channels * source[0] * source[1];
        let plane = target[0] * target[1];
        let to_len = to_channels * plane;
        let (pixels, taps) = (windows.pixels(), windows.taps());
        // The distances between weights of neighboring channels of the source, and of the target.
        let [to_source, to_target] = if transposed { [taps, pixels] } else { [pixels, taps] };
        let bands = bands::<T>(windows, transposed, out_channels);
        let phases = [Axis::phases(&rows, transposed), Axis::phases(&columns, transposed)];
        let [copy, line, _] = layout::<T>(windows, transposed, out_channels).split(workspace);

        let (mut table, mut phase_of_table) = ([[0; 2]; MOST_TAPS], None);
        let groups_of_from = from.chunks_exact(from_len).skip(done * groups);
        let groups_of_to = to.chunks_exact_mut(to_len).skip(done * groups);
        for (at, (from, to)) in groups_of_from.zip(groups_of_to).enumerate() {
            let group = at % groups;
            let weights = &weights[group * (out_channels / groups) * taps..];
            let mut start = 0;
            while start < bands.rows.places {
                // SAFETY: a level was passed. `from` has the channels of a group, and the copy the length of the bands.
                unsafe { bands.fill::<L, T>(from.as_ptr(), start, copy.as_mut_ptr()) };
                for phase in 0..phases[0] * phases[1] {
                    let y = Axis::new(&rows, transposed, phase / phases[1]);
                    let x = Axis::new(&columns, transposed, phase % phases[1]);
                    let end = if start + bands.band < y.places { start + bands.band } else { y.places };
                    if start >= end || x.places == 0 {
                        continue;
                    }
                    // A convolution has one phase, and so the same taps everywhere.
                    if phase_of_table != Some(phase) {
                        phase_of_table = Some(phase);
                        for i in 0..y.taps {
                            for j in 0..x.taps {
                                let weight = y.weight(i) * columns.kernel + x.weight(j);
                                table[i * x.taps + j] = [bands.tap(&y, &x, i, j), weight];
                            }
                        }
                    }
                    let (mut channel, mut blocks) = (0, to_channels.div_ceil(MAX_CHANNELS));
                    while channel < to_channels {
                        let high = (to_channels - channel).div_ceil(blocks);
                        let mut block_bias = [T::zero(); MAX_CHANNELS];
                        if let Some(numbers) = bias {
                            let numbers = &numbers[group * to_channels + channel..][..high];
                            block_bias[..high].copy_from_slice(numbers);
                        }
                        let tiles = Tiles {
                            copy: copy.as_ptr(),
                            copy_channel: bands.channel(),
                            channels: from_channels,
                            taps: &table[..y.taps * x.taps],
                            weights: weights[channel * to_target..].as_ptr(),
                            to_source,
                            to_target,
                            bias: &block_bias,
                            high,
                        };
                        let block = Block { bands: &bands, axes: [&y, &x], rows: [start, end], target };
                        // SAFETY: a level was passed. The copy is that of the band that starts at `start`, with the
                        // taps of all phases; `to` has `high` planes from `channel` on, and the line as many lines.
                        unsafe { block.run::<L, T>(&tiles, to[channel * plane..].as_mut_ptr(), line) };
                        channel += high;
                        blocks -= 1;
                    }
                }
                start += bands.band;
            }
        }
        to.len() / (to_len * groups)
    }
}

/// The places of one phase in a band, of a few channels.
struct Block<'a> {
    bands: &'a Bands,
    axes: [&'a Axis; 2],
    /// The rows of places, first and one past the last.
    rows: [usize; 2],
    /// The sides of the target.
    target: [usize; 2],
}

impl Block<'_> {
    /// Computes the places.
    ///
    /// # Safety
    /// The tiles read a copy of this band, by taps of these axes; their `high` planes of the target can be written at
    /// `to`. The line is that of the layout. The processor has the level.
    #[inline(always)]
    unsafe fn run<L: Level, T: Real>(&self, tiles: &Tiles<'_, T>, to: *mut T, line: &mut [T]) {
        let Self { bands, axes: [y, x], rows: [start, end], target } = *self;
        let (lanes, rows, plane) = (T::Vector::<L>::LANES, end - start, target[0] * target[1]);
        // SAFETY: `rows` rows of the band have `x.places` places, each of which is one of the target's. A line begins
        // `apart` after the one before it, which is longer than `(rows - 1) * pitch + x.places` rounded up to vectors;
        // up to there a tap of the line reads, which is less than a vector past the last place's.
        unsafe {
            if x.apart == 1 && y.apart == 1 && x.places.is_multiple_of(lanes) {
                let mut column = 0;
                while column < x.places {
                    let run = Run { source: column, source_step: bands.pitch(), vectors: rows };
                    tiles.run::<L>(run, to.add(start * target[1] + column), [plane, target[1]]);
                    column += lanes;
                }
                return;
            }
            let vectors = ((rows - 1) * bands.pitch() + x.places).div_ceil(lanes);
            let apart = line.len() / MAX_CHANNELS;
            let run = Run { source: 0, source_step: lanes, vectors };
            tiles.run::<L>(run, line.as_mut_ptr(), [apart, lanes]);
            for r in 0..tiles.high {
                for row in 0..rows {
                    let from = line.as_ptr().add(r * apart + row * bands.pitch());
                    let row = y.first + (start + row) * y.apart;
                    copy_row::<L, T>(from, x.places, to.add(r * plane + row * target[1] + x.first), x.apart);
                }
            }
        }
    }
}

/// Copies numbers to every `apart`th one.
///
/// # Safety
/// `len` numbers and a vector can be read at `from`; `len` numbers, `apart` from one another, can be written at `to`.
/// The processor has the level.
#[inline(always)]
unsafe fn copy_row<L: Level, T: Real>(from: *const T, len: usize, to: *mut T, apart: usize) {
    let lanes = T::Vector::<L>::LANES;
    // SAFETY: the caller's promise: numbers below `len` are written, and the vectors that are read begin before `len`.
    unsafe {
        if apart > 1 {
            for at in 0..len {
                *to.add(at * apart) = *from.add(at);
            }
        } else if len < lanes {
            T::Vector::<L>::read(from).write_first(to, len);
        } else {
            let mut at = 0;
            while at < len {
                // The last vector begins early enough to be whole.
                at = if at + lanes > len { len - lanes } else { at };
                T::Vector::<L>::read(from.add(at)).write(to.add(at));
                at += lanes;
            }
        }
    }
}

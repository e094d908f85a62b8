//! The innermost loop of a convolution and of its transpose.
//!
//! The sums of a tile, a few channels by a few places of a row, stay in registers while all taps of all channels of the
//! source go by. A tap costs a vector for each place and a weight for each channel, in all lanes. Taps on the padding
//! are left out; only where a tile extends past the end of a row, some of its places read zeros from a margin.

use core::ops::Range;

use super::axis::Axis;
use crate::Real;
use crate::simd::{Level, Vector};

/// The largest number of channels of a tile.
pub(super) const MAX_CHANNELS: usize = 6;

/// Returns the largest number of places of a tile, for its number of channels: up to twelve sums, since a multiply-add
/// takes four cycles and two begin in each cycle. The sums, a vector for each place and one weight fit into sixteen
/// registers.
pub(super) const fn most_places(high: usize) -> usize {
    match high {
        1 => 6,
        2 => 4,
        3 | 4 => 3,
        _ => 2,
    }
}

/// All tiles of a few channels of the target, in one phase. `*_row` and `*_plane` are the distances between rows and
/// between planes.
pub(super) struct Tiles<'a, T> {
    pub(super) source: *const T,
    pub(super) source_row: usize,
    pub(super) source_plane: usize,
    pub(super) channels: usize,
    pub(super) weights: *const T,
    pub(super) bias: &'a [T; MAX_CHANNELS],
    pub(super) target: *mut T,
    pub(super) target_row: usize,
    pub(super) target_plane: usize,
    /// Where the first column of the source stands in its row.
    pub(super) left: isize,
    pub(super) y: Axis,
    pub(super) x: Axis,
}

impl<T: Real> Tiles<'_, T> {
    /// Computes the tiles of `high` channels.
    ///
    /// # Safety
    /// `channels` planes of the source can be read, each row with the margins that `x` asks for around its `left`th
    /// vector, and so can the weights of `high` channels for all taps; the taps of `x` have a spacing of 1; `high`
    /// planes of the target can be written, which have all places of `y` and `x`; `high` is at most [`MAX_CHANNELS`];
    /// `x.margins` was called with at least [`most_places`] of `high`. The processor has the level.
    #[inline(always)]
    pub(super) unsafe fn run<L: Level>(&self, high: usize) {
        for y in 0..self.y.places {
            let rows = self.y.on_source(y, 1);
            let (mut x, mut tiles) = (0, self.x.places.div_ceil(most_places(high)));
            while x < self.x.places {
                let wide = (self.x.places - x).div_ceil(tiles);
                // SAFETY: the caller's promise, and `x + wide` is at most `x.places`; `R` is `high` and `V` is `wide`,
                // which is at most `most_places`.
                unsafe {
                    match (high, wide) {
                        (1, 1) => self.tile::<L, 1, 1>(y, x, &rows),
                        (1, 2) => self.tile::<L, 1, 2>(y, x, &rows),
                        (1, 3) => self.tile::<L, 1, 3>(y, x, &rows),
                        (1, 4) => self.tile::<L, 1, 4>(y, x, &rows),
                        (1, 5) => self.tile::<L, 1, 5>(y, x, &rows),
                        (1, _) => self.tile::<L, 1, 6>(y, x, &rows),
                        (2, 1) => self.tile::<L, 2, 1>(y, x, &rows),
                        (2, 2) => self.tile::<L, 2, 2>(y, x, &rows),
                        (2, 3) => self.tile::<L, 2, 3>(y, x, &rows),
                        (2, _) => self.tile::<L, 2, 4>(y, x, &rows),
                        (3, 1) => self.tile::<L, 3, 1>(y, x, &rows),
                        (3, 2) => self.tile::<L, 3, 2>(y, x, &rows),
                        (3, _) => self.tile::<L, 3, 3>(y, x, &rows),
                        (4, 1) => self.tile::<L, 4, 1>(y, x, &rows),
                        (4, 2) => self.tile::<L, 4, 2>(y, x, &rows),
                        (4, _) => self.tile::<L, 4, 3>(y, x, &rows),
                        (5, 1) => self.tile::<L, 5, 1>(y, x, &rows),
                        (5, _) => self.tile::<L, 5, 2>(y, x, &rows),
                        (_, 1) => self.tile::<L, 6, 1>(y, x, &rows),
                        _ => self.tile::<L, 6, 2>(y, x, &rows),
                    }
                }
                x += wide;
                tiles -= 1;
            }
        }
    }

    /// Computes `R` channels of `V` places, from this one on.
    ///
    /// # Safety
    /// As for [`run`](Tiles::run) with `R` for `high`; the places from `x` to `x + V` of row `y` are the target's, and
    /// `V` is at most `most_places` of `R`; `rows` are the taps of row `y` that are on the source.
    #[inline(always)]
    unsafe fn tile<L: Level, const R: usize, const V: usize>(&self, y: usize, x: usize, rows: &Range<usize>) {
        let lanes = T::Vector::<L>::LANES;
        let columns = self.x.on_source(x, V);
        let apart = self.x.step * lanes;
        // SAFETY: `rows` are on the source, and the taps of a row are next to one another. A column of the first of
        // the `V` places is before the end of the source, and that of the last one is not before its start, so that
        // all are at most `V - 1` steps past either end: that is the margin the caller promises. Weights are read for
        // taps below `taps` and r < R. Targets are written for r < R and places below `x + V`.
        unsafe {
            let mut sums = [[T::Vector::<L>::zero(); V]; R];
            for r in 0..R {
                sums[r] = [T::Vector::<L>::splat(self.bias[r]); V];
            }
            let corner = self.y.source(y) * self.source_row as isize
                + (self.left + self.x.source(x)) * lanes as isize
                + (columns.start * lanes) as isize;
            for channel in 0..self.channels {
                for row in rows.start..rows.end {
                    let offset = (channel * self.source_plane + row * self.y.spacing * self.source_row)
                        as isize
                        + corner;
                    // Wrapping: where all places see only padding, no column is read, and this may be past the end.
                    let mut source = self.source.wrapping_offset(offset);
                    let tap = (channel * self.y.taps + row) * self.x.taps + columns.start;
                    let mut weights = self.weights.add(tap * R);
                    for _ in columns.start..columns.end {
                        let mut places = [T::Vector::<L>::zero(); V];
                        for v in 0..V {
                            places[v] = T::Vector::<L>::read(source.add(v * apart));
                        }
                        for r in 0..R {
                            let weight = T::Vector::<L>::splat(*weights.add(r));
                            for v in 0..V {
                                sums[r][v] = weight.multiply_add(places[v], sums[r][v]);
                            }
                        }
                        source = source.wrapping_add(lanes);
                        weights = weights.wrapping_add(R);
                    }
                }
            }
            let to = (self.y.first + y * self.y.apart) * self.target_row;
            for r in 0..R {
                for v in 0..V {
                    let to = to + (self.x.first + (x + v) * self.x.apart) * lanes;
                    sums[r][v].write(self.target.add(r * self.target_plane + to));
                }
            }
        }
    }
}

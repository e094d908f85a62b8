//! The innermost loop of a convolution and of its transpose.
//!
//! The sums of a tile, a few channels by a few places of a row, stay in registers while all taps of all channels of the
//! source go by. A tap costs a vector for each place and a weight for each channel, in all lanes. Taps on the padding are
//! left out; only where a tile hangs over the end of a row, some of its places read zeros from a margin.

use super::super::product::Product;
use super::super::simd::{Level, Vector};
use super::axis::Axis;

/// So many channels make a tile, at most.
pub(super) const HIGH: usize = 6;

/// And so many places, by how many channels: up to twelve sums, since a multiply-add is ready after four cycles and two
/// begin in each; the sums, a vector for each place and one weight are in sixteen registers.
pub(super) const fn most_places(high: usize) -> usize {
    match high {
        1 => 6,
        2 => 4,
        3 | 4 => 3,
        _ => 2,
    }
}

/// All tiles of a few channels of the target, in one phase. Rows and planes are so many numbers apart.
pub(super) struct Tiles<'a, T> {
    pub(super) source: *const T,
    pub(super) source_row: usize,
    pub(super) source_plane: usize,
    pub(super) channels: usize,
    pub(super) weights: *const T,
    pub(super) bias: &'a [T; HIGH],
    pub(super) target: *mut T,
    pub(super) target_row: usize,
    pub(super) target_plane: usize,
    /// Where the first column of the source stands in its row.
    pub(super) left: isize,
    pub(super) y: Axis,
    pub(super) x: Axis,
}

#[allow(unsafe_code)]
impl<T: Product> Tiles<'_, T> {
    /// # Safety
    /// All of the source, with the margins that `x` asks for, and of the target is there, and so are the weights of `high` channels.
    /// The processor has the level.
    #[inline(always)]
    pub(super) unsafe fn run<L: Level>(&self, high: usize) {
        for y in 0..self.y.places {
            let (mut x, mut tiles) = (0, self.x.places.div_ceil(most_places(high)));
            while x < self.x.places {
                let wide = (self.x.places - x).div_ceil(tiles);
                // SAFETY: so many places from there are the target's.
                unsafe {
                    match (high, wide) {
                        (1, 1) => self.tile::<L, 1, 1>(y, x),
                        (1, 2) => self.tile::<L, 1, 2>(y, x),
                        (1, 3) => self.tile::<L, 1, 3>(y, x),
                        (1, 4) => self.tile::<L, 1, 4>(y, x),
                        (1, 5) => self.tile::<L, 1, 5>(y, x),
                        (1, _) => self.tile::<L, 1, 6>(y, x),
                        (2, 1) => self.tile::<L, 2, 1>(y, x),
                        (2, 2) => self.tile::<L, 2, 2>(y, x),
                        (2, 3) => self.tile::<L, 2, 3>(y, x),
                        (2, _) => self.tile::<L, 2, 4>(y, x),
                        (3, 1) => self.tile::<L, 3, 1>(y, x),
                        (3, 2) => self.tile::<L, 3, 2>(y, x),
                        (3, _) => self.tile::<L, 3, 3>(y, x),
                        (4, 1) => self.tile::<L, 4, 1>(y, x),
                        (4, 2) => self.tile::<L, 4, 2>(y, x),
                        (4, _) => self.tile::<L, 4, 3>(y, x),
                        (5, 1) => self.tile::<L, 5, 1>(y, x),
                        (5, _) => self.tile::<L, 5, 2>(y, x),
                        (_, 1) => self.tile::<L, 6, 1>(y, x),
                        _ => self.tile::<L, 6, 2>(y, x),
                    }
                }
                x += wide;
                tiles -= 1;
            }
        }
    }

    /// `R` channels of `V` places, from this one on.
    #[inline(always)]
    unsafe fn tile<L: Level, const R: usize, const V: usize>(&self, y: usize, x: usize) {
        let lanes = T::Vector::<L>::LANES;
        let (rows, columns) = (self.y.on_source(y, 1), self.x.on_source(x, V));
        let apart = self.x.step * lanes;
        // SAFETY: r < R and v < V, which the caller says are there. Rows on the source are; so are columns of which one of V is, since
        // the margins are made for that.
        unsafe {
            let mut sums = [[T::Vector::<L>::zero(); V]; R];
            for r in 0..R {
                sums[r] = [T::Vector::<L>::splat(self.bias[r]); V];
            }
            let corner = self.y.source(y) * self.source_row as isize
                + (self.left + self.x.source(x) + columns.start as isize) * lanes as isize;
            for channel in 0..self.channels {
                for row in rows.start..rows.end {
                    let offset = (channel * self.source_plane + row * self.source_row) as isize + corner;
                    let mut source = self.source.offset(offset);
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

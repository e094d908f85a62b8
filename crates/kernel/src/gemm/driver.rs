//! The tiles of a product whose strips of `b` are packed.

use super::pack::pack_strips;
use super::tile::Tile;
use super::{DEPTH, Gemm, Operands, STRIPS};
use crate::simd::{Kernel, Level, Vector};

/// The largest number of rows of a tile.
pub(super) const TILE_ROWS: usize = 6;

/// Computes all tiles of `c`, strip by strip of `b`.
pub(super) struct GemmDriver<T> {
    operands: Operands<T>,
    /// A buffer for [`STRIPS`] strips of `b`.
    strips: *mut T,
}

impl<T: Gemm> GemmDriver<T> {
    /// A driver with a buffer for strips.
    ///
    /// # Safety
    /// The operands come from [`Operands::new`], are not empty, `inner` is not 0, and what they were made from is
    /// borrowed until the driver has run. The buffer is valid for as long, and has `STRIPS_BLOCK` numbers.
    pub(super) unsafe fn new(operands: Operands<T>, strips: *mut T) -> Self {
        Self { operands, strips }
    }
}

/// A length divided into parts of at most `most`, whose sizes differ by at most 1.
#[derive(Clone, Copy)]
pub(super) struct Partition {
    pub(super) parts: usize,
    size: usize,
    larger: usize,
}

impl Partition {
    #[inline(always)]
    pub(super) fn new(length: usize, most: usize) -> Self {
        let parts = length.div_ceil(most);
        Self { parts, size: length / parts, larger: length % parts }
    }

    /// Returns where a part starts, and how long it is.
    #[inline(always)]
    pub(super) fn part(self, at: usize) -> (usize, usize) {
        let larger = at < self.larger;
        (at * self.size + if larger { at } else { self.larger }, self.size + larger as usize)
    }
}

impl<T: Gemm> Kernel for GemmDriver<T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { operands, strips } = self;
        let Operands { rows, inner, columns, .. } = operands;
        let width = 2 * T::Vector::<L>::LANES;
        let mut depth = 0;
        while depth < inner {
            let deep = if inner - depth < DEPTH { inner - depth } else { DEPTH };
            let mut start = 0;
            while start < columns {
                let end = if columns - start < STRIPS * width { columns } else { start + STRIPS * width };
                // SAFETY: a level was passed, and `new` requires checked operands: the columns are below `columns`,
                // `depth + deep` is at most `inner`. At most `STRIPS` strips of `deep <= DEPTH` rows of two vectors are
                // packed, which the buffer holds. A tile reads the strip that was just packed for it; two vectors may
                // have sums that are divided in four.
                unsafe {
                    pack_strips::<L, T>(&operands, start, end, depth, deep, strips);
                    for strip in 0..(end - start).div_ceil(width) {
                        let column = start + strip * width;
                        let wide = if end - column < width { end - column } else { width };
                        let mut tile = Tile::new::<L>(&operands, 0, column, depth, deep);
                        tile.b = strips.add(strip * deep * width);
                        (tile.b_row, tile.b_end) = (width, tile.b.add(deep * width));
                        tile.run(level, rows, wide);
                    }
                }
                start = end;
            }
            depth += deep;
        }
    }
}

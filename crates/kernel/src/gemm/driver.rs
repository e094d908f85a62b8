//! The tiles of a product, one after the other.

use super::pack::{pack_block, pack_strips};
use super::tile::Tile;
use super::{BLOCK, DEPTH, Gemm, Operands, STRIPS};
use crate::simd::{Kernel, Level, Vector};

/// A `b` of at most this number of numbers stays in the first-level cache whole.
const SMALL: usize = 4096;

/// The largest number of rows of a tile.
pub(super) const TILE_ROWS: usize = 6;

/// Computes all tiles of `c`. There is one driver, and one place where it calls the tile, so that every tile is
/// compiled once for each level and scalar.
pub(super) struct GemmDriver<T> {
    operands: Operands<T>,
    /// A buffer for [`STRIPS`] strips of `b`, if they are to be packed.
    strips: Option<*mut T>,
    /// A buffer for a block of `a`, if blocks are to be packed; then strips are too.
    block: Option<*mut T>,
}

impl<T: Gemm> GemmDriver<T> {
    /// A driver with buffers for what is to be packed.
    ///
    /// # Safety
    /// The operands come from [`Operands::new`], are not empty, and what they were made from is borrowed until the
    /// driver has run. The buffers are valid for as long, the first as large as `StripBuffer`, the second as
    /// `BlockBuffer`. Without strips there is no block, and `b` is not transposed or `inner` is 0; with strips `inner`
    /// is not 0.
    pub(super) unsafe fn new(operands: Operands<T>, strips: Option<*mut T>, block: Option<*mut T>) -> Self {
        Self { operands, strips, block }
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
        let Self { operands, strips, block } = self;
        let Operands { rows, inner, columns, .. } = operands;
        let lanes = T::Vector::<L>::LANES;
        let (width, most) = (2 * lanes, TILE_ROWS);
        let together = if strips.is_some() { STRIPS * width } else { columns };
        let mut depth = 0;
        loop {
            let deep = if inner - depth < DEPTH { inner - depth } else { DEPTH };
            let blocks = Partition::new(rows, if block.is_some() { BLOCK / deep } else { rows });
            // A small `b` stays in the cache whole, and each row of `c` is computed at once; else strip by strip.
            let by_strip = strips.is_some() || deep * columns > SMALL;
            for at in 0..blocks.parts {
                let (first, high) = blocks.part(at);
                let high_tiles = Partition::new(high, most);
                // SAFETY: a level was passed, and `new` asked for checked operands: the rows are below `rows`, the
                // columns below `columns`, `depth + deep` is at most `inner`. At most `STRIPS` strips of
                // `deep <= DEPTH` rows of two vectors (the width with strips) are packed, which the first buffer holds,
                // and at most `BLOCK / deep` rows of `deep` numbers, which the second holds. A tile with packed
                // operands reads what was just packed for its row and strip.
                unsafe {
                    if let Some(block) = block {
                        pack_block(&operands, high_tiles, first, depth, deep, block);
                    }
                    let mut start = 0;
                    while start < columns {
                        let end = if columns - start < together { columns } else { start + together };
                        if let Some(strips) = strips {
                            pack_strips::<L, T>(&operands, start, end, depth, deep, strips);
                        }
                        let wide_tiles = (end - start).div_ceil(width);
                        let (outer, then) = if by_strip {
                            (wide_tiles, high_tiles.parts)
                        } else {
                            (high_tiles.parts, wide_tiles)
                        };
                        for i in 0..outer {
                            for j in 0..then {
                                let (strip, at) = if by_strip { (i, j) } else { (j, i) };
                                let (row, high) = high_tiles.part(at);
                                let column = start + strip * width;
                                let wide = if end - column < width { end - column } else { width };
                                let mut tile = Tile::new::<L>(&operands, first + row, column, depth, deep);
                                if let Some(strips) = strips {
                                    tile.b = strips.add(strip * deep * width);
                                    (tile.b_row, tile.b_end) = (width, tile.b.add(deep * width));
                                }
                                if let Some(block) = block {
                                    (tile.a, tile.a_row, tile.a_column) = (block.add(row * deep), 1, high);
                                }
                                tile.run(level, high, wide);
                            }
                        }
                        start = end;
                    }
                }
            }
            depth += deep;
            if depth == inner {
                return;
            }
        }
    }
}

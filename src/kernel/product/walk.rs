//! The tiles of a product, one after the other.

use super::super::simd::{Kernel, Level, Vector};
use super::pack::{pack_block, pack_strips};
use super::tile::Tile;
use super::{BLOCK, DEPTH, Product, STRIPS, Sides};

/// A `b` of at most so many numbers stays in the first-level cache whole.
const SMALL: usize = 4096;

/// Leads tiles over all of `c`. There is one of these, and one place where it calls the tile, so that every tile is compiled once
/// for each level and scalar.
pub(super) struct Walk<T> {
    pub(super) sides: Sides<T>,
    /// Room for [`STRIPS`] strips of `b`, if they are to be copied.
    pub(super) strips: Option<*mut T>,
    /// Room for a block of `a`, if they are to be copied; then strips are too.
    pub(super) block: Option<*mut T>,
}

/// A length cut into pieces of at most `most`, of about one size.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) pieces: usize,
    size: usize,
    larger: usize,
}

impl Cut {
    #[inline(always)]
    pub(super) fn of(length: usize, most: usize) -> Self {
        let pieces = length.div_ceil(most);
        Self { pieces, size: length / pieces, larger: length % pieces }
    }

    /// Where a piece starts, and how long it is.
    #[inline(always)]
    pub(super) fn piece(self, at: usize) -> (usize, usize) {
        let larger = at < self.larger;
        (at * self.size + if larger { at } else { self.larger }, self.size + larger as usize)
    }
}

/// The rows of a tile.
pub(super) const TILE_ROWS: usize = 6;

impl<T: Product> Kernel for Walk<T> {
    type Output = ();

    #[inline(always)]
    #[allow(unsafe_code)]
    fn run<L: Level>(self) {
        let Self { sides, strips, block } = self;
        let Sides { rows, inner, columns, .. } = sides;
        let lanes = T::Vector::<L>::LANES;
        // How many vectors wide the tiles are: with few rows more, for as many sums.
        let width = match rows {
            1 if strips.is_none() => 8 * lanes,
            2 if strips.is_none() => 4 * lanes,
            _ => 2 * lanes,
        };
        let together = if strips.is_some() { STRIPS * width } else { columns };
        let mut depth = 0;
        loop {
            let deep = if inner - depth < DEPTH { inner - depth } else { DEPTH };
            let blocks = Cut::of(rows, if block.is_some() { BLOCK / deep } else { rows });
            // A small `b` stays in the cache whole, and each row of `c` is done at once; else strip by strip.
            let by_strip = strips.is_some() || deep * columns > SMALL;
            for at in 0..blocks.pieces {
                let (first, high) = blocks.piece(at);
                let high_tiles = Cut::of(high, TILE_ROWS);
                // SAFETY: `product` has checked the sides, neither rows, columns nor depth go beyond them, and there is room
                // for the strips and the block.
                unsafe {
                    if let Some(block) = block {
                        pack_block(&sides, high_tiles, first, depth, deep, block);
                    }
                    let mut start = 0;
                    while start < columns {
                        let end = if columns - start < together { columns } else { start + together };
                        if let Some(strips) = strips {
                            pack_strips::<L, T>(&sides, start, end, depth, deep, strips);
                        }
                        let wide_tiles = (end - start).div_ceil(width);
                        let (outer, then) = if by_strip {
                            (wide_tiles, high_tiles.pieces)
                        } else {
                            (high_tiles.pieces, wide_tiles)
                        };
                        for i in 0..outer {
                            for j in 0..then {
                                let (strip, at) = if by_strip { (i, j) } else { (j, i) };
                                let (row, high) = high_tiles.piece(at);
                                let column = start + strip * width;
                                let wide = if end - column < width { end - column } else { width };
                                let mut tile = Tile::at(&sides, first + row, column, depth, deep);
                                if let Some(strips) = strips {
                                    tile.b = strips.add(strip * deep * width);
                                    (tile.b_row, tile.b_end) = (width, tile.b.add(deep * width));
                                }
                                if let Some(block) = block {
                                    (tile.a, tile.a_row, tile.a_column) = (block.add(row * deep), 1, high);
                                }
                                tile.run::<L>(high, wide);
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

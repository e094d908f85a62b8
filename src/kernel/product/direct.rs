//! Products that read `b` where it stands.

use super::super::simd::{Kernel, Level, Vector};
use super::tile::Tile;
use super::{DEPTH, Product, Sides};

/// A `b` of at most so many numbers stays in the first-level cache whole.
const SMALL: usize = 4096;

/// `b`'s columns are next to one another.
pub(super) struct Direct<T>(pub(super) Sides<T>);

impl<T: Product> Kernel for Direct<T> {
    type Output = ();

    #[inline(always)]
    #[allow(unsafe_code)]
    fn run<L: Level>(self) {
        let Sides { rows, inner, columns, .. } = self.0;
        // How many vectors wide the tiles are: with few rows more, for as many sums.
        let width = T::Vector::<L>::LANES
            * match rows {
                1 => 8,
                2 | 3 => 4,
                _ => 2,
            };
        let mut depth = 0;
        loop {
            let deep = if inner - depth < DEPTH { inner - depth } else { DEPTH };
            // SAFETY: `product` has checked the sides, and neither rows, columns nor depth go beyond them.
            unsafe {
                if deep * columns <= SMALL {
                    self.all_columns_of_each_row::<L>(depth, deep, width);
                } else {
                    self.all_rows_of_each_column::<L>(depth, deep, width);
                }
            }
            depth += deep;
            if depth == inner {
                return;
            }
        }
    }
}

#[allow(unsafe_code)]
impl<T: Product> Direct<T> {
    /// A few rows of `c` at a time, along the whole of a small `b`.
    #[inline(always)]
    unsafe fn all_columns_of_each_row<L: Level>(&self, depth: usize, deep: usize, width: usize) {
        let Sides { rows, columns, .. } = self.0;
        let (mut row, mut tiles) = (0, rows.div_ceil(6));
        while row < rows {
            let high = (rows - row).div_ceil(tiles);
            let mut column = 0;
            while column < columns {
                let wide = if columns - column < width { columns - column } else { width };
                // SAFETY: so many rows and columns from there are the product's.
                unsafe { Tile::at(&self.0, row, column, depth, deep).run::<L>(high, wide) };
                column += wide;
            }
            row += high;
            tiles -= 1;
        }
    }

    /// A strip of `b` at a time, for all rows.
    #[inline(always)]
    unsafe fn all_rows_of_each_column<L: Level>(&self, depth: usize, deep: usize, width: usize) {
        let Sides { rows, columns, .. } = self.0;
        let mut column = 0;
        while column < columns {
            let wide = if columns - column < width { columns - column } else { width };
            let (mut row, mut tiles) = (0, rows.div_ceil(6));
            while row < rows {
                let high = (rows - row).div_ceil(tiles);
                // SAFETY: so many rows and columns from there are the product's.
                unsafe { Tile::at(&self.0, row, column, depth, deep).run::<L>(high, wide) };
                row += high;
                tiles -= 1;
            }
            column += wide;
        }
    }
}

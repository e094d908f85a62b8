//! Products of several rows whose `b` is read in place.

use super::tile::{Tile, divided, most_sums};
use super::{DEPTH, Gemm, Operands};
use crate::simd::{Kernel, Level, Vector};

/// A `b`, or rows of `a`, of at most this number of numbers stay in the first-level cache.
const SMALL: usize = 4096;

/// A product with a `b` that is not transposed.
pub(super) struct Direct<'a, T>(&'a Operands<T>);

impl<'a, T: Gemm> Direct<'a, T> {
    /// # Safety
    /// The operands come from [`Operands::new`], are not empty, and have a `b` that is not transposed or an `inner` of
    /// 0; what they were made from is borrowed until the kernel has run.
    pub(super) unsafe fn new(operands: &'a Operands<T>) -> Self {
        Self(operands)
    }
}

impl<T: Gemm> Kernel for Direct<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Operands { rows, inner, columns, order_of, .. } = *self.0;
        let lanes = T::Vector::<L>::LANES;
        // The width of the tiles. Few rows make wider tiles, so that there are as many sums; and so do many registers.
        let many = matches!(rows, 2 | 3 | 7) || most_sums::<T, L>() > 12;
        let most = match divided::<T, L>(inner, order_of) {
            0 if many => 4 * lanes,
            0 | 1 if columns > 2 * lanes && columns <= 3 * lanes => 3 * lanes,
            _ => 2 * lanes,
        };
        let mut depth = 0;
        loop {
            let deep = if inner - depth < DEPTH { inner - depth } else { DEPTH };
            let mut row = 0;
            while row < rows {
                // A small `b` stays in the cache whole, and so do the rows of `a` that are multiplied by it.
                let high =
                    if deep * columns > SMALL || (rows - row) * deep <= 2 * SMALL { rows - row } else { 24 };
                let high = if high < rows - row { high } else { rows - row };
                let mut column = 0;
                while column < columns {
                    let wide = if columns - column < most { columns - column } else { most };
                    // SAFETY: a level was passed, and `new` requires checked operands: the rows are below `rows`, the
                    // columns below `columns`, `depth + deep` is at most `inner`. A tile of more than two vectors has
                    // sums that are not divided, or divided in two.
                    unsafe { Tile::new::<L>(self.0, row, column, depth, deep).run(level, high, wide) };
                    column += wide;
                }
                row += high;
            }
            depth += deep;
            if depth == inner {
                return;
            }
        }
    }
}

//! Packing: strips of `b` and panels of `a`, copied to the order in which the tiles read them.

use super::{Gemm, Operands};
use crate::simd::{Level, Vector};

/// The numbers of a panel for each `k`: those of its rows, and up to a whole number of blocks of a transpose.
pub(super) const PANEL: usize = 8;

/// Packs `high` rows of `a`, at most `PANEL`: the numbers that a tile reads for one row of `b` become neighbors.
///
/// # Safety
/// The `high` rows from `row` on, and the columns from `depth` to `depth + deep`, are the product's; `deep * PANEL`
/// numbers can be written at `to`; the processor has the level.
#[inline(always)]
pub(super) unsafe fn pack_panel<L: Level, T: Gemm>(
    operands: &Operands<T>,
    row: usize,
    high: usize,
    depth: usize,
    deep: usize,
    to: *mut T,
) {
    let Operands { a, a_row, a_column, rows, .. } = *operands;
    let block = T::Vector::<L>::BLOCK;
    // SAFETY: `row + r` and `depth + k` are rows and columns that the caller promises, or, where `PANEL` rows are read,
    // rows that the product has too.
    unsafe {
        let from = a.add(row * a_row + depth * a_column);
        let mut packed = 0;
        if a_row == 1 && row + PANEL <= rows {
            while packed < deep {
                let numbers = from.add(packed * a_column).cast::<[T; PANEL]>().read_unaligned();
                to.add(packed * PANEL).cast::<[T; PANEL]>().write_unaligned(numbers);
                packed += 1;
            }
        } else if a_column == 1 && row + PANEL <= rows {
            while packed + block <= deep {
                let mut r = 0;
                while r < PANEL {
                    let to = to.add(packed * PANEL + r);
                    T::Vector::<L>::transpose(from.add(r * a_row + packed), a_row, to, PANEL);
                    r += block;
                }
                packed += block;
            }
        }
        for k in packed..deep {
            for r in 0..high {
                *to.add(k * PANEL + r) = *from.add(r * a_row + k * a_column);
            }
        }
    }
}

/// Packs the strips of `b` between two columns, one after the other, as rows of two vectors. Columns past `end` are 0.
///
/// # Safety
/// The columns from `first` to `end` and the rows from `depth` to `depth + deep` are the product's; `deep` rows of two
/// vectors for each strip can be written at `to`; the processor has the level.
#[inline(always)]
pub(super) unsafe fn pack_strips<L: Level, T: Gemm>(
    operands: &Operands<T>,
    first: usize,
    end: usize,
    depth: usize,
    deep: usize,
    to: *mut T,
) {
    let (block, width) = (T::Vector::<L>::BLOCK, 2 * T::Vector::<L>::LANES);
    let whole = (end - first) / width;
    // SAFETY: `k` is below `deep`, and the column is below `end` wherever `b` is read: in whole strips, and where
    // `j < wide`. Writes go to row `k` of a strip of `deep` rows of `width` numbers. A block of a transpose lies whole
    // within both.
    unsafe {
        let from = operands.b.add(depth * operands.b_row + first * operands.b_column);
        if operands.b_column == 1 {
            for k in 0..deep {
                for strip in 0..whole {
                    let from = from.add(k * operands.b_row + strip * width);
                    let to = to.add((strip * deep + k) * width);
                    T::Vector::<L>::read(from).write(to);
                    T::Vector::<L>::read(from.add(width / 2)).write(to.add(width / 2));
                    // The next strips, which are read when the tiles of these are done.
                    T::Vector::<L>::prefetch(from.wrapping_add(whole * width));
                    T::Vector::<L>::prefetch(from.wrapping_add(whole * width + width / 2));
                }
            }
        }
        let mut strip = if operands.b_column == 1 { whole } else { 0 };
        while first + strip * width < end {
            let from = from.add(strip * width * operands.b_column);
            let to = to.add(strip * deep * width);
            let wide = if strip < whole { width } else { end - first - strip * width };
            // Whole blocks of a transposed `b` are transposed by vector instructions.
            let (whole_deep, whole_wide) =
                if operands.b_row == 1 { (deep - deep % block, wide - wide % block) } else { (0, 0) };
            let mut j = 0;
            while j < whole_wide {
                let mut k = 0;
                while k < whole_deep {
                    let from = from.add(k + j * operands.b_column);
                    T::Vector::<L>::transpose(from, operands.b_column, to.add(k * width + j), width);
                    k += block;
                }
                j += block;
            }
            for k in 0..deep {
                let first = if k < whole_deep { whole_wide } else { 0 };
                for j in first..width {
                    *to.add(k * width + j) = if j < wide {
                        *from.add(k * operands.b_row + j * operands.b_column)
                    } else {
                        T::ZEROS.0[0]
                    };
                }
            }
            strip += 1;
        }
    }
}

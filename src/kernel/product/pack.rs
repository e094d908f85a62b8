//! What tiles read often, copied to where it lies well: strips of `b`, and blocks of `a`.

use super::super::simd::{Level, Vector};
use super::walk::Cut;
use super::{Product, Sides};

/// Copies some rows of `a`, tile by tile: all that a step of a tile reads is together.
///
/// # Safety
/// The rows and columns are `a`'s, and `to` has room for them.
#[inline(always)]
#[allow(unsafe_code)]
pub(super) unsafe fn pack_block<T: Product>(
    sides: &Sides<T>,
    tiles: Cut,
    first: usize,
    depth: usize,
    deep: usize,
    to: *mut T,
) {
    for at in 0..tiles.pieces {
        let (row, high) = tiles.piece(at);
        // SAFETY: the caller's.
        unsafe {
            let from = sides.a.add((first + row) * sides.a_row + depth * sides.a_column);
            let to = to.add(row * deep);
            for k in 0..deep {
                for r in 0..high {
                    *to.add(k * high + r) = *from.add(r * sides.a_row + k * sides.a_column);
                }
            }
        }
    }
}

/// Copies the strips of `b` between two columns, one after the other, to rows of two vectors. What the last has more is 0.
///
/// # Safety
/// The columns and rows are `b`'s, and `to` has room for the strips.
#[inline(always)]
#[allow(unsafe_code)]
pub(super) unsafe fn pack_strips<L: Level, T: Product>(
    sides: &Sides<T>,
    first: usize,
    end: usize,
    depth: usize,
    deep: usize,
    to: *mut T,
) {
    let (block, width) = (T::Vector::<L>::BLOCK, 2 * T::Vector::<L>::LANES);
    let whole = (end - first) / width;
    // SAFETY: the caller's.
    unsafe {
        let from = sides.b.add(depth * sides.b_row + first * sides.b_column);
        if sides.b_column == 1 {
            for k in 0..deep {
                for strip in 0..whole {
                    let from = from.add(k * sides.b_row + strip * width);
                    let to = to.add((strip * deep + k) * width);
                    T::Vector::<L>::read(from).write(to);
                    T::Vector::<L>::read(from.add(width / 2)).write(to.add(width / 2));
                    // The strips after these, which are read when the tiles of these are done.
                    T::Vector::<L>::prefetch(from.wrapping_add(whole * width));
                }
            }
        }
        let mut strip = if sides.b_column == 1 { whole } else { 0 };
        while first + strip * width < end {
            let from = from.add(strip * width * sides.b_column);
            let to = to.add(strip * deep * width);
            let wide = if strip < whole { width } else { end - first - strip * width };
            // Whole blocks of a transpose are turned round by themselves.
            let (whole_deep, whole_wide) =
                if sides.b_row == 1 { (deep - deep % block, wide - wide % block) } else { (0, 0) };
            let mut j = 0;
            while j < whole_wide {
                let mut k = 0;
                while k < whole_deep {
                    let from = from.add(k + j * sides.b_column);
                    T::Vector::<L>::transpose(from, sides.b_column, to.add(k * width + j), width);
                    k += block;
                }
                j += block;
            }
            for k in 0..deep {
                let first = if k < whole_deep { whole_wide } else { 0 };
                for j in first..width {
                    *to.add(k * width + j) =
                        if j < wide { *from.add(k * sides.b_row + j * sides.b_column) } else { T::ZEROS[0] };
                }
            }
            strip += 1;
        }
    }
}

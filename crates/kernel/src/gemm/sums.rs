//! The sums of a tile, which stay in registers while `a` and `b` are read.

use super::Gemm;
use super::tile::Tile;
use crate::simd::{Level, Vector};

impl<T: Gemm> Tile<T> {
    /// Computes `R` rows of `V` vectors, of which the first `wide` numbers exist, with `A` separate sums. `V` vectors
    /// of the first `whole` rows of `b` can be read.
    ///
    /// # Safety
    /// As for [`run`](Tile::run) with `R` rows; `V` vectors hold `wide` numbers, and if `EXACT`, `V - 1` do not;
    /// `whole` is at most `depth`, and comes from `whole_rows` if the last vector is partial and not read under a mask.
    #[inline(always)]
    pub(super) unsafe fn sums<L: Level, const R: usize, const V: usize, const A: usize, const EXACT: bool>(
        &self,
        wide: usize,
        whole: usize,
    ) {
        let lanes = T::Vector::<L>::LANES;
        let masked = EXACT && T::Vector::<L>::MASKED;
        // SAFETY: r < R and k < depth, rows and columns that the caller promises. Of a row of `initial` and `c` no more
        // than `wide` numbers are touched: `read` and the masked writes see to that. Of `b`, `V` whole vectors are read
        // in those rows only where `whole_rows` says that they end before `b_end` (what is past `wide` has no part in
        // the result), and `wide` numbers in the others, or in all if they are read under a mask.
        unsafe {
            // Whether the last vector is partial where all others are whole, and its numbers.
            let partial = if masked { true } else { wide < V * lanes };
            let last = if EXACT { wide - (V - 1) * lanes } else { lanes };
            let mut apart = [[[T::Vector::<L>::zero(); V]; R]; A];
            let mut initial = self.initial;
            for r in 0..R {
                for v in 0..V {
                    apart[0][r][v] = read::<T, L, V, EXACT>(initial, v, wide, partial);
                }
                initial = initial.wrapping_add(self.initial_row);
            }
            // Two pointers into `a`, three rows apart: so the processor can compute the address of each row within
            // the load.
            let mut a = [self.a, self.a.wrapping_add(3 * self.a_row)];
            let mut b = self.b;
            for _ in 0..whole / A {
                for part in 0..A {
                    let mut row = [T::Vector::<L>::zero(); V];
                    for v in 0..V {
                        row[v] = if masked && v + 1 == V {
                            T::Vector::<L>::read_first(b.add(v * lanes), last)
                        } else {
                            T::Vector::<L>::read(b.add(v * lanes))
                        };
                    }
                    for r in 0..R {
                        let a = T::Vector::<L>::splat(*a[r / 3].add(r % 3 * self.a_row));
                        for v in 0..V {
                            apart[part][r][v] = a.multiply_add(row[v], apart[part][r][v]);
                        }
                    }
                    a = [a[0].wrapping_add(self.a_column), a[1].wrapping_add(self.a_column)];
                    b = b.wrapping_add(self.b_row);
                }
            }
            // The last rows of `b`: those that are left when each sum has as many, and those at the end of the slice,
            // which are read under a mask.
            let mut k = whole / A * A;
            while k < self.depth {
                for part in 0..A {
                    if k + part == self.depth {
                        break;
                    }
                    for v in 0..V {
                        let row = read::<T, L, V, EXACT>(b, v, wide, partial);
                        for r in 0..R {
                            let a = T::Vector::<L>::splat(*a[r / 3].add(r % 3 * self.a_row));
                            apart[part][r][v] = a.multiply_add(row, apart[part][r][v]);
                        }
                    }
                    a = [a[0].wrapping_add(self.a_column), a[1].wrapping_add(self.a_column)];
                    b = b.wrapping_add(self.b_row);
                }
                k += A;
            }
            let mut c = self.c;
            for r in 0..R {
                for v in 0..V {
                    let mut sum = apart[0][r][v];
                    for part in 1..A {
                        sum = sum.add(apart[part][r][v]);
                    }
                    if EXACT && v + 1 < V || !partial || !EXACT && wide >= (v + 1) * lanes {
                        sum.write(c.add(v * lanes));
                    } else if EXACT {
                        sum.write_first(c.add(v * lanes), last);
                    } else if wide > v * lanes {
                        sum.write_first(c.add(v * lanes), wide - v * lanes);
                    }
                }
                c = c.wrapping_add(self.c_row);
            }
        }
    }
}

/// Reads vector `v` of a row of `wide` numbers: whole, or what exists of it, and 0 for the rest. If `EXACT`, only the
/// last of the `V` vectors can be `partial`.
///
/// # Safety
/// `wide` numbers can be read at `row`, and the processor has the level; `V` vectors hold them, and if `EXACT`, `V - 1`
/// do not; `partial` is set if `wide` is less than `V` vectors.
#[inline(always)]
unsafe fn read<T: Gemm, L: Level, const V: usize, const EXACT: bool>(
    row: *const T,
    v: usize,
    wide: usize,
    partial: bool,
) -> T::Vector<L> {
    let at = v * T::Vector::<L>::LANES;
    let from = row.wrapping_add(at);
    // SAFETY: a whole vector where the row has as many numbers, else `wide - at` of them, which is at least 1 and at
    // most a vector.
    unsafe {
        if EXACT && v + 1 < V || !partial || !EXACT && wide >= at + T::Vector::<L>::LANES {
            T::Vector::<L>::read(from)
        } else if EXACT || wide > at {
            T::Vector::<L>::read_first(from, wide - at)
        } else {
            T::Vector::<L>::zero()
        }
    }
}

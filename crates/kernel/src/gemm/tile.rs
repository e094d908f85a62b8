//! The innermost loop: a tile of the product, whose sums stay in registers.
//!
//! It has up to six rows of two vectors. A multiply-add takes four cycles and two begin in each cycle, so that at least
//! eight sums are needed; twelve are as many as sixteen registers can hold beside what is read, and need fewer reads
//! for each. Fewer rows make wider tiles; one row (a sample) has up to twelve vectors. The last vector of a row may be
//! partial: it is read and written under a mask, so that no size has a slow remainder.
//!
//! # The order of a sum
//! A number of `c` is a sum along the inner dimension, in its order. Only in a product of few columns, where one row has
//! too few sums for the processor, it is divided: every other, or every fourth, term has a separate sum
//! ([`divided`]). That depends on the number of columns alone, so that a row has the same bits in every batch. A tile of
//! many rows computes the separate sums one after the other where it has no registers for all of them.

use super::{Gemm, Operands};
use crate::simd::{Level, VECTOR_BYTES, Vector};

/// The most numbers that a vector of any level has.
pub(super) const MAX_LANES: usize = VECTOR_BYTES / size_of::<f32>();

/// A tile of `c`, and where its operands begin. `*_row` and `*_column` are the distances between rows and between
/// columns.
#[derive(Clone, Copy)]
pub(super) struct Tile<T> {
    pub(super) a: *const T,
    pub(super) a_row: usize,
    pub(super) a_column: usize,
    pub(super) b: *const T,
    pub(super) b_row: usize,
    /// One past the last number that may be read.
    pub(super) b_end: *const T,
    pub(super) initial: *const T,
    pub(super) initial_row: usize,
    pub(super) c: *mut T,
    pub(super) c_row: usize,
    pub(super) depth: usize,
    /// The binary logarithm of how many separate sums each number has.
    pub(super) divided: u32,
}

/// Returns log2 of the number of partial sums that each element of a product with this number of columns has.
#[inline(always)]
pub(super) fn divided<T: Gemm, L: Level>(columns: usize) -> u32 {
    match columns.div_ceil(T::Vector::<L>::LANES) {
        ..3 => 2,
        3..7 => 1,
        _ => 0,
    }
}

impl<T: Gemm> Tile<T> {
    /// The tile of a product at this row, column and depth.
    ///
    /// # Safety
    /// `row` and `column` are the product's, and `depth + deep` is at most its `inner`.
    #[inline(always)]
    pub(super) unsafe fn new<L: Level>(
        operands: &Operands<T>,
        row: usize,
        column: usize,
        depth: usize,
        deep: usize,
    ) -> Self {
        // SAFETY: the operands promise that `c` and the initial numbers have this row and this column.
        unsafe {
            let c = operands.c.add(row * operands.c_row + column);
            let (initial, initial_row) = if depth == 0 {
                (
                    operands.initial.add(row * operands.initial_row + column * operands.initial_column),
                    operands.initial_row,
                )
            } else {
                (c.cast_const(), operands.c_row)
            };
            // With an inner dimension of 0, `a` and `b` may have no numbers at all: so the addition may leave them.
            let b = operands.b.wrapping_add(depth * operands.b_row + column * operands.b_column);
            Self {
                a: operands.a.wrapping_add(row * operands.a_row + depth * operands.a_column),
                a_row: operands.a_row,
                a_column: operands.a_column,
                b,
                b_row: operands.b_row,
                b_end: operands.b_end,
                initial,
                initial_row,
                c,
                c_row: operands.c_row,
                depth: deep,
                divided: divided::<T, L>(operands.order_of),
            }
        }
    }

    /// Computes `high` rows of `wide` numbers: up to 12 vectors in one row, 4 in two or three, 2 in up to six.
    ///
    /// # Safety
    /// `high` rows of `wide` numbers of `initial` can be read and of `c` written; `high` rows and `depth` columns of
    /// `a`, and `depth` rows of `wide` numbers of `b`, can be read, and so can everything between `b` and `b_end`. The
    /// processor has the level.
    #[inline(always)]
    pub(super) unsafe fn run<L: Level>(self, high: usize, wide: usize) {
        let vectors = wide.div_ceil(T::Vector::<L>::LANES);
        // SAFETY: the caller's promise. `R` is `high`, and `V` vectors hold at least `wide` numbers. `A` is at most the
        // number of separate sums.
        unsafe {
            match (high, vectors, self.divided) {
                (1, ..=4, 0) => self.sums::<L, 1, 4, 1, true>(wide),
                (1, ..=8, 0) => self.sums::<L, 1, 8, 1, true>(wide),
                (1, 9 | 10, 0) => self.sums::<L, 1, 10, 1, true>(wide),
                (1, _, 0) => self.sums::<L, 1, 12, 1, true>(wide),
                (1, ..=4, 1) => self.sums::<L, 1, 4, 2, true>(wide),
                (1, _, 1) => self.sums::<L, 1, 6, 2, true>(wide),
                (1, 1, _) => self.sums::<L, 1, 1, 4, true>(wide),
                (1, _, _) => self.sums::<L, 1, 2, 4, true>(wide),
                (2, 1, 2) => self.sums::<L, 2, 1, 4, true>(wide),
                (2, ..=2, 1 | 2) => self.sums::<L, 2, 2, 2, false>(wide),
                (2, _, 0) => self.sums::<L, 2, 4, 1, true>(wide),
                (2, _, _) => self.sums::<L, 2, 4, 1, false>(wide),
                (3, 1, 2) => self.sums::<L, 3, 1, 4, true>(wide),
                (3, ..=2, 1 | 2) => self.sums::<L, 3, 2, 2, false>(wide),
                (3, _, 0) => self.sums::<L, 3, 4, 1, true>(wide),
                (3, _, _) => self.sums::<L, 3, 4, 1, false>(wide),
                (4, 1, 1 | 2) => self.sums::<L, 4, 1, 2, false>(wide),
                (4, 1, _) => self.sums::<L, 4, 1, 1, true>(wide),
                (4, _, 0) => self.sums::<L, 4, 2, 1, true>(wide),
                (4, _, _) => self.sums::<L, 4, 2, 1, false>(wide),
                (5, 1, 1 | 2) => self.sums::<L, 5, 1, 2, false>(wide),
                (5, 1, _) => self.sums::<L, 5, 1, 1, true>(wide),
                (5, _, 0) => self.sums::<L, 5, 2, 1, true>(wide),
                (5, _, _) => self.sums::<L, 5, 2, 1, false>(wide),
                (_, 1, 1 | 2) => self.sums::<L, 6, 1, 2, false>(wide),
                (_, 1, _) => self.sums::<L, 6, 1, 1, true>(wide),
                (_, _, 0) => self.sums::<L, 6, 2, 1, true>(wide),
                _ => self.sums::<L, 6, 2, 1, false>(wide),
            }
        }
    }

    /// Computes `R` rows of `V` vectors, of which the first `wide` numbers exist, with `A` of the separate sums at the
    /// same time; these are all of them if `ALL`.
    ///
    /// # Safety
    /// As for [`run`](Tile::run) with `R` for `high`; `wide` is at most the numbers of `V` vectors; `A` is at most the
    /// number of separate sums, and equal to it if `ALL`.
    #[inline(always)]
    pub(super) unsafe fn sums<L: Level, const R: usize, const V: usize, const A: usize, const ALL: bool>(
        self,
        wide: usize,
    ) {
        let lanes = T::Vector::<L>::LANES;
        // SAFETY: r < R and k < depth, rows and columns that the caller promises. Of a row of `initial` and `c` no more
        // than `wide` numbers are touched: `read` and the masked writes see to that. Of `b`, `V` whole vectors are read
        // in those rows only where `whole_rows` says that they end before `b_end` (what is past `wide` has no part in
        // the result), and `wide` numbers in the others.
        unsafe {
            let full = wide == V * lanes;
            let divided = if ALL { A.trailing_zeros() } else { self.divided };
            let (separate, passes) = (1 << divided, (1 << divided) / A);
            let whole = if full { self.depth } else { self.whole_rows(V * lanes) };
            let mut sums = [[T::Vector::<L>::zero(); V]; R];
            for pass in 0..passes {
                let mut apart = [[[T::Vector::<L>::zero(); V]; R]; A];
                if pass == 0 {
                    let mut initial = self.initial;
                    for r in 0..R {
                        for v in 0..V {
                            apart[0][r][v] = if full {
                                T::Vector::<L>::read(initial.add(v * lanes))
                            } else {
                                read::<T, L>(initial.wrapping_add(v * lanes), wide, v * lanes)
                            };
                        }
                        initial = initial.wrapping_add(self.initial_row);
                    }
                }
                // Two pointers into `a`, three rows apart: so the processor can compute the address of each row within
                // the load.
                let a = self.a.wrapping_add(pass * A * self.a_column);
                let mut a = [a, a.wrapping_add(3 * self.a_row)];
                let mut b = self.b.wrapping_add(pass * A * self.b_row);
                // What the other passes read.
                let (a_skip, b_skip) = ((separate - A) * self.a_column, (separate - A) * self.b_row);
                for _ in 0..whole >> divided {
                    for part in 0..A {
                        let mut row = [T::Vector::<L>::zero(); V];
                        for v in 0..V {
                            row[v] = T::Vector::<L>::read(b.add(v * lanes));
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
                    a = [a[0].wrapping_add(a_skip), a[1].wrapping_add(a_skip)];
                    b = b.wrapping_add(b_skip);
                }
                // The last rows of `b`: those that are left when each sum has as many, and those at the end of the
                // slice, which are read under a mask.
                let mut k = (whole >> divided << divided) + pass * A;
                while k < self.depth {
                    for part in 0..A {
                        if k + part == self.depth {
                            break;
                        }
                        for v in 0..V {
                            let row = read::<T, L>(b.wrapping_add(v * lanes), wide, v * lanes);
                            for r in 0..R {
                                let a = T::Vector::<L>::splat(*a[r / 3].add(r % 3 * self.a_row));
                                apart[part][r][v] = a.multiply_add(row, apart[part][r][v]);
                            }
                        }
                        a = [a[0].wrapping_add(self.a_column), a[1].wrapping_add(self.a_column)];
                        b = b.wrapping_add(self.b_row);
                    }
                    a = [a[0].wrapping_add(a_skip), a[1].wrapping_add(a_skip)];
                    b = b.wrapping_add(b_skip);
                    k += separate;
                }
                for part in 0..A {
                    for r in 0..R {
                        for v in 0..V {
                            let sum = apart[part][r][v];
                            sums[r][v] = if pass == 0 && part == 0 { sum } else { sums[r][v].add(sum) };
                        }
                    }
                }
            }
            let mut c = self.c;
            for r in 0..R {
                for v in 0..V {
                    if full || wide >= (v + 1) * lanes {
                        sums[r][v].write(c.add(v * lanes));
                    } else if wide > v * lanes {
                        sums[r][v].write_first(c.add(v * lanes), wide - v * lanes);
                    }
                }
                c = c.wrapping_add(self.c_row);
            }
        }
    }

    /// Returns how many rows of `b` are followed by enough numbers to read `numbers` of them.
    #[inline(always)]
    fn whole_rows(&self, numbers: usize) -> usize {
        let left = (self.b_end as usize).saturating_sub(self.b as usize) / size_of::<T>();
        if left < numbers {
            return 0;
        }
        // Rows may be the same row again: 0 apart.
        let whole = (left - numbers).checked_div(self.b_row).map_or(self.depth, |rows| rows + 1);
        if whole < self.depth { whole } else { self.depth }
    }
}

/// Reads the vector at `at` in a row of `wide` numbers: whole, or what exists of it, and 0 for the rest.
///
/// # Safety
/// The numbers from `at` to `wide`, if there are any, can be read at `from`, and the processor has the level.
#[inline(always)]
unsafe fn read<T: Gemm, L: Level>(from: *const T, wide: usize, at: usize) -> T::Vector<L> {
    // SAFETY: a whole vector where the row has as many numbers, else `wide - at` of them, which is at least 1 and less
    // than a vector.
    unsafe {
        if wide >= at + T::Vector::<L>::LANES {
            T::Vector::<L>::read(from)
        } else if wide > at {
            T::Vector::<L>::read_first(from, wide - at)
        } else {
            T::Vector::<L>::zero()
        }
    }
}

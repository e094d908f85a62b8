//! The innermost loop: a tile of the product, whose sums stay in registers.
//!
//! It has up to six rows of two vectors. A multiply-add takes four cycles and two begin in each cycle, so that at least
//! eight sums are needed; twelve are as many as sixteen registers can hold together with what is read, and need fewer
//! reads for each. Fewer rows make wider tiles; one row (a sample) has up to twelve vectors. The last vector of a row
//! may be partial: it is read and written under a mask, so that no size has a slow remainder.
//!
//! # The order of a sum
//! A number of `c` is a sum along the inner dimension, in its order. Only in a product of few columns, where one row
//! has too few sums for the processor, it is divided: every other, or every fourth, term has a separate sum
//! ([`divided`]). That depends on `b` alone, so that a row has the same bits in every batch. A tile has registers for
//! all separate sums of its rows: with them it has fewer rows.

use super::driver::TILE_ROWS;
use super::{Gemm, Operands};
use crate::simd::{Kernel, Level, VECTOR_BYTES, Vector};

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

/// The number of sums in the registers of a level, 12 of 16 or 24 of 32; the others hold what is read.
pub(super) const fn most_sums<T: Gemm, L: Level>() -> usize {
    if size_of::<T::Vector<L>>() == VECTOR_BYTES { 24 } else { 12 }
}

/// Returns log2 of the number of partial sums that each element of a product with this number of rows and columns of
/// `b` has.
#[inline(always)]
pub(super) fn divided<T: Gemm, L: Level>(inner: usize, columns: usize) -> u32 {
    let many = most_sums::<T, L>() > 12;
    let useful = match inner {
        ..16 => return 0,
        16..32 => 1,
        _ => 2,
    };
    match columns.div_ceil(T::Vector::<L>::LANES) {
        ..2 => useful,
        2 if many => useful,
        2..5 => 1,
        5..7 if many => 1,
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
                divided: divided::<T, L>(operands.inner, operands.order_of),
            }
        }
    }

    /// Computes `rows` rows of `wide` numbers: up to 4 vectors if the sums are not divided, 3 if they are divided in
    /// two, and 2 if they are divided in four.
    ///
    /// # Safety
    /// `rows` rows of `wide` numbers of `initial` can be read and of `c` written; `rows` rows and `depth` columns of
    /// `a`, and `depth` rows of `wide` numbers of `b`, can be read, and so can everything between `b` and `b_end`.
    #[inline(always)]
    pub(super) unsafe fn run<L: Level>(&self, level: L, rows: usize, wide: usize) {
        let vectors = wide.div_ceil(T::Vector::<L>::LANES);
        match (vectors, self.divided) {
            (1, 0) => level.run(Rows::<T, 1, 1>(self, rows, wide)),
            (2, 0) => level.run(Rows::<T, 2, 1>(self, rows, wide)),
            (3, 0) => level.run(Rows::<T, 3, 1>(self, rows, wide)),
            (4, 0) => level.run(Rows::<T, 4, 1>(self, rows, wide)),
            (1, 1) => level.run(Rows::<T, 1, 2>(self, rows, wide)),
            (2, 1) => level.run(Rows::<T, 2, 2>(self, rows, wide)),
            (_, 1) => level.run(Rows::<T, 3, 2>(self, rows, wide)),
            (1, _) => level.run(Rows::<T, 1, 4>(self, rows, wide)),
            _ => level.run(Rows::<T, 2, 4>(self, rows, wide)),
        }
    }

    /// Computes one row of up to 12 vectors, of which the first `wide` numbers exist: up to 6 if the sums are divided
    /// in two, 2 if they are divided in four.
    ///
    /// # Safety
    /// As for [`run`](Tile::run) with one row.
    #[inline(always)]
    pub(super) unsafe fn run_row<L: Level>(&self, wide: usize) {
        let vectors = wide.div_ceil(T::Vector::<L>::LANES);
        // SAFETY: the caller's promise; `V` vectors hold `wide` numbers. Where `EXACT` is set, `V - 1` do not.
        unsafe {
            match (vectors, self.divided) {
                (1, 0) => self.row::<L, 1, 1, true>(wide),
                (2, 0) => self.row::<L, 2, 1, true>(wide),
                (..=4, 0) => self.row::<L, 4, 1, false>(wide),
                (..=8, 0) => self.row::<L, 8, 1, false>(wide),
                (9 | 10, 0) => self.row::<L, 10, 1, false>(wide),
                (_, 0) => self.row::<L, 12, 1, false>(wide),
                (1, 1) => self.row::<L, 1, 2, true>(wide),
                (2, 1) => self.row::<L, 2, 2, true>(wide),
                (..=4, 1) => self.row::<L, 4, 2, false>(wide),
                (_, 1) => self.row::<L, 6, 2, false>(wide),
                (1, _) => self.row::<L, 1, 4, true>(wide),
                _ => self.row::<L, 2, 4, true>(wide),
            }
        }
    }

    /// Computes one row of `V` vectors, of which the first `wide` numbers exist, with `A` separate sums.
    ///
    /// # Safety
    /// As for [`run_row`](Tile::run_row); `V` vectors hold `wide` numbers, and if `EXACT`, `V - 1` do not.
    #[inline(always)]
    pub(super) unsafe fn row<L: Level, const V: usize, const A: usize, const EXACT: bool>(
        &self,
        wide: usize,
    ) {
        let lanes = T::Vector::<L>::LANES;
        let masked = EXACT && T::Vector::<L>::MASKED;
        let whole = if masked || wide == V * lanes { self.depth } else { self.whole_rows(V * lanes) };
        // SAFETY: the caller's promise.
        unsafe { self.sums::<L, 1, V, A, EXACT>(wide, whole) };
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

/// The rows of a tile, their number, and the numbers of a row, which `V` vectors hold and `V - 1` do not; with `A`
/// separate sums. It is a function of each level: the drivers share it, and the compiler takes less time for several
/// small functions.
struct Rows<'a, T, const V: usize, const A: usize>(&'a Tile<T>, usize, usize);

impl<T: Gemm, const V: usize, const A: usize> Kernel for Rows<'_, T, V, A> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self(&(mut tile), mut rows, wide) = self;
        let lanes = T::Vector::<L>::LANES;
        let whole =
            if T::Vector::<L>::MASKED || wide == V * lanes { tile.depth } else { tile.whole_rows(V * lanes) };
        let most = most_sums::<T, L>() / (V * A);
        let most = if most < TILE_ROWS { most } else { TILE_ROWS };
        while rows > 0 {
            let high = next_rows(rows, most);
            // SAFETY: a level was passed. Only `Tile::run` makes this kernel, and its caller promises these rows;
            // `high` of them are left.
            unsafe {
                match high {
                    6 if most >= 6 => tile.sums::<L, 6, V, A, true>(wide, whole),
                    5 if most >= 5 => tile.sums::<L, 5, V, A, true>(wide, whole),
                    4 if most >= 4 => tile.sums::<L, 4, V, A, true>(wide, whole),
                    3 if most >= 3 => tile.sums::<L, 3, V, A, true>(wide, whole),
                    2 if most >= 2 => tile.sums::<L, 2, V, A, true>(wide, whole),
                    _ => tile.sums::<L, 1, V, A, true>(wide, whole),
                }
            }
            rows -= high;
            tile.a = tile.a.wrapping_add(high * tile.a_row);
            tile.initial = tile.initial.wrapping_add(high * tile.initial_row);
            tile.c = tile.c.wrapping_add(high * tile.c_row);
        }
    }
}

/// Returns the rows of the next tile, where `rows` are left and a tile has at most `most`: the last tiles are of about
/// the same height.
#[inline(always)]
fn next_rows(rows: usize, most: usize) -> usize {
    if rows < NEXT_ROWS[0].len() { usize::from(NEXT_ROWS[most][rows]) } else { most }
}

/// By the most rows of a tile and by the rows that are left. (A table, since a division takes longer than a small
/// tile.)
static NEXT_ROWS: [[u8; 4 * TILE_ROWS]; TILE_ROWS + 1] = {
    let mut next = [[0; 4 * TILE_ROWS]; TILE_ROWS + 1];
    let mut most = 1;
    while most <= TILE_ROWS {
        let mut rows = 1;
        while rows < 4 * TILE_ROWS {
            next[most][rows] = rows.div_ceil(rows.div_ceil(most)) as u8;
            rows += 1;
        }
        most += 1;
    }
    next
};

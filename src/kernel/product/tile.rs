//! The innermost loop: a tile of the product, whose sums stay in registers.
//!
//! It has up to six rows of two vectors: twelve sums, since a multiply-add is ready after four cycles and two begin in each.
//! Fewer rows make wider tiles; one row (a sample) has eight vectors. The last vector of a row may be a part: it is read and
//! written under a mask, so that no size has a slow remainder.

use super::super::simd::{Level, Vector};
use super::{Product, Sides};

/// The most numbers that a vector of any level has.
pub(super) const MOST_LANES: usize = 16;

/// A tile of `c`, and where what it is made of begins. Rows and, of `a`, columns are so many numbers apart.
#[derive(Clone, Copy)]
pub(super) struct Tile<T> {
    pub(super) a: *const T,
    pub(super) a_row: usize,
    pub(super) a_column: usize,
    pub(super) b: *const T,
    pub(super) b_row: usize,
    /// One past the last number that may be read.
    pub(super) b_end: *const T,
    pub(super) start: *const T,
    pub(super) start_row: usize,
    pub(super) c: *mut T,
    pub(super) c_row: usize,
    pub(super) depth: usize,
}

#[allow(unsafe_code)]
impl<T: Product> Tile<T> {
    /// The tile of a product at this row, column and depth.
    ///
    /// # Safety
    /// That is a place of the product.
    #[inline(always)]
    pub(super) unsafe fn at(sides: &Sides<T>, row: usize, column: usize, depth: usize, deep: usize) -> Self {
        // SAFETY: the caller's.
        unsafe {
            let c = sides.c.add(row * sides.columns + column);
            let (start, start_row) = if depth == 0 {
                (sides.start.add(row * sides.start_row + column * sides.start_column), sides.start_row)
            } else {
                (c.cast_const(), sides.columns)
            };
            // Of nothing (an inner dimension of 0) not even the first number is there.
            let b = sides.b.wrapping_add(depth * sides.b_row + column * sides.b_column);
            Self {
                a: sides.a.wrapping_add(row * sides.a_row + depth * sides.a_column),
                a_row: sides.a_row,
                a_column: sides.a_column,
                b,
                b_row: sides.b_row,
                b_end: sides.b_end,
                start,
                start_row,
                c,
                c_row: sides.columns,
                depth: deep,
            }
        }
    }

    /// The tile of `high` rows and `wide` numbers: up to 8 vectors in one row, 4 in two or three, 2 in up to six.
    ///
    /// # Safety
    /// All of `start` and `c` is there, `depth` columns of `a` and rows of `b` are, and the processor has the level.
    #[inline(always)]
    pub(super) unsafe fn run<L: Level>(self, high: usize, wide: usize) {
        let lanes = T::Vector::<L>::LANES;
        let vectors = wide.div_ceil(lanes);
        // SAFETY: the caller's.
        unsafe {
            if wide == vectors * lanes {
                self.shaped::<L, false>(high, vectors, lanes);
            } else {
                self.shaped::<L, true>(high, vectors, wide + lanes - vectors * lanes);
            }
        }
    }

    #[inline(always)]
    unsafe fn shaped<L: Level, const PART: bool>(self, high: usize, vectors: usize, last: usize) {
        // SAFETY: the caller's.
        unsafe {
            match (high, vectors) {
                (1, 1) => self.sums::<L, PART, 1, 1>(last),
                (1, 2) => self.sums::<L, PART, 1, 2>(last),
                (1, 3) => self.sums::<L, PART, 1, 3>(last),
                (1, 4) => self.sums::<L, PART, 1, 4>(last),
                (1, 5) => self.sums::<L, PART, 1, 5>(last),
                (1, 6) => self.sums::<L, PART, 1, 6>(last),
                (1, 7) => self.sums::<L, PART, 1, 7>(last),
                (1, _) => self.sums::<L, PART, 1, 8>(last),
                (2, 1) => self.sums::<L, PART, 2, 1>(last),
                (2, 2) => self.sums::<L, PART, 2, 2>(last),
                (2, 3) => self.sums::<L, PART, 2, 3>(last),
                (2, _) => self.sums::<L, PART, 2, 4>(last),
                (3, 1) => self.sums::<L, PART, 3, 1>(last),
                (3, 2) => self.sums::<L, PART, 3, 2>(last),
                (3, 3) => self.sums::<L, PART, 3, 3>(last),
                (3, _) => self.sums::<L, PART, 3, 4>(last),
                (4, 1) => self.sums::<L, PART, 4, 1>(last),
                (4, _) => self.sums::<L, PART, 4, 2>(last),
                (5, 1) => self.sums::<L, PART, 5, 1>(last),
                (5, _) => self.sums::<L, PART, 5, 2>(last),
                (_, 1) => self.sums::<L, PART, 6, 1>(last),
                _ => self.sums::<L, PART, 6, 2>(last),
            }
        }
    }

    /// `R` rows of `V` vectors, the last of them only of `last` numbers if it is a `PART`.
    #[inline(always)]
    unsafe fn sums<L: Level, const PART: bool, const R: usize, const V: usize>(self, last: usize) {
        let lanes = T::Vector::<L>::LANES;
        // SAFETY: r < R, v < V and k < depth, which the caller says are there. Of the last vector only `last` numbers are
        // touched if it is a part, but for `b`: there more is read, and has no part in the result, as long as more is there.
        unsafe {
            let mut sums = [[T::Vector::<L>::zero(); V]; R];
            for r in 0..R {
                for v in 0..V {
                    let from = self.start.add(r * self.start_row + v * lanes);
                    sums[r][v] = read::<T, L>(from, PART && v == V - 1, last);
                }
            }
            let whole = if PART { self.whole(V * lanes) } else { self.depth };
            let (mut a, mut b) = (self.a, self.b);
            for k in 0..self.depth {
                let mut row = [T::Vector::<L>::zero(); V];
                for v in 0..V {
                    row[v] = read::<T, L>(b.add(v * lanes), PART && k >= whole && v == V - 1, last);
                }
                for r in 0..R {
                    let a = T::Vector::<L>::splat(*a.add(r * self.a_row));
                    for v in 0..V {
                        sums[r][v] = a.multiply_add(row[v], sums[r][v]);
                    }
                }
                a = a.wrapping_add(self.a_column);
                b = b.wrapping_add(self.b_row);
            }
            for r in 0..R {
                for v in 0..V {
                    let to = self.c.add(r * self.c_row + v * lanes);
                    if PART && v == V - 1 {
                        sums[r][v].write_first(to, last);
                    } else {
                        sums[r][v].write(to);
                    }
                }
            }
        }
    }

    /// How many rows of `b` have so many numbers to be read, in this row or behind it.
    #[inline(always)]
    fn whole(&self, numbers: usize) -> usize {
        let there = (self.b_end as usize).saturating_sub(self.b as usize) / size_of::<T>();
        if there < numbers { 0 } else { (there - numbers) / self.b_row + 1 }
    }
}

/// A vector, or the first numbers of one.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn read<T: Product, L: Level>(from: *const T, part: bool, count: usize) -> T::Vector<L> {
    // SAFETY: the caller's.
    unsafe { if part { T::Vector::<L>::read_first(from, count) } else { T::Vector::<L>::read(from) } }
}

//! The innermost loop: a tile of the product, whose sums stay in registers.
//!
//! It has up to six rows of two vectors. A multiply-add is ready after four cycles and two begin in each, so that it takes eight sums; twelve
//! are as many as sixteen registers have room for beside what is read, and want fewer reads for each.
//! Fewer rows make wider tiles; one row (a sample) has eight vectors. The last vector of a row may be a part: what it starts from
//! is read under a mask, and so it is written, so that no size has a slow remainder.

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
            let c = sides.c.add(row * sides.c_row + column);
            let (start, start_row) = if depth == 0 {
                (sides.start.add(row * sides.start_row + column * sides.start_column), sides.start_row)
            } else {
                (c.cast_const(), sides.c_row)
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
                c_row: sides.c_row,
                depth: deep,
            }
        }
    }

    /// The tile of `high` rows and `wide` numbers: up to 8 vectors in one row, 4 in two, 2 in up to six.
    ///
    /// # Safety
    /// All of `start` and `c` is there, `depth` columns of `a` and rows of `b` are, and the processor has the level.
    #[inline(always)]
    pub(super) unsafe fn run<L: Level>(self, high: usize, wide: usize) {
        let vectors = wide.div_ceil(T::Vector::<L>::LANES);
        // SAFETY: the caller's. A shape has at least as many vectors as it is asked for; see `sums`.
        unsafe {
            match (high, vectors) {
                (1, 1) => self.sums::<L, 1, 1>(wide),
                (1, 2) => self.sums::<L, 1, 2>(wide),
                (1, 3 | 4) => self.sums::<L, 1, 4>(wide),
                (1, 5 | 6) => self.sums::<L, 1, 6>(wide),
                (1, _) => self.sums::<L, 1, 8>(wide),
                (2, 1) => self.sums::<L, 2, 1>(wide),
                (2, 2) => self.sums::<L, 2, 2>(wide),
                (2, _) => self.sums::<L, 2, 4>(wide),
                (3, 1) => self.sums::<L, 3, 1>(wide),
                (3, _) => self.sums::<L, 3, 2>(wide),
                (4, 1) => self.sums::<L, 4, 1>(wide),
                (4, _) => self.sums::<L, 4, 2>(wide),
                (5, 1) => self.sums::<L, 5, 1>(wide),
                (5, _) => self.sums::<L, 5, 2>(wide),
                (_, 1) => self.sums::<L, 6, 1>(wide),
                _ => self.sums::<L, 6, 2>(wide),
            }
        }
    }

    /// `R` rows of `V` vectors, of which `wide` numbers are there.
    ///
    /// # Safety
    /// As of [`run`](Tile::run).
    #[inline(always)]
    pub(super) unsafe fn sums<L: Level, const R: usize, const V: usize>(self, wide: usize) {
        let lanes = T::Vector::<L>::LANES;
        // SAFETY: r < R, v < V and k < depth, which the caller says are there; of a row no more than `wide` numbers are
        // touched, but for `b`: there more is read, and has no part in the result, as long as more is there.
        unsafe {
            let full = wide == V * lanes;
            let mut sums = [[T::Vector::<L>::zero(); V]; R];
            let mut start = self.start;
            for r in 0..R {
                for v in 0..V {
                    sums[r][v] = if full {
                        T::Vector::<L>::read(start.add(v * lanes))
                    } else {
                        read::<T, L>(start.wrapping_add(v * lanes), wide, v * lanes)
                    };
                }
                start = start.wrapping_add(self.start_row);
            }
            let whole = if full { self.depth } else { self.whole(V * lanes) };
            // Two pointers into `a`, three rows apart: so the address of each row is one that the processor adds up by itself.
            let mut a = [self.a, self.a.wrapping_add(3 * self.a_row)];
            let mut b = self.b;
            // A few sums would wait for each of their additions: then every other, or every fourth, row of `b` has sums of its own.
            let apart = const {
                match R * V {
                    ..4 => 4,
                    4..8 => 2,
                    _ => 1,
                }
            };
            let mut apart_sums = [[[T::Vector::<L>::zero(); V]; R]; 3];
            for _ in 0..whole / apart {
                for part in 0..apart {
                    let sums = if part == 0 { &mut sums } else { &mut apart_sums[part - 1] };
                    let mut row = [T::Vector::<L>::zero(); V];
                    for v in 0..V {
                        row[v] = T::Vector::<L>::read(b.add(v * lanes));
                    }
                    for r in 0..R {
                        let a = T::Vector::<L>::splat(*a[r / 3].add(r % 3 * self.a_row));
                        for v in 0..V {
                            sums[r][v] = a.multiply_add(row[v], sums[r][v]);
                        }
                    }
                    a = [a[0].wrapping_add(self.a_column), a[1].wrapping_add(self.a_column)];
                    b = b.wrapping_add(self.b_row);
                }
            }
            for part in 1..apart {
                for r in 0..R {
                    for v in 0..V {
                        sums[r][v] = sums[r][v].add(apart_sums[part - 1][r][v]);
                    }
                }
            }
            // The last rows of `b`: those that make no whole round, and those behind which too little is there.
            for _ in whole / apart * apart..self.depth {
                for v in 0..V {
                    let row = read::<T, L>(b.wrapping_add(v * lanes), wide, v * lanes);
                    for r in 0..R {
                        let a = T::Vector::<L>::splat(*a[r / 3].add(r % 3 * self.a_row));
                        sums[r][v] = a.multiply_add(row, sums[r][v]);
                    }
                }
                a = [a[0].wrapping_add(self.a_column), a[1].wrapping_add(self.a_column)];
                b = b.wrapping_add(self.b_row);
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

    /// How many rows of `b` have so many numbers to be read, in this row or behind it.
    #[inline(always)]
    fn whole(&self, numbers: usize) -> usize {
        let there = (self.b_end as usize).saturating_sub(self.b as usize) / size_of::<T>();
        let whole = if there < numbers { 0 } else { (there - numbers) / self.b_row + 1 };
        if whole < self.depth { whole } else { self.depth }
    }
}

/// A vector at `at` in a row of `wide` numbers: whole, or what is there of it, and 0 for the rest.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn read<T: Product, L: Level>(from: *const T, wide: usize, at: usize) -> T::Vector<L> {
    // SAFETY: the caller's.
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

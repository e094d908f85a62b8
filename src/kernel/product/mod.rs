//! Matrix products: nearly all the time that training takes.
//!
//! `c = a b` from nothing, from a row (the bias) or from what stands in `c`, where `a` and `b` may be transposed. The innermost
//! loop is the same for all: the sums of a [`Tile`] of `c` stay in registers while `a` and `b` go by. What leads the tiles over `c` is chosen by
//! the sizes, so that what they read is in the first-level cache:
//!
//! * One row, a sample: nothing is led, and nothing copied.
//! * Small: `b` is read where it stands. Where it fits into the cache, a few rows of `c` are done at a time, else strip by strip of `b`.
//! * Many rows, or a transposed `b`: strips of `b` are copied first, to rows that follow one another.
//! * Large: blocks of `a` are copied too. (A matrix whose rows are a multiple of 4 KiB apart would else have a whole
//!   column in one set of the cache, and in as many pages as it has rows.)
//! * A few rows with a transposed `b`, which is not worth copying: dot products.
//!
//! A crate for large products was not worth its weight: `gemm` is behind for a few samples, and a few percent ahead at most from 32 on
//! (`docs/performance.md`).

mod dots;
mod pack;
#[cfg(feature = "threads")]
mod parallel;
mod sample;
#[cfg(test)]
mod tests;
mod tile;
mod walk;

use core::mem::MaybeUninit;

use super::simd::{Lanes, dispatch};
use dots::Dots;
use sample::Sample;
use tile::MOST_LANES;
use walk::Walk;

/// Steps along the inner dimension before the next tile: a strip of `b` this deep stays in the first-level cache.
const DEPTH: usize = 256;
/// The numbers of a block of `a`: 128 KiB of `f32`, a quarter of a second-level cache.
const BLOCK: usize = 128 * DEPTH;
/// So many strips of `b` are copied at a time, so that whole cache lines of its rows are read.
const STRIPS: usize = 4;
/// Up to so many rows are not worth copying a `b` that lies well.
const FEW_ROWS: usize = 48;
/// Up to so many rows are not worth turning a transposed `b` round.
const ROWS_OF_DOTS: usize = 8;
/// From so many multiply-adds on `a` is copied too.
const LARGE: usize = 1 << 24;

/// A matrix as the kernel reads it: row `r`, column `c` stands at `numbers[r * strides[0] + c * strides[1]]`.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a, T> {
    pub(crate) numbers: &'a [T],
    pub(crate) strides: [usize; 2],
}

impl<'a, T> Strided<'a, T> {
    /// A matrix whose rows follow one another.
    pub(crate) fn rows(numbers: &'a [T], columns: usize) -> Self {
        Self { numbers, strides: [columns, 1] }
    }

    /// The transpose of a matrix whose rows follow one another.
    pub(crate) fn transposed(numbers: &'a [T], columns: usize) -> Self {
        Self { numbers, strides: [1, columns] }
    }

    /// Whether all of so many rows and columns are there.
    #[inline]
    fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0
            || columns == 0
            || (rows - 1) * self.strides[0] + (columns - 1) * self.strides[1] < self.numbers.len()
    }
}

/// What a product is added to.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a, T> {
    /// Nothing: `c = a b`.
    Zero,
    /// This row, in every row of `c`.
    Row(&'a [T]),
    /// What stands in `c`: `c += a b`.
    Output,
}

/// The product of `a` and `b`, added to `start`, into `c`; with `inner` columns of `a` and rows of `b`, and `columns` columns of
/// `b` and of `c`, whose rows follow one another.
///
/// # Panics
/// When `a`, `b` or the start is smaller than that, or `c` is not a whole number of rows.
#[inline(always)] // a layer's sizes are constants: nearly nothing is left of the checks
pub(crate) fn product<T: Product>(
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    start: Start<'_, T>,
    c: &mut [T],
    inner: usize,
    columns: usize,
) {
    let rows = c.len() / columns;
    assert!(rows * columns == c.len(), "c is not a whole number of rows");
    assert!(a.holds(rows, inner) && b.holds(inner, columns), "a or b is smaller than the product");
    if let Start::Row(row) = start {
        assert!(row.len() >= columns, "the row is shorter than the product's");
    }
    if !c.is_empty() {
        T::product(&Sides::of(a, b, start, c, inner, columns));
    }
}

/// `c += a b`: [`product`] from what stands in `c`.
pub(crate) fn add_product<T: Product>(
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    c: &mut [T],
    inner: usize,
    columns: usize,
) {
    product(a, b, Start::Output, c, inner, columns);
}

/// A scalar with its products: compiled here once, not in every crate that has a network.
#[doc(hidden)]
pub trait Product: Lanes + 'static {
    #[doc(hidden)]
    fn product(sides: &Sides<Self>);
    /// What a tile starts from that starts from nothing.
    #[doc(hidden)]
    const ZEROS: &'static [Self; 8 * MOST_LANES];
}

macro_rules! products {
    ($scalar:ident) => {
        impl Product for $scalar {
            fn product(sides: &Sides<Self>) {
                if sides.rows == 1 && sides.b_column == 1 { dispatch(Sample(sides)) } else { batch(*sides) }
            }
            const ZEROS: &'static [Self; 8 * MOST_LANES] = &[0.0; 8 * MOST_LANES];
        }
    };
}
products!(f32);
products!(f64);

/// A product of several rows, as their number and the other sizes ask for.
#[inline(never)]
fn batch<T: Product>(sides: Sides<T>) {
    let Sides { rows, inner, columns, a_column, b_row, b_column, .. } = sides;
    let turned = b_column != 1;
    // Rows of b a multiple of 4 KiB apart would push one another out of the cache.
    let crowded = b_row.is_multiple_of(4096 / size_of::<T>()) && inner > 8;
    if inner > 0 && rows <= ROWS_OF_DOTS && turned && b_row == 1 && a_column == 1 {
        dispatch(Dots(sides))
    } else if rows > FEW_ROWS / 2 && columns >= 128 && rows * inner * columns >= LARGE {
        #[cfg(feature = "threads")]
        parallel::side_by_side(sides, rayon::current_num_threads());
        #[cfg(not(feature = "threads"))]
        large(sides);
    } else if inner > 0 && (turned || rows > FEW_ROWS && inner > 64 || rows > 8 && crowded) {
        strips(sides)
    } else {
        dispatch(Walk { sides, strips: None, block: None })
    }
}

/// With copied strips of `b`. The room for them is on the stack, which only these products pay for.
#[inline(never)]
fn strips<T: Product>(sides: Sides<T>) {
    let mut strips = MaybeUninit::<[T; STRIPS * DEPTH * 2 * MOST_LANES]>::uninit();
    dispatch(Walk { sides, strips: Some(strips.as_mut_ptr().cast()), block: None });
}

/// With copied blocks of `a` too.
#[inline(never)]
fn large<T: Product>(sides: Sides<T>) {
    let mut strips = MaybeUninit::<[T; STRIPS * DEPTH * 2 * MOST_LANES]>::uninit();
    let mut block = MaybeUninit::<[T; BLOCK]>::uninit();
    let (strips, block) = (Some(strips.as_mut_ptr().cast()), Some(block.as_mut_ptr().cast()));
    dispatch(Walk { sides, strips, block });
}

/// The matrices of a product, checked by [`product`]: as pointers, since a tile does not end where a row does. Rows and
/// columns are so many numbers apart.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Sides<T> {
    a: *const T,
    a_row: usize,
    a_column: usize,
    b: *const T,
    b_row: usize,
    b_column: usize,
    /// One past the last number of `b` that may be read.
    b_end: *const T,
    start: *const T,
    start_row: usize,
    start_column: usize,
    c: *mut T,
    c_row: usize,
    rows: usize,
    inner: usize,
    columns: usize,
}

impl<T: Product> Sides<T> {
    /// The product of what comes from a row and a column on.
    #[cfg(feature = "threads")]
    fn from(self, row: usize, column: usize) -> Self {
        assert!(row < self.rows && column < self.columns);
        Self {
            a: self.a.wrapping_add(row * self.a_row),
            b: self.b.wrapping_add(column * self.b_column),
            start: self.start.wrapping_add(row * self.start_row + column * self.start_column),
            c: self.c.wrapping_add(row * self.c_row + column),
            rows: self.rows - row,
            columns: self.columns - column,
            ..self
        }
    }

    #[inline]
    fn of(
        a: Strided<'_, T>,
        b: Strided<'_, T>,
        start: Start<'_, T>,
        c: &mut [T],
        inner: usize,
        columns: usize,
    ) -> Self {
        let rows = c.len() / columns;
        let c = c.as_mut_ptr();
        let (start, start_row, start_column) = match start {
            Start::Zero => (T::ZEROS.as_ptr(), 0, 0),
            Start::Row(row) => (row.as_ptr(), 0, 1),
            Start::Output => (c.cast_const(), columns, 1),
        };
        let ([a_row, a_column], [b_row, b_column], b_end) =
            (a.strides, b.strides, b.numbers.as_ptr_range().end);
        let (a, b) = (a.numbers.as_ptr(), b.numbers.as_ptr());
        Self {
            a,
            a_row,
            a_column,
            b,
            b_row,
            b_column,
            b_end,
            start,
            start_row,
            start_column,
            c,
            c_row: columns,
            rows,
            inner,
            columns,
        }
    }
}

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
mod sample;
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
        side_by_side(sides, rayon::current_num_threads());
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

/// A large product on all cores: halves of its rows, or of its columns where these are more, until each core has a part. Every number
/// is the same sum in the same order, wherever it is worked out.
#[cfg(feature = "threads")]
fn side_by_side<T: Product>(sides: Sides<T>, cores: usize) {
    let Sides { rows, inner, columns, .. } = sides;
    let (one, other) = match middle(rows, columns) {
        _ if cores < 2 || rows * inner * columns < 2 * LARGE => return large(sides),
        None => return large(sides),
        Some(Middle::Row(row)) => (Sides { rows: row, ..sides }, sides.from(row, 0)),
        Some(Middle::Column(column)) => (Sides { columns: column, ..sides }, sides.from(0, column)),
    };
    let (one, other) = (Part(one), Part(other));
    rayon::join(|| side_by_side(one.sides(), cores / 2), || side_by_side(other.sides(), cores - cores / 2));
}

/// Where the second half of a product begins.
#[cfg(feature = "threads")]
#[derive(Debug)]
enum Middle {
    Row(usize),
    Column(usize),
}

/// At whole tiles, about in the middle of the longer side; if there are some on both sides of it.
#[cfg(feature = "threads")]
fn middle(rows: usize, columns: usize) -> Option<Middle> {
    let (length, tile) = if columns > rows { (columns, 2 * MOST_LANES) } else { (rows, walk::TILE_ROWS) };
    let at = (length / 2).next_multiple_of(tile);
    let inside = 0 < at && at < length;
    inside.then_some(if columns > rows { Middle::Column(at) } else { Middle::Row(at) })
}

/// A part of a product, for another thread.
#[cfg(feature = "threads")]
struct Part<T>(Sides<T>);

#[cfg(feature = "threads")]
impl<T> Part<T> {
    fn sides(self) -> Sides<T> {
        self.0
    }
}

// SAFETY: what the pointers lead to is borrowed until the product is done, `a`, `b` and the start to be read by all; and no two parts
// have a number of `c` in common, since `middle` is inside of what it cuts.
#[cfg(feature = "threads")]
#[allow(unsafe_code)]
unsafe impl<T> Send for Part<T> {}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Real;
    use crate::kernel::simd::{Kernel, Level, for_each_level};
    use alloc::vec;
    use alloc::vec::Vec;

    /// Whole numbers from -4 to 4: their sums of products are exact in any order, so that every level must give the same.
    fn numbers<T: Real>(len: usize, seed: usize) -> Vec<T> {
        (0..len).map(|at| T::of((((at + 1) * (seed + 7) * 7919) % 1009 % 9) as f64 - 4.0)).collect()
    }

    fn transpose<T: Real>(matrix: &[T], columns: usize) -> Vec<T> {
        let rows = matrix.len() / columns;
        (0..matrix.len()).map(|at| matrix[at % rows * columns + at / rows]).collect()
    }

    /// Every way through a product of these sides, in the level, against three loops: from each start, with `a` and `b` as they are
    /// and transposed.
    fn check<T: Real, L: Level>(rows: usize, inner: usize, columns: usize) {
        let (a, b) = (numbers::<T>(rows * inner, 1), numbers::<T>(inner * columns, 2));
        let (a_turned, b_turned) = (transpose(&a, inner.max(1)), transpose(&b, columns));
        let (before, row) = (numbers::<T>(rows * columns, 3), numbers::<T>(columns, 4));
        let mut naive = vec![T::zero(); rows * columns];
        for (r, c) in naive.chunks_exact_mut(columns).enumerate() {
            for k in 0..inner {
                let b = &b[k * columns..][..columns];
                c.iter_mut().zip(b).for_each(|(c, &b)| *c += a[r * inner + k] * b);
            }
        }
        for (at, a) in
            [Strided::rows(&a, inner), Strided::transposed(&a_turned, rows)].into_iter().enumerate()
        {
            for (bt, b) in
                [Strided::rows(&b, columns), Strided::transposed(&b_turned, inner)].into_iter().enumerate()
            {
                for (st, start) in [Start::Zero, Start::Row(&row), Start::Output].into_iter().enumerate() {
                    let mut kernels: [fn(Sides<T>); 5] = [
                        |sides| Walk { sides, strips: None, block: None }.run::<L>(),
                        |sides| {
                            let mut strips = vec![T::zero(); STRIPS * DEPTH * 2 * MOST_LANES];
                            Walk { sides, strips: Some(strips.as_mut_ptr()), block: None }.run::<L>();
                        },
                        |sides| {
                            let mut strips = vec![T::zero(); STRIPS * DEPTH * 2 * MOST_LANES];
                            let mut block = vec![T::zero(); BLOCK];
                            let (strips, block) = (Some(strips.as_mut_ptr()), Some(block.as_mut_ptr()));
                            Walk { sides, strips, block }.run::<L>();
                        },
                        |sides| Dots(sides).run::<L>(),
                        |sides| Sample(&sides).run::<L>(),
                    ];
                    // What each of them asks of its sides.
                    let fits = [
                        bt == 0 || inner == 0,
                        inner > 0,
                        inner > 0,
                        at == 0 && bt == 1,
                        rows == 1 && bt == 0,
                    ];
                    for (kernel, fits) in kernels.iter_mut().zip(fits) {
                        if !fits {
                            continue;
                        }
                        // A number behind the last: nobody writes there.
                        let mut c = before.clone();
                        c.push(T::of(77.0));
                        kernel(Sides::of(a, b, start, &mut c[..rows * columns], inner, columns));
                        for (place, &c) in c[..rows * columns].iter().enumerate() {
                            let added = [T::zero(), row[place % columns], before[place]][st];
                            assert!(
                                c == naive[place] + added,
                                "{rows} x {inner} x {columns}, a {at}, b {bt}, start {st}: {c} at {place}"
                            );
                        }
                        assert!(c[rows * columns] == T::of(77.0));
                    }
                }
            }
        }
    }

    /// Around every edge: rows of a tile, lanes and pairs of lanes of every level, depth of a strip.
    #[test]
    fn every_product_equals_three_loops_on_a_grid_of_sizes() {
        for_each_level!(L => {
            for rows in [1, 2, 3, 4, 5, 6, 7, 11, 13] {
                for inner in [0, 1, 2, 7, 8, 17] {
                    for columns in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33] {
                        check::<f32, L>(rows, inner, columns);
                        check::<f64, L>(rows, inner, columns);
                    }
                }
            }
        });
    }

    #[test]
    fn every_product_equals_three_loops_beyond_a_strip_and_a_block() {
        for_each_level!(L => {
            for [rows, inner, columns] in [[1, 300, 131], [1, 5, 260], [3, 257, 65], [130, 5, 67], [131, 259, 10], [7, 513, 140]] {
                check::<f32, L>(rows, inner, columns);
                check::<f64, L>(rows, inner, columns);
            }
        });
    }

    #[test]
    fn the_sizes_choose_a_product_that_can_do_them() {
        // One of each rule: a sample, a batch, a transposed b, rows of 4 KiB, a large one; their sums are exact.
        for [rows, inner, columns] in
            [[1, 784, 128], [32, 128, 64], [64, 100, 30], [9, 16, 1024], [26, 1300, 500]]
        {
            let (a, b) = (numbers::<f32>(rows * inner, 1), numbers::<f32>(inner * columns, 2));
            let (a_turned, b_turned) = (transpose(&a, inner), transpose(&b, columns));
            let last: f32 =
                (0..inner).map(|k| a[(rows - 1) * inner + k] * b[k * columns + columns - 1]).sum();
            for a in [Strided::rows(&a, inner), Strided::transposed(&a_turned, rows)] {
                for b in [Strided::rows(&b, columns), Strided::transposed(&b_turned, inner)] {
                    let mut c = vec![0.0; rows * columns];
                    product(a, b, Start::Zero, &mut c, inner, columns);
                    assert_eq!(c[rows * columns - 1], last, "{rows} x {inner} x {columns}");
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "threads")]
    fn a_product_is_cut_where_both_halves_have_some() {
        for rows in 1..150 {
            for columns in 1..300 {
                match middle(rows, columns) {
                    Some(Middle::Row(at)) => assert!(0 < at && at < rows, "{rows} x {columns} at {at}"),
                    Some(Middle::Column(at)) => assert!(0 < at && at < columns, "{rows} x {columns} at {at}"),
                    None => assert!(rows.max(columns) <= 2 * MOST_LANES, "{rows} x {columns}"),
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "threads")]
    fn more_cores_than_a_narrow_product_has_strips_give_the_same() {
        let [rows, inner, columns] = [25, 52_000, 154];
        let (a, b) = (numbers::<f32>(rows * inner, 1), numbers::<f32>(inner * columns, 2));
        let product = |cores| {
            let mut c = vec![0.0; rows * columns];
            let (a, b) = (Strided::rows(&a, inner), Strided::rows(&b, columns));
            side_by_side(Sides::of(a, b, Start::Zero, &mut c, inner, columns), cores);
            c
        };
        assert!(product(64) == product(1));
    }

    #[test]
    fn a_product_of_nothing_changes_nothing() {
        let mut c = [1.0_f32; 3];
        add_product(Strided::rows(&[], 0), Strided::rows(&[], 3), &mut c, 0, 3);
        add_product(Strided::rows(&[], 2), Strided::rows(&[1.0; 6], 3), &mut [], 2, 3);
        assert_eq!(c, [1.0; 3]);
    }

    #[test]
    #[should_panic(expected = "a or b is smaller than the product")]
    fn a_side_that_is_too_short_is_refused() {
        add_product(Strided::rows(&[1.0_f32; 5], 3), Strided::rows(&[1.0; 6], 2), &mut [0.0; 4], 3, 2);
    }
}

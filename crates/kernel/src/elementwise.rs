//! Elementwise computations in one pass over several slices: the steps of optimizers, sums of gradients.

use super::Real;
use super::gemm::Accumulate;
use super::simd::{Kernel, Level, Vector, dispatch};

/// A function of the numbers at one index of `R` slices that are read, and of `W` slices that are written.
pub trait Elementwise<T, const R: usize, const W: usize> {
    /// Returns the new values of the written numbers. Mark it `#[inline(always)]`.
    fn apply(&self, read: [T; R], write: [T; W]) -> [T; W];

    /// Computes [`apply`](Elementwise::apply) within the instance of a level. Only functions that have other bits there
    /// need it: those with elementary functions.
    #[inline(always)]
    fn apply_at<L: Level>(&self, read: [T; R], write: [T; W]) -> [T; W] {
        self.apply(read, write)
    }
}

/// Applies a map at every index of slices of one length.
///
/// # Panics
/// When the slices have different lengths.
pub fn elementwise<T: Real, const R: usize, const W: usize>(
    map: &(impl Elementwise<T, R, W> + Sync),
    read: [&[T]; R],
    write: [&mut [T]; W],
) {
    let len = write.first().map_or(0, |slice| slice.len());
    let same = read.iter().all(|slice| slice.len() == len) && write.iter().all(|slice| slice.len() == len);
    assert!(same, "an elementwise pass is over slices of different lengths");
    #[cfg(feature = "threads")]
    if is_parallel(len.saturating_mul((R + 2 * W) * size_of::<T>())) {
        let middle = len / 2;
        let [mut low_read, mut high_read] = [read; 2];
        let (mut low_write, mut high_write) = ([const { empty::<T>() }; W], [const { empty::<T>() }; W]);
        for r in 0..R {
            (low_read[r], high_read[r]) = read[r].split_at(middle);
        }
        for (w, slice) in write.into_iter().enumerate() {
            (low_write[w], high_write[w]) = slice.split_at_mut(middle);
        }
        let (mut low, mut high) = (Some((low_read, low_write)), Some((high_read, high_write)));
        join(
            &mut || {
                if let Some((read, write)) = low.take() {
                    elementwise(map, read, write);
                }
            },
            &mut || {
                if let Some((read, write)) = high.take() {
                    elementwise(map, read, write);
                }
            },
        );
        return;
    }
    dispatch(Each { map, read, write });
}

#[cfg(feature = "threads")]
const fn empty<T>() -> &'static mut [T] {
    &mut []
}

/// Runs two functions on two threads; compiled once for all of them.
#[cfg(feature = "threads")]
fn join(low: &mut (dyn FnMut() + Send), high: &mut (dyn FnMut() + Send)) {
    rayon::join(low, high);
}

/// Returns whether a pass that moves this many bytes is faster on two threads.
#[cfg(feature = "threads")]
fn is_parallel(bytes: usize) -> bool {
    /// Takes about 100 μs, and waking a thread 20 μs.
    const WORTH_WAKING: usize = 1 << 22;
    /// On a thread of the pool: the others are awake, or have work that they do first.
    const WORTH_SHARING: usize = 1 << 20;
    bytes >= WORTH_SHARING
        && rayon::current_num_threads() > 1
        && (bytes >= WORTH_WAKING || rayon::current_thread_index().is_some())
}

struct Each<'a, M, T, const R: usize, const W: usize> {
    map: &'a M,
    read: [&'a [T]; R],
    write: [&'a mut [T]; W],
}

impl<T: Real, M: Elementwise<T, R, W>, const R: usize, const W: usize> Kernel for Each<'_, M, T, R, W> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { map, mut read, mut write } = self;
        // `elementwise` has seen that all lengths are equal; here the compiler sees it too, and leaves out the checks.
        // (`map` on an array would be compiled again, some hundreds of lines, for each pass and level.)
        let len = if W > 0 { write[0].len() } else { 0 };
        for r in 0..R {
            read[r] = &read[r][..len];
        }
        for w in 0..W {
            let slice = core::mem::take(&mut write[w]);
            write[w] = &mut slice[..len];
        }
        for at in 0..len {
            let (mut seen, mut changed) = ([T::zero(); R], [T::zero(); W]);
            for r in 0..R {
                seen[r] = read[r][at];
            }
            for w in 0..W {
                changed[w] = write[w][at];
            }
            let changed = map.apply_at::<L>(seen, changed);
            for w in 0..W {
                write[w][at] = changed[w];
            }
        }
    }
}

/// Sums rows, each as long as `sum`: overwrites `sum`, or adds to it.
///
/// A few rows are summed in `T`, and these sums in `f64`: the rounding errors do not grow with the number of rows.
///
/// # Panics
/// When `rows` is not a whole number of rows, or `sum` is empty.
pub fn sum_rows<T: Real>(rows: &[T], accumulate: Accumulate, sum: &mut [T]) {
    assert!(!sum.is_empty() && rows.len().is_multiple_of(sum.len()), "not a whole number of rows");
    dispatch(SumRows { rows, accumulate, sum });
}

struct SumRows<'a, T> {
    rows: &'a [T],
    accumulate: Accumulate,
    sum: &'a mut [T],
}

impl<T: Real> Kernel for SumRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        /// How many rows are summed in `T`.
        const ROWS: usize = 32;
        /// How many columns are summed at a time.
        const COLUMNS: usize = 128;
        let Self { rows, accumulate, sum } = self;
        let width = sum.len();
        // Narrow rows are added as one wide row, of which there may be a part at the end.
        let mut wide = width;
        while 2 * wide <= COLUMNS {
            wide *= 2;
        }
        let mut first = 0;
        while first < width {
            let mut totals = [0.0; COLUMNS];
            let mut used = if wide - first < COLUMNS { wide - first } else { COLUMNS };
            for block in rows.chunks(ROWS * wide) {
                let mut part = [T::zero(); COLUMNS];
                for row in block.chunks(wide) {
                    let row = &row[first..];
                    match row.first_chunk::<COLUMNS>() {
                        Some(row) => add_row(&mut part, row),
                        None => add_row(&mut part[..row.len()], row),
                    }
                }
                for at in 0..used {
                    totals[at] += part[at].to_f64();
                }
            }
            while used > width {
                used /= 2;
                let (totals, others) = totals.split_at_mut(used);
                for (total, other) in totals.iter_mut().zip(others) {
                    *total += *other;
                }
            }
            for (sum, total) in sum[first..first + used].iter_mut().zip(totals) {
                let start = if accumulate == Accumulate::Add { sum.to_f64() } else { 0.0 };
                *sum = T::from_f64(start + total);
            }
            first += used;
        }
    }
}

#[inline(always)]
fn add_row<T: Real>(part: &mut [T], row: &[T]) {
    for (part, &number) in part.iter_mut().zip(row) {
        *part += number;
    }
}

/// Returns whether no number is NaN or infinite.
#[inline]
pub fn all_finite<T: Real>(numbers: &[T]) -> bool {
    all_within(numbers, T::MAX)
}

/// Returns whether all numbers are between `-limit` and `limit`: a NaN is not.
#[inline]
pub fn all_within<T: Real>(numbers: &[T], limit: T) -> bool {
    if numbers.len() <= FEW { few_within(numbers, limit) } else { many_within(numbers, limit) }
}

#[inline(never)]
fn many_within<T: Real>(numbers: &[T], limit: T) -> bool {
    #[cfg(feature = "threads")]
    if is_parallel(size_of_val(numbers)) {
        let (low, high) = numbers.split_at(numbers.len() / 2);
        let (low, high) = rayon::join(|| many_within(low, limit), || many_within(high, limit));
        return low && high;
    }
    dispatch(AllWithin { numbers, limit })
}

/// Up to this many numbers do not gain from the choice of the instructions.
const FEW: usize = 16;

struct AllWithin<'a, T> {
    numbers: &'a [T],
    limit: T,
}

impl<T: Real> Kernel for AllWithin<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn run<L: Level>(self, _: L) -> bool {
        let Self { numbers, limit } = self;
        let (lanes, from) = (T::Vector::<L>::LANES, numbers.as_ptr());
        let (mut outside, mut at) = (false, 0);
        // SAFETY: a level was passed. The vectors end before `numbers.len()`; the last one has the numbers that are
        // left.
        unsafe {
            let limit = T::Vector::<L>::splat(limit);
            while numbers.len() - at >= lanes {
                outside |= T::Vector::<L>::read(from.add(at)).any_outside(limit);
                at += lanes;
            }
            if at < numbers.len() {
                outside |= T::Vector::<L>::read_first(from.add(at), numbers.len() - at).any_outside(limit);
            }
        }
        !outside
    }
}

/// Returns whether all of a few numbers are between `-limit` and `limit`.
#[inline(always)]
#[allow(clippy::neg_cmp_op_on_partial_ord)] // a NaN is not within the limit
fn few_within<T: Real>(numbers: &[T], limit: T) -> bool {
    let mut outside = false;
    for &number in numbers {
        outside |= !(number.abs() <= limit);
    }
    !outside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::for_each_level;
    use alloc::vec;
    use alloc::vec::Vec;

    struct Step;

    impl<T: Real> Elementwise<T, 1, 2> for Step {
        #[inline(always)]
        fn apply(&self, [g]: [T; 1], [w, v]: [T; 2]) -> [T; 2] {
            [w - g * v, v + g]
        }
    }

    #[test]
    fn a_map_is_applied_at_every_place_of_slices_of_every_length() {
        for_each_level!(level => {
            for len in 0..70 {
                let numbers = |shift: usize| (0..len).map(|at| (at + shift) as f32).collect::<Vec<_>>();
                let (g, mut w, mut v) = (numbers(1), numbers(2), numbers(3));
                level.run(Each { map: &Step, read: [&g], write: [&mut w, &mut v] });
                // (at + 2) - (at + 1) (at + 3) and (at + 3) + (at + 1), whole numbers
                let expected = |at: f32| (at + 2.0 - (at + 1.0) * (at + 3.0), 2.0 * at + 4.0);
                assert!((0..len).all(|at| (w[at], v[at]) == expected(at as f32)), "{len} numbers");
            }
        });
    }

    #[test]
    fn rows_are_summed() {
        for_each_level!(level => {
            for columns in (1..40).chain([127, 128, 129, 300]) {
                let rows: Vec<f64> = (0..7 * columns).map(|at| at as f64).collect();
                let mut sum = vec![0.0; columns];
                level.run(SumRows { rows: &rows, accumulate: Accumulate::Overwrite, sum: &mut sum });
                // Column c: 7 c + columns (0 + 1 + .. + 6)
                let expected = |c: usize| (7 * c + 21 * columns) as f64;
                assert!((0..columns).all(|c| sum[c] == expected(c)), "{columns} columns");
                sum_rows(&rows, Accumulate::Add, &mut sum);
                assert!((0..columns).all(|c| sum[c] == 2.0 * expected(c)), "{columns} columns, twice");
                sum_rows(&rows, Accumulate::Overwrite, &mut sum);
                assert!((0..columns).all(|c| sum[c] == expected(c)), "{columns} columns, again");
            }
        });
    }

    /// Narrow rows are added several at a time: every number of rows leaves another part at the end. 1 + 2 + .. + rows
    /// is exact.
    #[test]
    fn any_number_of_narrow_rows_is_summed() {
        for_each_level!(level => {
            for columns in [1, 2, 3, 10, 31, 63, 64, 65] {
                for rows in (0..140).chain([1000, 4097]) {
                    let numbers: Vec<f32> = (0..rows * columns).map(|at| (at / columns + 1) as f32).collect();
                    let mut sum = vec![0.0; columns];
                    level.run(SumRows { rows: &numbers, accumulate: Accumulate::Overwrite, sum: &mut sum });
                    let expected = (rows * (rows + 1) / 2) as f32;
                    assert!(sum.iter().all(|&sum| sum == expected), "{rows} rows of {columns}: {sum:?}");
                }
            }
        });
    }

    /// Ten million terms of 0.1, which is not exact. The 32 additions in `f32` before one in `f64` give an error of at
    /// most 32 * 6e-8 = 2e-6.
    #[test]
    fn the_rounding_errors_of_many_rows_do_not_add_up() {
        for columns in [1, 10] {
            let mut sum = vec![0.0; columns];
            let rows = vec![0.1_f32; 10_000_000];
            sum_rows(&rows, Accumulate::Overwrite, &mut sum);
            let exact = f64::from(0.1_f32) * 1e7 / columns as f64;
            assert!(sum.iter().all(|&sum| (f64::from(sum) / exact - 1.0).abs() < 2e-6), "{sum:?} of {exact}");
        }
    }

    #[test]
    fn half_a_row_is_refused() {
        for (rows, columns) in [(3, 2), (1, 2), (2, 0)] {
            let sum = || sum_rows(&vec![1.0_f32; rows], Accumulate::Add, &mut vec![0.0; columns]);
            assert!(std::panic::catch_unwind(sum).is_err(), "{rows} numbers in rows of {columns}");
        }
    }

    #[test]
    fn one_number_that_is_not_finite_is_found_wherever_it_stands() {
        for_each_level!(level => {
            for len in 1..100 {
                let mut numbers = vec![f32::MAX; len];
                assert!(level.run(AllWithin { numbers: &numbers, limit: f32::MAX }) && all_finite(&numbers));
                for at in 0..len {
                    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                        numbers[at] = bad;
                        assert!(!level.run(AllWithin { numbers: &numbers, limit: f32::MAX }), "{bad} at {at} of {len}");
                        assert!(!all_finite(&numbers), "{bad} at {at} of {len}");
                        numbers[at] = -f32::MIN_POSITIVE;
                    }
                }
            }
            assert!(level.run(AllWithin::<f64> { numbers: &[], limit: 1.0 }));
            assert!(level.run(AllWithin { numbers: &[2.0, -2.0], limit: 2.0 }));
            assert!(!level.run(AllWithin { numbers: &[1.0, -2.1], limit: 2.0 }));
        });
    }
}

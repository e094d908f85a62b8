//! Rows of scores: their exponentials, sums and maxima.

use super::elementary::{exp, exp_below_0};
use super::simd::{Kernel, Level, Portable, dispatch};
use super::{Elementwise, Real, elementwise};

/// How many sums, or maxima, are computed side by side: a single sum would wait for each step to end.
const TOGETHER: usize = 8;

/// Computes exp(x - m) for each x of a row whose largest number is m, in rows of `columns`. None overflows, and the
/// largest is 1.
///
/// The exponentials of all rows are computed together, because a row of ten numbers does not fill its vectors.
pub fn exp_below_largest<T: Real>(scores: &[T], columns: usize, exponentials: &mut [T]) {
    dispatch(ExpBelowLargest { scores, columns, exponentials });
}

struct ExpBelowLargest<'a, T> {
    scores: &'a [T],
    columns: usize,
    exponentials: &'a mut [T],
}

impl<T: Real> Kernel for ExpBelowLargest<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { scores, columns, exponentials } = self;
        for (e, x) in exponentials.chunks_exact_mut(columns).zip(scores.chunks_exact(columns)) {
            let largest = maximum(x);
            for (e, &x) in e.iter_mut().zip(x) {
                *e = x - largest;
            }
        }
        for e in exponentials {
            *e = exp_below_0::<L, T>(*e);
        }
    }
}

/// Computes y = exp(x) for every number.
pub fn exp_each<T: Real>(x: &[T], y: &mut [T]) {
    elementwise(&Exp, [x], [y]);
}

struct Exp;

impl<T: Real> Elementwise<T, 1, 1> for Exp {
    #[inline(always)]
    fn apply(&self, read: [T; 1], write: [T; 1]) -> [T; 1] {
        self.apply_at::<Portable>(read, write)
    }

    #[inline(always)]
    fn apply_at<L: Level>(&self, [x]: [T; 1], _: [T; 1]) -> [T; 1] {
        [exp::<L, T>(x)]
    }
}

/// Returns m and ln Σ exp(xᵢ - m), with m the largest of `xs`: their sum is ln Σ exp(xᵢ). They are separate, because in
/// their sum a large m would cancel the digits of the logarithm.
pub fn log_sum_exp<T: Real>(xs: &[T]) -> (T, T) {
    let largest = maximum(xs);
    (largest, dispatch(SumExp { xs, largest }).ln())
}

struct SumExp<'a, T> {
    xs: &'a [T],
    largest: T,
}

impl<T: Real> Kernel for SumExp<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run<L: Level>(self, _: L) -> T {
        let (mut total, mut exponentials) = (T::zero(), [T::zero(); 64]);
        for xs in self.xs.chunks(exponentials.len()) {
            for (e, &x) in exponentials.iter_mut().zip(xs) {
                *e = exp_below_0::<L, T>(x - self.largest);
            }
            total += sum(&exponentials[..xs.len()]);
        }
        total
    }
}

/// Returns the largest of `xs`. A NaN may be skipped.
///
/// # Panics
/// When `xs` is empty.
#[inline(always)]
pub fn maximum<T: Real>(xs: &[T]) -> T {
    let (chunks, rest) = xs.as_chunks::<TOGETHER>();
    let mut largest = [xs[0]; TOGETHER];
    for chunk in chunks {
        for at in 0..TOGETHER {
            largest[at] = larger(chunk[at], largest[at]);
        }
    }
    let mut most = xs[0];
    if !chunks.is_empty() {
        for one in largest {
            most = larger(one, most);
        }
    }
    for &x in rest {
        most = larger(x, most);
    }
    most
}

#[inline(always)]
fn larger<T: Real>(x: T, than: T) -> T {
    if x > than { x } else { than }
}

/// Returns the sum of `xs`.
#[inline(always)]
pub fn sum<T: Real>(xs: &[T]) -> T {
    let (chunks, rest) = xs.as_chunks::<TOGETHER>();
    let mut sums = [T::zero(); TOGETHER];
    for chunk in chunks {
        for at in 0..TOGETHER {
            sums[at] += chunk[at];
        }
    }
    let mut total = T::zero();
    if !chunks.is_empty() {
        for one in sums {
            total += one;
        }
    }
    for &x in rest {
        total += x;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::for_each_level;
    use alloc::vec;
    use alloc::vec::Vec;

    /// Each exponential against the platform's, in `f64`: its difference from the largest is exact, and 1 ulp is the
    /// bound of exp.
    #[test]
    fn rows_of_every_width_have_their_exponentials_and_their_sums() {
        for_each_level!(level => {
            for columns in 1..40 {
                let scores: Vec<f32> = (0..3 * columns).map(|at| (at * 37 % 101) as f32 / 4.0 - 12.0).collect();
                let mut exponentials = vec![7.0; scores.len()];
                level.run(ExpBelowLargest { scores: &scores, columns, exponentials: &mut exponentials });
                for (x, e) in scores.chunks(columns).zip(exponentials.chunks(columns)) {
                    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    assert_eq!(maximum(x), largest);
                    let mut total = 0.0;
                    for (&x, &e) in x.iter().zip(e) {
                        let expected = f64::from(x - largest).exp();
                        assert!((f64::from(e) - expected).abs() <= f64::from(f32::EPSILON) * expected);
                        total += expected;
                    }
                    // A rounding of each of at most 40 terms and sums, of positive numbers.
                    let got = level.run(SumExp { xs: x, largest });
                    assert!((f64::from(got) - total).abs() <= 40.0 * f64::from(f32::EPSILON) * total);
                    assert!((f64::from(sum(e)) - total).abs() <= 40.0 * f64::from(f32::EPSILON) * total);
                }
            }
        });
    }
}

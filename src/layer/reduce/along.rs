//! The arithmetic of reducing an axis.

use core::iter::StepBy;
use core::ops::Range;

use crate::kernel::Real;

/// An axis of a tensor in row-major order.
#[derive(Clone, Copy, Debug)]
pub struct Along {
    /// The product of the dimensions before the axis.
    pub(crate) before: usize,
    /// The length of the axis.
    pub(crate) len: usize,
    /// The product of the dimensions after the axis.
    pub(crate) after: usize,
    /// The remaining dimensions form a matrix with this many rows, which is returned transposed. 1 if the order does
    /// not change.
    pub(crate) rows: usize,
}

/// A reduction of the numbers along an axis to one number.
pub(crate) trait Reduction {
    /// Its operator in ONNX.
    const OPERATOR: &str;
    /// The result for zero numbers.
    const START: f64;
    /// Whether the result is one of the numbers. That number gets the whole gradient.
    const SELECTS: bool;
    /// Whether the result is divided by the count of the numbers.
    const IS_MEAN: bool = false;

    /// Returns the result after one more number.
    fn add(result: f64, x: f64) -> f64;
}

/// The sum.
pub(crate) struct Total;

/// The mean.
pub(crate) struct Mean;

/// The maximum.
pub(crate) struct Largest;

/// The minimum.
pub(crate) struct Smallest;

impl Reduction for Total {
    const OPERATOR: &str = "ReduceSum";
    const START: f64 = 0.0;
    const SELECTS: bool = false;

    #[inline(always)]
    fn add(result: f64, x: f64) -> f64 {
        result + x
    }
}

impl Reduction for Mean {
    const OPERATOR: &str = "ReduceMean";
    const START: f64 = 0.0;
    const SELECTS: bool = false;
    const IS_MEAN: bool = true;

    #[inline(always)]
    fn add(result: f64, x: f64) -> f64 {
        result + x
    }
}

impl Reduction for Largest {
    const OPERATOR: &str = "ReduceMax";
    const START: f64 = f64::NEG_INFINITY;
    const SELECTS: bool = true;

    #[inline(always)]
    fn add(result: f64, x: f64) -> f64 {
        if x > result || x.is_nan() { x } else { result }
    }
}

impl Reduction for Smallest {
    const OPERATOR: &str = "ReduceMin";
    const START: f64 = f64::INFINITY;
    const SELECTS: bool = true;

    #[inline(always)]
    fn add(result: f64, x: f64) -> f64 {
        if x < result || x.is_nan() { x } else { result }
    }
}

/// How many neighboring results are computed at once.
const LANES: usize = 16;

impl Along {
    /// Computes `y`, a number for each place of the other axes. Every intermediate result is an `f64`.
    pub(crate) fn reduce<T: Real, R: Reduction>(self, x: &[T], y: &mut [T]) {
        self.each_block(x.len(), |x_start, y_start, lanes| {
            let mut results = [R::START; LANES];
            for k in 0..self.len {
                let numbers = &x[x_start + k * self.after..][..lanes];
                results.iter_mut().zip(numbers).for_each(|(result, x)| *result = R::add(*result, x.to_f64()));
            }
            for (at, result) in results[..lanes].iter().enumerate() {
                let result = if R::IS_MEAN { result / self.len as f64 } else { *result };
                y[self.place(y_start + at)] = T::from_f64(result);
            }
        });
    }

    /// Computes the gradient `dx`.
    pub(crate) fn gradient<T: Real, R: Reduction>(self, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
        let share = if R::IS_MEAN { T::from_f64(self.len as f64) } else { T::one() };
        self.each_block(x.len(), |x_start, y_start, lanes| {
            let mut found = [false; LANES];
            for k in 0..self.len {
                let start = x_start + k * self.after;
                for lane in 0..lanes {
                    let (at, place) = (start + lane, self.place(y_start + lane));
                    let wins = !found[lane] && (x[at] == y[place] || x[at].is_nan());
                    found[lane] |= wins;
                    dx[at] = if !R::SELECTS {
                        dy[place] / share
                    } else if wins {
                        dy[place]
                    } else {
                        T::zero()
                    };
                }
            }
        });
    }

    /// Calls `f` for each result of one sample, with the indices of its numbers, and its place.
    pub(crate) fn each(self, mut f: impl FnMut(StepBy<Range<usize>>, usize)) {
        let (len, after) = (self.len * self.after, self.after.max(1));
        for place in 0..self.before * self.after {
            let first = place / after * len + place % after;
            let end = place / after * len + len;
            f((first..end).step_by(after), self.place(place));
        }
    }

    /// Calls `f` for each block of neighboring results, with the index of the first number, the place of the first
    /// result, and the length of the block.
    #[inline(always)]
    fn each_block(self, numbers: usize, mut f: impl FnMut(usize, usize, usize)) {
        let len = (self.len * self.after).max(1);
        for outer in 0..numbers / len {
            for first in (0..self.after).step_by(LANES) {
                f(outer * len + first, outer * self.after + first, LANES.min(self.after - first));
            }
        }
    }

    /// Returns the index of the result of this place. Both are counted over the whole batch.
    #[inline(always)]
    fn place(self, place: usize) -> usize {
        if self.rows == 1 {
            return place;
        }
        let rest = (self.before * self.after).max(1);
        let (sample, at, columns) = (place / rest, place % rest, (rest / self.rows).max(1));
        sample * rest + at % columns * self.rows + at / columns
    }
}

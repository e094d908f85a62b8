//! Pooling with windows of any kind: rectangular, dilated, adaptive, with an edge that they leave. The loops go from
//! window to window; those of [`Pooling`](super::Pooling) are faster.

#[cfg(test)]
mod tests;

use super::is_nan;
use crate::{Real, size};

/// The windows of a pooling along one axis of its plane.
#[derive(Clone, Copy, Debug)]
pub struct PoolingAxis {
    /// The side of the plane.
    pub side: usize,
    /// How many windows there are.
    pub places: usize,
    /// Where they are.
    pub windows: PoolingWindows,
}

/// Where the windows of a [`PoolingAxis`] are.
#[derive(Clone, Copy, Debug)]
pub enum PoolingWindows {
    /// Windows of one size, one after the other. They may leave the padded plane at its end.
    Sliding {
        /// The numbers of a window.
        window: usize,
        /// The distance between windows.
        stride: usize,
        /// The distance between the numbers of a window.
        dilation: usize,
        /// The padding before and after the plane.
        padding: [usize; 2],
    },
    /// Windows that divide the plane into parts of nearly the same size: window i is from ⌊i side / places⌋ up to and
    /// without ⌈(i + 1) side / places⌉.
    Adaptive,
}

/// The numbers of a window on the plane, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taps {
    /// The index of the first.
    first: usize,
    /// How many there are.
    count: usize,
    /// The distance between them.
    step: usize,
    /// How many there are on the padded plane.
    padded: usize,
}

impl PoolingAxis {
    #[inline(always)]
    fn taps(&self, place: usize) -> Taps {
        match self.windows {
            PoolingWindows::Sliding { window, stride, dilation, padding: [before, after] } => {
                let start = place * stride; // on the padded plane
                let below = |end: usize| end.saturating_sub(start).div_ceil(dilation).min(window);
                let skipped = below(before);
                Taps {
                    first: (start + skipped * dilation).saturating_sub(before),
                    count: below(before + self.side) - skipped,
                    step: dilation,
                    padded: below(before + self.side + after),
                }
            }
            PoolingWindows::Adaptive => {
                let first = place * self.side / self.places;
                let count = ((place + 1) * self.side).div_ceil(self.places) - first;
                Taps { first, count, step: 1, padded: count }
            }
        }
    }

    /// Panics where the arithmetic of [`taps`](Self::taps) would overflow, or a size is 0.
    fn check(&self) {
        assert!(self.side > 0 && self.places > 0, "a pooling has at least one place");
        match self.windows {
            PoolingWindows::Sliding { window, stride, dilation, padding: [before, after] } => {
                assert!(
                    window > 0 && stride > 0 && dilation > 0,
                    "windows, strides and dilations count from 1"
                );
                size::sum([
                    size::product([self.places, stride]),
                    size::product([window, dilation]),
                    size::sum([before, self.side, after]),
                ]);
            }
            PoolingWindows::Adaptive => {
                size::product([size::sum([self.places, 1]), self.side]);
            }
        }
    }
}

/// A pooling of planes, with windows of any kind along its rows (0) and its columns (1).
#[derive(Clone, Copy, Debug)]
pub struct GeneralPooling {
    /// The windows along each axis.
    pub axes: [PoolingAxis; 2],
}

/// One window.
pub(crate) struct Place {
    rows: Taps,
    columns: Taps,
    width: usize,
}

impl Place {
    /// The indices of its numbers in the plane, in memory order.
    #[inline(always)]
    pub(crate) fn numbers(&self) -> impl Iterator<Item = usize> {
        let (rows, columns, width) = (self.rows, self.columns, self.width);
        (0..rows.count).flat_map(move |r| {
            let start = (rows.first + r * rows.step) * width + columns.first;
            (0..columns.count).map(move |c| start + c * columns.step)
        })
    }

    /// How many numbers it has, with or without those of the padding.
    #[inline(always)]
    pub(crate) fn len(&self, padding: bool) -> usize {
        match padding {
            true => self.rows.padded * self.columns.padded,
            false => self.rows.count * self.columns.count,
        }
    }

    /// By which number a mean divides.
    #[inline(always)]
    fn count<T: Real>(&self, padding: bool) -> T {
        T::from_f64(self.len(padding).max(1) as f64)
    }
}

impl GeneralPooling {
    /// Calls `f` for each window: with its plane, its place in the outputs, and its numbers.
    #[inline(always)]
    pub(crate) fn each(&self, inputs: usize, outputs: usize, mut f: impl FnMut(usize, usize, Place)) {
        let [rows, columns] = self.axes;
        self.axes.iter().for_each(PoolingAxis::check);
        let plane = size::product([rows.side, columns.side]);
        let places = size::product([rows.places, columns.places]);
        assert!(
            inputs.is_multiple_of(plane) && outputs == size::product([inputs / plane, places]),
            "as many inputs as outputs"
        );
        let width = columns.side;
        for at in 0..inputs / plane {
            for row in 0..rows.places {
                let taps = rows.taps(row);
                for column in 0..columns.places {
                    let place = Place { rows: taps, columns: columns.taps(column), width };
                    f(at * plane, at * places + row * columns.places + column, place);
                }
            }
        }
    }

    /// Computes `y`, the largest number of each window. NaN is larger than any number. The largest of a window without
    /// numbers is -∞.
    ///
    /// # Panics
    /// When the slices are not the same number of planes, or a size is 0.
    pub fn max<T: Real>(&self, x: &[T], y: &mut [T]) {
        self.each(x.len(), y.len(), |plane, to, place| {
            let mut largest = T::from_f64(f64::NEG_INFINITY);
            place.numbers().for_each(|at| {
                let x = x[plane + at];
                largest = if x > largest || is_nan(x) { x } else { largest };
            });
            y[to] = largest;
        });
    }

    /// Computes `dx`: for each number the sum of the `dy` of all windows in which it is the first that equals the
    /// largest.
    ///
    /// # Panics
    /// When the slices are not the same number of planes, or a size is 0.
    pub fn max_gradient<T: Real>(&self, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
        assert!(x.len() == dx.len() && y.len() == dy.len(), "a gradient for each number");
        dx.fill(T::zero());
        self.each(x.len(), y.len(), |plane, to, place| {
            if let Some(at) = place.numbers().find(|at| x[plane + at] == y[to] || is_nan(x[plane + at])) {
                dx[plane + at] += dy[to];
            }
        });
    }

    /// Computes `y`, the mean of each window. Padding counts as zeros, or does not count. A place beyond the padding
    /// never counts.
    ///
    /// # Panics
    /// When the slices are not the same number of planes, or a size is 0.
    pub fn mean<T: Real>(&self, padding: bool, x: &[T], y: &mut [T]) {
        self.each(x.len(), y.len(), |plane, to, place| {
            y[to] = place.numbers().map(|at| x[plane + at]).sum::<T>() / place.count(padding);
        });
    }

    /// Computes `dx`: for each number the sum of the `dy` of all windows that cover it, each divided by the count of
    /// its window.
    ///
    /// # Panics
    /// When the slices are not the same number of planes, or a size is 0.
    pub fn mean_gradient<T: Real>(&self, padding: bool, dy: &[T], dx: &mut [T]) {
        dx.fill(T::zero());
        self.each(dx.len(), dy.len(), |plane, to, place| {
            let share = dy[to] / place.count(padding);
            place.numbers().for_each(|at| dx[plane + at] += share);
        });
    }

    /// Computes `y`, the `power`-norm of each window: (Σ |x|ᵖ)^(1/p). No power overflows.
    ///
    /// # Panics
    /// When the slices are not the same number of planes, or a size is 0.
    pub fn norm<T: Real>(&self, power: i32, x: &[T], y: &mut [T]) {
        self.each(x.len(), y.len(), |plane, to, place| {
            let numbers = || place.numbers().map(|at| x[plane + at].to_f64().abs());
            let largest =
                numbers().fold(0.0, |largest, x| if x > largest || x.is_nan() { x } else { largest });
            // A NaN and an infinity are the norm of their window.
            y[to] = T::from_f64(if largest > 0.0 && largest < f64::INFINITY {
                let sum: f64 = numbers().map(|x| Real::powi(x / largest, power)).sum();
                largest * Real::powf(sum, 1.0 / f64::from(power))
            } else {
                largest
            });
        });
    }

    /// Computes `dx`: the sum of sign(x) (|x| / y)^(p-1) dy over the windows that cover a number, without those whose
    /// norm is 0.
    ///
    /// # Panics
    /// When the slices are not the same number of planes, or a size is 0.
    pub fn norm_gradient<T: Real>(&self, power: i32, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
        assert!(x.len() == dx.len() && y.len() == dy.len(), "a gradient for each number");
        dx.fill(T::zero());
        self.each(x.len(), y.len(), |plane, to, place| {
            if y[to] == T::zero() {
                return;
            }
            place.numbers().for_each(|at| {
                let x = x[plane + at];
                // The derivative of |x| at 0 is taken to be 0.
                let share =
                    if x == T::zero() { T::zero() } else { (x.abs() / y[to]).powi(power - 1).copysign(x) };
                dx[plane + at] += dy[to] * share;
            });
        });
    }
}

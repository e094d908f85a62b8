//! Pooling: the largest number, or the mean, of every window of a plane.
//!
//! A sample is one plane of numbers (a sequence: a row for each step) or several (an image: one for each channel), and
//! a batch has the planes of all samples. Everything is inlined into the layer, which knows all sizes at compile time,
//! so that the compiler can unroll the windows. The inner loops run along a row of places, for one number of their
//! windows after the other. The most common max poolings have separate loops, which are compiled for each set of
//! vector instructions: those of 2 x 2 windows (`max_pool_2x2`) and those of whole rows (`max_pool_rows`). Windows of
//! other kinds (dilated, adaptive) are in `general`.

mod general;
mod max_pool_2x2;
mod max_pool_rows;
#[cfg(test)]
mod tests;

use core::ops::Range;

use super::{Real, size};
use crate::simd::{Lanes, dispatch};
pub use general::{GeneralPooling, PoolingAxis, PoolingWindows};
use max_pool_2x2::{MaxPool2x2, MaxPool2x2Gradient};
use max_pool_rows::{MaxPoolRows, MaxPoolRowsGradient};

/// A scalar with its most common max poolings: compiled in this crate once, not in every crate that has a network.
///
/// Only this crate can call its functions: other crates cannot create the arguments.
#[doc(hidden)]
pub trait MaxPool: Lanes {
    #[doc(hidden)]
    fn max_pool_2x2(call: MaxPool2x2<'_, Self>);
    #[doc(hidden)]
    fn max_pool_2x2_gradient(call: MaxPool2x2Gradient<'_, Self>);
    #[doc(hidden)]
    fn max_pool_rows(call: MaxPoolRows<'_, Self>);
    #[doc(hidden)]
    fn max_pool_rows_gradient(call: MaxPoolRowsGradient<'_, Self>);
}

macro_rules! max_pool {
    ($scalar:ident) => {
        impl MaxPool for $scalar {
            fn max_pool_2x2(call: MaxPool2x2<'_, Self>) {
                dispatch(call);
            }

            fn max_pool_2x2_gradient(call: MaxPool2x2Gradient<'_, Self>) {
                dispatch(call);
            }

            fn max_pool_rows(call: MaxPoolRows<'_, Self>) {
                dispatch(call);
            }

            fn max_pool_rows_gradient(call: MaxPoolRowsGradient<'_, Self>) {
                dispatch(call);
            }
        }
    };
}
max_pool!(f32);
max_pool!(f64);

/// The geometry of windows on a plane: along its rows (0) and its columns (1).
#[derive(Clone, Copy, Debug)]
pub struct Pooling {
    /// The sides of the plane.
    pub plane: [usize; 2],
    /// How many windows there are.
    pub places: [usize; 2],
    /// The sides of a window.
    pub window: [usize; 2],
    /// The distances between windows.
    pub stride: [usize; 2],
    /// At most half of the window, so that every window has at least one number of the plane.
    pub padding: [usize; 2],
}

/// How many places of a row are searched for their largest number at once.
pub(crate) const CHUNK: usize = 32;

impl Pooling {
    /// Returns what the window at this place covers, without the padding.
    #[inline(always)]
    pub(crate) fn covered(&self, axis: usize, place: usize) -> Range<usize> {
        let (start, padding) = (place * self.stride[axis], self.padding[axis]);
        start.saturating_sub(padding)..(start + self.window[axis] - padding).min(self.plane[axis])
    }

    /// Returns those places of a row of windows whose column `tap` is on the plane.
    #[inline(always)]
    fn on_plane(&self, tap: usize, places: &Range<usize>) -> Range<usize> {
        let first = self.padding[1].saturating_sub(tap).div_ceil(self.stride[1]);
        let past = (self.plane[1] + self.padding[1]).saturating_sub(tap).div_ceil(self.stride[1]);
        first.max(places.start)..past.min(places.end)
    }

    /// Calls `f` for each number of the windows at these places of a row, in memory order: with its index in the plane
    /// for the first of the places where it is on the plane, and with these places. From one place to the next it moves
    /// by a stride.
    #[inline(always)]
    pub(crate) fn taps(&self, row: usize, places: Range<usize>, mut f: impl FnMut(usize, Range<usize>)) {
        for y in self.covered(0, row) {
            for tap in 0..self.window[1] {
                let places = self.on_plane(tap, &places);
                if !places.is_empty() {
                    f(y * self.plane[1] + places.start * self.stride[1] + tap - self.padding[1], places);
                }
            }
        }
    }

    /// Computes `y`, the largest number of each window. NaN is larger than any number.
    ///
    /// # Panics
    /// When a window leaves the plane, or the slices are not the same number of planes.
    #[inline(always)]
    pub fn max<T: Real>(&self, x: &[T], y: &mut [T]) {
        self.check(x.len(), y.len());
        if self.is_2x2() {
            return T::max_pool_2x2(MaxPool2x2 { plane: self.plane, x, y });
        }
        if self.is_of_rows() {
            return T::max_pool_rows(MaxPoolRows { plane: self.plane, window: self.window[0], x, y });
        }
        for (x, y) in x.chunks_exact(self.plane_len()).zip(y.chunks_exact_mut(self.places_len())) {
            for (row, y) in y.chunks_exact_mut(self.places[1]).enumerate() {
                y.fill(T::from_f64(f64::NEG_INFINITY));
                self.taps(row, 0..self.places[1], |start, places| {
                    for (y, x) in y[places].iter_mut().zip(x[start..].chunks(self.stride[1])) {
                        *y = if x[0] > *y || is_nan(x[0]) { x[0] } else { *y };
                    }
                });
            }
        }
    }

    /// Computes `dx`: for each number the sum of the `dy` of all windows in which it is the first that equals the
    /// largest.
    ///
    /// # Panics
    /// When a window leaves the plane, or the slices are not the same number of planes.
    #[inline(always)]
    pub fn max_gradient<T: Real>(&self, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
        self.check(x.len(), y.len());
        assert!(x.len() == dx.len() && y.len() == dy.len(), "a gradient for each number");
        if self.is_2x2() {
            return T::max_pool_2x2_gradient(MaxPool2x2Gradient { plane: self.plane, x, y, dy, dx });
        }
        if self.is_of_rows() {
            let window = self.window[0];
            return T::max_pool_rows_gradient(MaxPoolRowsGradient {
                plane: self.plane,
                window,
                x,
                y,
                dy,
                dx,
            });
        }
        dx.fill(T::zero());
        let inputs = x.chunks_exact(self.plane_len()).zip(dx.chunks_exact_mut(self.plane_len()));
        let outputs = y.chunks_exact(self.places_len()).zip(dy.chunks_exact(self.places_len()));
        for ((x, dx), (y, dy)) in inputs.zip(outputs) {
            let rows = y.chunks_exact(self.places[1]).zip(dy.chunks_exact(self.places[1]));
            for (row, (y, dy)) in rows.enumerate() {
                for (chunk, dy) in dy.chunks(CHUNK).enumerate() {
                    let winners = self.argmax(row, chunk * CHUNK, x, y);
                    for (&winner, &dy) in winners.iter().zip(dy) {
                        // If the output does not belong to this input, no number equals the largest, and the gradient
                        // is dropped.
                        if let Some(dx) = dx.get_mut(winner) {
                            *dx += dy;
                        }
                    }
                }
            }
        }
    }

    /// For a chunk of a row of windows: the index in the plane of the first number that equals the largest of its
    /// window.
    #[inline(always)]
    fn argmax<T: Real>(&self, row: usize, start: usize, x: &[T], y: &[T]) -> [usize; CHUNK] {
        const NONE: usize = usize::MAX;
        let mut winners = [NONE; CHUNK];
        self.taps(row, start..self.places[1].min(start + CHUNK), |at, places| {
            let winners = &mut winners[places.start - start..places.end - start];
            let numbers = x[at..].chunks(self.stride[1]);
            for (place, ((winner, &y), x)) in winners.iter_mut().zip(&y[places]).zip(numbers).enumerate() {
                let wins = (x[0] == y || is_nan(x[0])) && *winner == NONE;
                *winner = if wins { at + place * self.stride[1] } else { *winner };
            }
        });
        winners
    }

    /// Computes `y`, the mean of each window, in which padding counts as 0.
    ///
    /// # Panics
    /// When a window leaves the plane, or the slices are not the same number of planes.
    #[inline(always)]
    pub fn mean<T: Real>(&self, x: &[T], y: &mut [T]) {
        self.check(x.len(), y.len());
        let count = self.count::<T>();
        for (x, y) in x.chunks_exact(self.plane_len()).zip(y.chunks_exact_mut(self.places_len())) {
            for (row, y) in y.chunks_exact_mut(self.places[1]).enumerate() {
                y.fill(T::zero());
                self.taps(row, 0..self.places[1], |start, places| {
                    let numbers = x[start..].chunks(self.stride[1]);
                    y[places].iter_mut().zip(numbers).for_each(|(y, x)| *y += x[0]);
                });
                y.iter_mut().for_each(|y| *y /= count);
            }
        }
    }

    /// Computes `dx`: for each number the sum of the `dy` of all windows that cover it, divided by the numbers of a
    /// window.
    ///
    /// # Panics
    /// When a window leaves the plane, or the slices are not the same number of planes.
    #[inline(always)]
    pub fn mean_gradient<T: Real>(&self, dy: &[T], dx: &mut [T]) {
        self.check(dx.len(), dy.len());
        let count = self.count::<T>();
        dx.fill(T::zero());
        for (dx, dy) in dx.chunks_exact_mut(self.plane_len()).zip(dy.chunks_exact(self.places_len())) {
            for (row, dy) in dy.chunks_exact(self.places[1]).enumerate() {
                self.taps(row, 0..self.places[1], |start, places| {
                    let numbers = dx[start..].chunks_mut(self.stride[1]);
                    numbers.zip(&dy[places]).for_each(|(dx, &dy)| dx[0] += dy / count);
                });
            }
        }
    }

    /// Checks the geometry, and that there are as many planes of inputs as of outputs.
    ///
    /// It is not inlined, and takes a copy: otherwise the compiler leaves the geometry in memory, and does not
    /// vectorize the loops.
    #[inline(never)]
    pub(crate) fn check(self, inputs: usize, outputs: usize) {
        for axis in 0..2 {
            let (window, padding) = (self.window[axis], self.padding[axis]);
            assert!(
                window > 0 && self.stride[axis] > 0 && padding <= window / 2,
                "the window and the stride of a pooling are at least 1, its padding at most half of the window"
            );
            let last = size::product([self.places[axis].saturating_sub(1), self.stride[axis]]);
            let padded = size::sum([self.plane[axis], padding, padding]);
            assert!(size::sum([last, window]) <= padded, "a window leaves the padded plane");
        }
        let (plane, places) = (size::product(self.plane), size::product(self.places));
        assert!(plane > 0 && places > 0, "a pooling has at least one place");
        assert!(
            inputs.is_multiple_of(plane) && outputs == size::product([inputs / plane, places]),
            "as many inputs as outputs"
        );
    }

    // `check` has shown that neither product overflows.
    pub(crate) const fn plane_len(&self) -> usize {
        self.plane[0] * self.plane[1]
    }

    pub(crate) const fn places_len(&self) -> usize {
        self.places[0] * self.places[1]
    }

    /// Returns how many numbers a window has, padding included.
    fn count<T: Real>(&self) -> T {
        T::from_f64((self.window[0] * self.window[1]) as f64)
    }
}

/// NaN is the only number that differs from itself.
#[inline(always)]
#[allow(clippy::eq_op)]
fn is_nan<T: Real>(x: T) -> bool {
    x != x
}

//! Pools of int8. The scale of the output is that of the input.

use crate::pool::{GeneralPooling, Pooling};

impl Pooling {
    /// Computes `y`, the largest number of each window.
    ///
    /// # Panics
    /// When a window leaves the plane, or the slices are not the same number of planes.
    #[inline]
    pub fn max_int8(&self, x: &[i8], y: &mut [i8]) {
        self.each_int8(x, y, i8::MIN, |largest, x| largest.max(x), |largest, _| largest);
    }

    /// Computes `y`, the mean of each window, rounded half away from zero, where padding counts as zeros: as `zero`.
    ///
    /// # Panics
    /// When a window leaves the plane, or the slices are not the same number of planes.
    #[inline]
    pub fn mean_int8(&self, zero: i8, x: &[i8], y: &mut [i8]) {
        let count = (self.window[0] * self.window[1]) as i32;
        self.each_int8(
            x,
            y,
            0_i32,
            |sum, x| sum + i32::from(x),
            |sum, covered| rounded_mean(sum + (count - covered as i32) * i32::from(zero), count),
        );
    }

    /// Computes the result of each window: from a start, by a step for each number, and by an end that gets the count
    /// of the numbers.
    #[inline(always)]
    fn each_int8<S: Copy>(
        &self,
        x: &[i8],
        y: &mut [i8],
        start: S,
        step: impl Fn(S, i8) -> S,
        end: impl Fn(S, usize) -> i8,
    ) {
        self.check(x.len(), y.len());
        for (x, y) in x.chunks_exact(self.plane_len()).zip(y.chunks_exact_mut(self.places_len())) {
            for (row, y) in y.chunks_exact_mut(self.places[1]).enumerate() {
                let rows = self.covered(0, row);
                for (column, y) in y.iter_mut().enumerate() {
                    let columns = self.covered(1, column);
                    let mut state = start;
                    for row in rows.clone() {
                        for &x in &x[row * self.plane[1]..][columns.clone()] {
                            state = step(state, x);
                        }
                    }
                    *y = end(state, rows.len() * columns.len());
                }
            }
        }
    }
}

impl GeneralPooling {
    /// Computes `y`, the largest number of each window.
    ///
    /// # Panics
    /// When the slices are not the same number of planes, or a size is 0.
    #[inline]
    pub fn max_int8(&self, x: &[i8], y: &mut [i8]) {
        self.each(x.len(), y.len(), |plane, to, place| {
            let mut largest = i8::MIN;
            place.numbers().for_each(|at| largest = largest.max(x[plane + at]));
            y[to] = largest;
        });
    }

    /// Computes `y`, the mean of each window, rounded half away from zero. Padding counts as zeros, as `zero`, or does
    /// not count.
    ///
    /// # Panics
    /// When the slices are not the same number of planes, or a size is 0.
    #[inline]
    pub fn mean_int8(&self, padding: bool, zero: i8, x: &[i8], y: &mut [i8]) {
        self.each(x.len(), y.len(), |plane, to, place| {
            let mut sum = 0_i32;
            place.numbers().for_each(|at| sum += i32::from(x[plane + at]));
            let count = place.len(padding).max(1) as i32;
            let zeros = (count - place.len(false) as i32).max(0);
            y[to] = rounded_mean(sum + zeros * i32::from(zero), count);
        });
    }
}

/// Returns `sum / count`, rounded half away from zero.
#[inline(always)]
fn rounded_mean(sum: i32, count: i32) -> i8 {
    let half = if sum > 0 { count / 2 } else { -(count / 2) };
    ((sum + half) / count) as i8
}

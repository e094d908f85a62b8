//! Pools of int8. The scale of the output is that of the input.

use crate::pool::{CHUNK, GeneralPooling, Pooling};

impl Pooling {
    /// Computes `y`, the largest number of each window.
    ///
    /// # Panics
    /// When a window leaves the plane, or the slices are not the same number of planes.
    #[inline]
    pub fn max_int8(&self, x: &[i8], y: &mut [i8]) {
        self.check(x.len(), y.len());
        for (x, y) in x.chunks_exact(self.plane_len()).zip(y.chunks_exact_mut(self.places_len())) {
            for (row, y) in y.chunks_exact_mut(self.places[1]).enumerate() {
                y.fill(i8::MIN);
                self.taps(row, 0..self.places[1], |start, places| {
                    for (y, x) in y[places].iter_mut().zip(x[start..].chunks(self.stride[1])) {
                        *y = x[0].max(*y);
                    }
                });
            }
        }
    }

    /// Computes `y`, the mean of each window, rounded half away from zero, where padding counts as zeros: as `zero`.
    ///
    /// # Panics
    /// When a window leaves the plane, or the slices are not the same number of planes.
    #[inline]
    pub fn mean_int8(&self, zero: i8, x: &[i8], y: &mut [i8]) {
        self.check(x.len(), y.len());
        let count = (self.window[0] * self.window[1]) as i32;
        for (x, y) in x.chunks_exact(self.plane_len()).zip(y.chunks_exact_mut(self.places_len())) {
            for (row, y) in y.chunks_exact_mut(self.places[1]).enumerate() {
                for (chunk, y) in y.chunks_mut(CHUNK).enumerate() {
                    let (mut sums, first) = ([0_i32; CHUNK], chunk * CHUNK);
                    self.taps(row, first..first + y.len(), |start, places| {
                        let sums = &mut sums[places.start - first..places.end - first];
                        for (sum, x) in sums.iter_mut().zip(x[start..].chunks(self.stride[1])) {
                            *sum += i32::from(x[0]);
                        }
                    });
                    for (at, (y, sum)) in y.iter_mut().zip(sums).enumerate() {
                        let covered = self.covered(0, row).len() * self.covered(1, first + at).len();
                        *y = rounded_mean(sum + (count - covered as i32) * i32::from(zero), count);
                    }
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

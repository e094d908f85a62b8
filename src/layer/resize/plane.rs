//! The arithmetic of resizing planes: an image has one for each channel, a sequence is one with a row for each step.

use super::{Coordinates, coordinates::Tap};
use crate::kernel::Real;

/// The sides of a plane, and those that it gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    pub(super) from: [usize; 2],
    pub(super) to: [usize; 2],
}

impl Plane {
    /// Resizes the planes of `x`.
    #[inline]
    pub(super) fn resize<T: Real, C: Coordinates>(&self, x: &[T], y: &mut [T]) {
        let Self { from, to } = *self;
        let planes = x.chunks_exact((from[0] * from[1]).max(1));
        for (x, y) in planes.zip(y.chunks_exact_mut((to[0] * to[1]).max(1))) {
            for (row, y) in y.chunks_exact_mut(to[1]).enumerate() {
                let tap = C::tap(row, from[0], to[0]);
                let [high, low] = [tap.first, tap.second].map(|row| &x[row * from[1]..][..from[1]]);
                let [a, b] = weights::<T>(tap);
                if from[1] == to[1] {
                    y.iter_mut()
                        .zip(high.iter().zip(low))
                        .for_each(|(y, (&high, &low))| *y = a * high + b * low);
                    continue;
                }
                for (column, y) in y.iter_mut().enumerate() {
                    let tap = C::tap(column, from[1], to[1]);
                    let [c, d] = weights::<T>(tap);
                    *y = a * (c * high[tap.first] + d * high[tap.second])
                        + b * (c * low[tap.first] + d * low[tap.second]);
                }
            }
        }
    }

    /// Computes the gradient of the planes from that of the resized ones.
    #[inline]
    pub(super) fn gradient<T: Real, C: Coordinates>(&self, dy: &[T], dx: &mut [T]) {
        let Self { from, to } = *self;
        dx.fill(T::zero());
        let planes = dx.chunks_exact_mut((from[0] * from[1]).max(1));
        for (dx, dy) in planes.zip(dy.chunks_exact((to[0] * to[1]).max(1))) {
            for (row, dy) in dy.chunks_exact(to[1]).enumerate() {
                let tap = C::tap(row, from[0], to[0]);
                for (row, share) in [tap.first, tap.second].into_iter().zip(weights::<T>(tap)) {
                    let dx = &mut dx[row * from[1]..][..from[1]];
                    if from[1] == to[1] {
                        dx.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx += share * dy);
                        continue;
                    }
                    for (column, &dy) in dy.iter().enumerate() {
                        let tap = C::tap(column, from[1], to[1]);
                        let [c, d] = weights::<T>(tap);
                        dx[tap.first] += share * c * dy;
                        dx[tap.second] += share * d * dy;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn weights<T: Real>(tap: Tap) -> [T; 2] {
    [T::from_f64(1.0 - tap.weight), T::from_f64(tap.weight)]
}

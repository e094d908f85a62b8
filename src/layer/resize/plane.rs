//! The arithmetic of resizing planes. An image has one plane for each channel. A sequence is one plane, with a row for
//! each step.

use super::{Coordinates, coordinates::Tap};
use crate::kernel::Real;

/// The sides of a plane before and after resizing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane {
    pub(super) from: [usize; 2],
    pub(super) to: [usize; 2],
}

/// How many columns are resized at a time. Their places and weights are computed once for all rows.
const COLUMNS: usize = 32;

/// Two columns of the source, and their weights.
type Column<T> = ([usize; 2], [T; 2]);

impl Plane {
    /// Resizes the planes of `x`.
    #[inline]
    pub(super) fn resize<T: Real, C: Coordinates>(&self, x: &[T], y: &mut [T]) {
        let Self { from, to } = *self;
        self.each_columns::<T, C>(|start, columns| {
            let planes = x.chunks_exact((from[0] * from[1]).max(1));
            for (x, y) in planes.zip(y.chunks_exact_mut((to[0] * to[1]).max(1))) {
                for (row, y) in y.chunks_exact_mut(to[1]).enumerate() {
                    let tap = C::tap(row, from[0], to[0]);
                    let [high, low] = [tap.first, tap.second].map(|row| &x[row * from[1]..][..from[1]]);
                    let [a, b] = weights::<T>(tap);
                    if columns.is_empty() {
                        y.iter_mut()
                            .zip(high.iter().zip(low))
                            .for_each(|(y, (&high, &low))| *y = a * high + b * low);
                    }
                    for (y, &([first, second], [c, d])) in y[start..].iter_mut().zip(columns) {
                        *y =
                            a * (c * high[first] + d * high[second]) + b * (c * low[first] + d * low[second]);
                    }
                }
            }
        });
    }

    /// Computes the gradient of the planes from the gradient of the resized planes.
    #[inline]
    pub(super) fn gradient<T: Real, C: Coordinates>(&self, dy: &[T], dx: &mut [T]) {
        let Self { from, to } = *self;
        dx.fill(T::zero());
        self.each_columns::<T, C>(|start, columns| {
            let planes = dx.chunks_exact_mut((from[0] * from[1]).max(1));
            for (dx, dy) in planes.zip(dy.chunks_exact((to[0] * to[1]).max(1))) {
                for (row, dy) in dy.chunks_exact(to[1]).enumerate() {
                    let tap = C::tap(row, from[0], to[0]);
                    for (row, share) in [tap.first, tap.second].into_iter().zip(weights::<T>(tap)) {
                        let dx = &mut dx[row * from[1]..][..from[1]];
                        if columns.is_empty() {
                            dx.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx += share * dy);
                        }
                        for (&dy, &([first, second], [c, d])) in dy[start..].iter().zip(columns) {
                            dx[first] += share * c * dy;
                            dx[second] += share * d * dy;
                        }
                    }
                }
            }
        });
    }

    /// Calls `f` for a few columns at a time, with the index of the first of them. If the columns do not change, calls
    /// it once, without columns.
    #[inline(always)]
    fn each_columns<T: Real, C: Coordinates>(&self, mut f: impl FnMut(usize, &[Column<T>])) {
        let (from, to) = (self.from[1], self.to[1]);
        if from == to {
            return f(0, &[]);
        }
        for start in (0..to).step_by(COLUMNS) {
            let mut columns = [([0; 2], [T::zero(); 2]); COLUMNS];
            let columns = &mut columns[..COLUMNS.min(to - start)];
            for (at, column) in columns.iter_mut().enumerate() {
                let tap = C::tap(start + at, from, to);
                *column = ([tap.first, tap.second], weights(tap));
            }
            f(start, columns);
        }
    }
}

#[inline(always)]
fn weights<T: Real>(tap: Tap) -> [T; 2] {
    [T::from_f64(1.0 - tap.weight), T::from_f64(tap.weight)]
}

//! Max pooling of whole rows, in windows next to one another, and its gradient: that of a sequence, whose rows are the
//! features of a step.
//!
//! As in `max_pool_2x2`, no two windows share a number, and a row is processed in chunks of constant length.

use super::Pooling;
use super::max_pool_2x2::{chunk, give, larger};
use crate::Real;
use crate::simd::{Kernel, Level};

impl Pooling {
    /// Returns whether each window is a number of each of a few rows, and begins where the one before it ends.
    #[inline(always)]
    pub(super) const fn is_of_rows(&self) -> bool {
        let [[rows, columns], [row_stride, column_stride], [before, left]] =
            [self.window, self.stride, self.padding];
        let apart = rows == row_stride && columns == 1 && column_stride == 1 && before == 0 && left == 0;
        let [places, width] = self.places;
        apart && places == self.plane[0] / rows && width == self.plane[1]
    }
}

/// `y` = the largest number of each window of this many rows, in planes of these two sides. NaN is larger than any
/// number.
#[doc(hidden)]
#[derive(Debug)]
pub struct MaxPoolRows<'a, T> {
    pub(super) plane: [usize; 2],
    pub(super) window: usize,
    pub(super) x: &'a [T],
    pub(super) y: &'a mut [T],
}

/// `dx` = the `dy` of the window of which this is the first number that equals the largest.
#[doc(hidden)]
#[derive(Debug)]
pub struct MaxPoolRowsGradient<'a, T> {
    pub(super) plane: [usize; 2],
    pub(super) window: usize,
    pub(super) x: &'a [T],
    pub(super) y: &'a [T],
    pub(super) dy: &'a [T],
    pub(super) dx: &'a mut [T],
}

impl<T: Real> Kernel for MaxPoolRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { plane: [height, width], window, x, y } = self;
        for (x, y) in x.chunks_exact(height * width).zip(y.chunks_exact_mut(height / window * width)) {
            for (x, y) in x.chunks_exact(window * width).zip(y.chunks_exact_mut(width)) {
                let mut at = 0;
                while at < width {
                    at += match width {
                        16.. => chunk_max::<T, 16>(at.min(width - 16), x, y),
                        8.. => chunk_max::<T, 8>(at.min(width - 8), x, y),
                        4.. => chunk_max::<T, 4>(at.min(width - 4), x, y),
                        _ => chunk_max::<T, 1>(at, x, y),
                    };
                }
            }
        }
    }
}

/// Computes a chunk of a row of windows. Returns the length of the chunk.
#[inline(always)]
fn chunk_max<T: Real, const N: usize>(at: usize, x: &[T], y: &mut [T]) -> usize {
    let mut largest = [T::from_f64(f64::NEG_INFINITY); N];
    for x in x.chunks_exact(y.len()) {
        let x = chunk::<_, N>(x, at);
        for i in 0..N {
            largest[i] = larger(largest[i], x[i]);
        }
    }
    *y[at..].first_chunk_mut::<N>().expect("a chunk is within its row") = largest;
    N
}

impl<T: Real> Kernel for MaxPoolRowsGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { plane: [height, width], window, x, y, dy, dx } = self;
        let (places, rows) = (height / window, window * width);
        let inputs = x.chunks_exact(height * width).zip(dx.chunks_exact_mut(height * width));
        let outputs = y.chunks_exact(places * width).zip(dy.chunks_exact(places * width));
        for ((x, dx), (y, dy)) in inputs.zip(outputs) {
            // The last rows are in no window.
            dx[places * rows..].fill(T::zero());
            let inputs = x.chunks_exact(rows).zip(dx.chunks_exact_mut(rows));
            for ((x, dx), (y, dy)) in inputs.zip(y.chunks_exact(width).zip(dy.chunks_exact(width))) {
                let mut at = 0;
                while at < width {
                    at += match width {
                        16.. => chunk_gradient::<T, 16>(at.min(width - 16), x, y, dy, dx),
                        8.. => chunk_gradient::<T, 8>(at.min(width - 8), x, y, dy, dx),
                        4.. => chunk_gradient::<T, 4>(at.min(width - 4), x, y, dy, dx),
                        _ => chunk_gradient::<T, 1>(at, x, y, dy, dx),
                    };
                }
            }
        }
    }
}

/// Computes a chunk of a row of windows: which number of each gets its gradient. Returns the length of the chunk.
#[inline(always)]
fn chunk_gradient<T: Real, const N: usize>(at: usize, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) -> usize {
    let (width, y, mut rest) = (y.len(), chunk::<_, N>(y, at), *chunk::<_, N>(dy, at));
    for (x, dx) in x.chunks_exact(width).zip(dx.chunks_exact_mut(width)) {
        let given = give(chunk::<_, N>(x, at), y, &mut rest);
        *dx[at..].first_chunk_mut::<N>().expect("a chunk is within its row") = given;
    }
    N
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::is_nan;
    use crate::simd::for_each_level;
    use alloc::vec;
    use alloc::vec::Vec;

    /// Numbers with ties, both zeros, both infinities and NaN.
    const NUMBERS: [f64; 11] =
        [1.0, 0.0, -0.0, f64::NAN, -2.0, f64::INFINITY, 1.0, f64::NEG_INFINITY, -2.0, 3.0, -0.0];

    /// Against the definition, number by number.
    fn check<T: Real>(level: impl Level, plane: [usize; 2], window: usize) {
        let ([height, width], planes) = (plane, 2);
        let places = height / window;
        let x: Vec<T> =
            (0..planes * height * width).map(|at| T::from_f64(NUMBERS[at * at % 37 % 11])).collect();
        let dy: Vec<T> = (0..planes * places * width).map(|at| T::from_f64((at + 1) as f64)).collect();
        let (mut y, mut dx) = (vec![T::zero(); dy.len()], vec![T::zero(); x.len()]);
        for (at, y) in y.iter_mut().enumerate() {
            let (plane, place, column) = (at / width / places, at / width % places, at % width);
            let first = (plane * height + place * window) * width + column;
            let mut winner = first;
            for row in 0..window {
                let next = first + row * width;
                if x[next] > x[winner] || is_nan(x[next]) && !is_nan(x[winner]) {
                    winner = next;
                }
            }
            *y = x[winner];
            dx[winner] = dy[at];
        }
        let mut found = vec![T::from_f64(0.5); y.len()];
        level.run(MaxPoolRows { plane, window, x: &x, y: &mut found });
        let same = |(a, b): (&T, &T)| a == b || is_nan(*a) && is_nan(*b);
        assert!(found.iter().zip(&y).all(same), "the largest of {window} on {plane:?}");
        let mut found = vec![T::from_f64(0.5); x.len()];
        level.run(MaxPoolRowsGradient { plane, window, x: &x, y: &y, dy: &dy, dx: &mut found });
        assert_eq!(found, dx, "of {window} on {plane:?}");
    }

    #[test]
    fn the_largest_of_rows_and_its_gradient_are_the_definition_at_every_level() {
        for width in (1..=20).chain([31, 32, 33]) {
            for (height, window) in [(1, 1), (4, 2), (7, 3), (9, 4)] {
                for_each_level!(level => {
                    check::<f32>(level, [height, width], window);
                    check::<f64>(level, [height, width], window);
                });
            }
        }
    }
}

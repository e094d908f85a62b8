//! Max pooling with 2 x 2 windows and a stride of 2, the most common pooling, and its gradient.
//!
//! No two windows share a number, so one pass writes every gradient. A row is processed in chunks of constant length,
//! which the compiler vectorizes without a branch; the last chunk begins early enough to be whole, and writes some
//! numbers again.

use super::{Pooling, is_nan};
use crate::Real;
use crate::simd::{Kernel, Level};

impl Pooling {
    /// Returns whether the windows are 2 x 2 with a stride of 2.
    #[inline(always)]
    pub(super) const fn is_2x2(&self) -> bool {
        let [[a, b], [c, d], [e, f]] = [self.window, self.stride, self.padding];
        let ([height, width], [rows, columns]) = (self.plane, self.places);
        let all = rows == height / 2 && columns == width / 2;
        a == 2 && b == 2 && c == 2 && d == 2 && e == 0 && f == 0 && all
    }
}

/// `y` = the largest number of each window, in planes of these two sides. NaN is larger than any number.
#[doc(hidden)]
#[derive(Debug)]
pub struct MaxPool2x2<'a, T> {
    pub(super) plane: [usize; 2],
    pub(super) x: &'a [T],
    pub(super) y: &'a mut [T],
}

impl<T: Real> Kernel for MaxPool2x2<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { plane: [height, width], x, y } = self;
        let (rows, places) = (height / 2, width / 2);
        for (x, y) in x.chunks_exact(height * width).zip(y.chunks_exact_mut(rows * places)) {
            for (x, y) in x.chunks_exact(2 * width).zip(y.chunks_exact_mut(places)) {
                let (upper, lower) = x.split_at(width);
                let x = [upper.as_chunks().0, lower.as_chunks().0];
                let mut at = 0;
                while at < places {
                    at += match places {
                        16.. => chunk_max::<T, 16>(at.min(places - 16), x, y),
                        8.. => chunk_max::<T, 8>(at.min(places - 8), x, y),
                        4.. => chunk_max::<T, 4>(at.min(places - 4), x, y),
                        _ => chunk_max::<T, 1>(at, x, y),
                    };
                }
            }
        }
    }
}

/// Computes a chunk of a row of windows: the largest number of each. Returns the length of the chunk.
#[inline(always)]
fn chunk_max<T: Real, const N: usize>(at: usize, x: [&[[T; 2]]; 2], y: &mut [T]) -> usize {
    let (upper, lower) = (chunk::<_, N>(x[0], at), chunk::<_, N>(x[1], at));
    let y = y[at..].first_chunk_mut::<N>().expect("a chunk is within its row");
    for i in 0..N {
        let [a, b, c, d] = [upper[i][0], upper[i][1], lower[i][0], lower[i][1]];
        y[i] = larger(larger(larger(a, b), c), d);
    }
    N
}

/// Returns the larger of two numbers, or NaN. Of equal ones the first.
#[inline(always)]
pub(super) fn larger<T: Real>(a: T, b: T) -> T {
    if b > a || is_nan(b) { b } else { a }
}

/// `dx` = the `dy` of the window of which this is the first number that equals the largest, in planes of these two
/// sides.
#[doc(hidden)]
#[derive(Debug)]
pub struct MaxPool2x2Gradient<'a, T> {
    pub(super) plane: [usize; 2],
    pub(super) x: &'a [T],
    pub(super) y: &'a [T],
    pub(super) dy: &'a [T],
    pub(super) dx: &'a mut [T],
}

impl<T: Real> Kernel for MaxPool2x2Gradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { plane: [height, width], x, y, dy, dx } = self;
        let (rows, places) = (height / 2, width / 2);
        let inputs = x.chunks_exact(height * width).zip(dx.chunks_exact_mut(height * width));
        let outputs = y.chunks_exact(rows * places).zip(dy.chunks_exact(rows * places));
        for ((x, dx), (y, dy)) in inputs.zip(outputs) {
            // The last of an odd number of rows or columns is in no window.
            dx[2 * rows * width..].fill(T::zero());
            let inputs = x.chunks_exact(2 * width).zip(dx.chunks_exact_mut(2 * width));
            let outputs = y.chunks_exact(places).zip(dy.chunks_exact(places));
            for ((x, dx), (y, dy)) in inputs.zip(outputs) {
                let ((upper, lower), (dx_upper, dx_lower)) = (x.split_at(width), dx.split_at_mut(width));
                dx_upper[2 * places..].fill(T::zero());
                dx_lower[2 * places..].fill(T::zero());
                let x = [upper.as_chunks().0, lower.as_chunks().0];
                let mut dx = [dx_upper.as_chunks_mut().0, dx_lower.as_chunks_mut().0];
                let mut at = 0;
                while at < places {
                    at += match places {
                        8.. => chunk_gradient::<T, 8>(at.min(places - 8), x, y, dy, &mut dx),
                        4.. => chunk_gradient::<T, 4>(at.min(places - 4), x, y, dy, &mut dx),
                        _ => chunk_gradient::<T, 1>(at, x, y, dy, &mut dx),
                    };
                }
            }
        }
    }
}

/// Computes a chunk of a row of windows: which number of each gets its gradient. Returns the length of the chunk.
#[inline(always)]
fn chunk_gradient<T: Real, const N: usize>(
    at: usize,
    x: [&[[T; 2]]; 2],
    y: &[T],
    dy: &[T],
    dx: &mut [&mut [[T; 2]]; 2],
) -> usize {
    let (y, mut rest) = (chunk::<_, N>(y, at), *chunk::<_, N>(dy, at));
    for row in 0..2 {
        let x = chunk::<_, N>(x[row], at);
        let (mut even, mut odd) = ([T::zero(); N], [T::zero(); N]);
        for i in 0..N {
            [even[i], odd[i]] = x[i];
        }
        let (even, odd) = (give(&even, y, &mut rest), give(&odd, y, &mut rest));
        let dx = dx[row][at..].first_chunk_mut::<N>().expect("a chunk is within its row");
        for i in 0..N {
            dx[i] = [even[i], odd[i]];
        }
    }
    N
}

/// Gives what is left of each gradient to the number if it is the largest; then nothing is left for the numbers after
/// it.
#[inline(always)]
pub(super) fn give<T: Real, const N: usize>(x: &[T; N], largest: &[T; N], rest: &mut [T; N]) -> [T; N] {
    let mut given = [T::zero(); N];
    for i in 0..N {
        given[i] = if x[i] == largest[i] || is_nan(x[i]) { rest[i] } else { T::zero() };
    }
    for i in 0..N {
        rest[i] = if x[i] == largest[i] || is_nan(x[i]) { T::zero() } else { rest[i] };
    }
    given
}

/// Returns `N` numbers, from this one on.
#[inline(always)]
pub(super) fn chunk<E, const N: usize>(numbers: &[E], at: usize) -> &[E; N] {
    numbers[at..].first_chunk().expect("a chunk is within its row")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::for_each_level;
    use alloc::vec;
    use alloc::vec::Vec;

    /// Numbers with ties, both zeros, both infinities and NaN.
    const NUMBERS: [f64; 11] =
        [1.0, 0.0, -0.0, f64::NAN, -2.0, f64::INFINITY, 1.0, f64::NEG_INFINITY, -2.0, 3.0, -0.0];

    /// Against the definition, number by number.
    fn check<T: Real>(level: impl Level, plane: [usize; 2]) {
        let ([height, width], planes) = (plane, 3);
        let (rows, places) = (height / 2, width / 2);
        let x: Vec<T> =
            (0..planes * height * width).map(|at| T::from_f64(NUMBERS[at * at % 37 % 11])).collect();
        let dy: Vec<T> = (0..planes * rows * places).map(|at| T::from_f64((at + 1) as f64)).collect();
        let (mut y, mut dx) = (vec![T::from_f64(0.5); dy.len()], vec![T::zero(); x.len()]);
        for (at, y) in y.iter_mut().enumerate() {
            let first =
                at / places / rows * height * width + at / places % rows * 2 * width + at % places * 2;
            let window = [first, first + 1, first + width, first + width + 1];
            let mut winner = window[0];
            for next in window {
                if x[next] > x[winner] || is_nan(x[next]) && !is_nan(x[winner]) {
                    winner = next;
                }
            }
            *y = x[winner];
            dx[winner] = dy[at];
        }
        let mut found = vec![T::from_f64(0.5); y.len()];
        level.run(MaxPool2x2 { plane, x: &x, y: &mut found });
        let same = |(a, b): (&T, &T)| a == b || is_nan(*a) && is_nan(*b);
        assert!(found.iter().zip(&y).all(same), "the largest on {plane:?}: {found:?}");
        let mut found = vec![T::from_f64(0.5); x.len()];
        level.run(MaxPool2x2Gradient { plane, x: &x, y: &y, dy: &dy, dx: &mut found });
        assert_eq!(found, dx, "on {plane:?}");

        // If the output belongs to another input, no number equals the largest, and the gradient is dropped.
        let other = vec![T::from_f64(7.0); y.len()];
        level.run(MaxPool2x2Gradient { plane, x: &x, y: &other, dy: &dy, dx: &mut found });
        for (&dx, &x) in found.iter().zip(&x) {
            assert!(dx == T::zero() || is_nan(x), "a gradient for {x} on {plane:?}");
        }
    }

    #[test]
    fn who_is_the_largest_of_four_is_the_definition_at_every_level() {
        for width in (2..=40).chain([63, 64, 65]) {
            for height in 2..=5 {
                for_each_level!(level => {
                    check::<f32>(level, [height, width]);
                    check::<f64>(level, [height, width]);
                });
            }
        }
    }
}

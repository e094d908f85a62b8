//! The largest of two by two numbers, side by side: nearly all pooling there is.
//!
//! No window shares a number with another, so every gradient is written where it belongs, and nothing is cleared or searched for in a
//! second pass. The loops are plain ones: inside an instance of a level, the compiler makes its vectors of them.

use super::{Pooling, is_nan};
use crate::kernel::Real;
use crate::kernel::simd::{Kernel, Lanes, Level, dispatch};

/// A scalar with its poolings: compiled here once, not in every crate that has a network.
#[doc(hidden)]
pub trait Halve: Lanes {
    /// `y` = the largest of each two by two numbers of planes so many wide and high.
    fn halve(plane: [usize; 2], x: &[Self], y: &mut [Self]);

    /// `dx` = the `dy` of the window of which this is the first number that equals the largest.
    fn halve_gradient(plane: [usize; 2], x: &[Self], y: &[Self], dy: &[Self], dx: &mut [Self]);
}

macro_rules! halve {
    ($scalar:ident) => {
        impl Halve for $scalar {
            fn halve(plane: [usize; 2], x: &[Self], y: &mut [Self]) {
                dispatch(Largest { plane, x, y });
            }
            fn halve_gradient(plane: [usize; 2], x: &[Self], y: &[Self], dy: &[Self], dx: &mut [Self]) {
                dispatch(Winners { plane, x, y, dy, dx });
            }
        }
    };
}
halve!(f32);
halve!(f64);

impl Pooling {
    /// Whether the windows are two by two, side by side.
    #[inline(always)]
    pub(super) const fn halves(&self) -> bool {
        let [[a, b], [c, d], [e, f]] = [self.window, self.stride, self.padding];
        a == 2 && b == 2 && c == 2 && d == 2 && e == 0 && f == 0
    }
}

pub(super) struct Largest<'a, T> {
    pub(super) plane: [usize; 2],
    pub(super) x: &'a [T],
    pub(super) y: &'a mut [T],
}

impl<T: Real> Kernel for Largest<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        let Self { plane: [height, width], x, y } = self;
        let (rows, places) = (height / 2, width / 2);
        for (x, y) in x.chunks_exact(height * width).zip(y.chunks_exact_mut(rows * places)) {
            for (x, y) in x.chunks_exact(2 * width).zip(y.chunks_exact_mut(places)) {
                let (upper, lower) = x.split_at(width);
                let (upper, lower) = (&upper.as_chunks().0[..places], &lower.as_chunks().0[..places]);
                let y = &mut y[..places];
                for at in 0..places {
                    let ([a, b], [c, d]) = (upper[at], lower[at]);
                    y[at] = larger(larger(a, b), larger(c, d));
                }
            }
        }
    }
}

pub(super) struct Winners<'a, T> {
    pub(super) plane: [usize; 2],
    pub(super) x: &'a [T],
    pub(super) y: &'a [T],
    pub(super) dy: &'a [T],
    pub(super) dx: &'a mut [T],
}

impl<T: Real> Kernel for Winners<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
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
                let (upper, lower) = (&upper.as_chunks().0[..places], &lower.as_chunks().0[..places]);
                let dx_upper = &mut dx_upper.as_chunks_mut().0[..places];
                let dx_lower = &mut dx_lower.as_chunks_mut().0[..places];
                let (y, dy) = (&y[..places], &dy[..places]);
                for at in 0..places {
                    let ([a, b], [c, d], y) = (upper[at], lower[at], y[at]);
                    let (a, rest) = given(a, y, dy[at]);
                    let (b, rest) = given(b, y, rest);
                    let (c, rest) = given(c, y, rest);
                    let (d, _) = given(d, y, rest);
                    (dx_upper[at], dx_lower[at]) = ([a, b], [c, d]);
                }
            }
        }
    }
}

/// What of a gradient a number gets that is the largest or is not, and what is left for those behind it: all or nothing.
#[inline(always)]
fn given<T: Real>(x: T, largest: T, gradient: T) -> (T, T) {
    let wins = (x == largest) | is_nan(x);
    if wins { (gradient, T::zero()) } else { (T::zero(), gradient) }
}

/// The larger of a number and one behind it: of equals the first, and a NaN rather than a number.
#[inline(always)]
fn larger<T: Real>(x: T, next: T) -> T {
    if (next > x) | is_nan(next) { next } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::simd::for_each_level;
    use alloc::vec;
    use alloc::vec::Vec;

    /// Numbers with ties, both zeros, both infinities and NaN.
    const NUMBERS: [f64; 11] =
        [1.0, 0.0, -0.0, f64::NAN, -2.0, f64::INFINITY, 1.0, f64::NEG_INFINITY, -2.0, 3.0, -0.0];

    /// Against the definition, number by number, bit by bit.
    fn check<T: Real, L: Level>(plane: [usize; 2]) {
        let ([height, width], planes) = (plane, 3);
        let (rows, places) = (height / 2, width / 2);
        let x: Vec<T> = (0..planes * height * width).map(|at| T::of(NUMBERS[at * at % 37 % 11])).collect();
        let dy: Vec<T> = (0..planes * rows * places).map(|at| T::of((at + 1) as f64)).collect();
        let (mut y, mut dx) = (vec![T::of(0.5); dy.len()], vec![T::zero(); x.len()]);
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
        let (mut found_y, mut found_dx) = (vec![T::of(0.5); dy.len()], vec![T::of(0.5); x.len()]);
        Largest { plane, x: &x, y: &mut found_y }.run::<L>();
        Winners { plane, x: &x, y: &y, dy: &dy, dx: &mut found_dx }.run::<L>();
        let bits = |numbers: &[T]| numbers.iter().map(|x| x.to_f64().to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&found_y), bits(&y), "the largest on {plane:?}");
        assert_eq!(bits(&found_dx), bits(&dx), "the gradient on {plane:?}");

        // An output that is of another input has no winner, and its gradient reaches nothing.
        let other = vec![T::of(7.0); y.len()];
        Winners { plane, x: &x, y: &other, dy: &dy, dx: &mut found_dx }.run::<L>();
        for (&dx, &x) in found_dx.iter().zip(&x) {
            assert!(dx == T::zero() || is_nan(x), "a gradient for {x} on {plane:?}");
        }
    }

    #[test]
    fn the_largest_of_four_and_who_it_is_are_the_definition_at_every_level() {
        for width in (2..=40).chain([63, 64, 65]) {
            for height in 2..=5 {
                for_each_level!(L => {
                    check::<f32, L>([height, width]);
                    check::<f64, L>([height, width]);
                });
            }
        }
    }
}

//! Elementary functions that the compiler can vectorize.
//!
//! A function of the platform's library computes one number in each call; a loop over it takes tens of nanoseconds a
//! number. These are a few multiplications and additions without a branch or a call, so that in a loop under
//! [`dispatch`](super::simd::dispatch) they become instructions on whole vectors. They follow these rules:
//!
//! * a choice is a select: both sides are computed;
//! * a number is rounded by adding [`ROUND`](Elementary::ROUND), and 2ᵏ is made of bits: the conversions of the
//!   language saturate, which is a branch on most processors;
//! * products and sums are apart, not fused: so every processor gives the same bits.
//!
//! The error of each function is stated in the documentation of `chainrule::elementary` and tested in
//! `tests/elementary.rs` there.

mod exp;
mod logistic;
mod normal;
mod scalar;
mod tanh;

pub use exp::{exp, exp_m1};
pub(crate) use exp::{exp_m1_near_0, exp_near_0};
pub use logistic::{sigmoid, softplus};
pub(crate) use logistic::{sigmoid_end, sigmoid_start};
pub use normal::{normal_cdf, normal_pdf};
pub(super) use scalar::Elementary;
use scalar::Hidden;
pub use tanh::tanh;
pub(crate) use tanh::{tanh_end, tanh_start};

use super::Real;

/// c₀ + c₁ x + c₂ x² + ...; if it is long, as even and odd powers, so that there is half as much to wait for.
#[inline(always)]
fn polynomial<T: Real>(x: T, coefficients: &[T]) -> T {
    if coefficients.len() < 7 {
        return horner(x, coefficients, coefficients.len() - 1, 1);
    }
    let (square, last) = (x * x, coefficients.len() - 1);
    horner(square, coefficients, last - last % 2, 2)
        + x * horner(square, coefficients, last - 1 + last % 2, 2)
}

/// Sums the coefficients at `at`, `at - every`, .. times powers of `x`.
#[inline(always)]
fn horner<T: Real>(x: T, coefficients: &[T], mut at: usize, every: usize) -> T {
    let mut sum = coefficients[at];
    while at >= every {
        at -= every;
        sum = sum * x + coefficients[at];
    }
    sum
}

/// Returns the smaller of the two; NaN if `x` is.
#[inline(always)]
fn at_most<T: Real>(x: T, end: T) -> T {
    if x > end { end } else { x }
}

/// Returns the larger of the two; NaN if `x` is.
#[inline(always)]
fn at_least<T: Real>(x: T, end: T) -> T {
    if x < end { end } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Kernel, Level, for_each_level};
    use alloc::vec;
    use alloc::vec::Vec;

    /// Computes all functions of these numbers, in a loop that the compiler vectorizes.
    struct All<'a, T> {
        x: &'a [T],
        y: [&'a mut [T]; 7],
    }

    impl<T: Real> Kernel for All<'_, T> {
        type Output = ();

        #[inline(always)]
        fn run<L: Level>(self, _: L) {
            let [a, b, c, d, e, f, g] = self.y;
            for at in 0..self.x.len() {
                let x = self.x[at];
                (a[at], b[at], c[at]) = (exp(x), exp_m1(x), tanh(x));
                (d[at], e[at], f[at], g[at]) = (sigmoid(x), softplus(x), normal_cdf(x), normal_pdf(x));
            }
        }
    }

    fn run<T: Real>(level: impl Level, x: &[T]) -> [Vec<T>; 7] {
        let mut y = core::array::from_fn(|_| vec![T::zero(); x.len()]);
        level.run(All { x, y: y.each_mut().map(|y| &mut y[..]) });
        y
    }

    /// Sizes from 2⁻¹⁵⁰ to 2¹⁰⁰, and their negatives.
    fn check<T: Real>(level: impl Level) {
        let sizes = (0..2000).map(|at| (f64::from(at) / 2000.0 * 173.0 - 104.0).exp());
        let x: Vec<T> = sizes.flat_map(|size| [T::from_f64(size), T::from_f64(-size)]).collect();
        let together = run(level, &x);
        for (at, &x) in x.iter().enumerate() {
            for (function, alone) in run(crate::simd::Portable, &[x]).iter().enumerate() {
                assert_eq!(alone[0], together[function][at], "function {function} of {x}");
            }
        }
    }

    #[test]
    fn every_level_gives_the_same_bits_alone_and_in_a_vector() {
        for_each_level!(level => {
            check::<f32>(level);
            check::<f64>(level);
        });
    }
}

//! Elementary functions of a level, which the compiler can vectorize.
//!
//! A function of the platform's library computes one number in each call; a loop over it takes tens of nanoseconds a
//! number. These are a few multiplications and additions without a branch or a call, so that in a loop under
//! [`dispatch`](super::simd::dispatch) they become instructions on whole vectors. They follow these rules:
//!
//! * a choice is a select: both sides are computed;
//! * a number is rounded by adding `ROUND`, and 2ᵏ is made of bits: the conversions of the language saturate, which is
//!   a branch on most processors;
//! * where the level has fused multiply-adds, a product and a sum are one, which takes fewer corrections. So a function
//!   has the same bits for one number and in a vector of its level, but not the same on every level. [`alone`] has the
//!   functions for code that is not compiled for a level: their bits are those of
//!   [`Portable`](super::simd::Portable), and they are inlined.
//!
//! The error of each function is stated in the documentation of `chainrule::elementary`. It is tested here for each
//! level in `f32`, and in `tests/layers/elementary.rs` for both scalars.

pub mod alone;
mod exp;
mod logistic;
mod normal;
mod scalar;
mod tanh;
#[cfg(test)]
mod tests;

pub use exp::{exp, exp_below_0, exp_m1};
pub use logistic::{sigmoid, softplus};
pub use normal::{normal_cdf, normal_pdf};
pub(super) use scalar::Elementary;
use scalar::Hidden;
pub use tanh::tanh;

use super::Real;
use super::simd::Level;

/// Whether a product and a sum are fused. Without the standard library it would be a call.
const fn fused<L: Level>() -> bool {
    L::FUSED && cfg!(feature = "std")
}

/// Computes a b + c, with one rounding where the level has that.
#[inline(always)]
fn fma<L: Level, T: Real>(a: T, b: T, c: T) -> T {
    if fused::<L>() { a.multiply_add::<L>(b, c) } else { a * b + c }
}

/// c₀ + c₁ x + c₂ x² + ...; if it is long, as even and odd powers, so that there is half as much to wait for.
#[inline(always)]
fn polynomial<L: Level, T: Real>(x: T, coefficients: &[T]) -> T {
    if coefficients.len() < 7 {
        return horner::<L, T>(x, coefficients, coefficients.len() - 1, 1);
    }
    let (square, last) = (x * x, coefficients.len() - 1);
    let even = horner::<L, T>(square, coefficients, last - last % 2, 2);
    fma::<L, T>(x, horner::<L, T>(square, coefficients, last - 1 + last % 2, 2), even)
}

/// Sums the coefficients at `at`, `at - every`, .. times powers of `x`.
#[inline(always)]
fn horner<L: Level, T: Real>(x: T, coefficients: &[T], mut at: usize, every: usize) -> T {
    let mut sum = coefficients[at];
    while at >= every {
        at -= every;
        sum = fma::<L, T>(sum, x, coefficients[at]);
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

//! Elementary functions that the compiler makes vectors of.
//!
//! A function of the platform's library takes one number and is a call; a loop over it takes tens of nanoseconds a number. These
//! are a few multiplications and additions without a branch or a call, so that in a loop under
//! [`dispatch`](super::simd::dispatch) they become instructions on whole vectors. The rules that they keep:
//!
//! * a choice is a select: both sides are computed;
//! * a number is rounded by adding [`ROUND`](Elementary::ROUND), and 2ᵏ is made of bits: the conversions of the language saturate,
//!   which is a branch on most processors;
//! * products and sums are apart, not fused: so every processor gives the same bits.
//!
//! Errors are stated in [`elementary`](crate::elementary), and `tests/elementary.rs` holds them to it.

mod exp;
mod logistic;
mod normal;
mod scalar;
mod tanh;

pub use exp::{exp, exp_m1};
pub use logistic::{sigmoid, softplus};
pub use normal::{normal_cdf, normal_pdf};
pub(super) use scalar::Elementary;
pub use tanh::tanh;

use super::Real;

/// c₀ + c₁ x + c₂ x² + ...
#[inline(always)]
fn polynomial<T: Real>(x: T, coefficients: &[T]) -> T {
    let mut at = coefficients.len() - 1;
    let mut sum = coefficients[at];
    while at > 0 {
        at -= 1;
        sum = sum * x + coefficients[at];
    }
    sum
}

/// The smaller of the two; NaN if `x` is.
#[inline(always)]
fn at_most<T: Real>(x: T, end: T) -> T {
    if x > end { end } else { x }
}

/// The larger of the two; NaN if `x` is.
#[inline(always)]
fn at_least<T: Real>(x: T, end: T) -> T {
    if x < end { end } else { x }
}

use core::f64::consts::{LN_2, SQRT_2};

use super::{at_least, exp_below_0, fma, polynomial};
use crate::Real;
use crate::simd::Level;

/// Returns the logistic function 1 / (1 + e⁻ˣ), accurate in both tails.
///
/// e^-|x| cannot overflow; below 0 the function is e^-|x| / (1 + e^-|x|). The quotient corrects the rounding error of
/// the sum.
#[inline(always)]
pub fn sigmoid<L: Level, T: Real>(x: T) -> T {
    let e = exp_below_0::<L, T>(-x.abs());
    let numerator = if x < T::zero() { e } else { T::one() };
    let sum = T::one() + e;
    let lost = e - (sum - T::one());
    let quotient = numerator / sum;
    fma::<L, T>(-quotient, lost, quotient)
}

/// Computes ln(1 + eˣ), accurate in both tails: max(x, 0) + ln(1 + e^-|x|).
#[inline(always)]
pub fn softplus<L: Level, T: Real>(x: T) -> T {
    at_least(x, T::zero()) + ln_1p_up_to_1::<L, T>(exp_below_0::<L, T>(-x.abs()))
}

/// Computes ln(1 + u) for u from 0 to 1.
///
/// 1 + u = (1 + f) 2ᵏ, where k is 0, or 1 from √2 on. With s = f / (2 + f), ln(1 + f) = 2 artanh(s) = 2s + s R(s²); and
/// since 2s = f - s f, that is f less something small, so that f alone decides the error.
#[inline(always)]
fn ln_1p_up_to_1<L: Level, T: Real>(u: T) -> T {
    let half = T::from_f64(0.5);
    let above = u > T::from_f64(SQRT_2 - 1.0);
    let f = if above { fma::<L, T>(u, half, -half) } else { u };
    let high = if above { T::from_f64(LN_2) } else { T::zero() };
    let s = f / (T::from_f64(2.0) + f);
    let z = s * s;
    let square = half * f * f;
    let sum = fma::<L, T>(z, polynomial::<L, T>(z, T::ARTANH.0), square);
    high - (fma::<L, T>(-s, sum, square) - f)
}

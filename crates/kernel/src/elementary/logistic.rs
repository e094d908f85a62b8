use core::f64::consts::SQRT_2;

use super::exp::{exp_near_0, reduce};
use super::{Hidden, at_least, exp, polynomial};
use crate::Real;

/// Returns the logistic function 1 / (1 + e⁻ˣ), accurate in both tails.
///
/// e^-|x| cannot overflow; below 0 the function is e^-|x| / (1 + e^-|x|). The quotient corrects the rounding error of
/// the sum.
#[inline(always)]
pub fn sigmoid<T: Real>(x: T) -> T {
    let (rounded, r) = sigmoid_start(x);
    sigmoid_end(x, rounded, exp_near_0(r))
}

/// Computes the first of the three parts of [`sigmoid`]. The second is `exp_near_0` of what it returns last. Several numbers
/// that go through each part together do not wait for one another.
#[inline(always)]
pub(crate) fn sigmoid_start<T: Real>(x: T) -> (T, T) {
    reduce(at_least(-x.abs(), T::EXP_ENDS.0[0]))
}

/// Computes the third part of [`sigmoid`].
#[inline(always)]
pub(crate) fn sigmoid_end<T: Real>(x: T, rounded: T, e: T) -> T {
    let [first, second] = T::powers_of_two(Hidden(rounded));
    let e = e * first * second;
    let numerator = if x < T::zero() { e } else { T::one() };
    let sum = T::one() + e;
    let lost = e - (sum - T::one());
    let quotient = numerator / sum;
    quotient - quotient * lost
}

/// Computes ln(1 + eˣ), accurate in both tails: max(x, 0) + ln(1 + e^-|x|).
#[inline(always)]
pub fn softplus<T: Real>(x: T) -> T {
    at_least(x, T::zero()) + ln_1p_up_to_1(exp(-x.abs()))
}

/// Computes ln(1 + u) for u from 0 to 1.
///
/// 1 + u = (1 + f) 2ᵏ, where k is 0, or 1 from √2 on. With s = f / (2 + f), ln(1 + f) = 2 artanh(s) = 2s + s R(s²); and
/// since 2s = f - s f, that is f less something small, so that f alone decides the error.
#[inline(always)]
fn ln_1p_up_to_1<T: Real>(u: T) -> T {
    let (half, zero) = (T::from_f64(0.5), T::zero());
    let above = u > T::from_f64(SQRT_2 - 1.0);
    let f = if above { (u - T::one()) * half } else { u };
    let [high, low] = if above { T::LN_2.0 } else { [zero, zero] };
    let s = f / (T::from_f64(2.0) + f);
    let z = s * s;
    let r = z * polynomial(z, T::ARTANH.0);
    let square = half * f * f;
    high - ((square - (s * (square + r) + low)) - f)
}

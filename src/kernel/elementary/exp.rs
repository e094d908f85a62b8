use core::f64::consts::LOG2_E;

use super::{at_least, at_most, polynomial};
use crate::kernel::Real;

/// eˣ: 0 below -104 (`f64`: -745.1), infinite from 88.7 (709.8) on.
///
/// x = k ln 2 + r, and eˣ = 2ᵏ eʳ. As a product of two, 2ᵏ may lie beyond the normal numbers, and only the last product rounds there.
#[inline(always)]
pub fn exp<T: Real>(x: T) -> T {
    let (rounded, r) = reduce(at_least(at_most(x, T::EXP_ENDS[1]), T::EXP_ENDS[0]));
    let [first, second] = T::powers_of_two(rounded);
    exp_near_0(r) * first * second
}

/// eˣ - 1, without the cancellation near 0.
///
/// Half of it is 2ᵏ⁻¹ (eʳ - 1) + (2ᵏ⁻¹ - 1/2), where the bracket is exact or large; the half, so that 2ᵏ does not overflow before eˣ.
#[inline(always)]
pub fn exp_m1<T: Real>(x: T) -> T {
    let (rounded, r) = reduce(at_least(at_most(x, T::EXP_ENDS[1]), T::of(-2.0) * T::TANH_END));
    let scale = T::half_power_of_two(rounded);
    let half = scale * exp_m1_near_0(r) + (scale - T::of(0.5));
    // Next to 0 it is x, of which a half may not exist.
    if x.magnitude() < T::EPSILON * T::of(0.25) { x } else { half + half }
}

/// k, on top of `ROUND`, and r = x - k ln 2, at most ln 2 / 2.
#[inline(always)]
pub(super) fn reduce<T: Real>(x: T) -> (T, T) {
    let rounded = x * T::of(LOG2_E) + T::ROUND;
    let k = rounded - T::ROUND;
    (rounded, (x - k * T::LN_2[0]) - k * T::LN_2[1])
}

/// eʳ for |r| ≤ ln 2 / 2: with what the sum 1 + r has lost.
#[inline(always)]
pub(super) fn exp_near_0<T: Real>(r: T) -> T {
    let sum = T::one() + r;
    let lost = r - (sum - T::one());
    sum + (lost + r * r * polynomial(r, T::EXP_M1))
}

/// eʳ - 1 for |r| ≤ ln 2 / 2.
#[inline(always)]
pub(super) fn exp_m1_near_0<T: Real>(r: T) -> T {
    r + r * r * polynomial(r, T::EXP_M1)
}

use core::f64::consts::LOG2_E;

use super::{Hidden, at_least, at_most, fma, fused, polynomial};
use crate::Real;
use crate::simd::Level;

/// Computes eˣ: 0 below -104 (`f64`: -745.1), infinite from 88.7 (709.8) on.
///
/// x = k ln 2 + r, and eˣ = 2ᵏ eʳ. As a product of two, 2ᵏ may lie beyond the normal numbers, and only the last product
/// rounds there.
#[inline(always)]
pub fn exp<L: Level, T: Real>(x: T) -> T {
    let (rounded, r) = reduce::<L, T>(at_least(at_most(x, T::EXP_ENDS.0[1]), T::EXP_ENDS.0[0]));
    let [first, second] = T::powers_of_two(Hidden(rounded));
    exp_near_0::<L, T>(r) * first * second
}

/// Computes eˣ for x ≤ 0, with the bits of [`exp`] and fewer instructions. For x > 0 the result has no meaning.
#[inline(always)]
pub fn exp_below_0<L: Level, T: Real>(x: T) -> T {
    let (rounded, r) = reduce::<L, T>(at_least(x, T::EXP_ENDS.0[0]));
    T::scaled_down(Hidden(exp_near_0::<L, T>(r)), Hidden(rounded))
}

/// Computes eˣ - 1, without the cancellation near 0.
///
/// Half of it is 2ᵏ⁻¹ (eʳ - 1) + (2ᵏ⁻¹ - 1/2), where the bracket is exact or large. The half is computed so that 2ᵏ
/// does not overflow before eˣ.
#[inline(always)]
pub fn exp_m1<L: Level, T: Real>(x: T) -> T {
    let (rounded, r) =
        reduce::<L, T>(at_least(at_most(x, T::EXP_ENDS.0[1]), T::from_f64(-2.0) * T::TANH_END.0));
    let scale = T::half_power_of_two(Hidden(rounded));
    let half = fma::<L, T>(scale, exp_m1_near_0::<L, T>(r), scale - T::from_f64(0.5));
    // Close to 0 the result is x. Half of x may not be representable.
    if x.abs() < T::EPSILON * T::from_f64(0.25) { x } else { half + half }
}

/// Computes k, on top of `ROUND`, and r = x - k ln 2, at most ln 2 / 2.
#[inline(always)]
pub(super) fn reduce<L: Level, T: Real>(x: T) -> (T, T) {
    let rounded = fma::<L, T>(x, T::from_f64(LOG2_E), T::ROUND.0);
    let k = rounded - T::ROUND.0;
    (rounded, fma::<L, T>(-k, T::LN_2.0[1], fma::<L, T>(-k, T::LN_2.0[0], x)))
}

/// Computes eʳ for |r| ≤ ln 2 / 2.
#[inline(always)]
pub(super) fn exp_near_0<L: Level, T: Real>(r: T) -> T {
    if fused::<L>() {
        let slope = fma::<L, T>(r, polynomial::<L, T>(r, T::EXP_M1.0), T::one());
        return fma::<L, T>(r, slope, T::one());
    }
    // With what the sum 1 + r has lost.
    let sum = T::one() + r;
    let lost = r - (sum - T::one());
    sum + (lost + r * r * polynomial::<L, T>(r, T::EXP_M1.0))
}

/// Computes eʳ - 1 for |r| ≤ ln 2 / 2.
#[inline(always)]
fn exp_m1_near_0<L: Level, T: Real>(r: T) -> T {
    fma::<L, T>(r * r, polynomial::<L, T>(r, T::EXP_M1.0), r)
}

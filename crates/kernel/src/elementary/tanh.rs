use super::exp::{exp_m1_near_0, reduce};
use super::{Hidden, at_most};
use crate::Real;

/// Returns the hyperbolic tangent: (1 - e) / (1 + e) with e = exp(-2|x|), of the sign of x.
///
/// e = 2ᵏ (1 + m) is never computed, because near 0 the result is in its last digits only: half of 1 - e is (1/2 -
/// 2ᵏ⁻¹) - 2ᵏ⁻¹ m, where the bracket is exact. For large |x|, e is negligible beside 1, and the quotient is exactly 1.
#[inline(always)]
pub fn tanh<T: Real>(x: T) -> T {
    let (rounded, r) = tanh_start(x);
    tanh_end(x, rounded, exp_m1_near_0(r))
}

/// Computes the first of the three parts of [`tanh`]. The second is `exp_m1_near_0` of what it returns last.
#[inline(always)]
pub(crate) fn tanh_start<T: Real>(x: T) -> (T, T) {
    reduce(T::from_f64(-2.0) * at_most(x.abs(), T::TANH_END.0))
}

/// Computes the third part of [`tanh`].
#[inline(always)]
pub(crate) fn tanh_end<T: Real>(x: T, rounded: T, m: T) -> T {
    let (half, scale) = (T::from_f64(0.5), T::half_power_of_two(Hidden(rounded)));
    let rest = scale * m;
    let (less, more) = ((half - scale) - rest, (half + scale) + rest);
    (less / more).copysign(x)
}

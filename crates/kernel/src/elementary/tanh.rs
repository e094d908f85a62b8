use core::f64::consts::{LN_2, LOG2_E};

use super::{Hidden, at_least, fma, fused, polynomial};
use crate::Real;
use crate::simd::Level;

/// Returns the hyperbolic tangent: (1 - e) / (1 + e) with e = exp(-2|x|), of the sign of x.
///
/// -|x| = k (ln 2) / 2 + r, and e = 2ᵏ + 2ᵏ⁺¹ m with m = (exp(2r) - 1) / 2. It is never computed, because near 0 the
/// result is in its last digits only: 1 - e is (1 - 2ᵏ) - 2ᵏ⁺¹ m, where the bracket is exact. For large |x|, e is
/// negligible compared with 1, and the quotient is exactly 1.
#[inline(always)]
pub fn tanh<L: Level, T: Real>(x: T) -> T {
    let below = at_least(-x.abs(), -T::TANH_END.0);
    let rounded = fma::<L, T>(below, T::from_f64(2.0 * LOG2_E), T::ROUND.0);
    let (k, half) = (rounded - T::ROUND.0, T::from_f64(0.5));
    let r = if fused::<L>() {
        // The product with all digits of ln 2 is exact. Where k is large, the result hardly depends on the others.
        fma::<L, T>(k, T::from_f64(-0.5 * LN_2), below)
    } else {
        (below - half * k * T::LN_2.0[0]) - half * k * T::LN_2.0[1]
    };
    let m = fma::<L, T>(r * r, polynomial::<L, T>(r, T::HALF_EXP_M1.0), r);
    let twice = T::twice_power_of_two(Hidden(rounded));
    let (less, more) = (fma::<L, T>(-half, twice, T::one()), fma::<L, T>(half, twice, T::one()));
    let quotient = fma::<L, T>(-twice, m, less) / fma::<L, T>(twice, m, more);
    T::with_sign(Hidden(quotient), Hidden(x))
}

//! The functions of a number for code that is not compiled for a level.

use super::Real;
use crate::simd::Portable;

macro_rules! alone {
    ($($(#[$doc:meta])* $function:ident;)+) => {
        $(
            $(#[$doc])*
            #[inline(always)]
            pub fn $function<T: Real>(x: T) -> T {
                super::$function::<Portable, T>(x)
            }
        )+
    };
}

alone! {
    /// Returns eˣ: 0 below -104 (`f64`: -745.1), infinite from 88.7 (709.8) on.
    exp;
    /// Returns eˣ - 1, without the cancellation near 0.
    exp_m1;
    /// Returns the hyperbolic tangent.
    tanh;
    /// Returns the logistic function 1 / (1 + e⁻ˣ), accurate in both tails.
    sigmoid;
    /// Returns ln(1 + eˣ), accurate in both tails.
    softplus;
    /// Returns the standard normal's distribution function Φ(x) = (1 + erf(x/√2)) / 2, accurate in both tails.
    normal_cdf;
    /// Returns the standard normal's density φ(x) = exp(-x²/2) / √2π.
    normal_pdf;
}

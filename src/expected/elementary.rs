//! Elementary functions that the compiler can evaluate. The functions of `libm` and `std` are not `const`.

use core::f64::consts::{FRAC_2_SQRT_PI, LN_2, LOG2_E, SQRT_2};

/// Computes √x by Newton's iteration, starting with half the exponent. It is NaN for negative and subnormal numbers.
pub(super) const fn sqrt(x: f64) -> f64 {
    if x == 0.0 || x == f64::INFINITY {
        return x;
    }
    if x.is_nan() || x < f64::MIN_POSITIVE {
        return f64::NAN;
    }
    let mut y = f64::from_bits((x.to_bits() >> 1) + (1023 << 51));
    let mut step = 0;
    while step < 5 {
        y = 0.5 * (y + x / y);
        step += 1;
    }
    y
}

/// Computes exp(x): 2ᵏ times a power series of the remainder, which is at most ln 2 / 2. Results that would be
/// subnormal are 0.
pub(super) const fn exp(x: f64) -> f64 {
    if x.is_nan() || x > 709.0 {
        return if x > 709.0 { f64::INFINITY } else { x };
    }
    if x < -708.0 {
        return 0.0;
    }
    let k = (x * LOG2_E + if x > 0.0 { 0.5 } else { -0.5 }) as i64;
    let rest = x - k as f64 * LN_2;
    let (mut term, mut sum, mut n) = (1.0, 1.0, 1);
    while n < 15 {
        term *= rest / n as f64;
        sum += term;
        n += 1;
    }
    sum * f64::from_bits(((1023 + k) as u64) << 52)
}

/// Computes ln(x): the exponent times ln 2, plus twice the power series of artanh s for the remainder, with s below
/// 0.18. It is NaN for negative and subnormal numbers.
pub(super) const fn ln(x: f64) -> f64 {
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x == f64::INFINITY || x.is_nan() || x < f64::MIN_POSITIVE {
        return if x == f64::INFINITY { x } else { f64::NAN };
    }
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut rest = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if rest > SQRT_2 {
        rest *= 0.5;
        exponent += 1;
    }
    let s = (rest - 1.0) / (rest + 1.0);
    let (mut power, mut sum, mut n) = (s, s, 3);
    while n < 23 {
        power *= s * s;
        sum += power / n as f64;
        n += 2;
    }
    exponent as f64 * LN_2 + 2.0 * sum
}

/// Computes erf(x) for x ≥ 0: 2/√π exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!, where all terms are positive.
pub(super) const fn erf(x: f64) -> f64 {
    if x.is_nan() || x >= 6.0 {
        return if x.is_nan() { x } else { 1.0 }; // the rest is below 1e-16
    }
    let (mut term, mut sum, mut n) = (x, x, 3);
    while term > 1e-17 * sum {
        term *= 2.0 * x * x / n as f64;
        sum += term;
        n += 2;
    }
    FRAC_2_SQRT_PI * exp(-x * x) * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(f: f64, expected: f64, x: f64) {
        assert!((f - expected).abs() <= 1e-13 * expected.abs(), "at {x}: {f}, not {expected}");
    }

    /// Returns 10⁻³⁰⁰ to 10³⁰⁰, in steps of 10^0.01.
    fn all_sizes() -> impl Iterator<Item = f64> {
        (-30_000..=30_000).map(|at| libm::exp10(f64::from(at) * 0.01))
    }

    #[test]
    fn the_functions_agree_with_libm_to_1e_13() {
        for x in all_sizes() {
            assert_close(sqrt(x), libm::sqrt(x), x);
            // Near 1 the logarithm is small, and loses the digits of rounding next to 1.
            assert!((ln(x) - libm::log(x)).abs() <= 1e-13 * libm::log(x).abs().max(1e-2), "{x}");
        }
        for at in -70_000..=70_000 {
            let x = f64::from(at) * 0.01;
            // An error of 1e-16 in x LOG2_E gives a relative error of 1e-16 |x| in the result.
            assert!((exp(x) / libm::exp(x) - 1.0).abs() < 1e-13, "{x}");
        }
        for at in 0..=10_000 {
            let x = f64::from(at) * 0.001;
            assert_close(erf(x), libm::erf(x), x);
        }
    }

    #[test]
    fn the_ends_are_those_of_the_functions() {
        assert_eq!([sqrt(0.0), sqrt(f64::INFINITY)], [0.0, f64::INFINITY]);
        assert_eq!([exp(-1e9), exp(0.0), exp(1e9)], [0.0, 1.0, f64::INFINITY]);
        assert_eq!([ln(0.0), ln(1.0), ln(f64::INFINITY)], [f64::NEG_INFINITY, 0.0, f64::INFINITY]);
        assert_eq!([erf(0.0), erf(6.0), erf(f64::INFINITY)], [0.0, 1.0, 1.0]);
        for nan in [sqrt(-1.0), ln(-1.0), exp(f64::NAN), ln(f64::NAN), sqrt(f64::NAN), erf(f64::NAN)] {
            assert!(nan.is_nan());
        }
    }
}

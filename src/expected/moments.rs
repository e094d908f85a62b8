//! The moments of an activation for a normal input.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

use super::elementary::{erf, exp, sqrt};
use crate::layer::{EXPONENTIAL, Moments, Piece};

/// E\[g(x)\], E\[g(x)²\] and E\[g'(x)²\] for x ~ N(0, q).
#[derive(Clone, Copy)]
pub(super) struct Expectations {
    pub(super) mean: f64,
    pub(super) square: f64,
    pub(super) slope: f64,
}

/// Computes the moments for a q from 0 to infinity, or NaN. Moments that do not depend on q are known for NaN too.
pub(super) const fn expectations(g: &Moments, q: f64) -> Expectations {
    let deviation = sqrt(q);
    match *g {
        Moments::Slopes { above, below } => slopes(above, below, q),
        Moments::Exponential { above, below } => {
            let straight = slopes(above, 0.0, q);
            let bent = expectations(&EXPONENTIAL, q);
            Expectations {
                mean: straight.mean + below * bent.mean,
                square: straight.square + below * below * bent.square,
                slope: straight.slope + below * below * bent.slope,
            }
        }
        Moments::Clamp { start, scale, width } => {
            // With c = width / √q: E[min(1, |x| / width)²] = P(|z| > c) + E[z² of |z| < c] / c².
            let c = width / deviation;
            let inside = erf(c * FRAC_1_SQRT_2);
            let middle = inside - FRAC_1_SQRT_2 * FRAC_2_SQRT_PI * c * exp(-0.5 * c * c);
            let square = 1.0 - inside + if c > 1e100 { 0.0 } else { middle / (c * c) };
            let rise = scale / width;
            Expectations {
                mean: start,
                square: start * start + scale * scale * square,
                slope: rise * rise * inside,
            }
        }
        Moments::Line { start, slope } => {
            Expectations { mean: start, square: start * start + slope * slope * q, slope: slope * slope }
        }
        Moments::Pieces(pieces) => pieces_of(pieces, q),
        Moments::Scaled { by, of } => {
            let of = expectations(of, q / (by * by));
            Expectations { mean: by * of.mean, square: by * by * of.square, slope: of.slope }
        }
        Moments::Sine => {
            let twice = exp(-2.0 * q);
            Expectations { mean: 0.0, square: 0.5 * (1.0 - twice), slope: 0.5 * (1.0 + twice) }
        }
        Moments::Cosine => {
            let twice = exp(-2.0 * q);
            Expectations { mean: exp(-0.5 * q), square: 0.5 * (1.0 + twice), slope: 0.5 * (1.0 - twice) }
        }
        Moments::Series { start, mean, square, slope } => {
            // From 0 to infinity. It does not divide infinity by itself.
            let u = if deviation > 1e100 { 1.0 } else { (deviation - 1.0) / (deviation + 1.0) };
            Expectations {
                mean: start + deviation * series(mean, u),
                square: start * start + q * series(square, u),
                slope: series(slope, u),
            }
        }
    }
}

const fn slopes(above: f64, below: f64, q: f64) -> Expectations {
    let slope = 0.5 * (above * above + below * below);
    Expectations { mean: (above - below) * sqrt(q / (2.0 * PI)), square: slope * q, slope }
}

/// Sums the moments of the polynomials over their pieces.
const fn pieces_of(pieces: &[Piece], q: f64) -> Expectations {
    let (mut mean, mut square, mut slope) = (0.0, 0.0, 0.0);
    let mut at = 0;
    while at < pieces.len() {
        let end = if at + 1 < pieces.len() { pieces[at + 1].from } else { f64::INFINITY };
        let m = powers(pieces[at].from, end, q);
        let [a, b, c] = pieces[at].coefficients;
        mean += a * m[0] + b * m[1] + c * m[2];
        square += a * a * m[0]
            + 2.0 * a * b * m[1]
            + (b * b + 2.0 * a * c) * m[2]
            + 2.0 * b * c * m[3]
            + c * c * m[4];
        slope += b * b * m[0] + 4.0 * b * c * m[1] + 4.0 * c * c * m[2];
        at += 1;
    }
    Expectations { mean, square, slope }
}

/// Computes E\[xᵏ\] over x from `a` to `b`, for k from 0 to 4. Integration by parts gives q (k - 1) times the value for
/// k - 2, plus the density at the ends.
const fn powers(a: f64, b: f64, q: f64) -> [f64; 5] {
    let deviation = sqrt(q);
    let (low, high) = (in_units(a, deviation), in_units(b, deviation));
    let first = density(low) - density(high);
    let mut m = [share(low, high), deviation * first, 0.0, 0.0, 0.0];
    let mut k = 2;
    let (mut at_low, mut at_high) = (deviation, deviation);
    while k < 5 {
        // xᵏ⁻¹ √q φ, which is 0 at infinity.
        at_low *= if low.is_finite() { a } else { 0.0 };
        at_high *= if high.is_finite() { b } else { 0.0 };
        m[k] = q * (k - 1) as f64 * m[k - 2] + at_low * density(low) - at_high * density(high);
        k += 1;
    }
    m
}

/// Computes a / `deviation`. It is defined for a deviation of 0 or infinity too.
const fn in_units(a: f64, deviation: f64) -> f64 {
    if a == 0.0 || a.is_infinite() { a } else { a / deviation }
}

/// The density of the standard normal distribution.
const fn density(z: f64) -> f64 {
    if z.is_finite() { 0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI * exp(-0.5 * z * z) } else { 0.0 }
}

/// The probability that a standard normal number is between these bounds.
const fn share(low: f64, high: f64) -> f64 {
    0.5 * (signed_erf(high) - signed_erf(low))
}

const fn signed_erf(z: f64) -> f64 {
    if z < 0.0 { -erf(-z * FRAC_1_SQRT_2) } else { erf(z * FRAC_1_SQRT_2) }
}

/// Computes Σ aₖ Tₖ(u) (Clenshaw 1955).
const fn series(a: &[f64], u: f64) -> f64 {
    let (mut next, mut after, mut k) = (0.0, 0.0, a.len());
    while k > 1 {
        k -= 1;
        (next, after) = (a[k] + 2.0 * u * next - after, next);
    }
    if k == 0 { 0.0 } else { a[0] + u * next - after }
}

//! The moments of an activation for a normal input.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

use super::elementary::{erf, exp, sqrt};
use crate::layer::{EXPONENTIAL, Moments};

/// E\[g(x)\], E\[g(x)²\] and E\[g'(x)²\] for x ~ N(0, q).
#[derive(Clone, Copy)]
pub(super) struct Expectations {
    pub(super) mean: f64,
    pub(super) square: f64,
    pub(super) slope: f64,
}

/// Computes the moments for a q from 0 to infinity, or NaN; those that do not depend on q are known for NaN too.
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
        Moments::Series { start, mean, square, slope } => {
            // From 0 to infinity, without dividing infinity by itself.
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

/// Computes Σ aₖ Tₖ(u) (Clenshaw 1955).
const fn series(a: &[f64], u: f64) -> f64 {
    let (mut next, mut after, mut k) = (0.0, 0.0, a.len());
    while k > 1 {
        k -= 1;
        (next, after) = (a[k] + 2.0 * u * next - after, next);
    }
    if k == 0 { 0.0 } else { a[0] + u * next - after }
}

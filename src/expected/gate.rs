//! The moments of tanh and the logistic function for a normal input with any mean, as gates have them.

use super::elementary::{exp, sqrt};

/// E\[g(x)\], E\[g(x)²\], E\[g'(x)\] and E\[g'(x)²\] of a normal x.
#[derive(Clone, Copy)]
pub(super) struct Squashed {
    pub(super) mean: f64,
    pub(super) square: f64,
    pub(super) rise: f64,
    pub(super) slope: f64,
}

/// The distance between the nodes of the sum below, in standard deviations, and the number of nodes on each side.
const STEP: f64 = 0.25;
const NODES: i32 = 24;

/// The weights of the nodes, from 0 on: the normal density times the step. This is the trapezoid rule. For a smooth
/// function its error falls exponentially with 1 / step. It is below 1e-6 up to a variance of 1, below 1e-5 up to 4,
/// and below 1e-3 up to 9.
const WEIGHTS: [f64; NODES as usize + 1] = {
    let (mut weights, mut at) = ([0.0; NODES as usize + 1], 0);
    while at <= NODES as usize {
        let z = at as f64 * STEP;
        weights[at] = 0.398_942_280_401_432_7 * STEP * exp(-0.5 * z * z);
        at += 1;
    }
    weights
};

/// Computes the moments of tanh. They are NaN if the variance is.
pub(super) const fn tanh(mean: f64, variance: f64) -> Squashed {
    let deviation = sqrt(variance);
    let mut sums = Squashed { mean: 0.0, square: 0.0, rise: 0.0, slope: 0.0 };
    // Around a mean of 0 both sides are equal.
    let mut at = if mean == 0.0 { 0 } else { -NODES };
    while at <= NODES {
        let weight = WEIGHTS[at.unsigned_abs() as usize];
        let weight = if mean == 0.0 && at > 0 { 2.0 * weight } else { weight };
        let t = 1.0 - 2.0 / (exp(2.0 * (mean + at as f64 * STEP * deviation)) + 1.0);
        let slope = 1.0 - t * t;
        sums.mean += if mean == 0.0 { 0.0 } else { weight * t };
        sums.square += weight * t * t;
        sums.rise += weight * slope;
        sums.slope += weight * slope * slope;
        at += 1;
    }
    sums
}

/// The moments of σ(x) and of 1 - σ(x).
#[derive(Clone, Copy)]
pub(super) struct Gate {
    /// E\[σ\].
    pub(super) mean: f64,
    /// E\[σ²\].
    pub(super) square: f64,
    /// E\[(1 - σ)²\].
    pub(super) rest_square: f64,
    /// E\[σ (1 - σ)\].
    pub(super) crossed: f64,
    /// E\[σ'²\].
    pub(super) slope: f64,
}

/// Computes the moments of σ(x) = (1 + tanh(x / 2)) / 2.
pub(super) const fn gate(mean: f64, variance: f64) -> Gate {
    let half = tanh(0.5 * mean, 0.25 * variance);
    Gate {
        mean: 0.5 * (1.0 + half.mean),
        square: 0.25 * (1.0 + 2.0 * half.mean + half.square),
        rest_square: 0.25 * (1.0 - 2.0 * half.mean + half.square),
        crossed: 0.25 * (1.0 - half.square),
        slope: half.slope / 16.0,
    }
}

#[cfg(test)]
mod tests {
    use super::{gate, tanh};

    /// Computes E\[f(x)\] by the midpoint rule, with steps of 1/1000.
    fn mean_of(mean: f64, variance: f64, f: impl Fn(f64) -> f64) -> f64 {
        let (mut sum, mut weights) = (0.0, 0.0);
        for at in -9000..9000 {
            let z = (f64::from(at) + 0.5) * 1e-3;
            let weight = libm::exp(-0.5 * z * z);
            (sum, weights) = (sum + weight * f(mean + z * libm::sqrt(variance)), weights + weight);
        }
        sum / weights
    }

    #[test]
    fn the_moments_are_those_of_a_fine_sum() {
        for mean in [0.0, -2.0, 3.0] {
            for variance in [0.0, 0.01, 1.0, 4.0, 9.0] {
                let epsilon = match variance {
                    0.0..=1.0 => 1e-6,
                    ..=4.0 => 1e-5,
                    _ => 1e-3,
                };
                let close = |a: f64, b: f64| assert!((a - b).abs() < epsilon, "{a} is not {b}");
                let (t, s) = (libm::tanh, |x: f64| 1.0 / (1.0 + libm::exp(-x)));
                let found = tanh(mean, variance);
                close(found.mean, mean_of(mean, variance, t));
                close(found.square, mean_of(mean, variance, |x| t(x) * t(x)));
                close(found.rise, mean_of(mean, variance, |x| 1.0 - t(x) * t(x)));
                close(found.slope, mean_of(mean, variance, |x| (1.0 - t(x) * t(x)).powi(2)));
                let found = gate(mean, variance);
                close(found.mean, mean_of(mean, variance, s));
                close(found.square, mean_of(mean, variance, |x| s(x) * s(x)));
                close(found.rest_square, mean_of(mean, variance, |x| (1.0 - s(x)).powi(2)));
                close(found.crossed, mean_of(mean, variance, |x| s(x) * (1.0 - s(x))));
                close(found.slope, mean_of(mean, variance, |x| (s(x) * (1.0 - s(x))).powi(2)));
            }
        }
        assert!(tanh(0.0, f64::NAN).square.is_nan());
    }
}

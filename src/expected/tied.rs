//! The effect of shared weights: all steps of a recurrent layer with gates have the same weights.
//!
//! From step to step the gradient has two parts: one that the gates keep, and one that passes through the weights. Say
//! that the gates keep the share ζ on average, and that the weights multiply the length by σ. A path that passes
//! through the weights in n of k steps then has the length ζᵏ⁻ⁿ σⁿ. It ends in the same direction for every choice of
//! these n steps. So these paths add up, and not their squares: the squared length is Σ C(k, n)² ζ²⁽ᵏ⁻ⁿ⁾ σ²ⁿ, which
//! grows as (ζ + σ)²ᵏ. With weights that are drawn again for each step it would grow as (ζ² + σ²)ᵏ. In both cases the
//! squares of the parts that vary from step to step add up.
//!
//! Pairs of paths are counted by the difference of the numbers of weights that the two have passed so far. In a step,
//! both paths do the same (a = ζ² + σ²), or one of them passes weights that the other has passed or will pass at
//! another step (b = ζ σ for each). If the difference is 0, the varying part adds its share ε.

use super::elementary::{ln, sqrt};

/// From this many steps on, the growth is that of infinitely many steps.
const STEPS: usize = 48;

/// The parts of one step.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    /// ζ.
    pub(super) kept: f64,
    /// σ.
    pub(super) through_weights: f64,
    /// The factor of the squared length, if the weights of the step are drawn again: a + ε.
    pub(super) redrawn: f64,
}

/// Pairs of paths up to the current step.
#[derive(Clone, Copy)]
pub(super) struct Pairs {
    /// The sum over the pairs, for each difference. For the difference 0 it is scaled to 1.
    sums: [f64; STEPS + 1],
    steps: usize,
    /// The logarithm of the squared length, without the factors `redrawn` of the steps.
    pub(super) log: f64,
}

impl Pairs {
    pub(super) const START: Self = {
        let mut sums = [0.0; STEPS + 1];
        sums[0] = 1.0;
        Self { sums, steps: 0, log: 0.0 }
    };

    /// Advances by one step.
    pub(super) const fn step(&mut self, parts: &Parts) {
        if self.steps >= STEPS {
            return self.many(parts, 1);
        }
        self.steps += 1;
        let (a, b) = parts.together();
        if b == 0.0 || b.is_nan() {
            return;
        }
        let before = self.sums;
        let whole = parts.redrawn + 2.0 * b * before[1];
        let mut at = 1;
        while at <= self.steps {
            let farther = if at < STEPS { before[at + 1] } else { 0.0 };
            self.sums[at] = (a * before[at] + b * (before[at - 1] + farther)) / whole;
            at += 1;
        }
        self.log += ln(whole / parts.redrawn);
    }

    /// Advances by steps after many steps. For infinitely many pairs each step multiplies the sums by a + √(ε² + 4 b²).
    pub(super) const fn many(&mut self, parts: &Parts, steps: usize) {
        let (a, b) = parts.together();
        if b == 0.0 || b.is_nan() {
            return;
        }
        let varies = parts.redrawn - a;
        self.log += steps as f64 * ln((a + sqrt(varies * varies + 4.0 * b * b)) / parts.redrawn);
    }

    /// Returns whether the growth is that of infinitely many steps.
    pub(super) const fn are_many(&self) -> bool {
        self.steps >= STEPS
    }
}

impl Parts {
    const fn together(&self) -> (f64, f64) {
        let Self { kept, through_weights, .. } = *self;
        (kept * kept + through_weights * through_weights, kept * through_weights)
    }
}

#[cfg(test)]
mod tests {
    use super::{Pairs, Parts};

    /// Computes Σ C(k, n)² ζ²⁽ᵏ⁻ⁿ⁾ σ²ⁿ.
    fn paths(k: i32, kept: f64, through_weights: f64) -> f64 {
        let mut choose = 1.0;
        let mut sum = 0.0;
        for n in 0..=k {
            sum += choose * choose * kept.powi(2 * (k - n)) * through_weights.powi(2 * n);
            choose *= f64::from(k - n) / f64::from(n + 1);
        }
        sum
    }

    #[test]
    fn equal_steps_have_the_sum_over_all_paths() {
        for (kept, through_weights) in [(0.5, 0.25), (0.9, 0.3), (0.1, 0.7)] {
            let redrawn = kept * kept + through_weights * through_weights;
            let parts = Parts { kept, through_weights, redrawn };
            let mut pairs = Pairs::START;
            for k in 1..=48 {
                pairs.step(&parts);
                let expected = libm::log(paths(k, kept, through_weights));
                let found = pairs.log + f64::from(k) * libm::log(redrawn);
                assert!((found - expected).abs() < 1e-9 * expected.abs(), "{k}: {found}, not {expected}");
            }
            // After 1000 steps the sum still has a factor of about 1 / √k, which does not grow exponentially.
            pairs.many(&parts, 952);
            let found = pairs.log + 1000.0 * libm::log(redrawn);
            let expected = 2000.0 * libm::log(kept + through_weights);
            assert!(((found - expected) / 2000.0).abs() < 2e-3, "{found}, not {expected}");
        }
    }

    #[test]
    fn without_one_of_the_two_parts_and_where_all_varies_nothing_changes() {
        for parts in [
            Parts { kept: 0.0, through_weights: 0.7, redrawn: 0.49 },
            Parts { kept: 0.5, through_weights: 0.0, redrawn: 0.3 },
        ] {
            let mut pairs = Pairs::START;
            (0..60).for_each(|_| pairs.step(&parts));
            assert_eq!(pairs.log, 0.0);
        }
        // Most of the gradient varies.
        let mut pairs = Pairs::START;
        let parts = Parts { kept: 0.01, through_weights: 0.01, redrawn: 0.3 };
        (0..60).for_each(|_| pairs.step(&parts));
        assert!(pairs.log.abs() < 1e-4);
    }
}

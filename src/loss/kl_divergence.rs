use super::checks::{check_finite, check_probabilities};
use super::pairwise::{Pairwise, pairwise};
use crate::kernel::Real;

/// The Kullback-Leibler divergence between a target distribution and the output, from log-probabilities, for example
/// the outputs of a [`LogSoftmax`](crate::layer::LogSoftmax).
///
/// With the log-probabilities a: R = Σ y (ln y - a), where 0 ln 0 is 0; dR/da = -y.
///
/// The loss of a sample is the sum over its numbers. The loss of a batch is the mean over its samples: PyTorch's
/// `reduction="batchmean"`, which is the mathematical divergence. (PyTorch's default also divides by the numbers of a
/// sample.)
///
/// # Shapes
/// Any output of log-probabilities, and targets of the same shape: probabilities, or [their
/// logarithms](KlDivergence::log_target). It is not checked that they sum to 1.
///
/// # Source
/// Kullback, Leibler, "On information and sufficiency", Annals of Mathematical Statistics 22 (1951).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let output = Vector([0.25_f64.ln(), 0.75_f64.ln()]);
/// let loss = KlDivergence::default().mean(&[output], &[Vector([0.5, 0.5])])?;
/// approx::assert_relative_eq!(loss, 0.5 * 2.0_f64.ln() + 0.5 * (2.0_f64 / 3.0).ln(), max_relative = 1e-12);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("KLDivLoss", "nn.KLDivLoss", "relative entropy", "distillation"))]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KlDivergence {
    log_target: bool,
}

impl KlDivergence {
    /// Creates a divergence whose targets are finite log-probabilities too.
    pub const fn log_target() -> Self {
        Self { log_target: true }
    }
}

impl Pairwise for KlDivergence {
    const SUM: bool = true;

    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        if self.log_target {
            let probability = Real::exp(y);
            return (probability * (y - a), -probability);
        }
        let entropy = if y == 0.0 { 0.0 } else { y * Real::ln(y) };
        (entropy - y * a, -y)
    }
}

pairwise!(KlDivergence, check: |this, target, sample| {
    if this.log_target { check_finite("target", target, sample) } else { check_probabilities(target, sample) }
});

use super::check_probabilities;
use super::pairwise::{Pairwise, pairwise};
use crate::kernel::{sigmoid, softplus};

/// The binary cross-entropy of independent yes-or-no targets, from scores (logits): use no sigmoid before it.
///
/// R = mean of max(a, 0) - a y + ln(1 + exp(-|a|)), which is -y ln σ(a) - (1-y) ln(1-σ(a)) without the overflow;
/// dR/da = (σ(a) - y) / n.
///
/// # Shapes
/// Any output of scores, and targets of the same shape: probabilities between 0 and 1; n is the count of numbers in a
/// sample.
///
/// ```
/// use chainrule::prelude::*;
/// let loss = BinaryCrossEntropy.mean(&[Vector([0.0])], &[Vector([1.0])])?;
/// approx::assert_relative_eq!(loss, 2.0_f64.ln());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossEntropy;

impl Pairwise for BinaryCrossEntropy {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let size = if a < 0.0 { -a } else { a };
        let positive = if a < 0.0 { 0.0 } else { a };
        (positive - a * y + softplus(-size), sigmoid(a) - y)
    }
}

pairwise!(BinaryCrossEntropy, check: |_this, target, sample| check_probabilities(target, sample));

use super::checks::{check_output, check_probabilities};
use super::pairwise::{Pairwise, pairwise};
use crate::kernel::Real;

/// The binary cross-entropy of independent yes-or-no targets, from probabilities, for example the outputs of a
/// [`Sigmoid`](crate::layer::Sigmoid).
///
/// R = mean of -y ln a - (1-y) ln(1-a); dR/da = (a - y) / (a (1-a)) / n. As in PyTorch, a logarithm is at least -100
/// and a (1-a) at least 1e-12, so that both are finite for a probability of 0 or 1.
/// [`BinaryCrossEntropy`](super::BinaryCrossEntropy), from scores without a sigmoid, has no such limits. Prefer it.
///
/// # Shapes
/// Any output of probabilities, and targets of the same shape, which are probabilities too; n is the count of numbers
/// in a sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = BinaryCrossEntropyOfProbabilities.mean(&[Vector([0.25, 0.0])], &[Vector([1.0, 0.0])])?;
/// approx::assert_relative_eq!(loss, 4.0_f64.ln() / 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("BCE", "BCELoss", "nn.BCELoss"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossEntropyOfProbabilities;

impl Pairwise for BinaryCrossEntropyOfProbabilities {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let [yes, no] = [Real::ln(a), Real::ln_1p(-a)].map(|log: f64| log.max(-100.0));
        (-y * yes - (1.0 - y) * no, (a - y) / (a * (1.0 - a)).max(1e-12))
    }
}

pairwise!(
    BinaryCrossEntropyOfProbabilities,
    check: |_this, target, sample| check_probabilities(target, sample),
    outputs: |_this, output, sample| {
        let expected = "probabilities between 0 and 1: end the network with a `Sigmoid`, or use `BinaryCrossEntropy`";
        check_output(output.as_slice(), sample, expected, |a| (0.0..=1.0).contains(&a))
    }
);

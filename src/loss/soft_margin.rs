use super::checks::check_signs;
use super::pairwise::{Pairwise, pairwise};
use crate::kernel::{sigmoid, softplus};

/// The soft-margin loss of scores with targets of 1 or -1: the logistic loss.
///
/// R = mean of ln(1 + exp(-y a)); dR/da = -y σ(-y a) / n. The [`BinaryCrossEntropy`](super::BinaryCrossEntropy) is the
/// same loss with targets of 1 and 0.
///
/// # Shapes
/// Any output of scores, and targets of the same shape, each 1 or -1; n is the count of numbers in a sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = SoftMargin.mean(&[Vector([0.0, 0.0])], &[Vector([1.0, -1.0])])?;
/// approx::assert_relative_eq!(loss, 2.0_f64.ln());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("SoftMarginLoss", "nn.SoftMarginLoss", "logistic loss"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftMargin;

impl Pairwise for SoftMargin {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        (softplus(-y * a), -y * sigmoid(-y * a))
    }
}

pairwise!(SoftMargin, check: |_this, target, sample| check_signs(target, sample));

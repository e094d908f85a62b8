use super::checks::check_finite;
use super::pairwise::{Pairwise, pairwise};

/// The mean absolute error (L1 loss): R = mean |a - y|, dR/da = sign(a - y) / n, and 0 if a = y.
///
/// # Shapes
/// Any output, and targets of the same shape; n is the count of numbers in a sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(MeanAbsoluteError.mean(&[Vector([1.0, 2.0])], &[Vector([1.0, 5.0])])?, 1.5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("L1", "MAE", "nn.L1Loss"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanAbsoluteError;

impl Pairwise for MeanAbsoluteError {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let d = a - y;
        let [above, below] = [d > 0.0, d < 0.0].map(f64::from);
        (if d < 0.0 { -d } else { d }, above - below)
    }
}

pairwise!(MeanAbsoluteError, check: |_this, target, sample| check_finite("target", target, sample));

use super::checks::check_finite;
use super::pairwise::{Pairwise, pairwise};

/// The mean squared error: R = mean (a - y)², dR/da = 2 (a - y) / n.
///
/// # Shapes
/// Any output, and targets of the same shape; n is the count of numbers in a sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(MeanSquaredError.mean(&[Vector([1.0, 2.0])], &[Vector([1.0, 5.0])])?, 4.5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("MSE", "MSELoss", "nn.MSELoss", "L2"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanSquaredError;

impl Pairwise for MeanSquaredError {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let d = a - y;
        (d * d, 2.0 * d)
    }
}

pairwise!(MeanSquaredError, check: |_this, target, sample| check_finite("target", target, sample));

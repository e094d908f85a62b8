use super::elementwise;

/// The mean squared error: R = mean (a - y)², dR/da = 2 (a - y) / n.
///
/// # Shapes
/// Any output, and targets of the same shape; n numbers a sample.
///
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(MeanSquaredError.mean(&[Vector([1.0, 2.0])], &[Vector([1.0, 5.0])])?, 4.5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanSquaredError;

elementwise!(MeanSquaredError, value: |_this, d| d * d, gradient: |d| 2.0 * d, check: Ok(()));

use super::elementwise;

/// The mean absolute error: R = mean |a - y|, dR/da = sign(a - y) / n, and 0 where a = y.
///
/// # Shapes
/// Any output, and targets of the same shape; n numbers a sample.
///
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(MeanAbsoluteError.mean(&[Vector([1.0, 2.0])], &[Vector([1.0, 5.0])])?, 1.5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanAbsoluteError;

/// The sign of `d`, and 0 for 0.
fn sign(d: f64) -> f64 {
    if d > 0.0 {
        1.0
    } else if d < 0.0 {
        -1.0
    } else {
        0.0
    }
}

elementwise!(
    MeanAbsoluteError,
    value: |_this, d| if d < 0.0 { -d } else { d },
    gradient: |d| sign(d),
    check: Ok(())
);

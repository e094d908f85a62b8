use super::checks::check_finite;
use super::pairwise::{Pairwise, pairwise};
use crate::kernel::{softplus, tanh};

/// The logarithm of the hyperbolic cosine of the error: squared for small errors, absolute for large ones, and smooth.
///
/// With d = a - y: R = mean of ln cosh d = |d| + ln(1 + exp(-2|d|)) - ln 2; dR/da = tanh(d) / n. It is Keras'
/// `LogCosh`; PyTorch has no such loss.
///
/// # Shapes
/// Any output, and targets of the same shape; n is the count of numbers in a sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = LogCosh.mean(&[Vector([2.0])], &[Vector([0.5])])?;
/// approx::assert_relative_eq!(loss, 1.5_f64.cosh().ln(), max_relative = 1e-12);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LogCosh;

impl Pairwise for LogCosh {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let d = a - y;
        let size = if d < 0.0 { -d } else { d };
        (size + softplus(-2.0 * size) - core::f64::consts::LN_2, tanh(d))
    }
}

pairwise!(LogCosh, check: |_this, target, sample| check_finite("target", target, sample));

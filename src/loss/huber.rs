use super::checks::{check_finite, check_positive};
use super::pairwise::{Pairwise, pairwise};

/// The Huber loss: squared for small errors and absolute for large ones, so that the gradient of an outlier is at most
/// `delta`.
///
/// With d = a - y: R = mean of d²/2 if |d| ≤ δ, else δ (|d| - δ/2); dR/da = clamp(d, -δ, δ) / n.
///
/// # Shapes
/// Any output, and targets of the same shape; n is the count of numbers in a sample.
///
/// # Source
/// Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = Huber::new(1.0);
/// assert_eq!(loss.mean(&[Vector([0.5, 3.0])], &[Vector([0.0, 0.0])])?, (0.125 + 2.5) / 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("HuberLoss", "nn.HuberLoss", "robust regression"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Huber {
    delta: f64,
}

impl Huber {
    /// Creates a Huber loss that changes from squared to absolute at `delta`, above 0.
    pub const fn new(delta: f64) -> Self {
        Self { delta }
    }
}

impl Default for Huber {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl Pairwise for Huber {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let (d, delta) = (a - y, self.delta);
        let size = if d < 0.0 { -d } else { d };
        let value = if size <= delta { 0.5 * d * d } else { delta * (size - 0.5 * delta) };
        (value, d.max(-delta).min(delta))
    }
}

pairwise!(Huber, check: |this, target, sample| {
    check_positive("the delta of a Huber loss", this.delta)?;
    check_finite("target", target, sample)
});

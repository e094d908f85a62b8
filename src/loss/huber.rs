use super::elementwise;
use crate::Error;

/// Squared for small errors, absolute for large ones, so that outliers pull no harder than `delta`.
///
/// With d = a - y: R = mean of d²/2 where |d| ≤ δ, else δ (|d| - δ/2); dR/da = clamp(d, -δ, δ) / n.
///
/// # Shapes
/// Any output, and targets of the same shape; n numbers a sample.
///
/// # Source
/// Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964).
///
/// ```
/// use chainrule::prelude::*;
/// let loss = Huber::new(1.0);
/// assert_eq!(loss.mean(&[Vector([0.5, 3.0])], &[Vector([0.0, 0.0])])?, (0.125 + 2.5) / 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Huber {
    delta: f64,
}

impl Huber {
    /// A Huber loss that turns from squared to absolute at `delta`, above 0.
    pub const fn new(delta: f64) -> Self {
        Self { delta }
    }

    fn check_delta(&self) -> Result<(), Error> {
        if self.delta > 0.0 && self.delta.is_finite() {
            return Ok(());
        }
        Err(Error::Setting {
            name: "the delta of a Huber loss",
            value: self.delta,
            expected: "above 0 and finite",
        })
    }
}

impl Default for Huber {
    fn default() -> Self {
        Self::new(1.0)
    }
}

elementwise!(
    Huber,
    value: |this, d| {
        let size = if d < 0.0 { -d } else { d };
        if size <= this.delta { 0.5 * d * d } else { this.delta * (size - 0.5 * this.delta) }
    },
    gradient: |d| d.max(-this.delta).min(this.delta),
    check: this.check_delta()
);

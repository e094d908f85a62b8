use super::checks::{check_finite, check_not_negative};
use super::pairwise::{Pairwise, pairwise};

/// The smooth L1 loss: squared for small errors, absolute for large ones. It is the [`Huber`](super::Huber) loss
/// divided by its δ, so that the slope of a large error is 1 for every β.
///
/// With d = a - y: R = mean of d²/2β if |d| < β, else |d| - β/2; dR/da = d/β / n, or sign(d) / n. With β = 0 it is the
/// mean absolute error.
///
/// # Shapes
/// Any output, and targets of the same shape; n is the count of numbers in a sample.
///
/// # Source
/// Girshick, "Fast R-CNN", ICCV 2015, eq. 3.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = SmoothL1::new(2.0);
/// assert_eq!(loss.mean(&[Vector([1.0, 3.0])], &[Vector([0.0, 0.0])])?, (0.25 + 2.0) / 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("SmoothL1Loss", "nn.SmoothL1Loss"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmoothL1 {
    beta: f64,
}

impl SmoothL1 {
    /// Creates a smooth L1 loss that changes from squared to absolute at `beta`, at least 0.
    pub const fn new(beta: f64) -> Self {
        Self { beta }
    }
}

impl Default for SmoothL1 {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl Pairwise for SmoothL1 {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let (d, beta) = (a - y, self.beta);
        let size = if d < 0.0 { -d } else { d };
        let [above, below] = [d > 0.0, d < 0.0].map(f64::from);
        if size < beta { (0.5 * d * d / beta, d / beta) } else { (size - 0.5 * beta, above - below) }
    }
}

pairwise!(SmoothL1, check: |this, target, sample| {
    check_not_negative("the beta of a smooth L1 loss", this.beta)?;
    check_finite("target", target, sample)
});

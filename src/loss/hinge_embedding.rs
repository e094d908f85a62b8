use super::checks::{check_positive, check_signs};
use super::pairwise::{Pairwise, pairwise};

/// The hinge embedding loss of distances. The distance of a similar pair (target 1) should be small, and that of
/// another pair (target -1) at least the margin.
///
/// R = mean of a if y = 1, and of max(0, margin - a) if y = -1; dR/da is 1/n, or -1/n if a < margin.
///
/// # Shapes
/// Any output of distances, and targets of the same shape, each 1 or -1; n is the count of numbers in a sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = HingeEmbedding::new(1.0);
/// assert_eq!(loss.mean(&[Vector([0.25, 0.25])], &[Vector([1.0, -1.0])])?, (0.25 + 0.75) / 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("HingeEmbeddingLoss", "nn.HingeEmbeddingLoss", "contrastive"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HingeEmbedding {
    margin: f64,
}

impl HingeEmbedding {
    /// Creates a hinge embedding loss with this margin, above 0.
    pub const fn new(margin: f64) -> Self {
        Self { margin }
    }
}

impl Default for HingeEmbedding {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl Pairwise for HingeEmbedding {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let below = self.margin - a;
        if y > 0.0 {
            (a, 1.0)
        } else if below > 0.0 {
            (below, -1.0)
        } else {
            (0.0, 0.0)
        }
    }
}

pairwise!(HingeEmbedding, check: |this, target, sample| {
    check_positive("the margin of a hinge embedding loss", this.margin)?;
    check_signs(target, sample)
});

use super::checks::check_signs;
use super::pairwise::{Pairwise, pairwise};

/// The hinge loss of scores with targets of 1 or -1, as in a support vector machine.
///
/// R = mean of max(0, 1 - y a); dR/da = -y / n if y a < 1, else 0. It is Keras' `Hinge`; PyTorch has no such loss.
///
/// # Shapes
/// Any output of scores, and targets of the same shape, each 1 or -1; n is the count of numbers in a sample.
///
/// # Source
/// Cortes, Vapnik, "Support-vector networks", Machine Learning 20 (1995).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Hinge.mean(&[Vector([0.25, 3.0])], &[Vector([-1.0, 1.0])])?, 1.25 / 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("SVM", "support vector machine", "max-margin"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Hinge;

impl Pairwise for Hinge {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let below = 1.0 - y * a;
        if below > 0.0 { (below, -y) } else { (0.0, 0.0) }
    }
}

pairwise!(Hinge, check: |_this, target, sample| check_signs(target, sample));

/// The squared hinge loss of scores with targets of 1 or -1. Its derivative is continuous.
///
/// R = mean of max(0, 1 - y a)²; dR/da = -2 y max(0, 1 - y a) / n. It is Keras' `SquaredHinge`; PyTorch has no such
/// loss.
///
/// # Shapes
/// Any output of scores, and targets of the same shape, each 1 or -1; n is the count of numbers in a sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(SquaredHinge.mean(&[Vector([0.5, 3.0])], &[Vector([-1.0, 1.0])])?, 2.25 / 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("L2-SVM"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct SquaredHinge;

impl Pairwise for SquaredHinge {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let below = 1.0 - y * a;
        let below = if below > 0.0 { below } else { 0.0 };
        (below * below, -2.0 * y * below)
    }
}

pairwise!(SquaredHinge, check: |_this, target, sample| check_signs(target, sample));

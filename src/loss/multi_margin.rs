use super::Loss;
use super::checks::check_positive;
use crate::Error;
use crate::kernel::Real;
use crate::tensor::{Label, Tensor, Vector};

/// The multi-class hinge loss of one class among several. Its score should exceed each other score by the margin.
///
/// For the class y: R = Σ max(0, margin - a_y + aᵢ)ᵖ / classes over all i except y, with p = 1, or p = 2 if
/// [squared](MultiMargin::squared). The loss of a batch is the mean over its samples.
///
/// # Shapes
/// Output `Vector<CLASSES>` of scores, and targets [`Label<CLASSES>`](Label).
///
/// # Source
/// Weston, Watkins, "Support vector machines for multi-class pattern recognition", ESANN 1999.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = MultiMargin::new(1.0).mean(&[Vector([0.5, 0.25, -2.0])], &[Label::new(0)?])?;
/// assert_eq!(loss, 0.75 / 3.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("MultiMarginLoss", "nn.MultiMarginLoss", "multi-class SVM"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultiMargin {
    margin: f64,
    squared: bool,
}

impl MultiMargin {
    /// Creates a loss with this margin, above 0.
    pub const fn new(margin: f64) -> Self {
        Self { margin, squared: false }
    }

    /// Squares each term.
    pub const fn squared(self) -> Self {
        Self { squared: true, ..self }
    }

    /// Returns the term of a score, and its derivative.
    fn term<T: Real>(&self, score: T, of_class: T) -> (f64, f64) {
        let above = self.margin - of_class.to_f64() + score.to_f64();
        if above <= 0.0 {
            (0.0, 0.0)
        } else if self.squared {
            (above * above, 2.0 * above)
        } else {
            (above, 1.0)
        }
    }
}

impl Default for MultiMargin {
    fn default() -> Self {
        Self::new(1.0)
    }
}

#[diagnostic::do_not_recommend] // the message says which target belongs to which output
impl<const CLASSES: usize, T: Real> Loss<Vector<CLASSES, T>, Label<CLASSES>> for MultiMargin {
    fn value(&self, output: &Vector<CLASSES, T>, target: &Label<CLASSES>) -> f64 {
        let scores = output.0.iter().enumerate().filter(|(class, _)| *class != target.index());
        let sum = scores.fold(0.0, |sum, (_, &score)| sum + self.term(score, output.0[target.index()]).0);
        sum / CLASSES as f64
    }

    fn gradient(
        &self,
        output: &Vector<CLASSES, T>,
        target: &Label<CLASSES>,
        gradient: &mut Vector<CLASSES, T>,
    ) {
        let mut sum = 0.0;
        for (class, g) in gradient.0.iter_mut().enumerate().filter(|(class, _)| *class != target.index()) {
            let slope = self.term(output.0[class], output.0[target.index()]).1 / CLASSES as f64;
            *g = T::from_f64(slope);
            sum += slope;
        }
        gradient.as_mut_slice()[target.index()] = T::from_f64(-sum);
    }

    fn check(&self, _: &Label<CLASSES>, _: usize) -> Result<(), Error> {
        check_positive("the margin of a multi-margin loss", self.margin)
    }
}

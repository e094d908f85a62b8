use super::Loss;
use super::checks::check_not_negative;
use crate::Error;
use crate::kernel::Real;
use crate::tensor::Vector;

/// The margin ranking loss of two scores. The higher-ranked score should exceed the other by the margin.
///
/// With y = 1 if the first ranks higher, else -1: R = max(0, margin - y (a₁ - a₂)). The loss of a batch is the mean
/// over its samples.
///
/// # Shapes
/// Output `Vector<2>`. The target is a `bool`, whether the first ranks higher (PyTorch's 1 and -1).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = MarginRanking::new(0.5);
/// assert_eq!(loss.mean(&[Vector([1.0, 0.75]); 2], &[true, false])?, (0.25 + 0.75) / 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("MarginRankingLoss", "nn.MarginRankingLoss", "learning to rank"))]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MarginRanking {
    margin: f64,
}

impl MarginRanking {
    /// Creates a loss with this margin, at least 0. The default is 0.
    pub const fn new(margin: f64) -> Self {
        Self { margin }
    }

    /// Returns y, and the difference between the margin and the scores.
    fn term<T: Real>(&self, &Vector([first, second]): &Vector<2, T>, first_is_higher: bool) -> (f64, f64) {
        let y = if first_is_higher { 1.0 } else { -1.0 };
        (y, self.margin - y * (first.to_f64() - second.to_f64()))
    }
}

#[diagnostic::do_not_recommend] // the message says which target belongs to which output
impl<T: Real> Loss<Vector<2, T>, bool> for MarginRanking {
    fn value(&self, output: &Vector<2, T>, target: &bool) -> f64 {
        self.term(output, *target).1.max(0.0)
    }

    fn gradient(&self, output: &Vector<2, T>, target: &bool, gradient: &mut Vector<2, T>) {
        let (y, below) = self.term(output, *target);
        let slope = if below > 0.0 { y } else { 0.0 };
        *gradient = Vector([T::from_f64(-slope), T::from_f64(slope)]);
    }

    fn check(&self, _: &bool, _: usize) -> Result<(), Error> {
        check_not_negative("the margin of a ranking loss", self.margin)
    }
}

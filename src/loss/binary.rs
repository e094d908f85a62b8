use super::{Loss, check_probabilities};
use crate::Error;
use crate::kernel::{Real, sigmoid};
use crate::tensor::{Is, Tensor};

/// The cross-entropy of independent yes-or-no targets, from scores: no sigmoid before it.
///
/// R = mean of max(a, 0) - a y + ln(1 + exp(-|a|)), which is -y ln σ(a) - (1-y) ln(1-σ(a)) without the overflow;
/// dR/da = (σ(a) - y) / n.
///
/// # Shapes
/// Any output of scores, and targets of the same shape: probabilities between 0 and 1; n numbers a sample.
///
/// ```
/// use chainrule::prelude::*;
/// let loss = BinaryCrossEntropy.mean(&[Vector([0.0])], &[Vector([1.0])])?;
/// approx::assert_relative_eq!(loss, 2.0_f64.ln());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossEntropy;

#[diagnostic::do_not_recommend] // so that the error is the one of `Loss`, not of `Is`
impl<Y: Tensor, Target: Is<Y>> Loss<Y, Target> for BinaryCrossEntropy {
    fn value(&self, output: &Y, target: &Target) -> f64 {
        let pairs = output.as_slice().iter().zip(target.cast_one().as_slice());
        let sum = pairs.fold(0.0, |sum, (&a, &y)| {
            let (a, y) = (a.to_f64(), y.to_f64());
            sum + a.max(0.0) - a * y + libm::log1p(libm::exp(-libm::fabs(a)))
        });
        sum / Y::LEN as f64
    }

    fn gradient(&self, output: &Y, target: &Target, gradient: &mut Y) {
        let share = Y::Scalar::of(1.0 / Y::LEN as f64);
        let pairs = output.as_slice().iter().zip(target.cast_one().as_slice());
        for (g, (&a, &y)) in gradient.as_mut_slice().iter_mut().zip(pairs) {
            *g = (sigmoid(a) - y) * share;
        }
    }

    fn check(&self, target: &Target, sample: usize) -> Result<(), Error> {
        check_probabilities(target.cast_one(), sample)
    }
}

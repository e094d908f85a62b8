use super::Loss;
use super::class_target::{ClassTarget, ClassWeights, Shares, Unweighted, index, weight_of};
use crate::Error;
use crate::kernel::Real;
use crate::tensor::Tensor;

/// The negative log-likelihood of one class among several, from log-probabilities, for example the outputs of a
/// [`LogSoftmax`](crate::layer::LogSoftmax).
///
/// With the log-probabilities a and the target's probabilities q (for a label, 1 at its class): R = -Σ qₖ aₖ, and
/// dR/da = -q. A `LogSoftmax` followed by this loss equals the [`CrossEntropy`](super::CrossEntropy), which is faster.
///
/// The loss of a batch is the mean over all positions (of all samples) that are not ignored. It is not checked that the
/// outputs are log-probabilities.
///
/// # Shapes
/// As the [`CrossEntropy`](super::CrossEntropy).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let log_probabilities = Vector([0.5_f64.ln(), 0.25_f64.ln(), 0.25_f64.ln()]);
/// let loss = NllLoss.mean(&[log_probabilities], &[Label::new(1)?])?;
/// approx::assert_relative_eq!(loss, 4.0_f64.ln());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("NLLLoss", "nn.NLLLoss", "negative log-likelihood"))]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NllLoss;

/// The [`NllLoss`] with a weight for each class. Create it with [`NllLoss::weights`].
///
/// R = -Σ wₖ qₖ aₖ, dR/da = -w q. As in PyTorch, the loss of a batch is the sum of R over all positions, divided by the
/// sum of the weights of their classes.
///
/// ```
/// use chainrule::prelude::*;
/// let outputs = [Vector([-1.0, -2.0]), Vector([-1.0, -2.0])];
/// let loss = NllLoss.weights([1.0, 3.0]).mean(&outputs, &[Label::new(0)?, Label::new(1)?])?;
/// assert_eq!(loss, (1.0 * 1.0 + 3.0 * 2.0) / (1.0 + 3.0));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("NLLLoss", "class weights"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedNllLoss<const CLASSES: usize> {
    weights: [f64; CLASSES],
}

impl NllLoss {
    /// Returns the loss with a weight for each class, at least 0.
    pub const fn weights<const CLASSES: usize>(self, weights: [f64; CLASSES]) -> WeightedNllLoss<CLASSES> {
        WeightedNllLoss { weights }
    }

    fn shares(&self) -> Shares<'static, Unweighted> {
        Shares { smoothing: 0.0, weights: &Unweighted }
    }
}

impl<const CLASSES: usize> WeightedNllLoss<CLASSES> {
    fn shares(&self) -> Shares<'_, [f64; CLASSES]> {
        Shares { smoothing: 0.0, weights: &self.weights }
    }
}

/// Implements [`Loss`] for a negative log-likelihood.
macro_rules! nll {
    ([$($generics:tt)*] $Loss:ty, $Y:ident where $($bound:tt)*) => {
        #[diagnostic::do_not_recommend] // the message says which target belongs to which output
        impl<$($generics)* $Y: $($bound)*, Target: ClassTarget<$Y>> Loss<$Y, Target> for $Loss {
            fn value(&self, output: &$Y, target: &Target) -> f64 {
                let (shares, a) = (self.shares(), output.as_slice());
                let mut sum = 0.0;
                for position in 0..Target::POSITIONS {
                    let Some(q) = shares.at(target, position) else { continue };
                    for class in 0..Target::CLASSES {
                        sum -= q(class) * a[index::<$Y, Target>(position, class)].to_f64();
                    }
                }
                sum
            }

            fn gradient(&self, _: &$Y, target: &Target, gradient: &mut $Y) {
                let (shares, gradient) = (self.shares(), gradient.as_mut_slice());
                for position in 0..Target::POSITIONS {
                    let q = shares.at(target, position);
                    for class in 0..Target::CLASSES {
                        let q = q.as_ref().map_or(0.0, |q| q(class));
                        gradient[index::<$Y, Target>(position, class)] = Real::from_f64(-q);
                    }
                }
            }

            fn weight(&self, target: &Target) -> f64 {
                weight_of(self.shares().weights, target)
            }

            fn check(&self, target: &Target, sample: usize) -> Result<(), Error> {
                self.shares().weights.check()?;
                target.check(sample)
            }
        }
    };
}

nll!([] NllLoss, Y where Tensor);
nll!([const CLASSES: usize,] WeightedNllLoss<CLASSES>, Y where super::ClassAxis<CLASSES>);

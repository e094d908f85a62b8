use super::checks::{check_batch, finite_with_gradient, mean_of};
use super::class_target::{ClassTarget, ClassWeights, Shares, Unweighted, weight_of};
use super::{Loss, softmax};
use crate::Error;
use crate::tensor::Tensor;

/// The cross-entropy of one class among several, from scores (logits). Do not use a softmax before it.
///
/// With p = softmax(a) and the target's probabilities q: R = -Σ qₖ ln pₖ, and dR/da = p - q. For a label, q is 1 at its
/// class and 0 elsewhere. With label smoothing s, q is 1 - s at its class, plus s / classes at every class.
///
/// The loss of a batch is the mean over all positions (of all samples) that are not ignored.
///
/// # Shapes
/// Output `Vector<CLASSES>`, or `Sequence<STEPS, CLASSES>` with a class for each step, or `Image<CLASSES, H, W>` with a
/// class for each pixel. The [target](crate::loss#classes) is one of these:
///
/// * a label for each position, such as [`Label<CLASSES>`](crate::tensor::Label) or `[Option<Label<CLASSES>>; STEPS]`;
///   positions with `None` are ignored;
/// * a tensor of the output's type with probabilities between 0 and 1. As in PyTorch, it is not checked that they sum
///   to 1. A smaller sum is a smaller weight of the position.
///
/// # Gradient flow
/// p - q does not vanish for a confident wrong prediction, because the Jacobian of the softmax cancels with the
/// logarithm.
///
/// # Source
/// Bridle (1990); label smoothing: Szegedy et al., "Rethinking the Inception architecture", CVPR 2016, section 7.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = CrossEntropy::default();
/// let third = Label::new(2)?;
/// let value = loss.mean(&[Vector([0.0; 4])], &[third])?;
/// approx::assert_relative_eq!(value, 4.0_f64.ln());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias(
    "softmax",
    "CrossEntropyLoss",
    "nn.CrossEntropyLoss",
    "SparseCategoricalCrossentropy",
    "log loss"
))]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    smoothing: f64,
}

/// The [`CrossEntropy`] with a weight for each class, for classes that are rare or more important. Create it with
/// [`CrossEntropy::weights`].
///
/// With the weight w of each class: R = -Σ wₖ qₖ ln pₖ, and dR/da = p Σ wₖ qₖ - w q.
///
/// As in PyTorch, the loss of a batch is the sum of R over all positions, divided by the sum of the weights of their
/// classes (for targets of probabilities, by the number of positions). So it is a weighted mean: a common factor of all
/// weights changes nothing.
///
/// ```
/// use chainrule::prelude::*;
/// let loss = CrossEntropy::default().weights([1.0, 3.0]);
/// let (outputs, labels) = ([Vector([2.0, 0.0]); 2], [Label::new(0)?, Label::new(1)?]);
/// let each = [labels[0], labels[1]].map(|label| CrossEntropy::default().value(&outputs[0], &label));
/// approx::assert_relative_eq!(loss.mean(&outputs, &labels)?, (each[0] + 3.0 * each[1]) / 4.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("class weights", "class imbalance", "nn.CrossEntropyLoss"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedCrossEntropy<const CLASSES: usize> {
    plain: CrossEntropy,
    weights: [f64; CLASSES],
}

impl CrossEntropy {
    /// Creates a cross-entropy with label smoothing: `smoothing` is from 0 (none) to less than 1. Validation does not
    /// smooth: see [`Loss::evaluate`].
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// // With the smoothing 0.5 and equal scores, R is ln 2 as without.
    /// let loss = CrossEntropy::smoothed(0.5).mean(&[Vector([0.0, 0.0])], &[Label::new(0)?])?;
    /// approx::assert_relative_eq!(loss, 2.0_f64.ln());
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    #[doc(alias("label_smoothing"))]
    pub const fn smoothed(smoothing: f64) -> Self {
        Self { smoothing }
    }

    /// Returns the loss with a weight for each class, at least 0.
    pub const fn weights<const CLASSES: usize>(
        self,
        weights: [f64; CLASSES],
    ) -> WeightedCrossEntropy<CLASSES> {
        WeightedCrossEntropy { plain: self, weights }
    }

    fn check_smoothing(&self) -> Result<(), Error> {
        if (0.0..1.0).contains(&self.smoothing) {
            return Ok(());
        }
        Err(Error::Setting {
            name: "label smoothing",
            value: self.smoothing,
            expected: "at least 0 and below 1",
        })
    }

    fn shares(&self) -> Shares<'static, Unweighted> {
        Shares { smoothing: self.smoothing, weights: &Unweighted }
    }

    fn unsmoothed(&self) -> Self {
        Self::default()
    }
}

impl<const CLASSES: usize> WeightedCrossEntropy<CLASSES> {
    fn check_smoothing(&self) -> Result<(), Error> {
        self.plain.check_smoothing()
    }

    fn shares(&self) -> Shares<'_, [f64; CLASSES]> {
        Shares { smoothing: self.plain.smoothing, weights: &self.weights }
    }

    fn unsmoothed(&self) -> Self {
        Self { plain: CrossEntropy::default(), ..*self }
    }
}

/// Implements [`Loss`] for a cross-entropy.
macro_rules! cross_entropy {
    ([$($generics:tt)*] $Loss:ty, $Y:ident where $($bound:tt)*) => {
        #[diagnostic::do_not_recommend] // the message says which target belongs to which output
        impl<$($generics)* $Y: $($bound)*, Target: ClassTarget<$Y>> Loss<$Y, Target> for $Loss {
            fn value(&self, output: &$Y, target: &Target) -> f64 {
                softmax::value(&self.shares(), output, target)
            }

            fn gradient(&self, output: &$Y, target: &Target, gradient: &mut $Y) {
                use core::slice::{from_mut, from_ref};
                softmax::sum_and_gradient(&self.shares(), from_ref(output), from_ref(target), from_mut(gradient), 1.0);
            }

            fn weight(&self, target: &Target) -> f64 {
                weight_of(self.shares().weights, target)
            }

            fn check(&self, target: &Target, sample: usize) -> Result<(), Error> {
                self.check_smoothing()?;
                self.shares().weights.check()?;
                target.check(sample)
            }

            fn mean_and_gradient(
                &self,
                outputs: &[$Y],
                targets: &[Target],
                gradients: &mut [$Y],
            ) -> Result<f64, Error> {
                check_batch(self, outputs, targets, gradients)?;
                let weight = self.total_weight(targets);
                let sum = softmax::sum_and_gradient(&self.shares(), outputs, targets, gradients, 1.0 / weight);
                finite_with_gradient(mean_of(sum, weight)?, $Y::flat(gradients))
            }

            fn evaluate(&self, outputs: &[$Y], targets: &[Target]) -> Result<f64, Error> {
                self.check_smoothing()?;
                self.unsmoothed().mean(outputs, targets)
            }
        }
    };
}

cross_entropy!([] CrossEntropy, Y where Tensor);
cross_entropy!([const CLASSES: usize,] WeightedCrossEntropy<CLASSES>, Y where super::ClassAxis<CLASSES>);

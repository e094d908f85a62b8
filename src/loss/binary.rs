use super::checks::{check_batch, check_probabilities, check_weights, finite_with_gradient};
use super::pairwise::{Pairwise, pairwise};
use super::{ClassAxis, Loss};
use crate::Error;
use crate::kernel::{Real, sigmoid, softplus};
use crate::tensor::SameType;

/// The binary cross-entropy of independent yes-or-no targets, from scores (logits). Do not use a sigmoid before it.
///
/// R = mean of max(a, 0) - a y + ln(1 + exp(-|a|)), which equals -y ln σ(a) - (1-y) ln(1-σ(a)) but does not overflow;
/// dR/da = (σ(a) - y) / n.
///
/// # Shapes
/// Any output of scores, and targets of the same shape: probabilities between 0 and 1; n is the count of numbers in a
/// sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = BinaryCrossEntropy.mean(&[Vector([0.0])], &[Vector([1.0])])?;
/// approx::assert_relative_eq!(loss, 2.0_f64.ln());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("BCE", "BCEWithLogitsLoss", "nn.BCEWithLogitsLoss", "sigmoid cross entropy"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossEntropy;

impl Pairwise for BinaryCrossEntropy {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let size = if a < 0.0 { -a } else { a };
        let positive = if a < 0.0 { 0.0 } else { a };
        (positive - a * y + softplus(-size), sigmoid(a) - y)
    }
}

pairwise!(BinaryCrossEntropy, check: |_this, target, sample| check_probabilities(target, sample));

/// The [`BinaryCrossEntropy`] with a weight for the positive targets of each class, for rare classes. Create it with
/// [`BinaryCrossEntropy::positive_weights`].
///
/// With the weight p of a class: R = mean of -p y ln σ(a) - (1-y) ln(1-σ(a)), and dR/da = ((1-y) σ(a) - p y σ(-a)) / n.
/// A common choice of p is the number of negative samples divided by the number of positive ones.
///
/// As in PyTorch (`pos_weight`), the loss is the mean over samples and numbers. It is not divided by the weights.
///
/// # Shapes
/// Output `Vector<CLASSES>`, `Sequence<STEPS, CLASSES>` or `Image<CLASSES, H, W>`, and targets of the same shape:
/// probabilities between 0 and 1; n is the count of numbers in a sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = BinaryCrossEntropy.positive_weights([1.0, 5.0]);
/// let value = loss.mean(&[Vector([0.0, 0.0])], &[Vector([1.0, 1.0])])?;
/// approx::assert_relative_eq!(value, (1.0 + 5.0) * 2.0_f64.ln() / 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("pos_weight", "class imbalance", "BCEWithLogitsLoss"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightedBinaryCrossEntropy<const CLASSES: usize> {
    positive: [f64; CLASSES],
}

impl BinaryCrossEntropy {
    /// Returns the loss with a weight for the positive targets of each class, at least 0.
    pub const fn positive_weights<const CLASSES: usize>(
        self,
        positive: [f64; CLASSES],
    ) -> WeightedBinaryCrossEntropy<CLASSES> {
        WeightedBinaryCrossEntropy { positive }
    }
}

impl<const CLASSES: usize> WeightedBinaryCrossEntropy<CLASSES> {
    /// Returns the loss of the number at the index `at` of a sample, and its derivative.
    fn compare<Y: ClassAxis<CLASSES>>(&self, at: usize, a: f64, y: f64) -> (f64, f64) {
        let positive = self.positive[Y::class_of(at)] * y;
        let value = (1.0 - y) * softplus(a) + positive * softplus(-a);
        (value, (1.0 - y) * sigmoid(a) - positive * sigmoid(-a))
    }

    /// Returns the sum over the numbers of a batch, and writes the gradient, multiplied by `share`.
    fn sum_and_gradient<Y: ClassAxis<CLASSES>>(
        &self,
        output: &[Y],
        target: &[Y],
        gradient: &mut [Y],
        share: f64,
    ) -> f64 {
        let samples = gradient.iter_mut().zip(output.iter().zip(target));
        samples.fold(0.0, |total, (gradient, (output, target))| {
            let pairs = output.as_slice().iter().zip(target.as_slice());
            let numbers = gradient.as_mut_slice().iter_mut().zip(pairs).enumerate();
            numbers.fold(total, |total, (at, (g, (a, y)))| {
                let (value, slope) = self.compare::<Y>(at, a.to_f64(), y.to_f64());
                *g = Y::Scalar::from_f64(slope * share);
                total + value
            })
        })
    }
}

#[diagnostic::do_not_recommend] // so that the error is about `Loss`, not about `SameType`
impl<const CLASSES: usize, Y: ClassAxis<CLASSES>, Target: SameType<Y>> Loss<Y, Target>
    for WeightedBinaryCrossEntropy<CLASSES>
{
    fn value(&self, output: &Y, target: &Target) -> f64 {
        let pairs = output.as_slice().iter().zip(target.cast_one().as_slice()).enumerate();
        let sum = pairs.fold(0.0, |sum, (at, (a, y))| sum + self.compare::<Y>(at, a.to_f64(), y.to_f64()).0);
        sum / Y::LEN as f64
    }

    fn gradient(&self, output: &Y, target: &Target, gradient: &mut Y) {
        use core::slice::{from_mut, from_ref};
        let share = 1.0 / Y::LEN as f64;
        self.sum_and_gradient(from_ref(output), from_ref(target.cast_one()), from_mut(gradient), share);
    }

    fn check(&self, target: &Target, sample: usize) -> Result<(), Error> {
        check_weights("the weight of a class's positive targets", &self.positive)?;
        check_probabilities(target.cast_one(), sample)
    }

    fn mean_and_gradient(
        &self,
        outputs: &[Y],
        targets: &[Target],
        gradients: &mut [Y],
    ) -> Result<f64, Error> {
        check_batch(self, outputs, targets, gradients)?;
        let numbers = (outputs.len() * Y::LEN) as f64;
        let sum = self.sum_and_gradient(outputs, Target::cast(targets), gradients, 1.0 / numbers);
        finite_with_gradient(sum / numbers, Y::flat(gradients))
    }
}

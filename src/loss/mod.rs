//! Floor 5: losses R = L(A, Y), the distance of a network's outputs from the targets.
//!
//! | loss | output | targets |
//! |---|---|---|
//! | [`CrossEntropy`] | `Vector<CLASSES>` of scores | [`Label<CLASSES>`](crate::tensor::Label), or a `Vector<CLASSES>` of probabilities |
//! | [`BinaryCrossEntropy`] | any tensor of scores | the same tensor, of probabilities |
//! | [`MeanSquaredError`], [`MeanAbsoluteError`], [`Huber`] | any tensor | the same tensor |
//!
//! Every loss is a mean over the batch; those that compare numbers are a mean over the numbers of a sample too, as
//! PyTorch's are. Ten scores against labels of twelve classes do not compile.

mod absolute;
mod binary;
mod cross_entropy;
mod huber;
mod pairwise;
mod squared;

use crate::Error;
use crate::kernel::{Real, all_finite};
use crate::tensor::Tensor;

pub use absolute::MeanAbsoluteError;
pub use binary::BinaryCrossEntropy;
pub use cross_entropy::CrossEntropy;
pub use huber::Huber;
pub use squared::MeanSquaredError;

/// A distance of an output `Y` from a `Target`, and its gradient with respect to the output.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot compare the output `{Y}` with the target `{Target}`",
    label = "the network gives `{Y}`, and the targets are `{Target}`",
    note = "`CrossEntropy` compares a score for each class, such as `Vector<10>`, with a `Label<10>`, which `Label::new(index)?` makes of an index",
    note = "other targets have the output's own type, `{Y}`: of an array `Vector(array)`, of one number `Vector([y])`"
)]
pub trait Loss<Y: Tensor, Target>: Sync {
    /// Returns the loss of one sample.
    fn value(&self, output: &Y, target: &Target) -> f64;

    /// Writes the gradient of one sample's loss with respect to its output to `gradient`.
    fn gradient(&self, output: &Y, target: &Target, gradient: &mut Y);

    /// Checks this target, the `sample`-th of its batch, and the settings of the loss.
    ///
    /// # Errors
    /// [`Error::NonFiniteData`], [`Error::TargetRange`] or [`Error::Setting`].
    fn check(&self, target: &Target, sample: usize) -> Result<(), Error>;

    /// Returns the mean loss of a batch.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`], [`Error::BatchLengths`], whatever [`check`](Loss::check) finds, and
    /// [`Error::NonFiniteLoss`].
    fn mean(&self, outputs: &[Y], targets: &[Target]) -> Result<f64, Error> {
        check_lengths(outputs.len(), targets.len())?;
        let mut sum = 0.0;
        for (sample, (output, target)) in outputs.iter().zip(targets).enumerate() {
            self.check(target, sample)?;
            sum += self.value(output, target);
        }
        finite(sum / outputs.len() as f64)
    }

    /// Returns the mean loss of a batch for validation: without what only training adds, such as label smoothing. By
    /// default it is [`mean`](Loss::mean).
    ///
    /// # Errors
    /// As [`mean`](Loss::mean).
    fn evaluate(&self, outputs: &[Y], targets: &[Target]) -> Result<f64, Error> {
        self.mean(outputs, targets)
    }

    /// Returns the mean loss of a batch, and writes its gradient with respect to each output to `gradients`.
    ///
    /// # Errors
    /// As [`mean`](Loss::mean).
    fn mean_and_gradient(
        &self,
        outputs: &[Y],
        targets: &[Target],
        gradients: &mut [Y],
    ) -> Result<f64, Error> {
        check_lengths(gradients.len(), targets.len())?;
        let mean = self.mean(outputs, targets)?;
        for ((output, target), gradient) in outputs.iter().zip(targets).zip(gradients.iter_mut()) {
            self.gradient(output, target, gradient);
        }
        let share = Y::Scalar::from_f64(1.0 / outputs.len() as f64);
        Y::flat_mut(gradients).iter_mut().for_each(|g| *g *= share);
        finite_with_gradient(mean, Y::flat(gradients))
    }
}

/// Targets that a loss `L` can compare with an output `Y`: every `Target` for which `L` is a [`Loss<Y, Target>`](Loss).
///
/// Methods have this bound on the targets instead of `Loss` on the loss, so that the compiler's error points at the
/// targets.
pub trait TargetFor<L, Y: Tensor>: Sized + Sync {
    #[doc(hidden)]
    type Loss: Loss<Y, Self>;
    #[doc(hidden)]
    fn compare_by(loss: &L) -> &Self::Loss;
}

impl<L, Y: ComparedBy<L, Target>, Target: Sync> TargetFor<L, Y> for Target {
    type Loss = Y::Loss;
    fn compare_by(loss: &L) -> &Y::Loss {
        Y::loss(loss)
    }
}

/// An output that the loss `L` can compare with a `Target`. The bound is on the output, so that the compiler does not
/// infer the output from the targets: then the error for targets of the wrong size would blame the network.
#[doc(hidden)]
pub trait ComparedBy<L, Target>: Tensor {
    /// `L`.
    type Loss: Loss<Self, Target>;
    fn loss(loss: &L) -> &Self::Loss;
}

impl<L: Loss<Y, Target>, Y: Tensor, Target> ComparedBy<L, Target> for Y {
    type Loss = L;
    fn loss(loss: &L) -> &L {
        loss
    }
}

/// Checks that there is one target for each input, and at least one.
pub(crate) fn check_lengths(inputs: usize, targets: usize) -> Result<(), Error> {
    if inputs != targets {
        return Err(Error::BatchLengths { inputs, targets });
    }
    if inputs == 0 { Err(Error::EmptyBatch) } else { Ok(()) }
}

/// Checks that every number of a sample is finite.
pub(crate) fn check_finite<X: Tensor>(what: &'static str, x: &X, sample: usize) -> Result<(), Error> {
    if all_finite(x.as_slice()) {
        return Ok(());
    }
    match x.as_slice().iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(element) => {
            Err(Error::NonFiniteData { what, sample, element, value: x.as_slice()[element].to_f64() })
        }
    }
}

/// Checks that every number of a target is a probability.
fn check_probabilities<X: Tensor>(target: &X, sample: usize) -> Result<(), Error> {
    check_finite("target", target, sample)?;
    let (zero, one) = (X::Scalar::from_f64(0.0), X::Scalar::from_f64(1.0));
    match target.as_slice().iter().position(|&t| t < zero || t > one) {
        None => Ok(()),
        Some(element) => Err(Error::TargetRange {
            sample,
            element,
            value: target.as_slice()[element].to_f64(),
            expected: "probabilities between 0 and 1",
        }),
    }
}

/// Checks the lengths of a batch, its targets and gradients.
fn check_batch<L: Loss<Y, Target> + ?Sized, Y: Tensor, Target>(
    loss: &L,
    outputs: &[Y],
    targets: &[Target],
    gradients: &[Y],
) -> Result<(), Error> {
    check_lengths(gradients.len(), targets.len())?;
    check_lengths(outputs.len(), targets.len())?;
    targets.iter().enumerate().try_for_each(|(sample, target)| loss.check(target, sample))
}

/// Returns the mean, if it and its whole gradient are finite.
fn finite_with_gradient<T: Real>(mean: f64, gradient: &[T]) -> Result<f64, Error> {
    let mean = finite(mean)?;
    if all_finite(gradient) {
        return Ok(mean);
    }
    let value = gradient.iter().find(|g| !g.is_finite()).map_or(mean, |g| g.to_f64());
    Err(Error::NonFiniteLoss { value })
}

fn finite(value: f64) -> Result<f64, Error> {
    if value.is_finite() { Ok(value) } else { Err(Error::NonFiniteLoss { value }) }
}

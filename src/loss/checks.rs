//! Checks of batches, targets, outputs and settings, and of the results.

use super::Loss;
use crate::Error;
use crate::kernel::{Real, all_finite};
use crate::tensor::Tensor;

/// Checks that there is one target for each input, and at least one.
pub(crate) fn check_lengths(inputs: usize, targets: usize) -> Result<(), Error> {
    if inputs != targets {
        return Err(Error::BatchLengths { inputs, targets });
    }
    if inputs == 0 { Err(Error::EmptyBatch) } else { Ok(()) }
}

/// Checks the lengths of a batch, and its targets and outputs.
pub(super) fn check_batch<L: Loss<Y, Target> + ?Sized, Y: Tensor, Target>(
    loss: &L,
    outputs: &[Y],
    targets: &[Target],
    gradients: &[Y],
) -> Result<(), Error> {
    check_lengths(gradients.len(), targets.len())?;
    check_lengths(outputs.len(), targets.len())?;
    outputs.iter().zip(targets).enumerate().try_for_each(|(sample, (output, target))| {
        loss.check(target, sample)?;
        loss.check_output(output, sample)
    })
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

/// Checks that every number of a target is finite and in the range that `expected` describes.
pub(super) fn check_target<X: Tensor>(
    target: &X,
    sample: usize,
    expected: &'static str,
    within: impl Fn(f64) -> bool,
) -> Result<(), Error> {
    check_finite("target", target, sample)?;
    match outside(target.as_slice(), within) {
        None => Ok(()),
        Some((element, value)) => Err(Error::TargetRange { sample, element, value, expected }),
    }
}

/// Checks that every number of a target is a probability.
pub(super) fn check_probabilities<X: Tensor>(target: &X, sample: usize) -> Result<(), Error> {
    check_target(target, sample, "probabilities between 0 and 1", |y| (0.0..=1.0).contains(&y))
}

/// Checks that every number of a target is 1 or -1.
pub(super) fn check_signs<X: Tensor>(target: &X, sample: usize) -> Result<(), Error> {
    check_target(target, sample, "1 for yes and -1 for no", |y| y == 1.0 || y == -1.0)
}

/// Checks that every one of these numbers of an output is in the range that `expected` describes.
pub(super) fn check_output<T: Real>(
    numbers: &[T],
    sample: usize,
    expected: &'static str,
    within: impl Fn(f64) -> bool,
) -> Result<(), Error> {
    match outside(numbers, within) {
        None => Ok(()),
        Some((element, value)) => Err(Error::OutputRange { sample, element, value, expected }),
    }
}

/// Returns the first number that is not within the range.
fn outside<T: Real>(numbers: &[T], within: impl Fn(f64) -> bool) -> Option<(usize, f64)> {
    numbers.iter().map(|x| x.to_f64()).enumerate().find(|&(_, x)| !within(x))
}

/// Checks that a setting is finite and not negative.
pub(super) fn check_not_negative(name: &'static str, value: f64) -> Result<(), Error> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::Setting { name, value, expected: "at least 0 and finite" })
}

/// Checks that a setting is finite and above 0.
pub(super) fn check_positive(name: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::Setting { name, value, expected: "above 0 and finite" })
}

/// Checks the weights of all classes or features.
pub(super) fn check_weights(name: &'static str, weights: &[f64]) -> Result<(), Error> {
    weights.iter().try_for_each(|&weight| check_not_negative(name, weight))
}

/// Returns the sum of the losses of a batch divided by its weight, or an error if the weight is 0.
pub(super) fn mean_of(sum: f64, weight: f64) -> Result<f64, Error> {
    if weight > 0.0 { finite(sum / weight) } else { Err(Error::NoWeight) }
}

/// Returns the mean, or an error unless the mean and its whole gradient are finite.
pub(super) fn finite_with_gradient<T: Real>(mean: f64, gradient: &[T]) -> Result<f64, Error> {
    let mean = finite(mean)?;
    if all_finite(gradient) {
        return Ok(mean);
    }
    let value = gradient.iter().find(|g| !g.is_finite()).map_or(mean, |g| g.to_f64());
    Err(Error::NonFiniteLoss { value })
}

pub(super) fn finite(value: f64) -> Result<f64, Error> {
    if value.is_finite() { Ok(value) } else { Err(Error::NonFiniteLoss { value }) }
}

use crate::Error;
use crate::kernel::Real;
use crate::loss::{check_finite, check_lengths};
use crate::tensor::Tensor;

/// Returns the mean of |output - target| over all numbers of all samples.
///
/// ```
/// use chainrule::metrics::{mean_absolute_error, mean_squared_error};
/// use chainrule::prelude::*;
///
/// let (outputs, targets) = ([Vector([1.0, 2.0])], [Vector([1.0, 5.0])]);
/// assert_eq!(mean_absolute_error(&outputs, &targets)?, 1.5); // (0 + 3) / 2
/// assert_eq!(mean_squared_error(&outputs, &targets)?, 4.5); // (0 + 9) / 2
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// [`Error::EmptyBatch`], [`Error::BatchLengths`], and [`Error::NonFiniteData`] for a NaN or an infinity.
#[doc(alias = "MAE")]
#[doc(alias = "L1")]
pub fn mean_absolute_error<Y: Tensor>(outputs: &[Y], targets: &[Y]) -> Result<f64, Error> {
    mean(outputs, targets, f64::abs)
}

/// Returns the mean of (output - target)² over all numbers of all samples. The example of [`mean_absolute_error`] calls
/// it.
///
/// # Errors
/// The same as [`mean_absolute_error`].
#[doc(alias = "MSE")]
pub fn mean_squared_error<Y: Tensor>(outputs: &[Y], targets: &[Y]) -> Result<f64, Error> {
    mean(outputs, targets, |difference| difference * difference)
}

/// Returns R², the share of the targets' variance that the outputs explain: 1 - Σ(y - a)² / Σ(y - ȳ)². 1 is perfect. 0
/// is as good as the mean of the targets. Negative values are worse than that. For tensors of several numbers, returns
/// the mean of the R² of each number.
///
/// For constant targets it is 1 if all outputs are exact, and otherwise 0, as in scikit-learn.
///
/// ```
/// use chainrule::metrics::r_squared;
/// use chainrule::prelude::*;
/// let targets = [1.0, 2.0, 3.0].map(|y| Vector([y]));
/// assert_eq!(r_squared(&targets, &targets)?, 1.0);
/// assert_eq!(r_squared(&[Vector([2.0]); 3], &targets)?, 0.0);
/// assert_eq!(r_squared(&[1.0, 2.0, 4.0].map(|a| Vector([a])), &targets)?, 0.5); // 1 - 1 / 2
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// The same as [`mean_absolute_error`]. Also [`Error::Setting`] for a single sample, which has no variance.
#[doc(alias = "R2")]
#[doc(alias = "r2_score")]
#[doc(alias = "coefficient of determination")]
pub fn r_squared<Y: Tensor>(outputs: &[Y], targets: &[Y]) -> Result<f64, Error> {
    check(outputs, targets)?;
    if targets.len() < 2 {
        let expected = "at least 2: one target has no variance to explain";
        return Err(Error::Setting { name: "the number of samples", value: targets.len() as f64, expected });
    }
    let (mut total, count) = (0.0, targets.len() as f64);
    for element in 0..Y::LEN {
        let number = |y: &Y| y.as_slice()[element].to_f64();
        // Sums the differences from the first target, so that the variance of constant targets is exactly 0.
        let first = number(&targets[0]);
        let mean = first + targets.iter().map(|y| number(y) - first).sum::<f64>() / count;
        let squares = targets.iter().map(|y| (number(y) - mean) * (number(y) - mean)).sum::<f64>();
        let pairs = outputs.iter().zip(targets).map(|(a, y)| number(y) - number(a));
        let errors = pairs.map(|difference| difference * difference).sum::<f64>();
        total += match (errors == 0.0, squares == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => 1.0 - errors / squares,
        };
    }
    Ok(total / Y::LEN as f64)
}

fn mean<Y: Tensor>(outputs: &[Y], targets: &[Y], f: impl Fn(f64) -> f64) -> Result<f64, Error> {
    check(outputs, targets)?;
    let pairs = Y::flat(outputs).iter().zip(Y::flat(targets));
    let sum: f64 = pairs.map(|(a, y)| f(a.to_f64() - y.to_f64())).sum();
    Ok(sum / (outputs.len() * Y::LEN) as f64)
}

fn check<Y: Tensor>(outputs: &[Y], targets: &[Y]) -> Result<(), Error> {
    check_lengths(outputs.len(), targets.len())?;
    for (sample, (output, target)) in outputs.iter().zip(targets).enumerate() {
        check_finite("output", output, sample)?;
        check_finite("target", target, sample)?;
    }
    Ok(())
}

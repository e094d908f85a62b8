use core::marker::PhantomData;

use super::DataError;
use crate::Error;
use crate::kernel::Real;
use crate::tensor::{Image, Tensor};

/// Shifts and scales each feature to mean 0 and standard deviation 1: x ↦ (x - mean) / deviation.
///
/// Fit it on the training data and apply it to all data, so that nothing of the test data leaks into training. A
/// constant feature gets deviation 1 and becomes 0.
///
/// ```
/// use chainrule::data::Standardize;
/// use chainrule::prelude::*;
///
/// let mut train = [Vector([1.0, 7.0]), Vector([3.0, 7.0])];
/// let scale = Standardize::fit(&train)?;
/// assert_eq!((scale.mean(), scale.deviation()), (&[2.0, 7.0][..], &[1.0, 1.0][..]));
/// scale.apply(&mut train);
/// assert_eq!(train, [Vector([-1.0, 0.0]), Vector([1.0, 0.0])]);
/// scale.invert(&mut train);
/// assert_eq!(train, [Vector([1.0, 7.0]), Vector([3.0, 7.0])]);
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
///
/// Targets of a regression are tensors too: fit one on them, and [`invert`](Self::invert) the network's outputs.
///
/// # Source
/// The deviation divides by the number of samples, as scikit-learn's `StandardScaler` does.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Moments", into = "Moments", bound = "X: Tensor"))]
pub struct Standardize<X> {
    /// One mean for each run of `X::LEN / mean.len()` neighboring numbers: for each number, or for each channel.
    mean: Vec<f64>,
    deviation: Vec<f64>,
    of: PhantomData<fn(X)>,
}

/// A [`Standardize`] in a file.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Moments {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl<X: Tensor> Standardize<X> {
    /// Computes mean and deviation of each number over these samples, in `f64`.
    ///
    /// # Errors
    /// [`DataError::Empty`]; [`Error::NonFiniteData`] for a NaN or an infinity; [`Error::Setting`] when the numbers are
    /// so large that their mean or deviation is not finite.
    pub fn fit(samples: &[X]) -> Result<Self, DataError> {
        Self::fit_runs(samples, 1)
    }

    /// Creates it from the mean and deviation of each number, for example from another program.
    ///
    /// # Errors
    /// [`Error::SliceLength`] when there are not as many as `X` has numbers, [`Error::Setting`] for a mean that is not
    /// finite or a deviation that is not finite and above 0.
    pub fn new(mean: &[f64], deviation: &[f64]) -> Result<Self, DataError> {
        for found in [mean.len(), deviation.len()] {
            if found != X::LEN {
                return Err(Error::SliceLength { shape: X::SHAPE, expected: X::LEN, found }.into());
            }
        }
        Self::checked(mean.into(), deviation.into())
    }

    fn checked(mean: Vec<f64>, deviation: Vec<f64>) -> Result<Self, DataError> {
        let setting = |name, expected| move |value: &f64| Error::Setting { name, value: *value, expected };
        let finite = setting("a mean", "finite: scale the data by a power of ten first");
        let positive = setting("a deviation", "finite and above 0: scale the data by a power of ten first");
        if let Some(mean) = mean.iter().find(|mean| !mean.is_finite()) {
            return Err(finite(mean).into());
        }
        if let Some(deviation) = deviation.iter().find(|d| !(d.is_finite() && **d > 0.0)) {
            return Err(positive(deviation).into());
        }
        Ok(Self { mean, deviation, of: PhantomData })
    }

    /// `run` neighboring numbers share a mean and a deviation.
    fn fit_runs(samples: &[X], run: usize) -> Result<Self, DataError> {
        if samples.is_empty() {
            return Err(DataError::Empty);
        }
        for (sample, x) in samples.iter().enumerate() {
            crate::loss::check_finite("input", x, sample)?;
        }
        let (features, count) = (X::LEN / run, (samples.len() * run) as f64);
        let first: Vec<f64> = (0..features).map(|at| samples[0].as_slice()[at * run].to_f64()).collect();
        let total = |f: &dyn Fn(usize, f64) -> f64| {
            let mut sums = vec![0.0; features];
            for x in samples {
                for (feature, numbers) in x.as_slice().chunks_exact(run).enumerate() {
                    sums[feature] += numbers.iter().map(|x| f(feature, x.to_f64())).sum::<f64>();
                }
            }
            sums
        };
        // Sums differences from the first number: they stay small beside a large offset, and are exactly 0 for a
        // constant feature.
        let shift = total(&|feature, x| x - first[feature]);
        let mean: Vec<f64> = first.iter().zip(shift).map(|(first, shift)| first + shift / count).collect();
        let squares = total(&|feature, x| (x - mean[feature]) * (x - mean[feature]));
        let deviation = squares.into_iter().map(|square| (square / count).sqrt());
        Self::checked(mean, deviation.map(|d| if d == 0.0 { 1.0 } else { d }).collect())
    }

    /// Returns the mean of each feature (or channel).
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Returns the standard deviation of each feature (or channel).
    pub fn deviation(&self) -> &[f64] {
        &self.deviation
    }

    /// Standardizes samples in place.
    pub fn apply(&self, samples: &mut [X]) {
        self.change(samples, |x, mean, deviation| (x - mean) / deviation);
    }

    /// Converts standardized samples, or a network's outputs in that scale, back to the scale of the data, in place.
    pub fn invert(&self, samples: &mut [X]) {
        self.change(samples, |x, mean, deviation| x * deviation + mean);
    }

    fn change(&self, samples: &mut [X], f: impl Fn(f64, f64, f64) -> f64) {
        let run = X::LEN / self.mean.len();
        for sample in samples {
            let features = sample.as_mut_slice().chunks_exact_mut(run);
            for (numbers, (&mean, &deviation)) in features.zip(self.mean.iter().zip(&self.deviation)) {
                numbers.iter_mut().for_each(|x| *x = X::Scalar::from_f64(f(x.to_f64(), mean, deviation)));
            }
        }
    }
}

impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>
    Standardize<Image<CHANNELS, HEIGHT, WIDTH, T>>
{
    /// Computes one mean and one deviation for each channel, over all its pixels in all images.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_channels(images: &[Image<CHANNELS, HEIGHT, WIDTH, T>]) -> Result<Self, DataError> {
        Self::fit_runs(images, HEIGHT * WIDTH)
    }
}

#[cfg(feature = "serde")]
impl<X> From<Standardize<X>> for Moments {
    fn from(Standardize { mean, deviation, .. }: Standardize<X>) -> Self {
        Self { mean, deviation }
    }
}

#[cfg(feature = "serde")]
impl<X: Tensor> TryFrom<Moments> for Standardize<X> {
    type Error = DataError;
    fn try_from(Moments { mean, deviation }: Moments) -> Result<Self, DataError> {
        let features = mean.len();
        if features != deviation.len() || features == 0 || (features != X::LEN && features != X::SHAPE[0]) {
            return Err(Error::SliceLength { shape: X::SHAPE, expected: X::LEN, found: features }.into());
        }
        Self::checked(mean, deviation)
    }
}

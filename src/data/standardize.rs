use core::marker::PhantomData;

use super::DataError;
use crate::Error;
use crate::kernel::Real;
use crate::tensor::{Image, Sequence, Tensor};

/// Shifts and scales each feature to mean 0 and standard deviation 1: x ↦ (x - mean) / deviation.
///
/// Fit it on the training data and apply it to all data, so that no information about the test data leaks into the
/// training. For a constant feature the deviation is set to 1, so that the feature becomes 0.
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
/// The targets of a regression are tensors too: fit another one on them, and [`invert`](Self::invert) the network's
/// outputs.
///
/// [`fit_min_max`](Self::fit_min_max) scales features to a range, such as 0..1, instead.
///
/// With the feature `serde`, save it together with the weights of the network, which needs inputs of the same scale:
/// `serde_json::to_writer(file, &scale)`.
///
/// # Source
/// The deviation divides by the number of samples, as scikit-learn's `StandardScaler` does.
#[doc(alias = "StandardScaler")]
#[doc(alias = "MinMaxScaler")]
#[doc(alias = "normalize")]
#[doc(alias = "z-score")]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Moments", into = "Moments", bound = "X: Tensor"))]
pub struct Standardize<X> {
    /// One mean for each number of a sample, for each channel of an image, or for each feature of a sequence.
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
    /// Computes the mean and the standard deviation of each number over these samples, in `f64`.
    ///
    /// # Errors
    /// [`DataError::Empty`]; [`Error::NonFiniteData`] for a NaN or an infinity; [`Error::Setting`] if the numbers are
    /// so large that their mean or deviation is not finite.
    pub fn fit(samples: &[X]) -> Result<Self, DataError> {
        Self::fit_features_of(samples, X::LEN)
    }

    /// Scales each number linearly: its smallest value over these samples becomes `low`, and its largest value `high`.
    /// A constant feature becomes `low`.
    ///
    /// ```
    /// use chainrule::data::Standardize;
    /// use chainrule::prelude::*;
    ///
    /// let mut train = [Vector([10.0]), Vector([30.0]), Vector([20.0])];
    /// Standardize::fit_min_max(&train, 0.0, 1.0)?.apply(&mut train);
    /// assert_eq!(train, [Vector([0.0]), Vector([1.0]), Vector([0.5])]);
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// The same as [`fit`](Self::fit). Also [`Error::Setting`] if `low` is not below `high`.
    #[doc(alias = "MinMaxScaler")]
    pub fn fit_min_max(samples: &[X], low: f64, high: f64) -> Result<Self, DataError> {
        Self::check_samples(samples)?;
        let width = high - low;
        if !(width > 0.0 && width.is_finite()) {
            let (name, expected) = ("the width of a range", "finite and above 0");
            return Err(Error::Setting { name, value: width, expected }.into());
        }
        let end = |pick: fn(f64, f64) -> f64| {
            let mut ends: Vec<f64> = samples[0].as_slice().iter().map(|x| x.to_f64()).collect();
            for x in samples {
                ends.iter_mut().zip(x.as_slice()).for_each(|(end, x)| *end = pick(*end, x.to_f64()));
            }
            ends
        };
        let (least, largest) = (end(f64::min), end(f64::max));
        let scale =
            |(least, largest): (&f64, &f64)| if least == largest { 1.0 } else { (largest - least) / width };
        let deviation: Vec<f64> = least.iter().zip(&largest).map(scale).collect();
        let mean = least.iter().zip(&deviation).map(|(least, scale)| least - low * scale).collect();
        Self::checked(mean, deviation)
    }

    /// Creates it from the mean and the deviation of each number, for example from another program.
    ///
    /// ```
    /// use chainrule::data::Standardize;
    /// use chainrule::prelude::*;
    ///
    /// let scale = Standardize::<Vector<2>>::new(&[10.0, 0.0], &[2.0, 1.0])?; // of scikit-learn: mean_ and scale_
    /// let mut samples = [Vector([14.0, 3.0])];
    /// scale.apply(&mut samples);
    /// assert_eq!(samples, [Vector([2.0, 3.0])]);
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::SliceLength`] if a slice does not have one number for each number of an `X`, [`Error::Setting`] for a
    /// mean that is not finite, or a deviation that is not finite and above 0.
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

    fn check_samples(samples: &[X]) -> Result<(), DataError> {
        if samples.is_empty() {
            return Err(DataError::Empty);
        }
        for (sample, x) in samples.iter().enumerate() {
            crate::loss::check_finite("input", x, sample)?;
        }
        Ok(())
    }

    /// Returns a function from the index of a number in a sample to the index of its feature. There are `features`
    /// features. The channel is the slowest side of an image, and the feature the fastest side of a sequence.
    fn feature_of(features: usize) -> impl Fn(usize) -> usize {
        let run = if X::SHAPE.len() == 3 { X::LEN / features } else { 1 };
        move |number| number / run % features
    }

    /// Computes the mean and the deviation of `features` features of the samples.
    fn fit_features_of(samples: &[X], features: usize) -> Result<Self, DataError> {
        Self::check_samples(samples)?;
        let feature_of = Self::feature_of(features);
        let count = (samples.len() * (X::LEN / features)) as f64;
        let mut first = vec![0.0; features];
        for (number, x) in samples[0].as_slice().iter().enumerate().rev() {
            first[feature_of(number)] = x.to_f64();
        }
        let total = |f: &dyn Fn(usize, f64) -> f64| {
            let (mut sums, mut parts) = (vec![0.0; features], vec![0.0; features]);
            for x in samples {
                parts.fill(0.0);
                for (number, x) in x.as_slice().iter().enumerate() {
                    let feature = feature_of(number);
                    parts[feature] += f(feature, x.to_f64());
                }
                sums.iter_mut().zip(&parts).for_each(|(sum, part)| *sum += part);
            }
            sums
        };
        // Sums the differences from the first number. They stay small compared with a large offset, and are exactly 0
        // for a constant feature.
        let shift = total(&|feature, x| x - first[feature]);
        let mean: Vec<f64> = first.iter().zip(shift).map(|(first, shift)| first + shift / count).collect();
        let squares = total(&|feature, x| (x - mean[feature]) * (x - mean[feature]));
        let deviation = squares.into_iter().map(|square| (square / count).sqrt());
        Self::checked(mean, deviation.map(|d| if d == 0.0 { 1.0 } else { d }).collect())
    }

    /// Returns the mean of each feature (or channel), which is subtracted.
    #[doc(alias = "mean_")]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Returns the standard deviation of each feature (or channel), by which the difference is divided.
    #[doc(alias = "scale_")]
    pub fn deviation(&self) -> &[f64] {
        &self.deviation
    }

    /// Standardizes samples in place.
    #[doc(alias = "transform")]
    pub fn apply(&self, samples: &mut [X]) {
        self.change(samples, |x, mean, deviation| (x - mean) / deviation);
    }

    /// Converts standardized samples, or outputs of a network in this scale, back to the scale of the data, in place.
    #[doc(alias = "inverse_transform")]
    pub fn invert(&self, samples: &mut [X]) {
        self.change(samples, |x, mean, deviation| x * deviation + mean);
    }

    fn change(&self, samples: &mut [X], f: impl Fn(f64, f64, f64) -> f64) {
        let feature_of = Self::feature_of(self.mean.len());
        for sample in samples {
            for (number, x) in sample.as_mut_slice().iter_mut().enumerate() {
                let feature = feature_of(number);
                *x = X::Scalar::from_f64(f(x.to_f64(), self.mean[feature], self.deviation[feature]));
            }
        }
    }
}

impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>
    Standardize<Image<CHANNELS, HEIGHT, WIDTH, T>>
{
    /// Computes one mean and one deviation for each channel, over all pixels of all images.
    ///
    /// ```
    /// use chainrule::data::Standardize;
    /// use chainrule::prelude::*;
    ///
    /// let images = [Image::<2, 1, 2>([[[1.0, 3.0]], [[5.0, 5.0]]])];
    /// let scale = Standardize::fit_channels(&images)?;
    /// assert_eq!(scale.mean(), [2.0, 5.0]);
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// The same as [`fit`](Self::fit).
    pub fn fit_channels(images: &[Image<CHANNELS, HEIGHT, WIDTH, T>]) -> Result<Self, DataError> {
        Self::fit_features_of(images, CHANNELS)
    }
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> Standardize<Sequence<STEPS, FEATURES, T>> {
    /// Computes one mean and one deviation for each feature, over all steps of all sequences. The example of
    /// [`fit_channels`](Standardize::fit_channels) does the same for images.
    ///
    /// # Errors
    /// The same as [`fit`](Self::fit).
    pub fn fit_features(sequences: &[Sequence<STEPS, FEATURES, T>]) -> Result<Self, DataError> {
        Self::fit_features_of(sequences, FEATURES)
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
        let shared = match X::SHAPE {
            [channels, _, _] => *channels,
            [_, features] => *features,
            _ => X::LEN,
        };
        if features != deviation.len() || features == 0 || (features != X::LEN && features != shared) {
            return Err(Error::SliceLength { shape: X::SHAPE, expected: X::LEN, found: features }.into());
        }
        Self::checked(mean, deviation)
    }
}

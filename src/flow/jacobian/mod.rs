//! Singular values of the Jacobian dy/dx: dynamical isometry.

mod estimate;
mod figures;
mod measure;
#[cfg(feature = "plot")]
pub(super) mod picture;
mod table;

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::Histogram;
use crate::Error;
use crate::layer::{Bare, Mode};
use crate::network::{Data, InputOf, Network, plan, show_forward};
use crate::tensor::{AsSample, Tensor};

pub use figures::Across;
use measure::Measure;

/// A singular value is close to 1 if it is between the inverse of this factor and this factor. If all are, the Jacobian
/// is close to an isometry. (A convention of this crate.) [`JacobianSpectrum::near_one`] is the share of such values.
/// See the example of [`GradientFlow::jacobian_spectrum`](crate::flow::GradientFlow::jacobian_spectrum).
#[doc(alias = "dynamical isometry")]
pub const ISOMETRY: f64 = 2.0;

/// The singular values of the Jacobian J = dy/dx of a network, or of a part of it, at several inputs. They are the
/// factors by which J stretches small changes of its input, and by which Jᵀ stretches gradients in the backward pass.
///
/// A network has *dynamical isometry* if all are close to 1 (Saxe et al. 2014; Pennington, Schoenholz, Ganguli 2017).
/// Then it preserves the length of every gradient, and not only of a typical one. The root of
/// [`mean_square`](Self::mean_square) is the factor of a typical gradient. A figure that has no meaning, or that was
/// not computed, is `None`.
///
/// It prints as a table with a histogram. See the example of
/// [`jacobian_spectrum`](super::GradientFlow::jacobian_spectrum).
#[doc(alias = "dynamical isometry")]
#[doc(alias = "singular values")]
#[doc(alias = "condition number")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JacobianSpectrum {
    /// The path of the part: empty for the network, the path of a layer, or two paths with ` to ` between them.
    pub path: String,
    /// The type of the layer. Empty for a part of several layers.
    pub layer: String,
    /// The number of elements of x.
    pub inputs: usize,
    /// The number of elements of y.
    pub outputs: usize,
    /// The singular values at each input in descending order. There are min(`inputs`, `outputs`) of them. They are
    /// exact up to the rounding of the largest. Empty if the Jacobian is too large for a decomposition: see
    /// [`jacobian_spectrum`](super::GradientFlow::jacobian_spectrum).
    pub values: Vec<Vec<f64>>,
    /// Their mean.
    pub mean: Option<Across>,
    /// Their standard deviation.
    pub deviation: Option<Across>,
    /// The standard deviation of their natural logarithms, without those that are 0 up to rounding.
    pub log_deviation: Option<Across>,
    /// The mean of their squares. For a square Jacobian this is tr(J Jᵀ)/n, the factor of the squared length of a
    /// random gradient. Theory expects χᴸ over L layers: [`MeanField`](crate::theory::MeanField).
    pub mean_square: Across,
    /// The standard error of the mean square at a single input, if it is an estimate.
    pub standard_error: Option<f64>,
    /// The variance of their squares over the square of [`mean_square`](Self::mean_square). For wide square layers with
    /// independent weights it grows in proportion to the depth L: it is L for Gaussian linear layers, and 0 for
    /// orthogonal ones.
    ///
    /// # Source
    /// Pennington, Schoenholz, Ganguli, "Resurrecting the sigmoid in deep learning through dynamical isometry: theory
    /// and practice", NeurIPS 2017; "The emergence of spectral universality in deep networks", AISTATS 2018.
    pub square_variance: Option<Across>,
    /// The largest. If [`values`](Self::values) is empty, this is a lower bound.
    pub largest: Across,
    /// The smallest. It is 0 if it is below the rounding of the largest.
    pub smallest: Option<Across>,
    /// The largest divided by the smallest, if no Jacobian is singular.
    pub condition: Option<Across>,
    /// The number of inputs at which the Jacobian is singular: a singular value is 0, or below the rounding of the
    /// largest.
    pub singular: usize,
    /// The share of the largest singular value that is lost in rounding: the larger side times ε of the network's
    /// scalar type, as in NumPy's `matrix_rank`.
    pub rounding: f64,
    /// The share of the singular values between 1/[`ISOMETRY`] and [`ISOMETRY`].
    pub near_one: Option<f64>,
}

/// The singular values of several parts of a network. They print as a table of 80 columns. See the example of
/// [`jacobian_spectra`](super::GradientFlow::jacobian_spectra).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JacobianSpectra {
    /// The parts, in the order of the forward pass.
    pub parts: Vec<JacobianSpectrum>,
}

/// The parts of a network whose Jacobians [`jacobian_spectra`](super::GradientFlow::jacobian_spectra) decomposes. They
/// consist of the layers on the [main path](super::Flow::main_path): layers inside tuples and arrays, but not those
/// inside sums such as residual blocks. See the example there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JacobianParts<'a> {
    /// Each layer on the main path, at its own input.
    Layers,
    /// From the input of the network to the output of each of these layers. This shows how the spectrum spreads with
    /// depth. It needs the memory of one matrix per layer.
    Depths,
    /// From the input of the first layer to the output of the last, for each pair of paths. The path of a tuple or an
    /// array means the layers inside it, so `("1", "1")` are all layers of the array at `1`.
    Spans(&'a [(&'a str, &'a str)]),
}

impl JacobianSpectrum {
    /// Returns a histogram of all singular values of all inputs, with this many bins. `None` if there are only
    /// estimates.
    pub fn histogram(&self, bins: usize) -> Option<Histogram> {
        (!self.values.is_empty()).then(|| Histogram::of(&self.values.concat(), bins))
    }

    /// Returns a histogram of log10 of the singular values, without those that are 0 up to rounding.
    pub fn log_histogram(&self, bins: usize) -> Option<Histogram> {
        let log = |values: &Vec<f64>, value: &f64| {
            let zero = self.rounding * values[0];
            if *value > zero { value.log10() } else { f64::NEG_INFINITY }
        };
        let logs: Vec<f64> = self
            .values
            .iter()
            .flat_map(|values| values.iter().map(move |value| log(values, value)))
            .collect();
        (!self.values.is_empty()).then(|| Histogram::of(&logs, bins))
    }

    /// Returns whether every singular value at every input is close to 1, up to the factor [`ISOMETRY`].
    pub fn is_isometry(&self) -> bool {
        self.near_one == Some(1.0)
    }

    /// Returns all figures as JSON, nested as the public fields are.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl JacobianSpectra {
    /// Returns the part with this path.
    pub fn part(&self, path: &str) -> Option<&JacobianSpectrum> {
        self.parts.iter().find(|part| part.path == path)
    }

    /// Returns all figures as JSON, nested as the public fields are.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Decomposes the Jacobians of a network at each input.
pub(super) fn measure_at<'a, N: Network, X: AsSample<Sample: Tensor>, Y: Tensor>(
    network: &N,
    inputs: &[X],
    parts: Option<JacobianParts<'a>>,
) -> Result<Measure<'a>, Error>
where
    Data: InputOf<X, N, Y, Sample = X::Sample>,
{
    if inputs.is_empty() {
        return Err(Error::EmptyBatch);
    }
    network.predict_batch(inputs)?; // which checks that all is finite
    let (plan, network) = (plan::<X, N, Y>(), Data::network::<Bare>(network));
    let mut measure = Measure::new(plan, parts);
    for input in Data::samples(inputs).chunks(1) {
        show_forward(network, input, &mut Mode::Evaluate, &mut measure);
        measure.end_of_input(plan)?;
    }
    Ok(measure)
}

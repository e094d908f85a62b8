use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::attention::AttentionFlow;
use super::gates::GateFlow;
use super::histogram::Histogram;
use super::rank::RankFlow;
use super::spectrum::Spectrum;
use super::time::TimeFlow;
use super::units::{UnitSums, UnitsFlow};
use crate::expected::cause::Facts;
use crate::kernel::Real;
use crate::kernel::{Length, largest, squared_norm};
use crate::layer::Factor;
use crate::tensor::Numbers;

/// The effect of one layer on the gradient in the backward pass, measured on one batch. All norms are summed in `f64`.
///
/// See the example of [`Flow`](super::Flow).
#[doc(alias = "gradient norm")]
#[doc(alias = "backward hook")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerFlow {
    /// Its path, such as `2.branch.0`; the path of the network itself is empty.
    pub path: String,
    /// Its type, as written in the program.
    pub layer: String,
    /// Its nesting depth: the number of layers around it.
    pub level: usize,
    /// The factor of the chain rule's product that it is.
    pub factor: Factor,
    /// The shape of its input.
    pub input_shape: &'static [usize],
    /// The shape of its output.
    pub output_shape: &'static [usize],
    /// The root mean square of the input.
    pub input_rms: f64,
    /// The root mean square of the output.
    pub output_rms: f64,
    /// The root mean square of dR/d`output`. `None` if the forward pass was not finite, so that there is no gradient.
    pub output_grad_rms: Option<f64>,
    /// The root mean square of dR/d`input`.
    pub input_grad_rms: Option<f64>,
    /// |dR/d`input`| / |dR/d`output`|: the factor by which this layer changes the length of the gradient. `None` if no
    /// gradient arrives.
    pub gain: Option<f64>,
    /// g', for an activation.
    pub activation: Option<ActivationFlow>,
    /// The dead and dormant units of an activation: in the batch, or in the window of a [`Recorder`](super::Recorder).
    pub units: Option<UnitsFlow>,
    #[serde(skip)]
    pub(super) unit_sums: Option<UnitSums>,
    /// The rank of the outputs of a layer of weights over the batch. It is measured only if
    /// [`FlowOptions::ranks`](super::FlowOptions) is set.
    pub rank: Option<RankFlow>,
    /// W, for a linear map or a convolution.
    pub weights: Option<WeightsFlow>,
    /// The gradient through the steps of time, for a recurrent layer.
    pub time: Option<TimeFlow>,
    /// The gates inside the layer: of an LSTM or a GRU, of a highway block, or of a gated linear unit.
    pub gates: Vec<GateFlow>,
    /// The heads of an attention layer, and how saturated their softmax is.
    pub attention: Option<AttentionFlow>,
    /// For a sum, the gradient that each path adds to the input. In a residual block these are the two terms of the
    /// chain rule: the residual branch with all of its factors, and the skip connection without factors. In attention
    /// they are `values`, the term with the probabilities as constants, and `scores`, the term with the values as
    /// constants.
    pub paths: Vec<PathFlow>,
    /// The cosine of the angle between the gradients of two paths: 1 if they agree, -1 if they cancel.
    pub cosine: Option<f64>,
    /// Its own parameter tensors, without those of the layers inside it. A layer that is applied several times has the
    /// same parameters each time, with their whole gradient.
    pub parameters: Vec<ParameterFlow>,
    /// The path of its parameters in the network: `path` without the indices of the applications of a shared layer.
    #[serde(skip)]
    pub(super) parameters_path: String,
    /// The facts from its plan that the verdict uses.
    #[serde(skip)]
    pub(super) facts: Facts,
    /// A histogram of the output.
    pub outputs: Option<Histogram>,
    /// A histogram of log10 |dR/d`output`|, element by element.
    pub output_grads: Option<Histogram>,
}

/// Figures of g'(Z) of an activation over a batch: [`LayerFlow::activation`]. See the example of
/// [`FlowHook`](crate::flow::FlowHook).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ActivationFlow {
    /// The mean of |g'|.
    pub mean: f64,
    /// The maximum of |g'| over all inputs.
    pub max_derivative: f64,
    /// The share of numbers where |g'| is below 0.05 times that maximum.
    pub saturated: f64,
    /// The share of units that are dead: their output and g' are both 0 in every sample, as in a ReLU. A unit is a
    /// feature, or a channel of an image.
    pub dead: f64,
}

/// Figures of the W of a linear map or a convolution: [`LayerFlow::weights`]. See the example of
/// [`FlowHook`](crate::flow::FlowHook).
#[doc(alias = "spectral norm")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WeightsFlow {
    /// |Wᵀ dR/dZ| / |dR/dZ|: the gain of W for the gradient of this batch.
    pub gain: Option<f64>,
    /// The number of inputs that each output sums over.
    pub fan_in: usize,
    /// The bounds of the gain: the largest and the smallest singular value. For a convolution, those of the whole
    /// linear map.
    pub spectrum: Option<Spectrum>,
}

/// One of the paths through a sum, or one of the two paths through attention: an element of [`LayerFlow::paths`]. See
/// the example of [`Flow::parts`](crate::flow::Flow::parts).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathFlow {
    /// `branch` or `shortcut`, or an index in a concatenation. In attention, `values` or `scores`.
    pub name: String,
    /// The root mean square of the gradient that this path adds to the input.
    pub input_grad_rms: f64,
}

/// A parameter tensor and its gradient: an element of [`LayerFlow::parameters`]. See the example of
/// [`Recorder`](crate::flow::Recorder).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParameterFlow {
    /// Its name in its layer.
    pub name: String,
    /// The number of elements.
    pub len: usize,
    /// |W|.
    pub norm: f64,
    /// |dR/dW|. NaN if the forward pass was not finite, so that there is no gradient.
    pub gradient_norm: f64,
    /// |W after - W before|: the length of the update of a step. `None` unless a step was recorded.
    pub update_norm: Option<f64>,
}

impl ParameterFlow {
    /// Returns |dR/dW| / |W|, or `None` if W is 0.
    pub fn gradient_to_weight(&self) -> Option<f64> {
        ratio(self.gradient_norm, self.norm)
    }

    /// Returns |update| / |W|, or `None` if W is 0 or no step was recorded. About 1e-3 is healthy.
    ///
    /// # Source
    /// Karpathy, CS231n, "Neural networks part 3", section "Ratio of weights:updates".
    #[doc(alias = "update ratio")]
    #[doc(alias = "update to weight ratio")]
    pub fn update_to_weight(&self) -> Option<f64> {
        ratio(self.update_norm?, self.norm)
    }
}

impl LayerFlow {
    /// Returns its path and its type. A network of one layer has no path.
    pub(super) fn named(&self) -> String {
        if self.path.is_empty() {
            format!("`{}`", self.layer)
        } else {
            format!("`{}` ({})", self.path, self.layer)
        }
    }

    /// Returns a copy without histograms.
    pub(super) fn without_histograms(&self) -> Self {
        Self { outputs: None, output_grads: None, ..self.clone() }
    }

    /// Returns |W| over all parameters of this layer, without those of the layers inside it. `None` if it has none.
    pub fn weight_norm(&self) -> Option<f64> {
        self.over_parameters(|parameter| Some(parameter.norm))
    }

    /// Returns |dR/dW| over all parameters of this layer. `None` if it has none, or there is no gradient.
    #[doc(alias = "grad norm")]
    pub fn gradient_norm(&self) -> Option<f64> {
        self.output_grad_rms?;
        self.over_parameters(|parameter| Some(parameter.gradient_norm))
    }

    /// Returns |dR/dW| / |W| over all parameters of this layer. `None` if it has none, or W is 0.
    pub fn gradient_to_weight(&self) -> Option<f64> {
        ratio(self.gradient_norm()?, self.weight_norm()?)
    }

    /// Returns |update| / |W| over all parameters of this layer. `None` if it has none, W is 0, or no step was
    /// recorded. About 1e-3 is healthy: see [`ParameterFlow::update_to_weight`].
    pub fn update_to_weight(&self) -> Option<f64> {
        ratio(self.over_parameters(|parameter| parameter.update_norm)?, self.weight_norm()?)
    }

    /// Returns the norm of a figure over all parameters of this layer. `None` if it has none, or one of them lacks the
    /// figure.
    pub(super) fn over_parameters(&self, figure: impl Fn(&ParameterFlow) -> Option<f64>) -> Option<f64> {
        let norms: Option<Vec<f64>> = self.parameters.iter().map(figure).collect();
        norms.filter(|norms| !norms.is_empty()).map(|norms| norm(&norms))
    }

    /// Returns whether everything that was measured here is finite.
    pub fn is_finite(&self) -> bool {
        let gradients = [self.output_grad_rms, self.input_grad_rms].into_iter().flatten();
        let measured = self.output_grad_rms.is_some();
        let own = self.parameters.iter().filter(|_| measured).map(|parameter| parameter.gradient_norm);
        let norms = self.parameters.iter().map(|parameter| parameter.norm);
        let all = [self.input_rms, self.output_rms].into_iter().chain(norms).chain(gradients).chain(own);
        all.into_iter().all(f64::is_finite)
    }
}

/// Returns the first index in a list where `is` is true. It tries `hint` first, because records have their layers in
/// the same order.
pub(super) fn find_near<T>(list: &[T], hint: usize, is: impl Fn(&T) -> bool) -> Option<usize> {
    match list.get(hint) {
        Some(item) if is(item) => Some(hint),
        _ => list.iter().position(is),
    }
}

/// Returns `a / b`, if it is defined.
pub(super) fn ratio(a: f64, b: f64) -> Option<f64> {
    let ratio = a / b;
    (b != 0.0 && ratio.is_finite()).then_some(ratio)
}

/// Computes the root mean square of `len` numbers with this norm. It is 0 if there are none.
pub(super) fn rms_by(norm: f64, len: usize) -> f64 {
    norm / (len.max(1) as f64).sqrt()
}

/// Computes the [`norm`] of numbers of either scalar type.
pub(super) fn norm_of(numbers: &Numbers<'_>) -> f64 {
    match numbers {
        Numbers::None => 0.0,
        Numbers::F32(xs) => norm(xs),
        Numbers::F64(xs) => norm(xs),
        Numbers::Copied(xs) => norm(xs),
    }
}

/// The number of sums that are computed at the same time. In a single sum each addition would wait for the one before.
const LANES: usize = 8;

/// Computes Σ f(xᵢ, yᵢ).
pub(super) fn sum<A: Real, B: Real>(xs: &[A], ys: &[B], f: impl Fn(f64, f64) -> f64) -> f64 {
    let ((xs, xs_rest), (ys, ys_rest)) = (xs.as_chunks::<LANES>(), ys.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (xs, ys) in xs.iter().zip(ys) {
        for (sum, (x, y)) in sums.iter_mut().zip(xs.iter().zip(ys)) {
            *sum += f(x.to_f64(), y.to_f64());
        }
    }
    let rest = xs_rest.iter().zip(ys_rest).map(|(x, y)| f(x.to_f64(), y.to_f64()));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

/// Computes the Euclidean norm √Σ xᵢ² in `f64`. No square overflows or underflows.
pub(super) fn norm<T: Real>(xs: &[T]) -> f64 {
    let squares = |scale: f64| match scale {
        1.0 => sum(xs, xs, |x, _| x * x),
        _ => squared_norm(xs, scale),
    };
    Length::of(squares, || largest(xs)).value()
}

/// Returns numbers of either scalar type as `f64`.
pub(super) fn to_f64(numbers: &Numbers<'_>) -> Vec<f64> {
    match numbers {
        Numbers::None => Vec::new(),
        Numbers::F32(xs) => xs.iter().map(|&x| x.into()).collect(),
        Numbers::F64(xs) => xs.to_vec(),
        Numbers::Copied(xs) => xs.clone(),
    }
}

/// Computes the root mean square of `xs`.
pub(super) fn rms<T: Real>(xs: &[T]) -> f64 {
    norm(xs) / (xs.len() as f64).sqrt()
}

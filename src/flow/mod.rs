// Tier 7.
//! Gradient flow. It shows where a gradient vanishes or explodes, which factor causes it, and how to cure it.
//!
//! Backpropagation is a product (Hochreiter 1991; Bengio, Simard, Frasconi 1994),
//!
//! > dR/dW(n-k) = dR/dA(n) · ∏ g'(Z(i)) · ∏ W(j) · dZ(n-k)/dW(n-k),
//!
//! with a factor g' and a factor W for every layer in between. If these factors are below one, the gradient vanishes
//! with depth. If they are above one, it explodes. The *gain* of a layer is the factor by which it changes the length
//! of the gradient. One call measures all gains on a batch:
//!
//! ```
//! use chainrule::flow::{Cause, FlowState, MIN_SAMPLES};
//! use chainrule::prelude::*;
//!
//! type Plain = (Linear<8, 32>, [(Sigmoid, Linear<32, 32>); 10], Linear<32, 2>);
//! // The cure, in one line: a skip connection around each layer.
//! type Cured = (Linear<8, 32>, [Residual<(Sigmoid, Linear<32, 32>)>; 10], Linear<32, 2>);
//!
//! let inputs: Vec<Vector<8>> = (0..32).map(|at| Vector([(at as f32).sin(); 8])).collect();
//! let targets: Vec<Label<2>> = (0..32).map(|at| Label::new(at % 2)).collect::<Result<_, _>>()?;
//! let plain = Plain::init(&mut rng(1)).flow(&CrossEntropy::default(), &inputs, &targets)?;
//! println!("{plain}"); // a table: each layer with its gradient, its gain, its g' or its W; and the verdict
//! assert_eq!(plain.verdict().state, FlowState::Vanishing);
//! assert_eq!(plain.verdict().cause, Some(Cause::Activation)); // g' of a sigmoid is at most 1/4
//! assert!(plain.samples >= MIN_SAMPLES); // enough to diagnose dead units
//!
//! let cured = Cured::init(&mut rng(1)).flow(&CrossEntropy::default(), &inputs, &targets)?;
//! assert_eq!(cured.verdict().state, FlowState::Healthy);
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! | question or output | use |
//! |---|---|
//! | print one batch in a terminal | [`network.flow(..)`](GradientFlow::flow), and print it |
//! | all figures | the public fields of [`Flow`] and [`LayerFlow`]; [`Flow::to_csv`], [`Flow::to_json`] |
//! | what is wrong, and how can I cure it? | [`Flow::verdict`] |
//! | the branches, gates, time steps and attention paths, each with a verdict | [`Flow::parts`], [`Flow::parts_table`] |
//! | why does my training not learn? | `trainer.diagnose(..)`: [`diagnose`](crate::diagnose) |
//! | pictures | [`picture`], with the feature `plot` |
//! | the gradient flow during a training | [`Recorder`] |
//! | which batch size is worth its cost? | [`network.gradient_noise(..)`](GradientFlow::gradient_noise) |
//! | which learning rate is stable? | [`network.curvature(..)`](GradientFlow::curvature) |
//! | warnings during a training | the [`Rules`] of a recorder and its [`warnings`](Recorder::warnings) |
//! | charts in other programs | [`Recorder::to_csv`], [`Recorder::to_jsonl`]; TensorBoard with the feature `tensorboard` |
//! | everything in one file, for a browser | [`Flow::report`], [`Recorder::report`]; [`Report`] |
//! | how much does the network stretch single directions? | [`network.jacobian_spectrum(..)`](GradientFlow::jacobian_spectrum) |
//! | how does the training depend on the width? | [`coordinate_check!`](crate::coordinate_check) |
//! | how large can the learning rate be? | `Trainer::learning_rate_test` |
//! | a backward pass that you run yourself | [`FlowHook`] |

mod attention;
mod batch;
mod bidiagonal;
mod curvature;
mod curvature_text;
mod diagnosis;
mod export;
mod figures;
mod gates;
mod gradient_flow;
mod groups;
mod hessian;
mod histogram;
mod hook;
mod inactive;
mod jacobian;
mod lanczos;
mod main_path;
mod noise;
mod noise_figures;
mod noise_table;
pub(crate) mod objective;
mod open;
mod part;
mod passes;
#[cfg(feature = "plot")]
pub mod picture;
mod post_norm;
mod rank;
mod recorder;
mod report;
mod rules;
mod slope;
mod spectrum;
mod svd;
mod table;
mod time;
mod trend;
mod tridiagonal;
mod units;
mod verdict;
mod ways;
mod width;

use alloc::vec::Vec;

use serde::Serialize;

use crate::expected::ExpectedFlow;
use crate::layer::Factor;

pub use crate::error::StoppedByRule;
pub use crate::expected::cause::Cause;
pub use attention::{AttentionFlow, HeadFlow};
pub use curvature::{Curvature, CurvatureOptions, Eigenvalue, RateComparison, Trace};
pub use figures::{ActivationFlow, LayerFlow, ParameterFlow, PathFlow, WeightsFlow};
pub use gates::GateFlow;
pub use gradient_flow::GradientFlow;
pub(crate) use gradient_flow::measure;
pub use hessian::HessianProduct;
pub use histogram::Histogram;
pub use hook::FlowHook;
pub use jacobian::{Across, ISOMETRY, JacobianParts, JacobianSpectra, JacobianSpectrum};
pub use main_path::PathStep;
pub use noise::{GradientNoise, LayerNoise, NoiseOptions};
pub use noise_figures::NoiseFigures;
pub use part::{Part, PartKind};
pub use rank::RankFlow;
pub use recorder::{Record, Recorder};
pub use report::{Cell, Report, ReportError, ReportSection};
pub use rules::{Rule, Rules, Warning};
pub use spectrum::Spectrum;
pub use time::TimeFlow;
pub use units::{DORMANT, LayerUnits, UnitsFlow};
pub use verdict::{DEAD_FRACTION, FlowState, MIN_SAMPLES, VANISHING, Verdict};
pub use width::{CoordinateCheck, Exponent, Growth, LayerScaling, UpdateScaling, WIDTH_EXPONENT, WidthSweep};

/// The gradient flow of a network on one batch: the effect of each layer on the gradient.
///
/// It prints as a table of 80 columns, with the verdict. See the example of [the module](self).
#[doc(alias = "vanishing gradient")]
#[doc(alias = "exploding gradient")]
#[doc(alias = "gradient norm")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flow {
    /// The mean loss of the batch. `None` if it is not finite; then there are no gradients.
    pub loss: Option<f64>,
    /// The number of samples in the batch.
    pub samples: usize,
    /// The gradient flow that mean field theory expects in a new network of this type, with the weights of
    /// [`Init::init`](crate::init::Init::init) and inputs with a mean square of 1.
    pub expected: Option<ExpectedFlow>,
    /// The network itself, and then each layer in the order of the forward pass, each before the layers inside it.
    pub layers: Vec<LayerFlow>,
}

/// Selects figures to measure in addition to those of the gradients. See the example of [`GradientFlow::flow_with`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowOptions {
    /// The singular values of each W. They take some milliseconds for a matrix of 128 x 128.
    pub spectra: bool,
    /// Histograms of activations and gradients.
    pub histograms: bool,
    /// The [rank](RankFlow) of the outputs of each layer of weights over the batch. The default is `false`, because the
    /// time grows with the square of the smaller of samples and features.
    pub ranks: bool,
}

impl FlowOptions {
    /// Measures only the gradients, the gains, g' and the norms of the parameters. This takes about as long as a
    /// training step.
    pub const LIGHT: Self = Self { spectra: false, histograms: false, ranks: false };
}

impl Default for FlowOptions {
    /// Measures everything except the ranks.
    fn default() -> Self {
        Self { spectra: true, histograms: true, ranks: false }
    }
}

/// A unit is saturated if |g'| is below this share of the steepest slope of its activation. Two such layers multiply a
/// gradient by 0.0025. For tanh this is |Z| above 2.18, and for the sigmoid above 4.36. (A convention of this crate.)
#[doc(alias = "saturation")]
pub const SATURATED: f64 = 0.05;

impl Flow {
    /// Returns the layers without layers inside them, in the order of the forward pass.
    pub fn leaves(&self) -> impl Iterator<Item = &LayerFlow> {
        self.layers.iter().enumerate().filter(|&(at, _)| self.is_leaf(at)).map(|(_, layer)| layer)
    }

    /// Returns the layer at this path, such as `2.branch.0`.
    pub fn layer(&self, path: &str) -> Option<&LayerFlow> {
        self.layers.iter().find(|layer| layer.path == path)
    }

    /// Returns |dR/dX| / |dR/dA|, the factor by which the whole network changes the length of the gradient. `None` if
    /// no gradient arrives.
    pub fn attenuation(&self) -> Option<f64> {
        self.layers.first()?.gain
    }

    /// Returns the product of the gains of all layers. It equals [`attenuation`](Flow::attenuation) up to rounding. A
    /// sum of paths, such as a residual block, is one factor.
    pub fn product_of_gains(&self) -> Option<f64> {
        self.main_path().map(|layer| layer.gain).product()
    }

    /// Returns the depth of each layer of weights, counted from the input, and the RMS of dR/dZ there. This is the
    /// chain rule's product without its last factor, the input of the layer.
    pub fn profile(&self) -> Vec<(usize, f64)> {
        let weights = self.leaves().filter(|layer| layer.factor == Factor::Weights);
        (1..).zip(weights).filter_map(|(depth, layer)| Some((depth, layer.output_grad_rms?))).collect()
    }

    fn is_leaf(&self, at: usize) -> bool {
        self.layers.get(at + 1).is_none_or(|next| next.level <= self.layers[at].level)
    }
}

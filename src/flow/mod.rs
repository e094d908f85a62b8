//! Floor 7: gradient flow. Where a gradient vanishes or explodes, which factor does it, and what cures it.
//!
//! Backpropagation is a product (Hochreiter 1991; Bengio, Simard, Frasconi 1994),
//!
//! > dR/dW(n-k) = dR/dA(n) · ∏ g'(Z(i)) · ∏ W(j) · dZ(n-k)/dW(n-k),
//!
//! with a factor g' and a factor W for every layer in between. If these factors are below one, the gradient vanishes
//! with depth; above one, it explodes. A layer's *gain* is the factor by which it changes the length of the gradient.
//! One call measures all gains on a batch:
//!
//! ```
//! use chainrule::flow::FlowState;
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
//!
//! let cured = Cured::init(&mut rng(1)).flow(&CrossEntropy::default(), &inputs, &targets)?;
//! assert_eq!(cured.verdict().state, FlowState::Healthy);
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! | to look at | use |
//! |---|---|
//! | one batch, in a terminal | [`network.flow(..)`](GradientFlow::flow), and print it |
//! | the figures | the public fields of [`Flow`] and [`LayerFlow`]; [`Flow::to_csv`], [`Flow::to_json`] |
//! | what is wrong, and what to do | [`Flow::verdict`] |
//! | a training that does not learn, whatever the cause | `trainer.diagnose(..)`: [`diagnose`](crate::diagnose) |
//! | pictures | [`picture`], with the feature `plot` |
//! | how it changes in training | [`Recorder`] |
//! | a backward pass that you run yourself | [`FlowHook`] |

mod batch;
mod diagnosis;
mod export;
mod figures;
mod histogram;
mod hook;
mod inactive;
mod main_path;
#[cfg(feature = "plot")]
pub mod picture;
mod recorder;
mod spectrum;
mod table;
mod time;
mod trend;
mod verdict;

use alloc::vec::Vec;

use rand::Rng;
use serde::Serialize;

use crate::Error;
use crate::expected::{ExpectedFlow, expected_flow};
use crate::layer::{Bare, Factor, Layer, Workspace};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, Network, show_forward};
use crate::tensor::{Sample, Tensor};

pub use crate::expected::cause::Cause;
pub use figures::{ActivationFlow, LayerFlow, ParameterFlow, PathFlow, WeightsFlow};
pub use histogram::Histogram;
pub use hook::FlowHook;
pub use main_path::PathStep;
pub use recorder::{Record, Recorder};
pub use spectrum::Spectrum;
pub use time::TimeFlow;
pub use verdict::{DEAD_FRACTION, FlowState, MIN_SAMPLES, VANISHING, Verdict};

/// The gradient flow of a network on one batch: what each layer does to the gradient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flow {
    /// The mean loss of the batch; `None` where it is not finite, and then there are no gradients.
    pub loss: Option<f64>,
    /// How many samples the batch had.
    pub samples: usize,
    /// What mean field theory expects of a new network of this type, with the weights of
    /// [`Init::init`](crate::init::Init::init) and inputs of mean square 1.
    pub expected: Option<ExpectedFlow>,
    /// The network itself, then each layer in the order of the forward pass, before the layers inside it.
    pub layers: Vec<LayerFlow>,
}

/// Which figures are measured beside those of the gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowOptions {
    /// Singular values of each W: some milliseconds for a matrix of 128 x 128.
    pub spectra: bool,
    /// Histograms of activations and gradients.
    pub histograms: bool,
}

impl FlowOptions {
    /// Measures the gradients, the gains, g' and the parameters' norms only, which takes about as long as a training
    /// step.
    pub const LIGHT: Self = Self { spectra: false, histograms: false };
}

impl Default for FlowOptions {
    /// Measures everything.
    fn default() -> Self {
        Self { spectra: true, histograms: true }
    }
}

/// A unit is saturated where |g'| is below this share of the steepest slope that the function has: two such layers
/// multiply a gradient by 0.0025. For tanh that is |Z| above 2.18, for the sigmoid above 4.36. (A convention of this
/// crate.)
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

    /// Returns |dR/dX| / |dR/dA|, the factor by which the whole network changes the length of the gradient, or `None`
    /// if no gradient arrives.
    pub fn attenuation(&self) -> Option<f64> {
        self.layers.first()?.gain
    }

    /// Returns the product of the gains of all layers: [`attenuation`](Flow::attenuation), up to rounding. A sum of
    /// paths, such as a residual block, is one factor.
    pub fn product_of_gains(&self) -> Option<f64> {
        self.main_path().map(|layer| layer.gain).product()
    }

    /// Returns the depth of each layer of weights, counted from the input, and the RMS of dR/dZ there. This is the
    /// chain rule's product without its last factor, the layer's input.
    pub fn profile(&self) -> Vec<(usize, f64)> {
        let weights = self.leaves().filter(|layer| layer.factor == Factor::Weights);
        (1..).zip(weights).filter_map(|(depth, layer)| Some((depth, layer.output_grad_rms?))).collect()
    }

    fn is_leaf(&self, at: usize) -> bool {
        self.layers.get(at + 1).is_none_or(|next| next.level <= self.layers[at].level)
    }
}

/// Measures the gradient flow of any network. It is part of the prelude.
pub trait GradientFlow: Network {
    /// Measures how gradients flow through this network on a batch: each layer's factor in the chain rule's product,
    /// and a [verdict](Flow::verdict). Layers run in training mode, with random numbers from a fixed seed.
    ///
    /// A forward pass that is not finite is not an error: the verdict names the layer that caused it.
    ///
    /// # Errors
    /// Invalid data: see [`Error`].
    fn flow<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
    ) -> Result<Flow, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        let (network, inputs) = (Data::network::<Bare>(self), Data::samples(inputs));
        measure(network, loss, inputs, targets, FlowOptions::default(), &mut crate::random::rng(0))
    }
}

impl<N: Network> GradientFlow for N {}

/// Measures a forward and a backward pass. If the forward pass is not finite, only the layers' inputs and outputs are
/// measured.
pub(crate) fn measure<N, X, Y, L, T>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[T],
    detail: FlowOptions,
    rng: &mut impl Rng,
) -> Result<Flow, Error>
where
    N: Layer<X, Output = Y>,
    X: Sample,
    Y: Tensor,
    T: TargetFor<L, Y>,
{
    let (mut workspace, mut gradient) = (Workspace::default(), N::zeros());
    let mut hook = FlowHook::new::<N, X>(detail);
    let passed =
        network.loss_gradient_with_hook(loss, inputs, targets, &mut workspace, &mut gradient, rng, &mut hook);
    let loss = match passed {
        Ok(loss) => Some(loss),
        Err(Error::NonFiniteOutput { .. } | Error::NonFiniteLoss { .. }) => {
            hook.forward_only = true;
            show_forward(network, inputs, rng, &mut hook);
            None
        }
        Err(error) => return Err(error),
    };
    let expected = Some(expected_flow::<N, X>());
    Ok(Flow { loss, samples: inputs.len(), expected, layers: hook.into_layers() })
}

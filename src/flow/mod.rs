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
//! | branches, gates and time steps, with a verdict each | [`Flow::parts`], [`Flow::parts_table`] |
//! | a training that does not learn, whatever the cause | `trainer.diagnose(..)`: [`diagnose`](crate::diagnose) |
//! | pictures | [`picture`], with the feature `plot` |
//! | how it changes in training | [`Recorder`] |
//! | which batch size is worth it | [`network.gradient_noise(..)`](GradientFlow::gradient_noise) |
//! | which learning rate is stable | [`network.curvature(..)`](GradientFlow::curvature) |
//! | what goes wrong in training | the [`Rules`] of a recorder and its [`warnings`](Recorder::warnings) |
//! | charts of other programs | [`Recorder::to_csv`], [`Recorder::to_jsonl`]; TensorBoard by the feature `tensorboard` |
//! | all of it in a browser, in one file | [`Flow::report`], [`Recorder::report`]; [`Report`] |
//! | by which factors directions are stretched | [`network.jacobian_spectrum(..)`](GradientFlow::jacobian_spectrum) |
//! | how a training depends on the width | [`coordinate_check!`](crate::coordinate_check) |
//! | how large the learning rate can be | `Trainer::learning_rate_test` |
//! | a backward pass that you run yourself | [`FlowHook`] |

mod batch;
mod bidiagonal;
mod curvature;
mod curvature_text;
mod diagnosis;
mod export;
mod figures;
mod gates;
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
mod part;
mod passes;
#[cfg(feature = "plot")]
pub mod picture;
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
mod units;
mod verdict;
mod width;

use alloc::vec::Vec;

use rand::Rng;
use serde::Serialize;

use crate::Error;
use crate::bounds::GradientOf;
use crate::expected::{ExpectedFlow, expected_flow};
use crate::layer::{Bare, Factor, Layer, Mode, Workspace};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, Network, show_forward};
use crate::tensor::{AsSample, Sample, Tensor};

pub use crate::error::StoppedByRule;
pub use crate::expected::cause::Cause;
pub use curvature::{Curvature, CurvatureOptions, Eigenvalue, RateBeside, Trace};
pub use figures::{ActivationFlow, LayerFlow, ParameterFlow, PathFlow, WeightsFlow};
pub use gates::GateFlow;
pub use hessian::HessianProduct;
pub use histogram::Histogram;
pub use hook::FlowHook;
pub use jacobian::{Across, ISOMETRY, JacobianSpectra, JacobianSpectrum, Parts};
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
    /// The [rank](RankFlow) of the outputs of each layer of weights over the batch. It is measured on request only,
    /// because the time grows with the square of the smaller of samples and features.
    pub ranks: bool,
}

impl FlowOptions {
    /// Measures the gradients, the gains, g' and the parameters' norms only, which takes about as long as a training
    /// step.
    pub const LIGHT: Self = Self { spectra: false, histograms: false, ranks: false };
}

impl Default for FlowOptions {
    /// Measures everything but the ranks.
    fn default() -> Self {
        Self { spectra: true, histograms: true, ranks: false }
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
        self.flow_with(loss, inputs, targets, FlowOptions::default())
    }

    /// Measures the [`flow`](GradientFlow::flow), with what these options say.
    ///
    /// ```
    /// use chainrule::flow::FlowOptions;
    /// use chainrule::prelude::*;
    ///
    /// let inputs: Vec<Vector<4>> = (0..8).map(|at| Vector([at as f32, 0.0, 0.0, 0.0])).collect();
    /// let ranks = FlowOptions { ranks: true, ..FlowOptions::LIGHT };
    /// let flow = Linear::<4, 4>::init(&mut rng(1)).flow_with(&MeanSquaredError, &inputs, &inputs, ranks)?;
    /// assert_eq!(flow.layers[0].rank.unwrap().feature, 1); // all inputs are on one line
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// Invalid data: see [`Error`].
    fn flow_with<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        options: FlowOptions,
    ) -> Result<Flow, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        let (network, inputs) = (Data::network::<Bare>(self), Data::samples(inputs));
        measure(network, loss, inputs, targets, options, &mut crate::random::rng(0))
    }

    /// Measures the noise of the gradient: how much the gradients of samples differ, in each layer, and which batch
    /// size that suggests.
    ///
    /// It costs two gradients of the batch, computed in at most 64 pieces, and needs the memory of a few networks.
    /// Layers run in training mode: the random numbers of a dropout, which follow from a fixed seed, are a part of
    /// the noise. (So are they in a training.) For a batch norm see
    /// [`batch_statistics`](GradientNoise::batch_statistics).
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let inputs: Vec<Vector<1>> = (0..50).map(|at| Vector([(at as f32 * 0.7).sin()])).collect();
    /// let targets: Vec<Vector<1>> = inputs.iter().map(|x| Vector([3.0 * x[0]])).collect();
    /// let noise = Linear::<1, 1>::zeros().gradient_noise(&MeanSquaredError, &inputs, &targets)?;
    /// println!("{noise}"); // a table, and what it means
    /// assert!(noise.network.noise_scale.unwrap() < 5.0); // tr(Σ)/|G|²: here a few samples show the gradient
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// Invalid data; [`Error::Setting`] for fewer than two samples, or with a batch norm sixteen; and
    /// [`Error::NonFiniteGradient`].
    fn gradient_noise<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
    ) -> Result<GradientNoise, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        self.gradient_noise_with(loss, inputs, targets, NoiseOptions::default())
    }

    /// Measures the noise of the gradient, as [`gradient_noise`](GradientFlow::gradient_noise), with options.
    ///
    /// # Errors
    /// As [`gradient_noise`](GradientFlow::gradient_noise).
    fn gradient_noise_with<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        options: NoiseOptions,
    ) -> Result<GradientNoise, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        noise::measure(Data::network::<Bare>(self), loss, Data::samples(inputs), targets, options)
    }

    /// Measures the curvature of the mean loss of a batch: the largest and the smallest eigenvalue of its Hessian, its
    /// trace, and the largest stable learning rate, 2/λ.
    ///
    /// It costs at most about 140 gradients of the batch, and [`Curvature::passes`] says how many; the memory is that
    /// of 30 vectors of `f64` as long as the network. Layers run in training mode with random numbers from a fixed
    /// seed, so that the loss is one function. Products with the Hessian are differences of gradients: see
    /// [`hessian_vector`](GradientFlow::hessian_vector).
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// // The mean of (w x - y)² has the Hessian 2 x²: 18 for x = 3.
    /// let net = Linear::<1, 1, f64, NoBias>::zeros();
    /// let curvature = net.curvature(&MeanSquaredError, &[Vector([3.0])], &[Vector([1.0])])?;
    /// approx::assert_relative_eq!(curvature.largest.value, 18.0, max_relative = 1e-8);
    /// println!("{curvature}");
    /// println!("{}", curvature.beside(0.2, 0.0)?); // 2/λ = 0.111; the learning rate 0.2 is 1.800 times that: ..
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// Invalid data, [`Error::NonFiniteGradient`], and [`Error::Setting`] for a network without parameters.
    fn curvature<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
    ) -> Result<Curvature, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        self.curvature_with(loss, inputs, targets, CurvatureOptions::default())
    }

    /// Measures the curvature, as [`curvature`](GradientFlow::curvature), with options.
    ///
    /// # Errors
    /// As [`curvature`](GradientFlow::curvature).
    fn curvature_with<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        options: CurvatureOptions,
    ) -> Result<Curvature, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        curvature::measure(Data::network::<Bare>(self), loss, Data::samples(inputs), targets, options)
    }

    /// Computes the product of the Hessian of the mean loss of a batch with a direction, by central differences of the
    /// gradient with two steps, which are chosen by trial; and how exact it is.
    ///
    /// In `f64` the error is about 1e-9 of the product, and in `f32` about 1e-3. A ReLU has no second derivative at
    /// its kink. A unit whose kink lies between the two ends of a step adds its change of slope, divided by the step,
    /// so that the product is that of a loss that is smoothed over the step. In `f64` steps are so short that this is
    /// rare; in `f32` it is not, and [`HessianProduct::error`] shows it.
    ///
    /// # Errors
    /// As [`curvature`](GradientFlow::curvature), and [`Error::Setting`] for a direction that is not finite.
    fn hessian_vector<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        direction: &impl GradientOf<Self>,
    ) -> Result<HessianProduct<Self>, Error>
    where
        Data: InputOf<X, Self, Y>,
        Self: Sized,
    {
        let (network, direction) = (Data::network::<Bare>(self), direction.as_gradient());
        hessian::hessian_vector(network, loss, Data::samples(inputs), targets, direction)
    }

    /// Computes the singular values of the Jacobian dy/dx of this network at each of these inputs, in evaluation mode:
    /// whether it has dynamical isometry.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net<A> = (Linear<64, 64>, [(A, Linear<64, 64>); 10]);
    ///
    /// let inputs = [Vector([0.3; 64]), Vector([-0.1; 64])];
    /// let orthogonal = Net::<Tanh>::init_with(Initializer::orthogonal(), &mut rng(1)).jacobian_spectrum(&inputs)?;
    /// let gaussian = Net::<Tanh>::init_with(Initializer::lecun_normal(), &mut rng(1)).jacobian_spectrum(&inputs)?;
    /// println!("{orthogonal}"); // the figures, and a histogram
    /// assert!(orthogonal.near_one.unwrap() > 0.8 && gaussian.near_one.unwrap() < 0.5);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Cost
    /// For each input, a training step on as many samples as the output has numbers, which computes J row by row; and
    /// its decomposition, 8/3 n³ operations for n x n. A Jacobian of more than 2²⁴ numbers (4096 x 4096) is not
    /// decomposed: the mean square is then an estimate with a [standard
    /// error](JacobianSpectrum::standard_error), and the largest singular value a lower bound, for the cost of some
    /// 120 passes.
    ///
    /// # Errors
    /// As [`predict`](Network::predict); [`Error::EmptyBatch`] without inputs; [`Error::NonFiniteJacobian`].
    fn jacobian_spectrum<X: AsSample<Sample: Tensor>, Y: Tensor>(
        &self,
        inputs: &[X],
    ) -> Result<JacobianSpectrum, Error>
    where
        Data: InputOf<X, Self, Y, Sample = X::Sample>,
    {
        jacobian::measure_at(self, inputs, None)?.whole()
    }

    /// Computes the singular values of the Jacobians of parts of this network, as
    /// [`jacobian_spectrum`](GradientFlow::jacobian_spectrum) does for all of it: of each layer on the main path, of
    /// the layers up to each depth, or of ranges of layers.
    ///
    /// ```
    /// use chainrule::flow::Parts;
    /// use chainrule::prelude::*;
    /// type Net = (Linear<16, 32>, [(Relu, Linear<32, 32>); 3], Linear<32, 4>);
    ///
    /// let net = Net::init_with(Initializer::he_normal(), &mut rng(1));
    /// let spectra = net.jacobian_spectra(&[Vector([0.5; 16])], Parts::Between(&[("1", "1"), ("0", "1.0.0")]))?;
    /// println!("{spectra}");
    /// assert_eq!((spectra.parts[0].inputs, spectra.parts[0].outputs), (32, 32));
    /// assert_eq!(spectra.parts[1].path, "0 to 1.0.0");
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there; [`Error::NotOnMainPath`] for a path of which there is no layer; [`Error::Setting`] for a part of
    /// several layers with a Jacobian of more than 2²⁴ numbers.
    fn jacobian_spectra<X: AsSample<Sample: Tensor>, Y: Tensor>(
        &self,
        inputs: &[X],
        parts: Parts<'_>,
    ) -> Result<JacobianSpectra, Error>
    where
        Data: InputOf<X, Self, Y, Sample = X::Sample>,
    {
        jacobian::measure_at(self, inputs, Some(parts))?.finish()
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
            show_forward(network, inputs, &mut Mode::Train(rng), &mut hook);
            None
        }
        Err(error) => return Err(error),
    };
    let expected = Some(expected_flow::<N, X>());
    Ok(Flow { loss, samples: inputs.len(), expected, layers: hook.into_layers() })
}

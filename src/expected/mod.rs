// Tier 6.
//! The gradient flow that mean field theory expects in a new network, computed from its type at compile time.

pub(crate) mod advice;
pub(crate) mod cause;
mod elementary;
mod gate;
mod moments;
mod paths;
mod recurrent;
mod signal;
mod text;
mod tied;
pub(crate) mod time;
mod verdict;
mod walk;
mod weights;

use core::fmt;

use crate::init::Initializer;
use crate::layer::Layer;
use crate::tensor::Sample;

use elementary::{exp, ln};
use recurrent::Through;
use text::Text;
use walk::Walk;

/// A gradient vanishes if the logarithm of its squared length changes by more than this.
const LIMIT: f64 = 2.0 * ln(ExpectedFlow::VANISHING);

/// Checks at compile time that the gradient arrives at the first layer of a new network. Mean field theory must expect
/// it neither to vanish nor to explode.
///
/// The check assumes the weights of [`Init::init`](crate::init::Init::init) and inputs with a mean square of 1. It does
/// nothing at run time.
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Linear<64, 64>, [Residual<(Sigmoid, Linear<64, 64>)>; 50], Linear<64, 10>);
/// const _: () = chainrule::gradient_flows::<Net, Vector<64>>();
/// ```
///
/// Without the skip connections, `[(Sigmoid, Linear<64, 64>); 50]`, the program does not compile:
///
/// ```compile_fail,E0080
/// # use chainrule::prelude::*;
/// type Net = (Linear<64, 64>, [(Sigmoid, Linear<64, 64>); 50], Linear<64, 10>);
/// const _: () = chainrule::gradient_flows::<Net, Vector<64>>();
/// ```
///
/// If a [`LastStep`](crate::layer::LastStep) reads only the last step of a recurrent layer, the gradient of that step
/// must arrive at the first step. In this LSTM, whose forget gates start at 1/2, it does for 5 steps and not for 100.
/// With other layers after the recurrent layer, the gradient arrives at each step directly, and the gradient through
/// time is only a part of the [report](ExpectedFlow::time). A gradient that explodes through time is always an error.
///
/// ```
/// # use chainrule::prelude::*;
/// type Last = (Lstm<3, 16>, LastStep, Linear<16, 5>);
/// const _: () = chainrule::gradient_flows::<Last, Sequence<5, 3>>();
/// type Mean = (Lstm<3, 16>, GlobalAvgPool, Linear<16, 5>);
/// const _: () = chainrule::gradient_flows::<Mean, Sequence<100, 3>>();
/// ```
///
/// ```compile_fail,E0080
/// # use chainrule::prelude::*;
/// type Last = (Lstm<3, 16>, LastStep, Linear<16, 5>);
/// const _: () = chainrule::gradient_flows::<Last, Sequence<100, 3>>();
/// ```
///
/// A network with a layer whose [effect](crate::layer::Effect) the theory does not know does not compile either.
/// [`expected_flow`] lists the assumptions of the theory. For another initializer see [`gradient_flows_with`].
#[doc(alias = "mean field theory")]
#[doc(alias = "vanishing gradient")]
#[doc(alias = "exploding gradient")]
#[track_caller]
pub const fn gradient_flows<N: Layer<X>, X: Sample>() {
    require_flow(&expected_flow::<N, X>());
}

/// Checks at compile time that the gradient flows, as [`gradient_flows`], for the weights of another initializer and
/// inputs with another mean square.
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Linear<784, 128>, [(Relu, Linear<128, 128>); 30], Linear<128, 10>);
/// const _: () = chainrule::gradient_flows_with::<Net, Vector<784>>(Initializer::he_normal(), 1.0);
/// ```
#[track_caller]
pub const fn gradient_flows_with<N: Layer<X>, X: Sample>(initializer: Initializer, input_square: f64) {
    require_flow(&expected_flow_with::<N, X>(initializer, input_square));
}

#[track_caller]
const fn require_flow(flow: &ExpectedFlow) {
    if !matches!(flow.state, ExpectedState::Healthy) {
        panic!("{}", flow.message.as_str())
    }
}

/// Computes the gradient flow that mean field theory expects in a new network with the weights of
/// [`Init::init`](crate::init::Init::init), for inputs with a mean square of 1.
///
/// The theory follows two moments through the [effects](crate::layer::Effect) of the layers: the mean square q of the
/// numbers between the layers, and the squared length of the gradient. It assumes wide layers with independent random
/// weights, and independent inputs with mean 0. The guide lists where [measured networks](crate::guide::gradient_flow)
/// deviate from it.
///
/// | layer | q | squared length of the gradient | source |
/// |---|---|---|---|
/// | weights, with n inputs to each output | q' = n Var(W) q + Var(b) | n Var(W) | Poole et al. 2016, eq. 3 |
/// | embedding, learned positions | Var(W), q + Var(W) | 1 | independent tokens |
/// | activation g | E\[g(√q z)²\] | E\[g'(√q z)²\] | Schoenholz et al. 2017, eq. 14 |
/// | residual block, independent paths | sum; the means add up too | sum over the paths | Yang & Schoenholz 2017 |
/// | layer norm, RMS norm, group norm | 1 | 1 / variance | Xiong et al. 2020, lemma 1 |
/// | batch norm of large batches | 1 | 1 / variance over the batch | Yang et al. 2019, section 3 |
/// | dropout, share p remains | q / p | 1 / p | Schoenholz et al. 2017, section 4 |
/// | noise y = m x + n, with E\[n\] = 0 | E\[m²\] q + 2 E\[m n\] E\[x\] + E\[n²\] | E\[m²\] | |
/// | gate y = a g(b) | q E\[g(b)²\] | E\[g(b)²\] + q E\[g'(b)²\] | independent halves |
/// | highway block, t = σ(z) | E\[(1 - t)²\] q + E\[t²\] q_F | E\[(1 - t)²\] + E\[t²\] χ_F + E\[(F - x)²\] E\[σ'²\] n Var(W) | independent paths |
/// | [`Rnn`](crate::layer::Rnn), a step back in time | q_z = n Var(W) q + H Var(U) q + Var(b), q = E\[g(√q_z z)²\] | H Var(U) E\[g'(√q_z z)²\] | Chen, Pennington, Schoenholz 2018 |
/// | `Lstm`, `Gru`, many steps back in time | as for gates | (ζ + σ)² by all paths, E\[f²\] by the cell, E\[z²\] by the update gates | [guide](crate::guide::gradient_flow_time) |
/// | pools without overlap, reductions of an axis of n | not known | 1 (maximum), 1 / window (mean), n (sum) | |
/// | padding with a constant | not known | share of the output that is not padding | |
///
/// The figures of a step back in time are in [`time`](ExpectedFlow::time). For the layers before it, a recurrent layer
/// multiplies the squared length of a gradient by what all steps together pass on.
///
/// The theory treats a convolution as if it had no padding. Pixels need not be independent. One layer that is applied
/// several times ([`Shared`](crate::stack::Shared)) counts as several layers (Chen, Pennington, Schoenholz 2018).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::{ExpectedFlow, ExpectedState};
///
/// type Net = (Linear<64, 64>, [(Sigmoid, Linear<64, 64>); 50]);
/// const FLOW: ExpectedFlow = chainrule::expected_flow::<Net, Vector<64>>();
/// const _: () = assert!(FLOW.rate > 0.235 && FLOW.rate < 0.237); // a layer of sigmoid, with Glorot's weights
/// assert_eq!(FLOW.state, ExpectedState::Vanishing);
/// assert!(FLOW.share < 1e-31);
/// println!("{FLOW}");
/// ```
#[doc(alias = "mean field theory")]
#[doc(alias = "signal propagation")]
pub const fn expected_flow<N: Layer<X>, X: Sample>() -> ExpectedFlow {
    expected_flow_with::<N, X>(Initializer::glorot_uniform(), 1.0)
}

/// Computes the expected gradient flow, as [`expected_flow`], for the weights of another initializer and inputs with
/// another mean square.
///
/// ```
/// use chainrule::prelude::*;
///
/// // Weights of 1.5 times He's deviation: ReLU multiplies a gradient by 1.5 in each layer.
/// type Net = (Linear<64, 64>, [(Relu, Linear<64, 64>); 10]);
/// const FLOW: chainrule::ExpectedFlow =
///     chainrule::expected_flow_with::<Net, Vector<64>>(Initializer::he_normal().gain(1.5), 1.0);
/// approx::assert_relative_eq!(FLOW.share, 1.5_f64.powi(10), max_relative = 1e-12);
/// ```
pub const fn expected_flow_with<N: Layer<X>, X: Sample>(
    initializer: Initializer,
    input_square: f64,
) -> ExpectedFlow {
    let plan = N::PLAN;
    let mut walk = Walk::over(&plan, input_square, initializer, None);
    let total = walk.gains.total.ln();
    let state = if total.is_nan() {
        ExpectedState::NotKnown
    } else if total < LIMIT {
        ExpectedState::Vanishing
    } else if total > -LIMIT {
        ExpectedState::Exploding
    } else {
        ExpectedState::Healthy
    };
    if matches!(state, ExpectedState::Vanishing | ExpectedState::Exploding) {
        let limit = if total < 0.0 { LIMIT } else { -LIMIT };
        walk = Walk::over(&plan, input_square, initializer, Some((total, limit)));
    }
    let time = match walk.time {
        Some(time) if time.explodes() => Some((time, ExpectedState::Exploding)),
        Some(time) if time.vanishes() => Some((time, ExpectedState::Vanishing)),
        _ => None,
    };
    // Takes the path on which more is lost: between the layers, or through time.
    let (state, in_time) = match (time, state) {
        (Some((time, state)), ExpectedState::Healthy) => (state, Some(time)),
        (Some((time, of_time)), ExpectedState::Vanishing | ExpectedState::Exploding)
            if time.through.arriving().abs() > total.abs() =>
        {
            (of_time, Some(time))
        }
        _ => (state, None),
    };
    let layers = walk.gains.weights;
    let steps = if layers > 1 { (layers - 1) as f64 } else { 1.0 };
    let rate = exp(0.5 * total / steps);
    ExpectedFlow {
        state,
        share: exp(0.5 * total),
        rate,
        depth_scale: steps / total.abs(),
        layers,
        time: match walk.time {
            Some(time) => Some(ExpectedTime::of(&time.through)),
            None => None,
        },
        message: match in_time {
            Some(time) => time::sentence(&time, &initializer),
            None => verdict::sentence(&plan, &walk, state, rate, &initializer),
        },
    }
}

/// The gradient flow that mean field theory expects in a new network. See the example of [`expected_flow`].
///
/// It prints as a sentence.
#[doc(alias = "mean field theory")]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "flow", derive(serde::Serialize))]
pub struct ExpectedFlow {
    /// The verdict.
    pub state: ExpectedState,
    /// |dR/dZ| of the first layer of weights divided by that of the last, as `flow::Verdict::first_over_last` measures
    /// it. NaN if it is not known.
    pub share: f64,
    /// The geometric mean of `share` per layer of weights.
    pub rate: f64,
    /// The number of layers over which the squared length of the gradient changes by a factor of e. A network trains
    /// down to about six times this depth.
    pub depth_scale: f64,
    /// The number of layers of weights and blocks with weights, one after the other.
    pub layers: usize,
    /// The gradient through the steps of a recurrent layer. If there are several, the one in which the gradient changes
    /// most.
    pub time: Option<ExpectedTime>,
    #[cfg_attr(feature = "flow", serde(skip))]
    message: Text,
}

/// The expected gradient of the last output of a recurrent layer, on the way back through the steps. `flow::TimeFlow`
/// measures it.
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Lstm<3, 16>, LastStep, Linear<16, 5>);
/// const FLOW: chainrule::ExpectedFlow = chainrule::expected_flow::<Net, Sequence<5, 3>>();
/// let time = FLOW.time.unwrap();
/// assert_eq!(time.steps, 5);
/// assert!(time.share.max(time.carried) > chainrule::ExpectedFlow::VANISHING); // the gradient arrives
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "flow", derive(serde::Serialize))]
pub struct ExpectedTime {
    /// The number of steps.
    pub steps: usize,
    /// |dR/dh| of the first step divided by that of the last.
    pub share: f64,
    /// The share of the path without weights alone: the product of the forget gates of an LSTM, or of the update gates
    /// of a GRU. It is 0 for an RNN, which has no such path.
    pub carried: f64,
    /// The factor of the length from one step to the step before, as a geometric mean.
    pub rate: f64,
}

impl ExpectedTime {
    const fn of(through: &Through) -> Self {
        Self {
            steps: through.steps,
            share: exp(0.5 * through.share),
            carried: exp(0.5 * through.carried),
            rate: exp(0.5 * through.share / through.factors()),
        }
    }
}

/// Whether a gradient arrives at the first layer of a new network. See the example of [`expected_flow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "flow", derive(serde::Serialize))]
pub enum ExpectedState {
    /// It arrives.
    Healthy,
    /// It vanishes: less than [`ExpectedFlow::VANISHING`] of its length arrives at the first layer. Or, if only the
    /// last step is read, less than that arrives at the first step.
    Vanishing,
    /// It explodes: more than 1 / [`ExpectedFlow::VANISHING`] of its length arrives, through the layers or through
    /// time.
    Exploding,
    /// The theory does not cover a layer of this network.
    NotKnown,
}

impl ExpectedFlow {
    /// A gradient vanishes if less than this share of its length is left between the last layer of weights and the
    /// first. It explodes if it grows by more than the inverse. The value is e⁻³ = 0.05.
    ///
    /// # Source
    /// Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", ICLR 2017, section 5: random
    /// networks train down to about six depth scales ξ. The scale of the gradient's squared norm is ξ = 1 / |ln χ|, so
    /// over six of them the norm changes by a factor of e³.
    pub const VANISHING: f64 = 0.049_787_068_367_863_944;

    /// Returns the expectation as a sentence with the share. For gradients that vanish or explode it names the layer
    /// where this happens, the factor that causes it, and a cure.
    pub const fn message(&self) -> &str {
        self.message.as_str()
    }
}

impl fmt::Display for ExpectedFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// Two unknown figures are equal, although they are NaN.
impl PartialEq for ExpectedFlow {
    fn eq(&self, other: &Self) -> bool {
        self.message() == other.message()
            && self.time == other.time
            && [self.share, self.rate, self.depth_scale].map(f64::to_bits)
                == [other.share, other.rate, other.depth_scale].map(f64::to_bits)
    }
}

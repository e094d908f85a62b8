//! Cures for gradients that vanish or explode. Expected and measured verdicts share these decisions.
//!
//! `tests/flow/cures.rs` applies the cures to 74 networks, and checks that each moves the rate towards 1.

use super::ExpectedFlow;
use super::cause::{Cause, Facts};
use super::elementary::{exp, ln};
use crate::layer::{Factor, Plan};

/// The facts about a network whose gradient vanishes or explodes.
#[derive(Clone, Copy)]
pub(crate) struct Unhealthy {
    pub(crate) cause: Cause,
    /// The factor of the gradient in each step.
    pub(crate) rate: f64,
    /// The number of steps from one layer of weights to the next.
    pub(crate) steps: usize,
    /// Whether an activation of the network has a slope below 1 everywhere.
    pub(crate) flat: bool,
    /// The facts about the layers between the first and the last layer of weights.
    pub(crate) between: LayersBetween,
}

/// The layers from the first layer of weights (excluded) to the last (included).
#[derive(Clone, Copy)]
pub(crate) struct LayersBetween {
    /// Whether there are weights that no later norm makes ineffective.
    free: bool,
    /// Whether there are weights for which the later layers decide that.
    loose: bool,
    /// Whether there are sums with a path without weights.
    skips: bool,
    /// Whether there are activations between the layers of weights or the sums.
    activations: bool,
    /// Whether the effect of every layer on the gradient is independent of the size of the signal.
    scales: bool,
    /// Whether this is true of the layers of the cause [`Cause::Other`].
    others_scale: bool,
    /// The largest number of layers of weights in a step, one after the other.
    depth: usize,
    /// For each cause, the gain that is furthest from 1, and the cure that the plan of its layer states.
    own: [(f64, &'static str); 5],
}

impl LayersBetween {
    pub(crate) const NONE: Self = Self {
        free: false,
        loose: false,
        skips: false,
        activations: false,
        scales: true,
        others_scale: true,
        depth: 1,
        own: [(-1.0, ""); 5],
    };

    /// Adds the next layer, which multiplies the gradient by `gain`.
    pub(crate) const fn and(mut self, facts: &Facts, gain: f64) -> Self {
        let scalable =
            matches!(facts.cause, Cause::Weights) || matches!(facts.cause, Cause::Sum) && !facts.skips;
        let norm = matches!(facts.cause, Cause::Norm);
        self.free = self.free || !facts.scales && !norm && (self.loose || scalable);
        self.loose = facts.scales && (self.loose || scalable);
        self.skips = self.skips || facts.skips;
        self.activations = self.activations || matches!(facts.cause, Cause::Activation);
        self.scales = self.scales && facts.scales;
        self.others_scale = self.others_scale && (facts.scales || !matches!(facts.cause, Cause::Other));
        if scalable && facts.depth > self.depth {
            self.depth = facts.depth;
        }
        let (cause, distance) = (facts.cause as usize, ln(gain).abs());
        if distance > self.own[cause].0 {
            self.own[cause] = (distance, facts.cure);
        }
        self
    }
}

/// A cure: two texts, with a number in between unless that is NaN.
#[derive(Clone, Copy)]
pub(crate) struct Cure {
    pub(crate) before: &'static str,
    pub(crate) factor: f64,
    pub(crate) after: &'static str,
}

impl Cure {
    const SKIP: Self = Self::text("skip connections, Z(n) + Z(n-k): `Residual<..>` around each block");
    const SMALL_SKIP: Self = Self::text(
        "skip connections, Z(n) + Z(n-k): `Residual<..>` around each block, with the last weights of each block \
         divided by the square root of the number of blocks",
    );
    const LARGER_SLOPE: Self =
        Self::text("an activation with a larger slope (Tanh; with He's weights LeakyRelu or Relu)");
    const SMALLER_BRANCHES: Self = Self::text(SMALLER_BRANCHES);
    const NORM_AT_START: Self = Self::text("a norm at the start of each branch");
    const INSIDE: Self = Self::text(
        "move g into the branches, before their weights, so that no layer is between the sums: \
         `Residual<(g, .., Linear<..>)>`",
    );
    const RMS_NORM: Self = Self::text("an `RmsNorm` between the layers");
    const UNKNOWN: Self =
        Self::text("no cure is known for this factor; a layer that you write can state one in `Plan::cure`");

    pub(crate) const fn text(before: &'static str) -> Self {
        Self { before, factor: f64::NAN, after: "" }
    }

    const fn weights(factor: f64) -> Self {
        Self { before: "weights ", factor, after: " times as large (`Initializer::gain`), then check again" }
    }
}

/// Against sums that grow.
pub(crate) const SMALLER_BRANCHES: &str =
    "make each branch smaller: its last weights divided by the square root of the number of blocks";

/// Returns a cure, and an alternative.
pub(crate) const fn cures(unhealthy: &Unhealthy) -> (Cure, Option<Cure>) {
    let &Unhealthy { cause, rate, steps, flat, between } = unhealthy;
    let (_, own) = between.own[cause as usize];
    let vanishes = rate < 1.0;
    // This is exact if nothing depends on the size of the signal. Otherwise it is one step of an iteration.
    let weights = Cure::weights(exp(-ln(rate) / between.depth as f64));
    let skip = skip(rate, steps);
    match cause {
        _ if !own.is_empty() => (Cure::text(own), None),
        Cause::Norm => (skip, None),
        // A g between the sums makes the main path small. A norm would then make the branches too large for it.
        Cause::Sum if between.skips && between.activations => (Cure::SMALLER_BRANCHES, None),
        Cause::Sum if between.skips => (Cure::SMALLER_BRANCHES, Some(Cure::NORM_AT_START)),
        Cause::Activation if vanishes && flat => (Cure::LARGER_SLOPE, Some(skip)),
        Cause::Activation if vanishes && between.skips && !between.scales => (Cure::INSIDE, None),
        // If the two terms of a skip connection agree, it multiplies by 1 + rate. For rates below the golden ratio,
        // this is nearer to 1 than the rate.
        Cause::Other if !between.others_scale && rate < 0.618 => (skip, None),
        Cause::Other if !between.others_scale => (Cure::UNKNOWN, None),
        _ if !between.free && !between.loose && vanishes => (skip, None),
        _ if vanishes => (weights, Some(skip)),
        // In theory a norm makes the rate 1, if all activations are linear on both sides of 0.
        _ if between.scales => (weights, Some(Cure::RMS_NORM)),
        _ => (weights, None),
    }
}

/// Returns the cure by skip connections. If the two terms are independent, their squares add up to 1 + rate² per block.
/// In a deep network the branches must therefore be smaller.
const fn skip(rate: f64, steps: usize) -> Cure {
    let total = 0.5 * steps as f64 * ln(1.0 + rate * rate);
    // The branch of an exploding block begins with the layer that made it explode, a norm. After the norm it is not
    // longer.
    if rate > 1.0 || total < -ln(ExpectedFlow::VANISHING) { Cure::SKIP } else { Cure::SMALL_SKIP }
}

/// Returns whether there is an activation whose slope is below 1 everywhere.
pub(crate) const fn flat(plan: &Plan) -> bool {
    let mut at = 0;
    while at < plan.children.len() {
        if flat(plan.children[at].plan) {
            return true;
        }
        at += 1;
    }
    matches!(plan.factor, Factor::Activation { max_derivative } if max_derivative < 1.0)
}

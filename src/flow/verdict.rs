use alloc::string::String;
use core::fmt;

use serde::Serialize;

use super::{Flow, LayerFlow};
use crate::layer::Factor;

/// A gradient vanishes where less than this is left of its length between the last layer of weights and the first, and
/// explodes where it grows by more than the inverse: e⁻³ = 0.05.
///
/// # Source
/// Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", ICLR 2017, section 5: random networks train
/// down to about six depth scales ξ. The scale of the gradient's squared norm is ξ = 1 / |ln χ|, so that over six of them
/// the norm changes by e³.
pub const VANISHING: f64 = 0.049_787_068_367_863_944;

/// More than this share of a layer's units off (saturated, or dead) is too many: with a half of them off a ReLU is healthy.
/// (A convention of this crate; it must hold in more than half of the layers, so that no single one gives a verdict.)
pub const MOSTLY: f64 = 0.75;

/// With fewer samples nothing is said of dead units: a healthy ReLU is off in all of 8 independent samples once in 256.
pub const FEWEST_SAMPLES: usize = 8;

/// What is the matter with a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum State {
    /// It arrives.
    Healthy,
    /// Factors below one.
    Vanishing,
    /// Factors above one.
    Exploding,
    /// Units that are off in every sample.
    Dead,
    /// Units where g' is next to nothing.
    Saturated,
    /// NaN or infinity.
    NonFinite,
}

/// Which of the chain rule's factors does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Cause {
    /// W.
    Weights,
    /// g'.
    Slope,
    /// The sum over the ways through residual blocks.
    Sum,
    /// Something between: a norm, a pooling, a dropout.
    Other,
}

/// What is the matter with the gradients of a network, where, why, and what to try.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What is the matter.
    pub state: State,
    /// The path of the layer where it starts, on the way back from the loss.
    pub starts_at: Option<String>,
    /// The factor that does it.
    pub cause: Option<Cause>,
    /// |dR/dZ| of the first layer of weights over that of the last.
    pub first_over_last: Option<f64>,
    /// The same for one layer: the geometric mean.
    pub rate: Option<f64>,
    /// What was seen, in a sentence.
    pub why: String,
    /// What to try, in a sentence; empty where nothing is the matter.
    pub cure: String,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Vanishing => "vanishing",
            Self::Exploding => "exploding",
            Self::Dead => "dead",
            Self::Saturated => "saturated",
            Self::NonFinite => "non-finite",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.state, self.why)?;
        if self.cure.is_empty() { Ok(()) } else { write!(f, "\ncure: {}", self.cure) }
    }
}

const SKIP: &str = "let it pass by the layers, A(n) = g(Z(n) + Z(n-k)): `Residual<..>` around each block";

impl Verdict {
    fn new(state: State, at: Option<&LayerFlow>, why: String, cure: impl Into<String>) -> Self {
        let starts_at = at.map(|layer| layer.path.clone());
        Self { state, starts_at, cause: None, first_over_last: None, rate: None, why, cure: cure.into() }
    }
}

impl Flow {
    /// What is the matter with these gradients, if anything.
    ///
    /// A trend is a verdict only if it is one without its most extreme layer too, or if that layer's singular values leave
    /// no doubt: the gain of one layer for one batch is a noisy number.
    pub fn verdict(&self) -> Verdict {
        self.non_finite()
            .or_else(|| self.nothing_to_see())
            .or_else(|| self.stopped())
            .or_else(|| self.trend())
            .or_else(|| self.units_off())
            .unwrap_or_else(|| self.healthy())
    }

    fn non_finite(&self) -> Option<Verdict> {
        let verdict = |at: &LayerFlow, why, cure| Some(Verdict::new(State::NonFinite, Some(at), why, cure));
        if let Some(at) = self.leaves().find(|layer| !layer.output_rms.is_finite()) {
            let name = format!("`{}` ({})", at.path, at.layer);
            if let Some(parameter) = at.parameters.iter().find(|parameter| !parameter.norm.is_finite()) {
                let why =
                    format!("{name} has a `{}` that is not finite, and gives what is not", parameter.name);
                let cure = "go back to the last good weights; lower the learning rate, or clip the gradient";
                return verdict(at, why, cure);
            }
            let why = format!("{name} is the first layer whose output is not finite, though its input is");
            return verdict(
                at,
                why,
                "start with smaller weights, `Initializer::gain`, or put a norm before it",
            );
        }
        if self.loss.is_none() {
            let why = String::from(
                "all layers are finite, but the loss is not: the outputs are too far from the targets",
            );
            return Some(Verdict::new(
                State::NonFinite,
                None,
                why,
                "standardise the targets, or start with smaller weights",
            ));
        }
        let at = self.leaves().collect::<Vec<_>>().into_iter().rev().find(|layer| !layer.is_finite())?;
        let why =
            format!("the gradient at `{}` ({}) is not finite, though it is above it", at.path, at.layer);
        verdict(at, why, "start with smaller weights, `Initializer::gain`, or lower the learning rate")
    }

    /// No weights, or a loss that is at its least.
    fn nothing_to_see(&self) -> Option<Verdict> {
        let healthy = |why: &str| Some(Verdict::new(State::Healthy, None, why.into(), ""));
        if !self.leaves().any(|layer| layer.factor == Factor::Weights) {
            return healthy(
                "this network has no weights, so that there is nothing that its gradient could train",
            );
        }
        match self.layers.first()?.output_grad_rms {
            Some(0.0) => healthy("the gradient of the loss is 0: this batch has nothing more to teach"),
            _ => None,
        }
    }

    /// The gradient is 0 from some layer down.
    fn stopped(&self) -> Option<Verdict> {
        let trunk: Vec<&LayerFlow> = self.trunk().collect();
        let first = trunk.iter().position(|layer| self.has_weights(layer))?;
        let at = trunk[first + 1..].iter().rev().find(|layer| layer.input_grad_rms == Some(0.0))?;
        let name = format!("`{}` ({})", at.path, at.layer);
        if at.slope.is_some() {
            let why = format!("at {name} every unit is off in every sample, so that no gradient passes");
            let cure = "an activation with a slope on both sides, `LeakyRelu`; He's weights, `Initializer::he_normal()`; a lower learning rate";
            let verdict = Verdict::new(State::Dead, Some(at), why, cure);
            return Some(Verdict { cause: Some(Cause::Slope), ..verdict });
        }
        let zero = at.parameters.iter().any(|parameter| parameter.norm == 0.0 && parameter.len > 1);
        let (cause, why) = match at.factor {
            Factor::Weights if zero => {
                (Cause::Weights, format!("the weights of {name} are 0, and no gradient passes"))
            }
            _ => (
                Cause::Other,
                format!("below {name} the gradient is smaller than the smallest number, and so 0"),
            ),
        };
        let verdict = Verdict::new(State::Vanishing, Some(at), why, SKIP);
        Some(Verdict { cause: Some(cause), first_over_last: Some(0.0), ..verdict })
    }

    /// Factors below one, or above one.
    fn trend(&self) -> Option<Verdict> {
        let steps = self.steps();
        let total: f64 = steps.iter().map(|step| step.gain).product();
        let down = total < 1.0;
        let beyond = |x: f64| if down { x < VANISHING } else { x > 1.0 / VANISHING };
        let (state, word) = if down { (State::Vanishing, "shrinks") } else { (State::Exploding, "grows") };
        let extreme = steps.iter().map(|step| step.gain).reduce(if down { f64::min } else { f64::max })?;
        let no_doubt = steps.iter().any(|step| {
            let spectrum = step.from.weights.and_then(|weights| weights.spectrum);
            spectrum.is_some_and(|s| beyond(if down { s.largest } else { s.smallest }))
        });
        if !beyond(total) || !(beyond(total / extreme) || no_doubt) {
            return None;
        }

        let rate = total.powf(1.0 / steps.len() as f64);
        let mut left = 1.0;
        let from = steps.iter().find(|step| {
            left *= step.gain;
            beyond(left)
        })?;
        let (last, first) = (&steps[0].from.path, &steps[steps.len() - 1].to.path);
        let shares = self.shares(steps.len());
        let guilty = shares.iter().copied().reduce(|a, b| if (b.1 < a.1) == down { b } else { a })?;
        let (cause, _) = guilty;
        let mut why = format!(
            "from `{last}` back to `{first}` the gradient {word} to {total:.1e} of its length, by {rate:.3} a layer; \
             at `{}` it is {left:.2e}. A layer's",
            from.to.path
        );
        for (at, (cause, gain)) in shares.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            why += &format!("{comma} {} {} {gain:.3}", name(*cause), if at == 0 { "makes" } else { "" })
                .replace("  ", " ");
        }
        let cure = self.cure(state, cause, rate);
        let verdict = Verdict::new(state, Some(from.to), why, cure);
        Some(Verdict { cause: Some(cause), first_over_last: Some(total), rate: Some(rate), ..verdict })
    }

    /// What each kind of factor on the gradient's way makes of it, a layer of weights: geometric means.
    fn shares(&self, steps: usize) -> Vec<(Cause, f64)> {
        let trunk: Vec<&LayerFlow> = self.trunk().collect();
        let weights: Vec<usize> = (0..trunk.len()).filter(|&at| self.has_weights(trunk[at])).collect();
        let mut shares: Vec<(Cause, f64)> = Vec::new();
        let (Some(first), Some(last)) = (weights.first(), weights.last()) else { return shares };
        for layer in &trunk[first + 1..=*last] {
            let cause = match layer.factor {
                Factor::Weights => Cause::Weights,
                Factor::Slope { .. } => Cause::Slope,
                Factor::Sum => Cause::Sum,
                Factor::Product | Factor::Other => Cause::Other,
            };
            let gain = layer.gain.map_or(0.0, f64::ln) / steps as f64;
            match shares.iter_mut().find(|share| share.0 == cause) {
                Some(share) => share.1 += gain,
                None => shares.push((cause, gain)),
            }
        }
        shares.iter_mut().for_each(|share| share.1 = share.1.exp());
        shares
    }

    fn cure(&self, state: State, cause: Cause, rate: f64) -> String {
        let slopes: Vec<_> = self.leaves().filter_map(|layer| layer.slope).collect();
        let flat = slopes.iter().any(|slope| slope.steepest < 1.0);
        let saturated = slopes.iter().filter(|slope| slope.saturated > MOSTLY).count() * 2 > slopes.len();
        let gain = format!("weights {:.2} times as large, `Initializer::gain`", 1.0 / rate);
        match (state, cause) {
            (State::Vanishing, Cause::Slope) if saturated => {
                format!(
                    "bring Z back to where g has a slope: smaller weights, standardised inputs, or a norm before g; or {SKIP}"
                )
            }
            (State::Vanishing, Cause::Slope) if flat => {
                format!("an activation with a larger slope (LeakyRelu > Relu > Tanh > Sigmoid); or {SKIP}")
            }
            (State::Vanishing, _) => format!("{gain}; or {SKIP}"),
            (_, Cause::Sum) => String::from(
                "make each branch smaller: its last weights divided by the square root of the number of blocks, or a norm at its start",
            ),
            _ => format!("{gain}, or a norm between the layers"),
        }
    }

    /// Most units of most layers saturated, or dead.
    fn units_off(&self) -> Option<Verdict> {
        let layers: Vec<_> = self.leaves().filter(|layer| layer.slope.is_some()).collect();
        for state in [State::Dead, State::Saturated] {
            let off = |layer: &&&LayerFlow| {
                let share = layer.slope.map(|s| if state == State::Dead { s.dead } else { s.saturated });
                share.is_some_and(|share| share > MOSTLY)
            };
            let count = layers.iter().filter(off).count();
            // A single layer is no trend, and a few samples say nothing of units that are never on.
            if count < 2
                || 2 * count <= layers.len()
                || (state == State::Dead && self.samples < FEWEST_SAMPLES)
            {
                continue;
            }
            let at = layers.iter().rev().find(off)?;
            let (what, cure) = match state {
                State::Dead => (
                    "off in every sample",
                    "`LeakyRelu`, whose slope is never 0; He's weights; a lower learning rate",
                ),
                _ => (
                    "where g' is next to nothing",
                    "smaller weights, standardised inputs, or a norm before g",
                ),
            };
            let why = format!(
                "in {count} of {} activations more than {:.0} % of the units are {what}",
                layers.len(),
                100.0 * MOSTLY
            );
            let verdict = Verdict::new(state, Some(at), why, cure);
            return Some(Verdict { cause: Some(Cause::Slope), ..verdict });
        }
        None
    }

    fn healthy(&self) -> Verdict {
        let steps = self.steps();
        let verdict = |why: String| Verdict::new(State::Healthy, None, why, "");
        if steps.is_empty() {
            return verdict("with one layer of weights there is no product to vanish or explode".into());
        }
        let total: f64 = steps.iter().map(|step| step.gain).product();
        let rate = total.powf(1.0 / steps.len() as f64);
        let (last, first) = (&steps[0].from.path, &steps[steps.len() - 1].to.path);
        let why = format!(
            "of the gradient at `{last}`, {total:.2} arrives at `{first}`: {rate:.3} a layer of weights"
        );
        Verdict { first_over_last: Some(total), rate: Some(rate), ..verdict(why) }
    }
}

fn name(cause: Cause) -> &'static str {
    match cause {
        Cause::Weights => "W",
        Cause::Slope => "g'",
        Cause::Sum => "sum of ways",
        Cause::Other => "other factor",
    }
}

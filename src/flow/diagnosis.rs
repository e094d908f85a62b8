use alloc::string::String;
use alloc::vec::Vec;

use super::table::short;
use super::verdict::{Cause, DEAD_FRACTION, FlowState, MIN_SAMPLES, VANISHING, Verdict};
use super::{Flow, LayerFlow};
use crate::expected::advice::{LARGER_SLOPE, NORM_BETWEEN, SKIP, SMALLER_BRANCHES, TIMES_AS_LARGE};
use crate::layer::Factor;

impl Flow {
    /// Diagnoses the gradients: healthy, vanishing, exploding, dead, saturated or not finite, with the cause and a
    /// cure.
    ///
    /// A trend must remain without its most extreme layer, because the gain of one layer for one batch is noisy. A
    /// single layer decides only if its singular values, or its inactive units, are conclusive.
    pub fn verdict(&self) -> Verdict {
        self.non_finite()
            .or_else(|| self.nothing_to_see())
            .or_else(|| self.stopped())
            .or_else(|| self.trend())
            .or_else(|| self.units_off())
            .unwrap_or_else(|| self.healthy())
    }

    fn non_finite(&self) -> Option<Verdict> {
        let verdict = |at, why, cure| Some(Verdict::new(FlowState::NonFinite, at, why, cure));
        // Looks for the innermost layers, since a stack is not finite if a layer inside it is not.
        let first = |wrong: &dyn Fn(&LayerFlow) -> bool, at: usize| {
            wrong(&self.layers[at]) && !self.inside(at).iter().any(wrong)
        };
        let places = || 0..self.layers.len();
        let output = |layer: &LayerFlow| !layer.output_rms.is_finite();
        if let Some(at) = places().find(|&at| first(&output, at)).map(|at| &self.layers[at]) {
            let name = at.named();
            if let Some(parameter) = at.parameters.iter().find(|parameter| !parameter.norm.is_finite()) {
                let why =
                    format!("{name} has a `{}` that is not finite, and gives what is not", parameter.name);
                let cure = "go back to the last good weights; lower the learning rate, or clip the gradient";
                return verdict(Some(at), why, cure);
            }
            if at.factor == Factor::Sum {
                let why = format!("at {name} the sum of the paths is not finite, though each path is");
                return verdict(Some(at), why, SMALLER_BRANCHES);
            }
            let why = format!("{name} is the first layer whose output is not finite, though its input is");
            let cure = "start with smaller weights, `Initializer::gain`, or put a norm before it";
            return verdict(Some(at), why, cure);
        }
        if self.loss.is_none() {
            let why = "all layers are finite, but the loss is not: the outputs are too far from the targets";
            let cure = "standardize the targets, or start with smaller weights";
            return verdict(None, why.into(), cure);
        }
        let gradient = |layer: &LayerFlow| !layer.is_finite();
        let at = places().rev().find(|&at| first(&gradient, at)).map(|at| &self.layers[at])?;
        let why =
            format!("at {} the gradient becomes NaN or infinite; what arrives there is finite", at.named());
        let cure = "start with smaller weights, `Initializer::gain`, or lower the learning rate";
        verdict(Some(at), why, cure)
    }

    /// Handles networks without weights, and losses at their minimum.
    fn nothing_to_see(&self) -> Option<Verdict> {
        let healthy = |why: &str| Some(Verdict::new(FlowState::Healthy, None, why.into(), ""));
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

    /// Checks whether the gradient is exactly 0 below some layer.
    fn stopped(&self) -> Option<Verdict> {
        let main_path: Vec<&LayerFlow> = self.main_path().collect();
        let first = main_path.iter().position(|layer| self.has_weights(layer))?;
        let at = main_path[first + 1..].iter().rev().find(|layer| layer.input_grad_rms == Some(0.0))?;
        let name = at.named();
        let all_zero = at.parameters.iter().all(|parameter| parameter.norm == 0.0);
        let spectrum = at.weights.and_then(|weights| weights.spectrum);
        let (state, cause, why, cure) = if let Some(slope) = at.activation.filter(|slope| slope.mean == 0.0) {
            let state = if slope.dead > DEAD_FRACTION { FlowState::Dead } else { FlowState::Saturated };
            let (what, cure) = units(state);
            let why = format!("at {name} all units are {what}, so that no gradient passes");
            (state, Cause::Activation, why, cure.into())
        } else if at.weights.is_some() && spectrum.map_or(all_zero, |spectrum| spectrum.largest == 0.0) {
            let why = format!("the weights of {name} are 0, and no gradient passes");
            let cure = "draw them, `Init::init`; where they are 0 on purpose, look again after a step";
            (FlowState::Vanishing, Cause::Weights, why, cure.into())
        } else {
            let why = format!(
                "below {name} the gradient is 0, or smaller than the smallest number; {} arrives there",
                at.output_grad_rms.map_or("nothing".into(), |rms| format!("{rms:.0e}"))
            );
            let steps = self.steps();
            let product: f64 = steps.iter().map(|step| step.gain).product();
            let rate = product.powf(1.0 / steps.len().max(1) as f64);
            let cause = Cause::of(at);
            (FlowState::Vanishing, cause, why, self.cure(FlowState::Vanishing, cause, rate))
        };
        let verdict = Verdict::new(state, Some(at), why, cure);
        Some(Verdict { cause: Some(cause), first_over_last: Some(0.0), ..verdict })
    }

    /// Checks whether the factors are below one, or above one, on average.
    fn trend(&self) -> Option<Verdict> {
        let steps = self.steps();
        let total: f64 = steps.iter().map(|step| step.gain).product();
        let down = total < 1.0;
        let beyond = |x: f64| if down { x < VANISHING } else { x > 1.0 / VANISHING };
        let (state, word) =
            if down { (FlowState::Vanishing, "shrinks") } else { (FlowState::Exploding, "grows") };
        // A single noisy layer is not a trend.
        let extreme = steps.iter().map(|step| step.gain).reduce(if down { f64::min } else { f64::max })?;
        if !beyond(total) {
            return None;
        }
        let rate = total.powf(1.0 / steps.len() as f64);
        if !beyond(total / extreme) {
            let verdict = self.one_layer(state, beyond)?;
            return Some(Verdict { first_over_last: Some(total), rate: Some(rate), ..verdict });
        }

        let mut left = 1.0;
        let from = steps.iter().find(|step| {
            left *= step.gain;
            beyond(left)
        })?;
        let (last, first) = (&steps[0].from.path, &steps[steps.len() - 1].to.path);
        let shares = self.shares(steps.len());
        let guilty = shares.iter().copied().reduce(|a, b| if (b.1 < a.1) == down { b } else { a })?;
        let (cause, _) = guilty;
        let factors: Vec<_> = shares.iter().map(|(cause, gain)| format!("{cause} {gain:.3}")).collect();
        let why = format!(
            "from `{last}` back to `{first}` the gradient {word} to {total:.1e} of its length, by {rate:.3} a layer; \
             at `{}` it is {left:.1e}. Spread over the layers of weights: {}",
            from.to.path,
            factors.join(", ")
        );
        // Inactive units are a more specific cause than a small slope.
        let off = if cause == Cause::Activation { self.units_off() } else { None };
        let verdict = off.unwrap_or_else(|| Verdict {
            cause: Some(cause),
            ..Verdict::new(state, Some(from.to), why, self.cure(state, cause, rate))
        });
        Some(Verdict { first_over_last: Some(total), rate: Some(rate), ..verdict })
    }

    /// Returns the single layer that causes it, if that is certain: for every gradient, its singular values bound the
    /// gain; or most of its units are inactive.
    fn one_layer(&self, state: FlowState, beyond: impl Fn(f64) -> bool) -> Option<Verdict> {
        let down = state == FlowState::Vanishing;
        let main_path: Vec<&LayerFlow> = self.main_path().collect();
        let first = main_path.iter().position(|layer| self.has_weights(layer))?;
        let last = main_path.iter().rposition(|layer| self.has_weights(layer))?;
        main_path[first + 1..=last].iter().rev().find_map(|at| {
            let bound = at.weights.and_then(|weights| weights.spectrum).and_then(|spectrum| {
                // For a large matrix the largest singular value is accurate to a few per cent, and the smallest is an
                // upper bound.
                let margin = if spectrum.exact { 1.0 } else { 1.1 };
                if down {
                    Some(margin * spectrum.largest)
                } else {
                    Some(spectrum.smallest).filter(|_| spectrum.exact)
                }
            });
            if let Some(bound) = bound.filter(|&bound| beyond(bound)) {
                let than = if down { "more" } else { "less" };
                let why =
                    format!("W of {} makes no gradient {than} than {bound:.1e} times as long", at.named());
                let cure = "draw its weights as those of the other layers, or put a norm behind it";
                let verdict = Verdict::new(state, Some(at), why, cure);
                return Some(Verdict { cause: Some(Cause::Weights), ..verdict });
            }
            let slope = at.activation.filter(|slope| down && slope.saturated > DEAD_FRACTION)?;
            let state = if slope.dead > DEAD_FRACTION { FlowState::Dead } else { FlowState::Saturated };
            at.gain.filter(|&gain| beyond(gain))?;
            Some(self.off(state, at, format!("at {}", at.named())))
        })
    }

    /// Computes by what each kind of factor multiplies the gradient for each layer of weights: geometric means.
    fn shares(&self, steps: usize) -> Vec<(Cause, f64)> {
        let main_path: Vec<&LayerFlow> = self.main_path().collect();
        let weights: Vec<usize> =
            (0..main_path.len()).filter(|&at| self.has_weights(main_path[at])).collect();
        let mut shares: Vec<(Cause, f64)> = Vec::new();
        let (Some(first), Some(last)) = (weights.first(), weights.last()) else { return shares };
        for layer in &main_path[first + 1..=*last] {
            let cause = Cause::of(layer);
            let gain = layer.gain.map_or(0.0, f64::ln) / steps as f64;
            match shares.iter_mut().find(|share| share.0 == cause) {
                Some(share) => share.1 += gain,
                None => shares.push((cause, gain)),
            }
        }
        shares.iter_mut().for_each(|share| share.1 = share.1.exp());
        shares
    }

    fn cure(&self, state: FlowState, cause: Cause, rate: f64) -> String {
        let slopes: Vec<_> = self.leaves().filter_map(|layer| layer.activation).collect();
        let flat = slopes.iter().any(|slope| slope.max_derivative < 1.0);
        // This is exact if g' does not depend on the size of Z, as in ReLU. Otherwise it is one step of an iteration.
        let factor = 1.0 / rate;
        let factor = if (0.1..100.0).contains(&factor) { format!("{factor:.2}") } else { short(factor) };
        let gain = format!("weights {factor} {TIMES_AS_LARGE}");
        match (state, cause) {
            (FlowState::Vanishing, Cause::Activation) if flat => {
                format!("{LARGER_SLOPE}; or {SKIP}")
            }
            (FlowState::Vanishing, _) => format!("{gain}; or {SKIP}"),
            (_, Cause::Sum) => SMALLER_BRANCHES.into(),
            _ => format!("{gain}; or {NORM_BETWEEN}"),
        }
    }

    /// Checks whether most units of most layers are saturated, or dead.
    fn units_off(&self) -> Option<Verdict> {
        let layers: Vec<_> = self.leaves().filter(|layer| layer.activation.is_some()).collect();
        for state in [FlowState::Dead, FlowState::Saturated] {
            let off = |layer: &&&LayerFlow| {
                let share =
                    layer.activation.map(|s| if state == FlowState::Dead { s.dead } else { s.saturated });
                share.is_some_and(|share| share > DEAD_FRACTION)
            };
            let count = layers.iter().filter(off).count();
            // A single layer is not a trend, and with few samples an inactive unit may be healthy.
            if count < 2
                || 2 * count <= layers.len()
                || (state == FlowState::Dead && self.samples < MIN_SAMPLES)
            {
                continue;
            }
            let at = layers.iter().rev().find(off)?;
            return Some(self.off(state, at, format!("in {count} of {} activations", layers.len())));
        }
        None
    }

    /// Returns the verdict for too many inactive units, first at `at`.
    fn off(&self, state: FlowState, at: &LayerFlow, places: String) -> Verdict {
        let (what, cure) = units(state);
        let why = format!("{places} more than {:.0} % of the units are {what}", 100.0 * DEAD_FRACTION);
        Verdict { cause: Some(Cause::Activation), ..Verdict::new(state, Some(at), why, cure) }
    }

    fn healthy(&self) -> Verdict {
        let steps = self.steps();
        let verdict = |why: String| Verdict::new(FlowState::Healthy, None, why, "");
        if steps.is_empty() {
            return verdict(
                "with one layer or block of weights there is no product to vanish or explode".into(),
            );
        }
        let total: f64 = steps.iter().map(|step| step.gain).product();
        let rate = total.powf(1.0 / steps.len() as f64);
        let (last, first) = (&steps[0].from.path, &steps[steps.len() - 1].to.path);
        let why = format!(
            "of the gradient at `{last}`, {} arrives at `{first}`: {rate:.3} a layer of weights",
            if (0.01..1e4).contains(&total) { format!("{total:.2}") } else { format!("{total:.1e}") }
        );
        Verdict { first_over_last: Some(total), rate: Some(rate), ..verdict(why) }
    }
}

/// Returns what inactive units of this kind are called, and the cure.
fn units(state: FlowState) -> (&'static str, &'static str) {
    match state {
        FlowState::Dead => (
            "off in every sample",
            "an activation with a slope on both sides, `LeakyRelu`; He's weights, `Initializer::he_normal()`; a lower \
             learning rate",
        ),
        _ => ("where g' is next to nothing", "smaller weights, standardized inputs, or a norm before g"),
    }
}

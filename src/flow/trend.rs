//! Factors below or above one: where the gradient vanishes or explodes, the cause, and a cure.

use alloc::string::String;
use alloc::vec::Vec;

use super::inactive::inactive;
use super::table::short;
use super::verdict::{DEAD_FRACTION, FlowState, VANISHING, Verdict};
use super::{Cause, Flow, LayerFlow, PathStep};
use crate::expected::advice::{Cure, LayersBetween, Unhealthy, cures};

/// Against a single layer whose weights are too small or too large.
const REDRAW: &str = "draw its weights like those of the other layers";

impl Flow {
    /// Checks how much of the gradient arrives at the first layer of weights.
    pub(super) fn trend(&self) -> Option<Verdict> {
        let steps = self.steps();
        let total: f64 = steps.iter().map(|step| step.gain).product();
        let down = total < 1.0;
        let beyond = |x: f64| if down { x < VANISHING } else { x > 1.0 / VANISHING };
        if steps.is_empty() || !beyond(total) {
            return None;
        }
        let state = if down { FlowState::Vanishing } else { FlowState::Exploding };
        let rate = total.powf(1.0 / steps.len() as f64);
        let gain = |a: &&PathStep<'_>, b: &&PathStep<'_>| a.gain.total_cmp(&b.gain);
        let extreme = if down { steps.iter().min_by(gain)? } else { steps.iter().max_by(gain)? };
        let alone = !beyond(total / extreme.gain);
        let verdict = if let Some(verdict) = alone.then(|| self.certain_layer(state, beyond)).flatten() {
            verdict
        } else if alone && beyond(self.weights_against_others(extreme.from)) {
            self.one_layer(state, &steps, extreme)
        } else {
            self.many_layers(state, &steps, beyond)?
        };
        Some(Verdict { first_over_last: Some(total), rate: Some(rate), ..verdict })
    }

    /// Returns the verdict if several steps cause it.
    fn many_layers(
        &self,
        state: FlowState,
        steps: &[PathStep<'_>],
        beyond: impl Fn(f64) -> bool,
    ) -> Option<Verdict> {
        let mut left = 1.0;
        let from = steps.iter().find(|step| {
            left *= step.gain;
            beyond(left)
        })?;
        let why = format!(
            "{}; at `{}` it is {left:.1e}. {}",
            change(steps),
            from.to.path,
            self.spread(steps.len())
        );
        let cause = self.cause(steps.len(), state)?;
        // Inactive units are a more specific cause than a small slope.
        let off = if cause == Cause::Activation { self.units_off() } else { None };
        Some(off.unwrap_or_else(|| {
            let total: f64 = steps.iter().map(|step| step.gain).product();
            let cure = self.cure(cause, total.powf(1.0 / steps.len() as f64), steps.len());
            Verdict { cause: Some(cause), ..Verdict::new(state, Some(from.to), why, cure) }
        }))
    }

    /// Returns the gain of a layer of weights, divided by the geometric mean of the others. It is 1 for other layers,
    /// and if there are no others.
    fn weights_against_others(&self, layer: &LayerFlow) -> f64 {
        let weights = |layer: &&LayerFlow| layer.facts.cause == Cause::Weights;
        let others: Vec<f64> = (self.layers_between().into_iter().filter(weights))
            .filter(|other| !std::ptr::eq(*other, layer))
            .filter_map(|other| other.gain.map(f64::ln))
            .collect();
        let Some(gain) = layer.gain.filter(|_| weights(&layer) && !others.is_empty()) else { return 1.0 };
        gain / (others.iter().sum::<f64>() / others.len() as f64).exp()
    }

    /// Returns the verdict if the weights of a single layer cause it for this batch.
    fn one_layer(&self, state: FlowState, steps: &[PathStep<'_>], step: &PathStep<'_>) -> Verdict {
        let why = format!(
            "{}, most of it in one step, {} from `{}` to `{}`, which can differ for another batch. {}",
            change(steps),
            short(step.gain),
            step.from.path,
            step.to.path,
            self.spread(steps.len())
        );
        let verdict =
            Verdict::new(state, Some(step.from), why, format!("if another batch shows the same, {REDRAW}"));
        Verdict { cause: Some(Cause::Weights), ..verdict }
    }

    /// Returns the single layer that causes it, if that is certain: its singular values bound the gain of every
    /// gradient, or most of its units are inactive.
    fn certain_layer(&self, state: FlowState, beyond: impl Fn(f64) -> bool) -> Option<Verdict> {
        let down = state == FlowState::Vanishing;
        self.layers_between().iter().rev().find_map(|at| {
            let bound = at.weights.and_then(|weights| weights.spectrum).and_then(|spectrum| {
                // For a large matrix the largest singular value is accurate to a few percent, and the smallest is an
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
                let verdict = Verdict::new(state, Some(at), why, REDRAW);
                return Some(Verdict { cause: Some(Cause::Weights), ..verdict });
            }
            let slope = at.activation.filter(|slope| down && slope.saturated > DEAD_FRACTION)?;
            at.gain.filter(|&gain| beyond(gain))?;
            Some(self.off(inactive(slope.dead), at, format!("at {}", at.named())))
        })
    }

    /// Computes the factor of the gradient per step for each kind of factor, as geometric means. The weights and sums
    /// before a norm are combined with it into one factor.
    fn shares(&self, steps: usize) -> Vec<(Cause, f64)> {
        let (mut shares, mut normed): (Vec<(Cause, f64)>, _) = (Vec::new(), false);
        for layer in self.layers_between().into_iter().rev() {
            let own = layer.facts.cause;
            normed = own == Cause::Norm || (normed && layer.facts.scales);
            let cause = if normed && matches!(own, Cause::Weights | Cause::Sum) { Cause::Norm } else { own };
            let gain = layer.gain.map_or(0.0, f64::ln) / steps as f64;
            match shares.iter_mut().find(|share| share.0 == cause) {
                Some(share) => share.1 += gain,
                None => shares.push((cause, gain)),
            }
        }
        shares.reverse(); // the first in the forward pass first
        shares.iter_mut().for_each(|share| share.1 = share.1.exp());
        shares
    }

    /// Returns the factor that is furthest from one.
    fn cause(&self, steps: usize, state: FlowState) -> Option<Cause> {
        let down = state == FlowState::Vanishing;
        let shares = self.shares(steps).into_iter();
        shares.reduce(|a, b| if (b.1 < a.1) == down { b } else { a }).map(|(cause, _)| cause)
    }

    fn spread(&self, steps: usize) -> String {
        let shares = self.shares(steps);
        let factors: Vec<_> = shares.iter().map(|(cause, gain)| format!("{cause} {gain:.3}")).collect();
        format!("Spread over the layers of weights: {}", factors.join(", "))
    }

    /// Returns the cure.
    pub(super) fn cure(&self, cause: Cause, rate: f64, steps: usize) -> String {
        // A sum and the norm after it are combined into one factor.
        if matches!(cause, Cause::Norm | Cause::Sum) && self.is_post_norm() {
            return super::post_norm::PRE_NORM.into();
        }
        let flat = self.leaves().filter_map(|layer| layer.activation).any(|slope| slope.max_derivative < 1.0);
        let add =
            |between: LayersBetween, layer: &LayerFlow| between.and(&layer.facts, layer.gain.unwrap_or(0.0));
        let between = self.layers_between().into_iter().fold(LayersBetween::NONE, add);
        let (first, other) = cures(&Unhealthy { cause, rate, steps, flat, between });
        let text = |Cure { before, factor, after }| {
            let factor = if (0.1..100.0).contains(&factor) { format!("{factor:.2}") } else { short(factor) };
            format!("{before}{}{after}", if after.is_empty() { "" } else { &factor })
        };
        other.map_or_else(|| text(first), |other| format!("{}; or {}", text(first), text(other)))
    }
}

/// Returns the change of the gradient's length from the last layer of weights to the first.
fn change(steps: &[PathStep<'_>]) -> String {
    let total: f64 = steps.iter().map(|step| step.gain).product();
    format!(
        "from `{}` back to `{}` the gradient {} to {total:.1e} of its length, by {:.3} a layer",
        steps.first().map_or("", |step| &step.from.path),
        steps.last().map_or("", |step| &step.to.path),
        if total < 1.0 { "shrinks" } else { "grows" },
        total.powf(1.0 / steps.len() as f64),
    )
}

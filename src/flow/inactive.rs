//! Gradients that are 0, and units that pass no gradient.

use alloc::string::String;
use alloc::vec::Vec;

use super::verdict::{DEAD_FRACTION, FlowState, MIN_SAMPLES, Verdict};
use super::{Cause, Flow, LayerFlow};

impl Flow {
    /// Checks whether the gradient is exactly 0 before some layer.
    pub(super) fn stopped(&self) -> Option<Verdict> {
        let main_path: Vec<&LayerFlow> = self.main_path().collect();
        let first = main_path.iter().position(|layer| layer.has_weights())?;
        let at = main_path[first + 1..].iter().rposition(|layer| layer.input_grad_rms == Some(0.0))?;
        // After a layer that outputs only zeros, every ReLU without biases is dead too.
        let source = main_path[..=first + 1 + at].iter().rev().find(|layer| layer.input_rms != 0.0);
        let at = main_path[first + 1 + at];
        let source = source.filter(|layer| at.activation.is_some() && layer.output_rms == 0.0);
        let at = *source.unwrap_or(&at);
        let name = at.named();
        let all_zero = at.parameters.iter().all(|parameter| parameter.norm == 0.0);
        let spectrum = at.weights.and_then(|weights| weights.spectrum);
        let (state, cause, why, cure) = if let Some(slope) = at.activation.filter(|slope| slope.mean == 0.0) {
            let state = inactive(slope.dead);
            let (what, cure) = self.units(state, at);
            let why = format!("at {name} all units are {what}, so that no gradient passes");
            (state, Cause::Activation, why, cure.into())
        } else if at.weights.is_some() && spectrum.map_or(all_zero, |spectrum| spectrum.largest == 0.0) {
            let why = format!("the weights of {name} are 0, and no gradient passes");
            let cure = "draw them with `Init::init`; if they are 0 on purpose, check again after a step";
            (FlowState::Vanishing, Cause::Weights, why, cure.into())
        } else {
            let why = format!(
                "before {name} the gradient is 0, or smaller than the smallest number; {} arrives at its output",
                at.output_grad_rms.map_or("nothing".into(), |rms| format!("{rms:.0e}"))
            );
            let steps = self.steps();
            let product: f64 = steps.iter().map(|step| step.gain).product();
            let rate = product.powf(1.0 / steps.len().max(1) as f64);
            let cause = at.facts.cause;
            // A rate of at least 1 is only that of the layers after it.
            let cure = if cause == Cause::Norm && self.samples == 1 {
                "a batch of several samples: the output of a batch norm for a single sample does not depend on it"
                    .into()
            } else {
                self.cure(cause, rate.min(0.5), steps.len())
            };
            (FlowState::Vanishing, cause, why, cure)
        };
        let verdict = Verdict::new(state, Some(at), why, cure);
        Some(Verdict { cause: Some(cause), first_over_last: Some(0.0), ..verdict })
    }

    /// Checks whether most units of most layers are saturated or dead.
    pub(super) fn units_off(&self) -> Option<Verdict> {
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

    /// Returns the verdict for too many inactive units. The first layer with them in the backward pass is `at`.
    pub(super) fn off(&self, state: FlowState, at: &LayerFlow, places: String) -> Verdict {
        let (what, cure) = self.units(state, at);
        let why = format!("{places} more than {:.0} % of the units are {what}", 100.0 * DEAD_FRACTION);
        Verdict { cause: Some(Cause::Activation), ..Verdict::new(state, Some(at), why, cure) }
    }

    /// Returns the name for the inactive units of a layer, and the cure.
    fn units(&self, state: FlowState, at: &LayerFlow) -> (&'static str, &'static str) {
        if state == FlowState::Dead {
            return (
                "inactive in every sample",
                "an activation with a slope on both sides, `LeakyRelu`; He's weights, `Initializer::he_normal()`; a \
                 lower learning rate",
            );
        }
        // A norm before g would not help against either: it divides the gradient by the size of its input.
        let before = self.leaves().take_while(|layer| !std::ptr::eq(*layer, at)).last();
        let biases = before.and_then(|layer| layer.parameters.iter().find(|own| own.name.ends_with("bias")));
        let square = biases.map_or(0.0, |biases| biases.norm.powi(2) / biases.len as f64);
        let cure = if square > 0.5 * at.input_rms.powi(2) {
            "smaller biases"
        } else {
            "smaller weights; or standardized inputs"
        };
        ("where g' is nearly 0", cure)
    }
}

/// Returns the state of a layer with inactive units, by the share of dead ones.
pub(super) fn inactive(dead: f64) -> FlowState {
    if dead > DEAD_FRACTION { FlowState::Dead } else { FlowState::Saturated }
}

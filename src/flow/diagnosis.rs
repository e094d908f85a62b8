use alloc::string::String;

use super::verdict::{FlowState, Verdict};
use super::{Flow, LayerFlow};
use crate::expected::advice::SMALLER_BRANCHES;
use crate::layer::Factor;

impl Flow {
    /// Diagnoses the gradients: healthy, vanishing, exploding, dead, saturated or not finite, with the cause and a
    /// cure.
    ///
    /// One number decides whether the gradient vanishes or explodes: the share of the gradient at the last layer of
    /// weights that arrives at the first. Its limit is [`VANISHING`](super::VANISHING). `chainrule::gradient_flows`
    /// uses the same rule. If a single step causes it, the verdict says so, because the gain of this step can differ
    /// for another batch.
    pub fn verdict(&self) -> Verdict {
        self.non_finite()
            .or_else(|| self.nothing_to_see())
            .or_else(|| self.stopped())
            .or_else(|| self.trend())
            .or_else(|| self.through_time())
            .or_else(|| self.units_off())
            .unwrap_or_else(|| self.healthy())
    }

    /// Returns whether the [verdict](Flow::verdict) is about the steps of a recurrent layer.
    pub(crate) fn is_through_time(&self) -> bool {
        self.through_time().is_some_and(|through_time| through_time == self.verdict())
    }

    fn non_finite(&self) -> Option<Verdict> {
        let verdict = |at, why, cure| Some(Verdict::new(FlowState::NonFinite, at, why, cure));
        // Searches the innermost layers, since a stack is not finite if a layer inside it is not.
        let first = |wrong: &dyn Fn(&LayerFlow) -> bool, at: usize| {
            wrong(&self.layers[at]) && !self.inside(at).iter().any(wrong)
        };
        let places = || 0..self.layers.len();
        let output = |layer: &LayerFlow| !layer.output_rms.is_finite();
        if let Some(at) = places().find(|&at| first(&output, at)).map(|at| &self.layers[at]) {
            let name = at.named();
            if let Some(parameter) = at.parameters.iter().find(|parameter| !parameter.norm.is_finite()) {
                let why =
                    format!("{name} has a `{}` that is not finite, and so its output is not", parameter.name);
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
        let why = format!(
            "at {} the gradient becomes NaN or infinite, although it is finite when it arrives there",
            at.named()
        );
        let cure = "start with smaller weights, `Initializer::gain`, or lower the learning rate";
        verdict(Some(at), why, cure)
    }

    /// Returns a verdict for networks without weights, and for losses at their minimum.
    fn nothing_to_see(&self) -> Option<Verdict> {
        let healthy = |why: &str| Some(Verdict::new(FlowState::Healthy, None, why.into(), ""));
        if !self.layers.iter().any(LayerFlow::has_weights) {
            return healthy("this network has no weights that its gradient could train");
        }
        match self.layers.first()?.output_grad_rms {
            Some(0.0) => {
                healthy("the gradient of the loss is 0: there is nothing more to learn from this batch")
            }
            _ => None,
        }
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
        let why = why + &self.unhealthy_parts() + &self.post_norm();
        Verdict { first_over_last: Some(total), rate: Some(rate), ..verdict(why) }
    }
}

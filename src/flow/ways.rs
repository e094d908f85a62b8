//! The verdict on the two gradient paths through attention.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::attention::{AttentionFlow, SCORES, VALUES, way_share};
use super::table::short;
use super::verdict::{DEAD_FRACTION, FlowState, Verdict};
use super::{HeadFlow, LayerFlow};

pub(super) const CURE: &str = "smaller weights of query and key, or a norm of both; in training a warm-up, \
                    `Schedule::warm_up`, or a lower learning rate";

impl LayerFlow {
    /// Returns the two gradient paths through an attention layer, each with its share and its verdict.
    pub(super) fn ways(&self) -> Vec<(&'static str, Option<f64>, Verdict)> {
        let Some(attention) = &self.attention else { return Vec::new() };
        let healthy = |why: String| Verdict::new(FlowState::Healthy, None, why, "");
        let of_both = |share: Option<f64>| match share {
            Some(share) => format!("{} of the lengths of both paths", short(share)),
            None => "no gradient of its input was measured".into(),
        };
        let [values, scores] = [VALUES, SCORES].map(|name| way_share(&self.paths, name));
        let figures = format!("{}; {}", of_both(scores), attention.in_words());
        let verdict = if attention.collapsed() > DEAD_FRACTION {
            let why = format!(
                "the attention of {} has collapsed: {}; where a head attends to a single key, its softmax passes no gradient",
                self.named(),
                attention.in_words()
            );
            Verdict::new(FlowState::Saturated, Some(self), why, CURE)
        } else {
            healthy(figures)
        };
        [(VALUES, values, healthy(of_both(values))), (SCORES, scores, verdict)].into()
    }
}

impl AttentionFlow {
    /// Returns the entropies in words.
    pub(super) fn in_words(&self) -> String {
        let entropies = || self.heads.iter().map(|head| head.entropy);
        let least = entropies().fold(f64::INFINITY, f64::min);
        let most = entropies().fold(f64::NEG_INFINITY, f64::max);
        let range =
            if self.heads.len() == 1 { short(least) } else { format!("{} to {}", short(least), short(most)) };
        let count = |is: fn(&HeadFlow) -> bool| self.heads.iter().filter(|head| is(head)).count();
        let heads = if self.heads.len() == 1 { "head" } else { "heads" };
        format!(
            "entropy {range} of the largest, {} of {} {heads} collapsed, {} uniform",
            count(HeadFlow::collapsed),
            self.heads.len(),
            count(HeadFlow::uniform)
        )
    }
}

//! The chain rule's factor that a layer is, and what its plan says about cures.

use super::weights::depth;
use crate::layer::{Effect, Factor, Moments, Plan};

/// The factor of the chain rule that is the cause of a problem: the field `cause` of a `flow::Verdict`. See the example
/// of [`flow`](crate::flow).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "flow", derive(serde::Serialize))]
#[cfg_attr(not(feature = "flow"), allow(unreachable_pub))] // `flow` exports it
pub enum Cause {
    /// The weights, W.
    Weights,
    /// The derivative of the activation, g'.
    Activation,
    /// The sums of paths through residual blocks or parallel branches.
    Sum,
    /// Another layer: a pooling, a dropout, or a layer that you wrote.
    Other,
    /// A norm, with the weights and sums before it. If they become s times as large, the norm divides by s, so the
    /// gradient does not depend on their size.
    Norm,
}

impl Cause {
    /// The causes, in the order in which messages list them.
    pub(super) const ALL: [Self; 5] = [Self::Weights, Self::Activation, Self::Sum, Self::Other, Self::Norm];

    /// Returns its name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Weights => "W",
            Self::Activation => "g'",
            Self::Sum => "sum of paths",
            Self::Other => "other factor",
            Self::Norm => "norm with its W",
        }
    }
}

impl core::fmt::Display for Cause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// The facts about a layer that the verdict uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Its factor, ignoring the later layers.
    pub(crate) cause: Cause,
    /// The number of layers of weights inside it, one after the other.
    pub(crate) depth: usize,
    /// Whether it is a sum with a path without weights, such as a skip connection.
    pub(crate) skips: bool,
    /// Whether its output becomes s times as large if its input does. Then its effect on a gradient does not depend on
    /// the size of its input. (Biases are 0 in a new network.)
    pub(crate) scales: bool,
    /// The cure that its plan states.
    pub(crate) cure: &'static str,
}

impl Facts {
    pub(crate) const fn of(plan: &Plan) -> Self {
        let cause = match (plan.factor, plan.effect) {
            (_, Effect::Norm { .. }) => Cause::Norm,
            (Factor::Weights, _) => Cause::Weights,
            (Factor::Activation { .. }, _) => Cause::Activation,
            (Factor::Sum, Effect::Sum | Effect::Concat) => Cause::Sum,
            // The effect of a sum without known paths, such as a gate, is attributed to the layer itself.
            (Factor::Sum | Factor::Product | Factor::Other, _) => Cause::Other,
        };
        let sum = matches!(cause, Cause::Sum);
        Self { cause, depth: depth(plan), skips: sum && skips(plan), scales: scales(plan), cure: plan.cure }
    }
}

const fn skips(plan: &Plan) -> bool {
    let mut at = 0;
    while at < plan.children.len() {
        if depth(plan.children[at].plan) == 0 {
            return true;
        }
        at += 1;
    }
    // A residual block whose skip connection has no layer.
    matches!(plan.effect, Effect::Sum) && plan.children.len() == 1
}

const fn scales(plan: &Plan) -> bool {
    match plan.effect {
        Effect::Weights { .. }
        | Effect::TiedTable { .. }
        | Effect::Unchanged
        | Effect::LastStep
        | Effect::Dropout { .. }
        | Effect::Pool { .. } => true,
        Effect::Noise { mixed, added, .. } => mixed == 0.0 && added == 0.0,
        Effect::Activation(g) => match g {
            Moments::Slopes { .. } => true,
            Moments::Line { start, .. } => start == 0.0,
            _ => false,
        },
        Effect::Norm { .. }
        | Effect::Gate(_)
        | Effect::Highway { .. }
        | Effect::Unknown
        | Effect::Table
        | Effect::AddedTable
        | Effect::Attention
        | Effect::Recurrent(_) => false,
        Effect::Stack | Effect::Sum | Effect::Concat => {
            let mut at = 0;
            while at < plan.children.len() {
                if !scales(plan.children[at].plan) {
                    return false;
                }
                at += 1;
            }
            true
        }
    }
}

//! Which of the chain rule's factors a layer is, and what its plan says about cures.

use super::weights::depth;
use crate::layer::{Effect, Factor, Moments, Plan};

/// Which of the chain rule's factors is the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "flow", derive(serde::Serialize))]
#[cfg_attr(not(feature = "flow"), allow(unreachable_pub))] // `flow` exports it
pub enum Cause {
    /// W.
    Weights,
    /// g'.
    Activation,
    /// The sums of the paths through residual blocks, or through branches side by side.
    Sum,
    /// Another layer: a pooling, a dropout, a layer that you wrote.
    Other,
    /// A norm, with the weights and sums before it. If they become s times as large, the norm divides by s, so that
    /// their size is no factor of the gradient.
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

/// What the verdict needs to know of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Which factor it is, without regard to the layers behind it.
    pub(crate) cause: Cause,
    /// How many layers of weights are in it, one behind the other.
    pub(crate) depth: usize,
    /// Whether it is a sum in which a path has no weights, as a skip connection.
    pub(crate) skips: bool,
    /// Whether its output becomes s times as large if its input does, so that what it does to a gradient does not
    /// depend on the size of its input. (Biases are 0 in a new network.)
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
            // What a sum without known paths does is its own affair, as that of a gate.
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

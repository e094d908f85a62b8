//! The weights and biases of a layer, as its parameters describe them.

use chainrule_parameters::{Layout, Node, Role};

use crate::init::Initializer;
use crate::layer::{Factor, Plan};

/// Returns whether a layer has weights, or contains layers with weights.
pub(super) const fn has_weights(plan: &Plan) -> bool {
    let mut at = 0;
    while at < plan.children.len() {
        if has_weights(plan.children[at].plan) {
            return true;
        }
        at += 1;
    }
    matches!(plan.factor, Factor::Weights)
}

/// The fans, the layout and the sides of a weight.
type Weight = ([usize; 2], Layout, &'static [usize]);

/// Returns the first weight of a layer.
pub(super) const fn weight(node: &Node) -> Option<Weight> {
    match node {
        Node::Tensor(tensor) => match tensor.role() {
            Role::Weight { fan_in, fan_out, layout } => Some(([fan_in, fan_out], layout, tensor.shape())),
            _ => None,
        },
        Node::Fields(fields) => {
            let mut at = 0;
            while at < fields.len() {
                let found = weight(fields[at].node);
                if found.is_some() {
                    return found;
                }
                at += 1;
            }
            None
        }
        Node::Nothing | Node::Setting(_) | Node::Flattens | Node::Repeat { .. } => None,
    }
}

/// Returns the variance of the layer's biases: 0, if it has none.
pub(super) const fn bias(plan: &Plan, initializer: &Initializer) -> f64 {
    if has_bias(plan.parameters) { initializer.bias_variance() } else { 0.0 }
}

const fn has_bias(node: &Node) -> bool {
    match node {
        Node::Tensor(tensor) => matches!(tensor.role(), Role::Bias),
        Node::Fields(fields) => {
            let mut at = 0;
            while at < fields.len() {
                if has_bias(fields[at].node) {
                    return true;
                }
                at += 1;
            }
            false
        }
        Node::Nothing | Node::Setting(_) | Node::Flattens | Node::Repeat { .. } => false,
    }
}

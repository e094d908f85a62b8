//! The weights and biases of a layer, as its parameters describe them.

use chainrule_parameters::{Layout, Node, Role};

use crate::init::Initializer;
use crate::layer::{Factor, Plan};

/// Returns whether a layer has weights, or contains layers with weights.
pub(super) const fn has_weights(plan: &Plan) -> bool {
    depth(plan) > 0
}

/// Returns the number of layers of weights of a layer. For a stack it counts those inside, and for a sum those of its
/// longest path. A layer that declares no factor counts as one if one of its parameters is a weight.
pub(super) const fn depth(plan: &Plan) -> usize {
    if plan.children.is_empty() {
        let own = matches!(plan.factor, Factor::Weights) || weight(plan.parameters).is_some();
        return own as usize;
    }
    let (mut depth_of_all, mut at) = (0, 0);
    while at < plan.children.len() {
        let child = &plan.children[at];
        let inside = child.copies * depth(child.plan);
        if !matches!(plan.factor, Factor::Sum) {
            depth_of_all += inside;
        } else if inside > depth_of_all {
            depth_of_all = inside;
        }
        at += 1;
    }
    depth_of_all
}

/// The fans, the layout and the sides of a weight.
type Weight = ([usize; 2], Layout, &'static [usize]);

/// Returns the first weight of a layer.
pub(super) const fn weight(node: &Node) -> Option<Weight> {
    weight_of(node, 0)
}

/// Returns the weight of a layer after `skipped` other weights.
pub(super) const fn weight_of(node: &Node, mut skipped: usize) -> Option<Weight> {
    match node {
        Node::Tensor(tensor) => match tensor.role() {
            Role::Weight { fan_in, fan_out, layout } if skipped == 0 => {
                Some(([fan_in, fan_out], layout, tensor.shape()))
            }
            _ => None,
        },
        Node::Fields(fields) => {
            let mut at = 0;
            while at < fields.len() {
                let found = weight_of(fields[at].node, skipped);
                if found.is_some() {
                    return found;
                }
                skipped -= if skipped > 0 && weight_of(fields[at].node, 0).is_some() { 1 } else { 0 };
                at += 1;
            }
            None
        }
        Node::Nothing | Node::Setting(_) | Node::Flattens | Node::Repeat { .. } => None,
    }
}

/// Returns the variance of the layer's biases, or 0 if it has none.
pub(super) const fn bias(plan: &Plan, initializer: &Initializer) -> f64 {
    if !has_bias(plan.parameters) {
        return 0.0;
    }
    let fan_in = match weight(plan.parameters) {
        Some((fans, layout, shape)) => Some(initializer.fans(fans, layout, shape)[0]),
        None => None,
    };
    initializer.bias_variance(fan_in)
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

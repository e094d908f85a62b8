//! Attention, which is not read. This module detects it, so that the error says so for any of its operators.

use std::collections::BTreeSet;

use super::model::Graph;

/// A note that is added to the error.
pub(super) const NOT_READ: &str = "; the graph contains attention, which this crate writes to ONNX files but does not \
                                   read: write the network's type yourself, with `SelfAttention` or `CrossAttention`, and \
                                   load its weights from a safetensors file";

/// Returns whether a graph has attention: a matrix product of a softmax and a value that is not a constant.
pub(super) fn has_attention(graph: &Graph) -> bool {
    let mut weights: BTreeSet<usize> = BTreeSet::new();
    graph.nodes.iter().any(|node| {
        let first = node.inputs.first().copied().flatten();
        let of_softmax = node.inputs.iter().flatten().any(|input| weights.contains(input));
        match &node.operator[..] {
            "Attention" => return true,
            "MatMul" => {
                let by = node.inputs.get(1).copied().flatten();
                return first.is_some_and(|first| weights.contains(&first))
                    && by.is_some_and(|by| !graph.constants.contains_key(&by));
            }
            "Softmax" => weights.extend(node.outputs.iter().flatten()),
            // Nodes that an exporter writes between them: a dropout, and a mask for rows that are hidden completely.
            "Dropout" | "Cast" | "Identity" | "Where" if of_softmax => {
                weights.extend(node.outputs.iter().flatten());
            }
            _ => {}
        }
        false
    })
}

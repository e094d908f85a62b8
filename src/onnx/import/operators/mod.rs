//! The rules that convert operators to layers.

mod elementwise;
mod norms;
mod planes;
mod products;
mod recurrent;
mod reductions;
mod shapes;
mod windows;

use super::layer::Kind;
use super::node::Node;
use super::walk::{Done, Walk};

/// Sets the outputs of a node with at least one input that depends on the network's input.
pub(super) fn step(walk: &mut Walk<'_>, node: &Node) -> Done {
    if let Some(name) = elementwise::without_settings(&node.operator) {
        return walk.elementwise(node, Kind::plain(name));
    }
    // The result of these operators depends on their further inputs.
    let settings =
        ["Clip", "Pow", "Pad", "Resize", "Upsample", "Squeeze", "Unsqueeze", "Reshape", "Gather", "Slice"];
    let settings = settings.contains(&&node.operator[..]) || node.operator.starts_with("Reduce");
    if settings && (1..node.inputs.len()).any(|at| Walk::has(node, at) && walk.known(node, at).is_none()) {
        return Err("its settings are computed from the input of the network".into());
    }
    match &node.operator[..] {
        "LeakyRelu" | "Elu" | "Celu" | "Selu" | "ThresholdedRelu" | "HardSigmoid" | "Gelu" | "Shrink"
        | "Clip" | "PRelu" | "Pow" | "Swish" => elementwise::with_settings(walk, node),
        "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "Sum" => elementwise::binary(walk, node),
        "Greater" | "Where" => elementwise::threshold(walk, node),
        "Softmax" | "LogSoftmax" => reductions::softmax(walk, node),
        "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" => reductions::reduce(walk, node),
        "GlobalAveragePool" | "GlobalMaxPool" => reductions::global_pool(walk, node),
        "Gemm" | "MatMul" => products::product(walk, node),
        "Conv" => windows::convolution(walk, node),
        "ConvTranspose" => windows::transposed_convolution(walk, node),
        "MaxPool" | "AveragePool" => windows::pool(walk, node),
        "Pad" => planes::pad(walk, node),
        "BatchNormalization" => norms::batch_norm(walk, node),
        "LayerNormalization" | "RMSNormalization" => norms::layer_norm(walk, node),
        "InstanceNormalization" => norms::instance_norm(walk, node),
        "GroupNormalization" => norms::group_norm(walk, node),
        "RNN" | "GRU" | "LSTM" => recurrent::recurrent(walk, node),
        "Identity" | "Dropout" | "Cast" => shapes::same(walk, node),
        "Transpose" | "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => shapes::moved(walk, node),
        "Shape" => shapes::shape(walk, node),
        "Gather" | "Slice" => shapes::one_step(walk, node),
        "Concat" => shapes::concat(walk, node),
        "DepthToSpace" | "SpaceToDepth" => shapes::blocks(walk, node),
        "Resize" | "Upsample" => planes::resize(walk, node),
        _ => Err("no layer of this crate corresponds to this operator".into()),
    }
}

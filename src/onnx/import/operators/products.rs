//! Linear maps: `Gemm`, and `MatMul`, whose bias is an `Add` after it.

use crate::onnx::import::axes::{Data, Of, Want, channel_side};
use crate::onnx::import::layer::{Flattened, Head, Kind, Layer, sample};
use crate::onnx::import::node::Node;
use crate::onnx::import::tensor::Tensor;
use crate::onnx::import::walk::{Done, Walk};

pub(super) fn product(walk: &mut Walk<'_>, node: &Node) -> Done {
    let mut weight = walk.weight(node, 1, None)?;
    let &[rows, columns] = &weight.dims[..] else {
        return Err(format!(
            "its weight has the sides {:?}, but the weight of a linear layer is a matrix",
            weight.dims
        ));
    };
    let mut bias = None;
    if node.operator == "Gemm" {
        if node.int("transA", 0) != 0 {
            return Err("its input is transposed".into());
        }
        let transposed = node.int("transB", 0) != 0;
        let outputs = if transposed { rows } else { columns };
        if transposed {
            weight = weight.transposed();
        }
        let (alpha, beta) = (f64::from(node.float("alpha", 1.0)), f64::from(node.float("beta", 1.0)));
        if alpha != 1.0 {
            weight = weight.map(|w| alpha * w);
        }
        if Walk::has(node, 2) && beta != 0.0 {
            let tensor = walk.weight(node, 2, None)?;
            if tensor.len() != outputs || tensor.dims.len() > 2 || tensor.dims.last() != Some(&outputs) {
                return Err(format!("its bias has the sides {:?}, not [{outputs}]", tensor.dims));
            }
            let tensor = if beta == 1.0 { tensor } else { tensor.map(|b| beta * b) };
            bias = Some(tensor.reshaped(vec![outputs]));
        }
    }
    linear(walk, node, weight, bias)
}

/// Converts a linear map of the last axis, with a weight of the sides `[inputs, outputs]`.
fn linear(walk: &mut Walk<'_>, node: &Node, weight: Tensor, bias: Option<Tensor>) -> Done {
    let (from, data) = walk.data(node, 0)?;
    let (inputs, outputs) = (weight.dims[0], weight.dims[1]);
    let dims = data.dims();
    let last = dims.len().checked_sub(1).ok_or("its input has no axis")?;
    if dims[last] != inputs || inputs == 0 || outputs == 0 {
        return Err(format!(
            "its weight needs {inputs} numbers, but the last axis of its input has {}",
            dims[last]
        ));
    }
    let double = walk.double;
    let weighted = |head: Head, weight: Tensor, from: Option<Flattened>| {
        Layer::new(&node.name, Kind::Weighted { head, weight, bias: bias.clone(), outputs, from })
    };
    let head = Head::new(format!("Linear<{inputs}, {outputs}"));
    let rows = dims.len() == 2 && matches!(data.axes[0][..], [part] if part.of == Of::Batch);
    if rows {
        let (mut layers, _) = data
            .ordered(Want::Vector, &node.name)
            .ok_or("no layer converts its input to the required order")?;
        let flattens = |layer: &Layer| layer.kind.is("Flatten") || matches!(layer.kind, Kind::Reshape(_));
        // A dense layer can have an image or a sequence as its input.
        let from_steps =
            matches!(&layers[..], [first, second] if first.kind.is("Transpose") && flattens(second));
        if from_steps || matches!(&layers[..], [only] if flattens(only)) {
            let sides = data.sides.clone();
            let head = format!("Dense<{}, {}", sample(&sides, double), sample(&[outputs], double));
            let features_first = sides.len() == 2 && !from_steps;
            let weight = if features_first {
                // From the order of features to memory order.
                weight
                    .reshaped(vec![sides[1], sides[0], outputs])
                    .permuted(&[1, 0, 2])
                    .reshaped(vec![inputs, outputs])
            } else {
                weight
            };
            layers =
                vec![weighted(Head::without_scalar(head), weight, Some(Flattened { sides, features_first }))];
        } else {
            layers.push(weighted(head, weight, None));
        }
        return walk.layers(node, from, layers, Data::new(data.batch(), vec![outputs], &[0]));
    }
    if !data.is_channels(last) {
        return Err(format!("the last axis of its input, {dims:?}, is not the features or channels"));
    }
    let layer = match data.sides.len() {
        1 => weighted(head, weight, None),
        2 => weighted(Head { per_step: true, ..head }, weight, None),
        // A linear map of the channels of each pixel.
        _ => {
            let weight = weight.transposed().reshaped(vec![outputs, inputs, 1, 1]);
            weighted(Head::new(format!("Conv2d<{inputs}, {outputs}, 1, 1, 0")), weight, None)
        }
    };
    let data = data.with_axis(last, channel_side(data.sides.len()), outputs);
    walk.layers(node, from, vec![layer], data)
}

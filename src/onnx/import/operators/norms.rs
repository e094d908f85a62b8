//! Norms.

use crate::onnx::import::axes::{Data, Of, channel_side};
use crate::onnx::import::fold;
use crate::onnx::import::layer::{Head, Kind, Layer, sample};
use crate::onnx::import::node::Node;
use crate::onnx::import::ratio::ratio;
use crate::onnx::import::tensor::Tensor;
use crate::onnx::import::walk::{Done, Walk};

/// The default momentum of the norms.
const MOMENTUM: f64 = 0.1;

fn epsilon(node: &Node) -> f64 {
    node.float("epsilon", 1e-5).into()
}

/// Returns the momentum. In ONNX it is the weight of the old statistics, and in this crate the weight of the new ones.
fn momentum(node: &Node) -> f64 {
    let old = node.float("momentum", 0.9);
    match ratio(old.into()) {
        Some((numerator, denominator)) => (denominator as f64 - numerator as f64) / denominator as f64,
        None => MOMENTUM,
    }
}

pub(super) fn batch_norm(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (_, data) = walk.data(node, 0)?;
    if data.axes.len() < 2 || !data.is_channels(1) {
        return Err("axis 1 of its input is not the features or channels".into());
    }
    if node.int("training_mode", 0) != 0 {
        return Err("it is in training mode: export the network in evaluation mode".into());
    }
    let channels = data.sides[channel_side(data.sides.len())];
    let tensors: Result<Vec<Tensor>, String> =
        (1..5).map(|at| walk.weight(node, at, Some(&[channels]))).collect();
    let [gain, bias, mean, variance] =
        <[Tensor; 4]>::try_from(tensors?).map_err(|_| "it has too few inputs")?;
    let kind = Kind::Norm {
        head: Head::new(format!("BatchNorm<{channels}")),
        epsilon: epsilon(node),
        momentum: momentum(node),
        gain: Some(gain),
        bias: Some(bias),
        running: vec![mean, variance],
    };
    walk.elementwise(node, kind)
}

/// Converts `LayerNorm` and `RmsNorm`, over the last axes.
pub(super) fn layer_norm(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (_, data) = walk.data(node, 0)?;
    let first = data.axis(node.int("axis", -1)).ok_or("its input does not have its axis")?;
    let sides = normalized(&data, first).ok_or("it is not over the features, nor over a whole sample")?;
    let dims = data.dims()[first..].to_vec();
    let affine = |at: usize| {
        let has = Walk::has(node, at);
        has.then(|| walk.weight(node, at, Some(&dims)).map(|tensor| tensor.reshaped(sides.clone())))
            .transpose()
    };
    let (gain, bias) = (affine(1)?, affine(2)?);
    let root = node.operator == "RMSNormalization";
    let name = if root { "RmsNorm" } else { "LayerNorm" };
    let head = Head::without_scalar(format!("{name}<{}", sample(&sides, walk.double)));
    let kind =
        Kind::Norm { head, epsilon: epsilon(node), momentum: MOMENTUM, gain, bias, running: Vec::new() };
    walk.elementwise(node, kind)
}

/// Returns the sides that a norm over all axes from `first` to the last normalizes.
fn normalized(data: &Data, first: usize) -> Option<Vec<usize>> {
    let axes: Vec<usize> = (first..data.axes.len()).filter(|&axis| !data.axes[axis].is_empty()).collect();
    let sides: Option<Vec<usize>> = axes.iter().map(|&axis| data.side_of(axis)).collect();
    let real: Vec<usize> = (0..data.sides.len()).filter(|&side| data.sides[side] != 1).collect();
    let sides = sides?;
    if sides == real {
        return Some(data.sides.clone());
    }
    // The features of each step.
    (data.sides.len() == 2 && sides == [1]).then(|| vec![data.sides[1]])
}

fn group_kind(groups: usize, channels: usize, epsilon: f64, affine: Option<(Tensor, Tensor)>) -> Kind {
    let (gain, bias) = affine.unzip();
    let head = Head::new(format!("GroupNorm<{groups}, {channels}"));
    Kind::Norm { head, epsilon, momentum: MOMENTUM, gain, bias, running: Vec::new() }
}

/// Converts a norm of each channel. If the channels are reshaped to groups, it is a norm of each group: PyTorch writes
/// a `GroupNorm` this way.
pub(super) fn instance_norm(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (from, data) = walk.data(node, 0)?;
    let side = channel_side(data.sides.len());
    let channels = data.sides[side];
    let groups = match data.axes.get(1).map(|axis| &axis[..]) {
        Some([part]) if part.of == Of::Side(side) => part.size,
        Some([]) => 1,
        _ => return Err("axis 1 of its input is neither the channels nor groups of channels".into()),
    };
    // All axes except the batch and the groups are normalized together.
    let rest: Vec<usize> = data.axes[2..].iter().flatten().map(|part| part.size).collect();
    let (rest, all) = (fold::product(&rest), fold::product(&data.sides));
    let batch_first = matches!(data.axes[0][..], [part] if part.of == Of::Batch);
    if !batch_first || groups.checked_mul(rest) != Some(all) || !channels.is_multiple_of(groups) {
        return Err("its axes are not the channels of a sample".into());
    }
    let (gain, bias) = (walk.weight(node, 1, Some(&[groups]))?, walk.weight(node, 2, Some(&[groups]))?);
    let neutral = gain.all(1.0) && bias.all(0.0);
    if groups != channels && !neutral {
        return Err("it has a factor for each group, but a layer has one for each channel".into());
    }
    let affine = if neutral { None } else { Some((gain, bias)) };
    let layer = Layer::new(&node.name, group_kind(groups, channels, epsilon(node), affine));
    walk.layers(node, from, vec![layer], data)
}

pub(super) fn group_norm(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (_, data) = walk.data(node, 0)?;
    if data.axes.len() < 3 || !data.is_channels(1) {
        return Err("axis 1 of its input is not the channels".into());
    }
    let channels = data.sides[channel_side(data.sides.len())];
    let groups = usize::try_from(node.int("num_groups", 0)).ok();
    let groups = groups.filter(|&groups| groups > 0 && channels.is_multiple_of(groups));
    let groups = groups.ok_or("its groups do not divide the channels")?;
    // Opset 18 has a factor for each group; later opsets have one for each channel.
    let tensor = |at: usize| {
        let tensor = walk.weight(node, at, None)?;
        match tensor.len() {
            count if count == channels => Ok(tensor.reshaped(vec![channels])),
            count if count == groups => {
                Ok(tensor.pick(vec![channels], (0..channels).map(|c| c / (channels / groups))))
            }
            count => Err(format!("it has {count} factors for {channels} channels")),
        }
    };
    let affine = (tensor(1)?, tensor(2)?);
    walk.elementwise(node, group_kind(groups, channels, epsilon(node), Some(affine)))
}

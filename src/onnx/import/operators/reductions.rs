//! Softmax, and reductions along an axis.

use crate::onnx::import::axes::{Data, Part, channel_side};
use crate::onnx::import::fold;
use crate::onnx::import::layer::{Kind, Layer};
use crate::onnx::import::node::Node;
use crate::onnx::import::walk::{Done, Walk};

pub(super) fn softmax(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (_, data) = walk.data(node, 0)?;
    // Before opset 13, all axes from this one to the last were combined.
    let axis = node.int("axis", if walk.graph.opset < 13 { 1 } else { -1 });
    let axis = data.axis(axis).ok_or("its input does not have its axis")?;
    let merged = walk.graph.opset < 13 && axis + 1 < data.axes.len();
    // The softmax of an image is not along its channels.
    if !data.is_channels(axis) || data.sides.len() == 3 || merged {
        return Err("it is not along the features".into());
    }
    walk.elementwise(node, Kind::plain(&node.operator))
}

pub(super) fn global_pool(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (_, data) = walk.data(node, 0)?;
    let axes = (2..data.axes.len()).collect();
    let name = if node.operator == "GlobalMaxPool" { "Max" } else { "Mean" };
    reduced(walk, node, data, axes, name, true)
}

pub(super) fn reduce(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (_, data) = walk.data(node, 0)?;
    let axes = fold::axes(node, walk.known(node, 1)).ok_or("it is over all axes, including the batch")?;
    let axes: Option<Vec<usize>> = axes.iter().map(|&axis| data.axis(axis)).collect();
    let axes = axes.filter(|axes| !axes.is_empty()).ok_or("its input does not have its axes")?;
    let name = node.operator.trim_start_matches("Reduce").to_owned();
    reduced(walk, node, data, axes, &name, node.int("keepdims", 1) != 0)
}

/// Sets the output to the mean, sum, maximum or minimum along axes. If `keep`, the axes remain with length 1.
fn reduced(walk: &mut Walk<'_>, node: &Node, data: Data, axes: Vec<usize>, name: &str, keep: bool) -> Done {
    let real: Vec<usize> = axes.iter().copied().filter(|&axis| !data.axes[axis].is_empty()).collect();
    let sides: Option<Vec<usize>> = real.iter().map(|&axis| data.side_of(axis)).collect();
    let mut sides = sides.ok_or("it is over the batch, or over parts of an axis")?;
    sides.sort_unstable();
    // All sides, except sides of length 1, which count as reduced.
    let count = data.sides.len();
    let whole = |wanted: &[usize]| {
        wanted.iter().all(|&side| sides.contains(&side) || data.sides[side] == 1)
            && sides.iter().all(|side| wanted.contains(side))
    };
    let pool = match (count, name) {
        (2, _) => whole(&[0]),
        (3, _) => whole(&[1, 2]),
        _ => false,
    };
    let mut new = data.clone();
    let text = match (name, pool) {
        ("Mean" | "Max", true) => {
            let channels = channel_side(count);
            new.sides = vec![data.sides[channels]];
            for axis in &mut new.axes {
                let renamed =
                    |part: &Part| (part.of == Part::side(channels, 1).of).then_some(Part::side(0, part.size));
                let is_batch = |part: &Part| part.of == Part::batch(1).of;
                *axis = axis
                    .iter()
                    .filter_map(|part| if is_batch(part) { Some(*part) } else { renamed(part) })
                    .collect();
            }
            if name == "Mean" { "GlobalAvgPool".into() } else { "GlobalMaxPool".into() }
        }
        _ => {
            let &[side] = &sides[..] else {
                return Err(format!("it is over {} axes of a sample, but a layer reduces one", sides.len()));
            };
            let along = match (count, side) {
                (1, _) | (2, 1) => "Features",
                (2, _) => "Steps",
                (_, 0) => "Channels",
                (_, 1) => "Height",
                _ => "Width",
            };
            new.axes[real[0]] = Vec::new();
            if along == "Steps" {
                new = Data::new(data.batch(), vec![data.sides[1]], &[0]);
                new.axes = data.axes.clone();
                for axis in &mut new.axes {
                    axis.retain(|part| part.of != Part::side(0, 1).of);
                    axis.iter_mut().for_each(|part| {
                        if part.of == Part::side(1, 1).of {
                            *part = Part::side(0, part.size)
                        }
                    });
                }
            } else {
                new.sides[side] = 1;
            }
            format!("{name}Over<{along}>")
        }
    };
    if !keep {
        let kept: Vec<usize> = (0..new.axes.len()).filter(|axis| !axes.contains(axis)).collect();
        new = new.permuted(&kept);
    }
    let (from, _) = walk.data(node, 0)?;
    walk.layers(node, from, vec![Layer::new(&node.name, Kind::Plain(text))], new)
}

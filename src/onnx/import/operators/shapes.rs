//! Operators that move numbers: new axes, parts of sequences, and concatenations.

use crate::onnx::import::axes::{Data, Of, Part, Want, channel_side};
use crate::onnx::import::fold;
use crate::onnx::import::layer::{Kind, Layer};
use crate::onnx::import::node::Node;
use crate::onnx::import::slice::slices;
use crate::onnx::import::walk::{Done, Step, Walk};

/// The largest number of branches of a `Concat`.
const BRANCHES: usize = 4;

pub(super) fn same(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (from, data) = walk.data(node, 0)?;
    if node.operator == "Cast" && node.int("to", 0) != if walk.double { 11 } else { 1 } {
        return Err("it converts to another scalar".into());
    }
    if node.outputs.get(1).copied().flatten().is_some_and(|mask| walk.needed[mask]) {
        return Err("it also returns a mask".into());
    }
    walk.set(node, 0, vec![from], Step::Same, data)
}

/// Converts an operator that changes the order of axes, or divides the same numbers into other axes.
pub(super) fn moved(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (from, data) = walk.data(node, 0)?;
    let moved = if node.operator == "Transpose" {
        fold::order(node, data.axes.len()).map(|order| data.permuted(&order))
    } else {
        fold::new_dims(node, &data.dims(), walk.known(node, 1)).and_then(|dims| data.reshaped(&dims))
    };
    let moved = moved.ok_or_else(|| format!("its input of {:?} does not become its output", data.dims()))?;
    walk.set(node, 0, vec![from], Step::Same, moved)
}

pub(super) fn shape(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (_, data) = walk.data(node, 0)?;
    let dims: Option<Vec<i64>> = data.dims().iter().map(|&dim| i64::try_from(dim).ok()).collect();
    let tensor = dims.and_then(|dims| fold::shape(node, dims)).ok_or("its dimensions are too large")?;
    walk.set_known(node, tensor)
}

/// Converts a `Gather` or `Slice` of the last step or of the first one.
pub(super) fn one_step(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (from, data) = walk.data(node, 0)?;
    let dims = data.dims();
    let (axis, at, keep) = if node.operator == "Gather" {
        let axis = data.axis(node.int("axis", 0)).ok_or("its input does not have its axis")?;
        let indices = walk.known(node, 1).ok_or("its indices are not constants")?;
        let index = indices.ints().filter(|ints| ints.len() == 1).ok_or("it has several indices")?[0];
        if indices.dims.len() > 1 {
            return Err("its index adds axes".into());
        }
        let at = fold::axis(index, dims[axis]).ok_or("its index is beyond its input")?;
        (axis, at, indices.dims.len())
    } else {
        let inputs: Vec<_> = (0..node.inputs.len()).map(|at| walk.known(node, at)).collect();
        let slices = slices(node, &dims, &inputs).ok_or("its limits are not constants")?;
        let cuts: Vec<_> =
            slices.iter().filter(|slice| slice.count != dims[slice.axis] || slice.step < 0).collect();
        match cuts[..] {
            [] => return walk.set(node, 0, vec![from], Step::Same, data),
            [slice] if slice.count == 1 => (slice.axis, slice.start, 1),
            _ => return Err("it selects a part of its input, but a layer selects one step".into()),
        }
    };
    // The axis with the index, or without it.
    let axes = |data: &Data| {
        let mut data = data.clone();
        match keep {
            0 => drop(data.axes.remove(axis)),
            _ => data.axes[axis] = Vec::new(),
        }
        data
    };
    if dims[axis] == 1 && data.axes[axis].is_empty() {
        return walk.set(node, 0, vec![from], Step::Same, axes(&data));
    }
    if let Some((before, layers)) = one_branch(walk, from, &data, axis, at) {
        let mut new = axes(&data);
        new.sides = vec![data.sides[0] / dims[axis]];
        return walk.layers(node, before, layers, new);
    }
    if data.sides.len() != 2 || data.side_of(axis) != Some(0) {
        return Err("it selects a part of an axis that is not the steps".into());
    }
    let layer = |name: &str| Layer::new(&node.name, Kind::plain(name));
    let layers = match at {
        at if at + 1 == dims[axis] => vec![layer("LastStep")],
        0 => vec![layer("Reverse"), layer("LastStep")],
        _ => return Err(format!("it selects step {at}, but layers select only the first or the last one")),
    };
    let mut new = axes(&data);
    new.sides = vec![data.sides[1]];
    for part in new.axes.iter_mut().flatten().filter(|part| part.of == Of::Side(1)) {
        *part = Part::side(0, part.size);
    }
    walk.layers(node, from, layers, new)
}

/// If the axis is the directions of a recurrent layer, returns one direction of its last states: its layers, and the
/// value before them.
fn one_branch(
    walk: &Walk<'_>,
    value: usize,
    data: &Data,
    axis: usize,
    at: usize,
) -> Option<(usize, Vec<Layer>)> {
    let link = walk.links.get(&value)?;
    let Step::Layers(layers) = &link.step else { return None };
    let [Layer { kind: Kind::Concat(branches), .. }] = &layers[..] else { return None };
    let is_direction =
        matches!(data.axes[axis][..], [part] if part.of == Of::Side(0) && part.size == branches.len());
    (data.sides.len() == 1 && is_direction)
        .then(|| branches.get(at).cloned())?
        .map(|branch| (link.from[0], branch))
}

pub(super) fn concat(walk: &mut Walk<'_>, node: &Node) -> Done {
    let mut values = Vec::new();
    let mut all: Vec<Data> = Vec::new();
    for at in 0..node.inputs.len() {
        let (value, data) = walk.data(node, at)?;
        values.push(value);
        all.push(data);
    }
    if !(2..=BRANCHES).contains(&all.len()) {
        return Err(format!("it has {} inputs, but `Concat` has 2 to {BRANCHES}", all.len()));
    }
    let axis = all[0].axis(node.int("axis", 0)).ok_or("its inputs do not have its axis")?;
    let side = channel_side(all[0].sides.len());
    let fits = |data: &Data| {
        let like = data.axes.len() == all[0].axes.len() && data.sides.len() == all[0].sides.len();
        like && data.is_channels(axis) && data.with_axis(axis, side, 1) == all[0].with_axis(axis, side, 1)
    };
    if !all.iter().all(fits) {
        return Err("it is not along the features or channels of values of the same shape".into());
    }
    let sum = all.iter().fold(0_usize, |sum, data| sum.saturating_add(data.sides[side]));
    let data = all[0].with_axis(axis, side, sum);
    walk.set(node, 0, values, Step::Concat, data)
}

/// Converts blocks of pixels to channels, or the reverse.
pub(super) fn blocks(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (from, mut layers, sides) = walk.ordered(node, Want::ChannelsFirst)?;
    let &[channels, height, width] = &sides[..] else { return Err("its input is not an image".into()) };
    let block = usize::try_from(node.int("blocksize", 0)).ok().filter(|&block| block > 0 && block < 1 << 20);
    let block = block.ok_or("its blocksize is not positive")?;
    let out = node.operator == "DepthToSpace";
    let name = match (out, node.text("mode", "DCR")) {
        (true, "CRD") => "PixelShuffle",
        (true, _) => "DepthToSpace",
        (false, "CRD") => "PixelUnshuffle",
        (false, _) => "SpaceToDepth",
    };
    let fits = if out {
        channels.is_multiple_of(block * block)
    } else {
        height.is_multiple_of(block) && width.is_multiple_of(block)
    };
    if !fits {
        return Err(format!("its blocks of {block} do not divide its input of {sides:?}"));
    }
    let sides = if out {
        vec![channels / (block * block), height.saturating_mul(block), width.saturating_mul(block)]
    } else {
        vec![channels.saturating_mul(block * block), height / block, width / block]
    };
    layers.push(Layer::new(&node.name, Kind::Plain(format!("{name}<{block}>"))));
    walk.layers(node, from, layers, Data::channels_first(walk.batch, sides))
}

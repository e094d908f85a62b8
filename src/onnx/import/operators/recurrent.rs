//! Recurrent layers, with the gates in this crate's order.

use crate::onnx::import::axes::{Data, Of, Part};
use crate::onnx::import::layer::{Head, Kind, Layer};
use crate::onnx::import::node::{Attribute, Node};
use crate::onnx::import::tensor::{Numbers, Tensor};
use crate::onnx::import::walk::{Done, Step, Walk};

/// A recurrent operator: the type of its layer, and the index in ONNX of each of the layer's gates.
struct Cell {
    name: String,
    gates: &'static [usize],
}

pub(super) fn recurrent(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (from, data) = walk.data(node, 0)?;
    let batch_first = node.int("layout", 0) == 1;
    let (batch_axis, step_axis) = if batch_first { (0, 1) } else { (1, 0) };
    let is_steps =
        |axis: usize| data.side_of(axis) == Some(0) || data.axes[axis].is_empty() && data.sides[0] == 1;
    let fits = data.axes.len() == 3
        && data.sides.len() == 2
        && matches!(data.axes[batch_axis][..], [part] if part.of == Of::Batch)
        && is_steps(step_axis)
        && data.is_channels(2);
    if !fits {
        return Err(format!("the axes {:?} of its input are not steps, batch and features", data.dims()));
    }
    let hidden =
        usize::try_from(node.int("hidden_size", 0)).ok().filter(|&hidden| hidden > 0 && hidden < 1 << 24);
    let hidden = hidden.ok_or("its hidden_size is not positive")?;
    let inputs = data.sides[1];
    let directions = match node.text("direction", "forward") {
        "bidirectional" => 2,
        "forward" | "reverse" => 1,
        other => return Err(format!("its direction is {other}")),
    };
    let reverse = node.text("direction", "forward") == "reverse";
    let cell = cell(node, inputs, hidden)?;
    initial_state(walk, node)?;
    let layers: Result<Vec<Layer>, String> =
        (0..directions).map(|at| direction(walk, node, &cell, [at, directions, inputs, hidden])).collect();
    let layers = layers?;
    let plain = |name: &str| Layer::new(&node.name, Kind::plain(name));
    let last = |layer: &Layer| vec![layer.clone(), plain("LastStep")];
    let backward = |layer: &Layer, last: bool| {
        vec![plain("Reverse"), layer.clone(), plain(if last { "LastStep" } else { "Reverse" })]
    };
    let (all, final_state) = match &layers[..] {
        [one] if reverse => (backward(one, false), backward(one, true)),
        [one] => (vec![one.clone()], last(one)),
        [one, other] => {
            let both = |branches| vec![Layer::new(&node.name, Kind::Concat(branches))];
            (
                both(vec![vec![one.clone()], backward(other, false)]),
                both(vec![last(one), backward(other, true)]),
            )
        }
        _ => return Err("it has no direction".into()),
    };
    // The axes of `Y` are steps, direction, batch and units. `Y_h` has the same axes without the steps.
    let part = |side: usize, size: usize| if size == 1 { Vec::new() } else { vec![Part::side(side, size)] };
    let batch = vec![Part::batch(walk.batch)];
    let width = directions * hidden;
    let steps = part(0, data.sides[0]);
    let axes = |side: usize| [part(side, directions), batch.clone(), part(side, hidden)];
    let [ways, rows, units] = axes(1);
    let sequence = if batch_first { vec![rows, steps, ways, units] } else { vec![steps, ways, rows, units] };
    let sequence = Data { sides: vec![data.sides[0], width], axes: sequence };
    let [ways, rows, units] = axes(0);
    let state = if batch_first { vec![rows, ways, units] } else { vec![ways, rows, units] };
    let state = Data { sides: vec![width], axes: state };
    walk.set(node, 0, vec![from], Step::Layers(all), sequence)?;
    if node.outputs.get(2).copied().flatten().is_some_and(|cell| walk.needed[cell]) {
        return Err("its cell state is used, but the layer returns only the hidden state".into());
    }
    walk.set(node, 1, vec![from], Step::Layers(final_state), state)
}

/// Checks the settings of a cell.
fn cell(node: &Node, inputs: usize, hidden: usize) -> Result<Cell, String> {
    let activations: Vec<String> = match node.attributes.get("activations") {
        None => Vec::new(),
        Some(Attribute::Strings(texts)) => texts.clone(),
        Some(_) => return Err("its activations are not texts".into()),
    };
    let usual =
        |usual: &[&str]| activations.is_empty() || activations.chunks(usual.len()).all(|some| some == usual);
    if node.attributes.contains_key("clip") || node.int("input_forget", 0) != 0 {
        return Err("it clips its sums, or couples its gates".into());
    }
    let (name, gates): (String, &[usize]) = match &node.operator[..] {
        "RNN" => match activations.first().map(String::as_str) {
            None | Some("Tanh") => (format!("Rnn<{inputs}, {hidden}, Tanh"), &[0]),
            Some("Relu") if usual(&["Relu"]) => (format!("Rnn<{inputs}, {hidden}, Relu"), &[0]),
            Some(other) => return Err(format!("its activation is {other}")),
        },
        // The order is z, r, n in ONNX, and r, z, n in PyTorch and this crate.
        "GRU" if node.int("linear_before_reset", 0) == 0 => {
            return Err(
                "its reset gate is before the product (`linear_before_reset` = 0), not after it".into()
            );
        }
        "GRU" if usual(&["Sigmoid", "Tanh"]) => (format!("Gru<{inputs}, {hidden}"), &[1, 0, 2]),
        // The order is i, o, f, g in ONNX, and i, f, g, o in PyTorch and this crate.
        "LSTM" if usual(&["Sigmoid", "Tanh", "Tanh"]) => (format!("Lstm<{inputs}, {hidden}"), &[0, 2, 3, 1]),
        _ => return Err(format!("its activations are {activations:?}")),
    };
    Ok(Cell { name, gates })
}

/// Checks that the initial states are 0, and that there are no lengths and no peepholes.
fn initial_state(walk: &Walk<'_>, node: &Node) -> Done {
    if Walk::has(node, 4) {
        return Err("it has the lengths of sequences".into());
    }
    for at in 5..node.inputs.len() {
        if Walk::has(node, at) && !walk.known(node, at).is_some_and(|state| state.all(0.0)) {
            return Err(format!("its input {at}, an initial state or a peephole, is not 0"));
        }
    }
    Ok(())
}

/// Returns the layer of one direction.
fn direction(
    walk: &mut Walk<'_>,
    node: &Node,
    Cell { name, gates }: &Cell,
    [at, directions, inputs, hidden]: [usize; 4],
) -> Result<Layer, String> {
    let count = gates.len();
    let rows = count * hidden;
    // The row of each unit of each gate becomes a column.
    let matrix = |input: usize, columns: usize| {
        let all = walk.weight(node, input, Some(&[directions, rows, columns]))?;
        let places = (0..columns).flat_map(|column| {
            gates.iter().flat_map(move |gate| {
                (0..hidden).map(move |unit| (at * rows + gate * hidden + unit) * columns + column)
            })
        });
        Ok::<_, String>(all.pick(vec![columns, rows], places))
    };
    let (weight_ih, weight_hh) = (matrix(1, inputs)?, matrix(2, hidden)?);
    let (bias_ih, bias_hh) = if Walk::has(node, 3) {
        let all = walk.weight(node, 3, Some(&[directions, 2 * rows]))?;
        let half = |half: usize| {
            let places = gates
                .iter()
                .flat_map(|gate| (0..hidden).map(move |unit| (at * 2 + half) * rows + gate * hidden + unit));
            all.pick(vec![rows], places)
        };
        (half(0), half(1))
    } else {
        let zeros = Tensor { dims: vec![rows], numbers: Numbers::F32(vec![0.0; rows]) };
        (zeros.clone(), zeros)
    };
    let tensors =
        vec![("weight_ih", weight_ih), ("weight_hh", weight_hh), ("bias_ih", bias_ih), ("bias_hh", bias_hh)];
    Ok(Layer::new(&node.name, Kind::Whole { head: Head::new(name.clone()), tensors }))
}

//! The walk over a graph, in order. It determines the meaning of each value, and the layers that compute it.

use std::collections::BTreeMap;

use super::attention::{NOT_READ, has_attention};
use super::axes::{Data, Part, Want};
use super::fold::{Budget, fold, product};
use super::layer::{Kind, Layer, Pairing};
use super::model::{Graph, Input, Model};
use super::node::Node;
use super::operators;
use super::tensor::{MOST_AXES, Numbers, Tensor, type_name};
use crate::onnx::OnnxError;

/// The size that a symbolic batch gets in computations: a prime that is not a factor of any shape in a network.
const BATCH: usize = 1_000_003;

/// The largest number of elements of a sample: more than any memory has.
const MOST: usize = 1 << 40;

/// The result of an operator's rule. The error is the reason why the node cannot become a layer.
pub(super) type Done = Result<(), String>;

/// How a value is computed from other values.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) node: String,
    pub(super) operator: String,
    pub(super) from: Vec<usize>,
    pub(super) step: Step,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The same numbers, with other axes.
    Same,
    Layers(Vec<Layer>),
    Pair(Pairing, Done),
    Concat,
}

/// The results of the walk so far.
pub(super) struct Walk<'a> {
    pub(super) graph: &'a Graph,
    /// Constants that have been computed.
    computed: BTreeMap<usize, Tensor>,
    data: BTreeMap<usize, Data>,
    pub(super) links: BTreeMap<usize, Link>,
    /// The values that are compared with a number by `Greater`.
    pub(super) masks: BTreeMap<usize, usize>,
    budget: Budget,
    pub(super) batch: usize,
    pub(super) double: bool,
    pub(super) input: usize,
    pub(super) output: usize,
    /// Whether the output depends on each value.
    pub(super) needed: Vec<bool>,
}

impl<'a> Walk<'a> {
    /// Walks over the graph of a model. If `steps_first`, an input of three axes is `[batch, steps, features]`,
    /// otherwise `[batch, features, steps]`. The number in the error is that of the node.
    pub(super) fn new(model: &'a Model, steps_first: bool) -> Result<Self, (usize, OnnxError)> {
        let graph = &model.graph;
        let stored: usize = graph.constants.values().map(Tensor::len).fold(0, usize::saturating_add);
        let interface = |reason: String| (0, OnnxError::Interface { file: model.file.clone(), reason });
        let ([input], [output]) = (&graph.inputs[..], &graph.outputs[..]) else {
            let (inputs, outputs) = (graph.inputs.len(), graph.outputs.len());
            return Err(interface(format!(
                "it has {inputs} inputs and {outputs} outputs, but a network has one of each"
            )));
        };
        let (batch, data) = first(model, input, steps_first).map_err(|error| (0, error))?;
        let mut walk = Self {
            graph,
            computed: BTreeMap::new(),
            data: BTreeMap::from([(input.value, data)]),
            links: BTreeMap::new(),
            masks: BTreeMap::new(),
            budget: Budget::new(stored.saturating_mul(4).saturating_add(1 << 16)),
            batch,
            double: input.kind == 11,
            input: input.value,
            output: *output,
            needed: Vec::new(),
        };
        let (needed, values) = needed(graph, *output);
        walk.needed = values;
        for (at, node) in graph.nodes.iter().enumerate().filter(|(at, _)| needed[*at]) {
            walk.node(node).map_err(|mut reason| {
                if has_attention(graph) {
                    reason += NOT_READ;
                }
                (at + 1, operator_error(model, &node.name, &node.operator, reason))
            })?;
        }
        if !walk.data.contains_key(output) {
            return Err(interface("its output does not depend on its input".into()));
        }
        Ok(walk)
    }

    fn node(&mut self, node: &Node) -> Done {
        let inputs: Vec<Option<&Tensor>> = (0..node.inputs.len()).map(|at| self.known(node, at)).collect();
        let is_known =
            |(input, tensor): (&Option<usize>, &Option<&Tensor>)| input.is_none() || tensor.is_some();
        if node.inputs.iter().zip(&inputs).all(is_known) {
            let folded = fold(node, &inputs, &self.budget).filter(|tensor| tensor.dims.len() <= MOST_AXES);
            let tensor = folded.ok_or(
                "its inputs are constants, but this operator is not computed while the file is read",
            )?;
            let output = node.outputs.first().copied().flatten().ok_or("it has no output")?;
            self.computed.insert(output, tensor);
            return Ok(());
        }
        operators::step(self, node)?;
        for output in node.outputs.iter().flatten() {
            let numbers = self.data.get(output).map_or(1, |data| product(&data.sides));
            if numbers == 0 || numbers > MOST {
                return Err(format!("its output has {numbers} numbers"));
            }
        }
        Ok(())
    }

    /// Returns an input of a node, if it is a constant.
    pub(super) fn known(&self, node: &Node, at: usize) -> Option<&Tensor> {
        let value = node.inputs.get(at).copied().flatten()?;
        self.computed.get(&value).or_else(|| self.graph.constants.get(&value))
    }

    /// Returns whether a node has this input.
    pub(super) fn has(node: &Node, at: usize) -> bool {
        node.inputs.get(at).copied().flatten().is_some()
    }

    /// Returns an input of a node that depends on the input of the network.
    pub(super) fn data(&self, node: &Node, at: usize) -> Result<(usize, Data), String> {
        let value = node.inputs.get(at).copied().flatten().ok_or_else(|| format!("input {at} is missing"))?;
        match self.data.get(&value) {
            Some(data) => Ok((value, data.clone())),
            None => Err(format!("no layer computes it from a constant input {at}")),
        }
    }

    pub(super) fn is_data(&self, node: &Node, at: usize) -> bool {
        node.inputs.get(at).copied().flatten().is_some_and(|value| self.data.contains_key(&value))
    }

    pub(super) fn data_of(&self, value: usize) -> Option<&Data> {
        self.data.get(&value)
    }

    /// Returns an input that is a weight. If `dims` are given, it must have these dimensions.
    pub(super) fn weight(&self, node: &Node, at: usize, dims: Option<&[usize]>) -> Result<Tensor, String> {
        let tensor = self.known(node, at).ok_or_else(|| {
            format!(
                "input {at} is not a constant; a product of two computed values, as in attention, is not a layer"
            )
        })?;
        if dims.is_some_and(|dims| dims != tensor.dims) {
            return Err(format!(
                "input {at} has the sides {:?}, not {:?}",
                tensor.dims,
                dims.unwrap_or_default()
            ));
        }
        let len = tensor.len();
        match tensor.numbers {
            Numbers::I64(_) => Err(format!("input {at} has integers")),
            // A small file could use a large tensor many times.
            _ if self.budget.spend(len).is_none() => Err(format!("input {at} is used too often")),
            Numbers::Filled(number) => {
                Ok(Tensor { dims: tensor.dims.clone(), numbers: Numbers::F64(vec![number; len]) })
            }
            _ => Ok(tensor.clone()),
        }
    }

    /// Returns an input that is a single constant number.
    pub(super) fn number(&self, node: &Node, at: usize) -> Option<f64> {
        let tensor = self.known(node, at)?;
        (product(&tensor.dims) == 1).then(|| tensor.at(0))
    }

    /// Sets the output `at` of a node.
    pub(super) fn set(&mut self, node: &Node, at: usize, from: Vec<usize>, step: Step, data: Data) -> Done {
        if let Some(output) = node.outputs.get(at).copied().flatten() {
            let link = Link { node: node.name.clone(), operator: node.operator.clone(), from, step };
            self.links.insert(output, link);
            self.data.insert(output, data);
        }
        Ok(())
    }

    pub(super) fn set_known(&mut self, node: &Node, tensor: Tensor) -> Done {
        if let Some(output) = node.outputs.first().copied().flatten() {
            self.computed.insert(output, tensor);
        }
        Ok(())
    }

    /// Sets the first output to the output of layers.
    pub(super) fn layers(&mut self, node: &Node, from: usize, layers: Vec<Layer>, data: Data) -> Done {
        self.set(node, 0, vec![from], Step::Layers(layers), data)
    }

    /// Sets the first output to the output of a layer that does not change the shape.
    pub(super) fn elementwise(&mut self, node: &Node, kind: Kind) -> Done {
        let (from, data) = self.data(node, 0)?;
        self.layers(node, from, vec![Layer::new(&node.name, kind)], data)
    }

    /// Returns an input in the required order of axes, and the layers before it.
    pub(super) fn ordered(&self, node: &Node, want: Want) -> Result<(usize, Vec<Layer>, Vec<usize>), String> {
        let (from, data) = self.data(node, 0)?;
        let (layers, sides) = data.ordered(want, &node.name).ok_or_else(|| {
            format!("no layer converts the axes {:?} of its input to the required order", data.dims())
        })?;
        Ok((from, layers, sides))
    }
}

pub(super) fn operator_error(model: &Model, node: &str, operator: &str, reason: String) -> OnnxError {
    OnnxError::Operator { file: model.file.clone(), node: node.into(), operator: operator.into(), reason }
}

/// Returns which nodes and which values the output depends on.
fn needed(graph: &Graph, output: usize) -> (Vec<bool>, Vec<bool>) {
    let mut values = vec![false; graph.names.len()];
    values[output] = true;
    let mut nodes = vec![false; graph.nodes.len()];
    for (at, node) in graph.nodes.iter().enumerate().rev() {
        if node.outputs.iter().flatten().any(|&value| values[value]) {
            nodes[at] = true;
            node.inputs.iter().flatten().for_each(|&value| values[value] = true);
        }
    }
    (nodes, values)
}

/// Returns the size of the batch and the input.
fn first(model: &Model, input: &Input, steps_first: bool) -> Result<(usize, Data), OnnxError> {
    let (file, name) = (model.file.clone(), model.graph.names[input.value].clone());
    if !matches!(input.kind, 1 | 11) {
        return Err(OnnxError::ElementType { file, tensor: name, found: type_name(input.kind) });
    }
    let interface = |reason: String| OnnxError::Interface { file: file.clone(), reason };
    let dims =
        input.dims.as_ref().ok_or_else(|| interface(format!("it does not contain the shape of `{name}`")))?;
    let symbolic: Vec<usize> = (0..dims.len()).filter(|&axis| dims[axis].is_err()).collect();
    let batch_axis = match symbolic[..] {
        [] => 0,
        // A recurrent network may have its steps first.
        [axis] if axis == 0 || axis == 1 && dims.len() == 3 => axis,
        _ => {
            let axis = symbolic.iter().copied().find(|&axis| axis > 0).unwrap_or(0);
            let found = format!("`{}`", dims[axis].as_ref().err().map_or("", |name| name));
            return Err(OnnxError::Dimension { file, value: name, axis, found });
        }
    };
    if !(2..=4).contains(&dims.len()) {
        return Err(interface(format!(
            "its input `{name}` has {} axes; a batch of vectors, sequences or images has 2 to 4",
            dims.len()
        )));
    }
    let mut numbers = Vec::new();
    for (axis, dim) in dims.iter().enumerate() {
        match dim {
            Ok(0) => return Err(OnnxError::Dimension { file, value: name, axis, found: "0".into() }),
            Ok(dim) => numbers.push(*dim),
            Err(_) => numbers.push(BATCH),
        }
    }
    let batch = numbers.remove(batch_axis);
    let fits = numbers.iter().try_fold(batch, |all, &dim| all.checked_mul(dim));
    if fits.is_none_or(|all| all / batch > MOST) {
        return Err(interface(format!("its input `{name}` has more numbers than fit in memory")));
    }
    let mut data = match numbers[..] {
        [steps, features] if steps_first => Data::new(batch, vec![steps, features], &[0, 1]),
        [features, steps] => Data::channels_first(batch, vec![steps, features]),
        _ => Data::channels_first(batch, numbers),
    };
    if batch_axis == 1 {
        data.axes.swap(0, 1);
    }
    debug_assert!(data.axes.iter().any(|axis| axis.first() == Some(&Part::batch(batch))));
    Ok((batch, data))
}

//! Converts a graph to a network: chains of layers, and combinators where values are used twice.

use std::collections::BTreeSet;

use super::axes::{Data, Of, Want};
use super::layer::{Kind, Layer, sample};
use super::model::Model;
use super::simplify::{joined, push};
use super::walk::{Link, Step, Walk, operator_error};
use crate::onnx::OnnxError;

/// The largest depth of nested combinators.
const DEEPEST: usize = 48;

/// The network of a graph.
#[derive(Clone, Debug)]
pub(super) struct Understood {
    pub(super) layers: Vec<Layer>,
    pub(super) double: bool,
    /// The types of the input and the output.
    pub(super) input: String,
    pub(super) output: String,
    /// The order of axes of input and output in the file.
    pub(super) axes: [String; 2],
}

/// Finds the network of a graph.
pub(super) fn understand(model: &Model) -> Result<Understood, OnnxError> {
    // Three axes are `[batch, features, steps]` or `[batch, steps, features]`. The order that needs fewer layers is
    // chosen. If both fail, the error of the one that got further is returned.
    let sequence = model
        .graph
        .inputs
        .first()
        .is_some_and(|input| input.dims.as_ref().is_some_and(|dims| dims.len() == 3));
    let features_first = build(model, false);
    if !sequence {
        return features_first.map(|(network, _)| network).map_err(|(_, error)| error);
    }
    match (features_first, build(model, true)) {
        (Ok((first, moves)), Ok((second, other_moves))) => {
            Ok(if other_moves < moves { second } else { first })
        }
        (Ok((network, _)), _) | (_, Ok((network, _))) => Ok(network),
        (Err((at, error)), Err((other_at, other))) => Err(if other_at > at { other } else { error }),
    }
}

/// Returns the network, and the number of layers in it that only move numbers. An error contains the number of its
/// node.
fn build(model: &Model, steps_first: bool) -> Result<(Understood, usize), (usize, OnnxError)> {
    let walk = Walk::new(model, steps_first)?;
    let end = model.graph.nodes.len() + 1;
    let (input, output) = (walk.data_of(walk.input), walk.data_of(walk.output));
    let (Some(input), Some(output)) = (input, output) else {
        let reason = "its output does not depend on its input".into();
        return Err((end, OnnxError::Interface { file: model.file.clone(), reason }));
    };
    let mut assembly = Assembly { model, walk: &walk, taken: BTreeSet::new() };
    let error = |error| (end, error);
    let mut layers = assembly.chain(walk.input, walk.output, 0).map_err(error)?;
    let (last, sides) = last_layers(output).ok_or_else(|| {
        let reason = format!("no layer converts its output of {:?} to an order of this crate", output.dims());
        error(OnnxError::Interface { file: model.file.clone(), reason })
    })?;
    last.into_iter().for_each(|layer| push(&mut layers, layer));
    if layers.is_empty() {
        layers.push(Layer::new("the output", Kind::plain("Identity")));
    }
    let mut moves = 0;
    check(model, &layers, walk.double, &mut moves).map_err(error)?;
    let network = Understood {
        layers,
        double: walk.double,
        input: sample(&input.sides, walk.double),
        output: sample(&sides, walk.double),
        axes: [named_axes(input), named_axes(output)],
    };
    Ok((network, moves))
}

/// Returns the layers that convert the output to a shape of this crate.
fn last_layers(output: &Data) -> Option<(Vec<Layer>, Vec<usize>)> {
    let is_batch = |axis: &Vec<_>| matches!(axis[..], [super::axes::Part { of: Of::Batch, .. }]);
    let whole = (0..output.axes.len()).all(|axis| {
        is_batch(&output.axes[axis]) || output.axes[axis].is_empty() || output.side_of(axis).is_some()
    });
    if whole {
        return Some((Vec::new(), output.sides.clone()));
    }
    let want = if output.axes.len() == 2 { Want::Vector } else { Want::ChannelsFirst };
    output.ordered(want, "the output")
}

fn named_axes(data: &Data) -> String {
    let names: &[&str] = match data.sides.len() {
        1 => &["features"],
        2 => &["steps", "features"],
        _ => &["channels", "height", "width"],
    };
    let axis = |axis: &Vec<super::axes::Part>| match axis[..] {
        [] => "1".to_owned(),
        _ => {
            let name = |part: &super::axes::Part| match part.of {
                Of::Batch => "batch",
                Of::Side(side) => names[side],
            };
            let mut parts: Vec<&str> = axis.iter().map(name).collect();
            parts.dedup();
            parts.join(" × ")
        }
    };
    format!("[{}]", data.axes.iter().map(axis).collect::<Vec<_>>().join(", "))
}

/// Checks that each layer exists in this crate, and counts the layers that only move numbers.
fn check(model: &Model, layers: &[Layer], double: bool, moves: &mut usize) -> Result<(), OnnxError> {
    for layer in layers {
        let operator = || {
            let node = model.graph.nodes.iter().find(|node| node.name == layer.node);
            node.map_or("result", |node| &node.operator)
        };
        let error = |reason: String| Err(operator_error(model, &layer.node, operator(), reason));
        match &layer.kind {
            Kind::Residual(one, other) => {
                check(model, one, double, moves)?;
                check(model, other, double, moves)?;
            }
            Kind::Pair(_, one, other, fits) => {
                if let Err(reason) = fits {
                    return error(reason.clone());
                }
                check(model, one, double, moves)?;
                check(model, other, double, moves)?;
            }
            Kind::Concat(branches) => {
                branches.iter().try_for_each(|branch| check(model, branch, double, moves))?;
            }
            Kind::Plain(name) if super::simplify::PARTS.contains(&&name[..]) => {
                return error(
                    "it is part of a function that does not correspond to a layer of this crate".into(),
                );
            }
            kind => {
                let moving = ["Transpose", "Flatten"].iter().any(|name| kind.is(name));
                *moves += usize::from(moving || matches!(kind, Kind::Reshape(_)));
                if let Err(reason) = layer.name(double) {
                    return error(reason);
                }
            }
        }
    }
    Ok(())
}

/// The values that have been added to the network.
struct Assembly<'a> {
    model: &'a Model,
    walk: &'a Walk<'a>,
    taken: BTreeSet<usize>,
}

impl Assembly<'_> {
    /// Returns the layers from one value to another one. The second value must depend only on the first.
    fn chain(&mut self, from: usize, to: usize, depth: usize) -> Result<Vec<Layer>, OnnxError> {
        let walk = self.walk;
        let mut steps: Vec<Vec<Layer>> = Vec::new();
        let mut at = to;
        while at != from {
            let Some(link) = walk.links.get(&at) else {
                let reason = "its output does not depend on its input alone".into();
                return Err(OnnxError::Interface { file: self.model.file.clone(), reason });
            };
            let error =
                |reason: &str| Err(operator_error(self.model, &link.node, &link.operator, reason.into()));
            if !self.taken.insert(at) {
                return error(
                    "its output is used in several places, and no combinator of this crate joins these branches",
                );
            }
            if depth > DEEPEST {
                return error("there are too many branches inside branches");
            }
            at = match &link.step {
                Step::Same => link.from[0],
                Step::Layers(layers) => {
                    steps.push(layers.clone());
                    link.from[0]
                }
                Step::Pair(..) | Step::Concat => {
                    let start = self.branching(&link.from);
                    let branches = link.from.iter().map(|&value| self.chain(start, value, depth + 1));
                    let branches = branches.collect::<Result<Vec<_>, _>>()?;
                    steps.push(self.joint(link, start, branches));
                    start
                }
            };
        }
        let mut layers = Vec::new();
        steps.into_iter().rev().flatten().for_each(|layer| push(&mut layers, layer));
        Ok(layers)
    }

    fn joint(&self, link: &Link, start: usize, branches: Vec<Vec<Layer>>) -> Vec<Layer> {
        match (&link.step, <[Vec<Layer>; 2]>::try_from(branches)) {
            (Step::Pair(pairing, fits), Ok([one, other])) => {
                let sides = self.walk.data_of(start).map_or(&[][..], |data| &data.sides);
                joined(&link.node, *pairing, one, other, fits.clone(), (sides, self.walk.double))
            }
            (_, Ok([one, other])) => vec![Layer::new(&link.node, Kind::Concat(vec![one, other]))],
            (_, Err(branches)) => vec![Layer::new(&link.node, Kind::Concat(branches))],
        }
    }

    /// Returns the last value on which all of these depend, and on nothing else. The numbers of values are in their
    /// order.
    fn branching(&self, values: &[usize]) -> usize {
        let mut open: BTreeSet<usize> = values.iter().copied().collect();
        while open.len() > 1 {
            let Some(last) = open.pop_last() else { break };
            if let Some(link) = self.walk.links.get(&last) {
                open.extend(&link.from);
            }
        }
        open.first().copied().unwrap_or(self.walk.input)
    }
}

//! The values between layers, and the inputs and outputs of a graph.

use chainrule_parameters::Scalar;

use super::array::{INT64, element_type};
use super::graph::{Graph, Name};
use crate::onnx::proto::{DimensionProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto};
use crate::tensor::Contents;

/// The input or output of a layer: one value of the graph, or two.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A value with its sides after the batch, and its element type.
    One(Name, &'static [usize], i32),
    /// Padded sequences, and the length of each.
    Padded(Name, Name, &'static [usize], i32),
    Pair(Box<Self>, Box<Self>),
}

impl Value {
    /// Returns the names of the values of an output, their names in the file, and their declarations.
    pub(super) fn named(
        &self,
        name: &str,
        unique: &mut dyn FnMut(Name) -> Name,
    ) -> Vec<(Name, Name, ValueInfoProto)> {
        match self {
            Self::One(value, sides, kind) => {
                let name = unique(name.into());
                vec![(value.clone(), name.clone(), info(name, sides, *kind))]
            }
            Self::Padded(value, lengths, sides, kind) => {
                let (name, length) = (unique(name.into()), unique(format!("{name}.length")));
                vec![
                    (value.clone(), name.clone(), info(name, sides, *kind)),
                    (lengths.clone(), length.clone(), info(length, &[], INT64)),
                ]
            }
            Self::Pair(first, second) => {
                let mut all = first.named(&format!("{name}.first"), unique);
                all.extend(second.named(&format!("{name}.second"), unique));
                all
            }
        }
    }
}

/// Returns the value of an input with these contents, and the inputs of the graph. `None` for contents that ONNX does
/// not have.
pub(super) fn declare(graph: &mut Graph, input: &Contents) -> Option<(Value, Vec<ValueInfoProto>)> {
    let mut infos = Vec::new();
    let value = inputs(graph, "input", input, &mut infos)?;
    Some((value, infos))
}

fn inputs(graph: &mut Graph, name: &str, input: &Contents, infos: &mut Vec<ValueInfoProto>) -> Option<Value> {
    let (sides, kind): (&'static [usize], i32) = match *input {
        Contents::OfNumbers(sides, scalar) => (sides, element_type(scalar)),
        Contents::OfLabel => (&[], INT64),
        Contents::OfTokens(sides) => (sides, INT64),
        Contents::OfPadded(sides, scalar) => {
            let steps = inputs(graph, name, &Contents::OfNumbers(sides, scalar), infos)?;
            let lengths = inputs(graph, &format!("{name}.length"), &Contents::OfLabel, infos)?;
            let (Value::One(steps, ..), Value::One(lengths, ..)) = (steps, lengths) else { return None };
            return Some(Value::Padded(steps, lengths, sides, element_type(scalar)));
        }
        Contents::OfPaddedTokens(sides) => {
            let tokens = inputs(graph, name, &Contents::OfTokens(sides), infos)?;
            let lengths = inputs(graph, &format!("{name}.length"), &Contents::OfLabel, infos)?;
            let (Value::One(tokens, ..), Value::One(lengths, ..)) = (tokens, lengths) else { return None };
            return Some(Value::Padded(tokens, lengths, sides, INT64));
        }
        Contents::OfPair(first, second) => {
            let first = inputs(graph, &format!("{name}.first"), first, infos)?;
            let second = inputs(graph, &format!("{name}.second"), second, infos)?;
            return Some(Value::Pair(Box::new(first), Box::new(second)));
        }
        Contents::OfOther => return None,
    };
    let name = graph.unique(name.into());
    infos.push(info(name.clone(), sides, kind));
    Some(Value::One(name, sides, kind))
}

/// Returns the scalar of the first tensor.
pub(super) fn scalar(contents: &Contents) -> Option<Scalar> {
    match *contents {
        Contents::OfNumbers(_, scalar) | Contents::OfPadded(_, scalar) => Some(scalar),
        Contents::OfPair(first, second) => scalar(first).or(scalar(second)),
        Contents::OfLabel | Contents::OfTokens(_) | Contents::OfPaddedTokens(_) | Contents::OfOther => None,
    }
}

/// Returns the declaration of a value: the batch, whose size is not fixed, and its sides.
fn info(name: Name, sides: &[usize], kind: i32) -> ValueInfoProto {
    let batch = DimensionProto { dim_param: Some("batch".into()), ..DimensionProto::default() };
    let sides = sides
        .iter()
        .map(|&side| DimensionProto { dim_value: Some(side as i64), ..DimensionProto::default() });
    let shape = TensorShapeProto { dim: std::iter::once(batch).chain(sides).collect() };
    let tensor = TensorTypeProto { elem_type: Some(kind), shape: Some(shape) };
    ValueInfoProto { name: Some(name), kind: Some(TypeProto { tensor_type: Some(tensor) }) }
}

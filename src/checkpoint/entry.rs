//! A network as a list of tensors in a file.

use chainrule_parameters::{Node, clear_flags, describe, describe_leaves};
use safetensors::Dtype;

use super::attention::attention_layers;
use super::container::{Container, Written};
use super::number;
use super::{CheckpointError, Origin};
use crate::kernel::Real;
use crate::layer::{Layout as Sides, Parameter, Role, View, ViewMut, Visitor, visit};

/// A parameter of a network, with its name and shape in a file.
#[derive(Debug)]
pub(super) struct Entry {
    /// The path in the network.
    pub(super) path: String,
    pub(super) role: Role,
    pub(super) dtype: Dtype,
    /// The name in the file.
    pub(super) name: String,
    /// The sides in the file.
    pub(super) shape: Vec<usize>,
    /// The sides in memory. If a dense layer has a sequence as input or output, that side is divided into steps and
    /// features.
    pub(super) sides: Vec<usize>,
    /// Whether these sides are in the opposite order in the file.
    pub(super) reversed: bool,
    /// The part of the tensor in the file, if the file has several parameters in one tensor. `shape` is then the shape
    /// of the whole tensor.
    pub(super) part: Option<Part>,
}

/// One of several equal parts of a tensor in a file, along its first side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) at: usize,
    pub(super) of: usize,
}

impl Entry {
    /// Returns the index of an element in the tensor of the file.
    fn place(&self, at: usize) -> usize {
        let within = if self.reversed { number::reversed(&self.sides, at) } else { at };
        self.part.map_or(0, |part| part.at * self.sides.iter().product::<usize>()) + within
    }

    /// Returns whether it is the first or only part of its tensor in the file.
    pub(super) fn is_first(&self) -> bool {
        self.part.is_none_or(|part| part.at == 0)
    }
}

/// Returns the tensors of a network, in the order of its description, with this crate's names and layout.
pub(super) fn entries(network: &Node) -> Vec<Entry> {
    let mut entries = Vec::new();
    describe(network, &mut |parameter| {
        let path = parameter.path.to_string();
        entries.push(Entry {
            name: path.clone(),
            path,
            role: parameter.role,
            dtype: number::dtype_of(parameter.scalar),
            shape: parameter.shape.to_vec(),
            sides: parameter.shape.to_vec(),
            reversed: false,
            part: None,
        });
    });
    entries
}

/// Calls `f` with the path and the value of each number that is set by the type of a layer.
pub(super) fn settings(network: &Node, f: &mut dyn FnMut(String, f64)) {
    describe_leaves(network, &mut |path, node| {
        if let Node::Setting(value) = node {
            f(path.to_string(), *value);
        }
    });
}

/// Returns the path of the first layer that puts the numbers of a sequence in the order of features, if there is such a
/// layer.
pub(super) fn flattens(network: &Node) -> Option<String> {
    let mut found = None;
    describe_leaves(network, &mut |path, node| {
        if let (Node::Flattens, None) = (node, &found) {
            found = Some(path.to_string());
        }
    });
    found
}

/// Returns the path of the first layer that depends on whether sequences have their steps or their features first, if
/// the network has a recurrent or an attention layer. In PyTorch, the steps are first after such a layer, and the
/// features are first after a convolution.
pub(super) fn ambiguous(network: &Node, entries: &[Entry]) -> Option<String> {
    let recurrent = |entry: &Entry| entry.path.rsplit('.').next() == Some("weight_hh");
    if !entries.iter().any(recurrent) && attention_layers(entries).is_empty() {
        return None;
    }
    let of_sequences = |entry: &&Entry| match entry.role {
        Role::Weight { layout: Sides::ShapeToShape { inputs, outputs }, .. } => {
            inputs.len() == 2 || outputs.len() == 2
        }
        _ => false,
    };
    flattens(network).or_else(|| entries.iter().find(of_sequences).map(|entry| entry.path.clone()))
}

/// Returns the numbers of a network as tensors of a file.
pub(super) fn collect(
    origin: &Origin,
    network: View<'_>,
    entries: &[Entry],
) -> Result<Vec<(String, Written)>, CheckpointError> {
    let mut collect = Collect { origin, entries: entries.iter(), tensors: Ok(Vec::new()) };
    visit([network], [], &mut collect);
    collect.tensors
}

struct Collect<'a> {
    origin: &'a Origin,
    entries: std::slice::Iter<'a, Entry>,
    tensors: Result<Vec<(String, Written)>, CheckpointError>,
}

impl Visitor<1, 0> for Collect<'_> {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        let (Some(entry), Ok(tensors)) = (self.entries.next(), &mut self.tensors) else { return };
        if let Some(at) = xs.iter().position(|x| !x.is_finite()) {
            self.tensors = Err(CheckpointError::NonFinite {
                origin: self.origin.clone(),
                tensor: entry.name.clone(),
                element: entry.place(at),
                value: xs[at].to_f64(),
            });
            return;
        }
        let mut bytes = Vec::with_capacity(size_of_val(xs));
        if entry.reversed {
            let mut ordered = xs.to_vec();
            xs.iter().enumerate().for_each(|(at, &x)| ordered[number::reversed(&entry.sides, at)] = x);
            ordered.into_iter().for_each(|x| number::write(x, &mut bytes));
        } else {
            xs.iter().for_each(|&x| number::write(x, &mut bytes));
        }
        if let Some(Part { at, of }) = entry.part {
            let length = bytes.len();
            let place = at * length..(at + 1) * length;
            if let Some((_, whole)) = tensors.iter_mut().rfind(|(name, _)| *name == entry.name) {
                whole.bytes[place].copy_from_slice(&bytes);
                return;
            }
            let part = std::mem::replace(&mut bytes, vec![0; of * length]);
            bytes[place].copy_from_slice(&part);
        }
        let tensor = Written { dtype: entry.dtype, shape: entry.shape.clone(), bytes };
        tensors.push((entry.name.clone(), tensor));
    }
}

/// Copies the numbers of a file to a network. The file must have been checked with the same entries.
pub(super) fn fill(mut network: ViewMut<'_>, entries: &[Entry], file: &Container<'_>) {
    visit([], [network.reborrow()], &mut Fill { entries: entries.iter(), file });
    clear_flags(network); // of moments: a step leaves out the rows that have none
}

struct Fill<'a> {
    entries: std::slice::Iter<'a, Entry>,
    file: &'a Container<'a>,
}

impl Visitor<0, 1> for Fill<'_> {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        let Some(entry) = self.entries.next() else { return };
        let Some(info) = self.file.tensors.get(&entry.name) else { return };
        let bytes = self.file.bytes(info);
        for (at, x) in xs.iter_mut().enumerate() {
            *x = T::from_f64(number::read(info.dtype, bytes, entry.place(at)));
        }
    }
}

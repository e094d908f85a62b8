//! A network as a list of tensors in a file.

use chainrule_parameters::{Node, clear_flags, describe, describe_leaves};
use safetensors::Dtype;

use super::container::{Container, Written};
use super::number;
use super::{CheckpointError, Origin};
use crate::kernel::Real;
use crate::layer::{Layout as Sides, Parameter, Role, View, ViewMut, Visitor, visit};

/// A parameter tensor of a network, with its name and shape in a file.
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
    /// The sides in memory. Those of a dense layer between sequences are divided into steps and features.
    pub(super) sides: Vec<usize>,
    /// Whether these sides are in the opposite order in the file.
    pub(super) reversed: bool,
}

/// Returns the tensors of a network, in the order of its description, in this crate's names and layout.
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
        });
    });
    entries
}

/// Calls `f` with the path and the value of each number that the type of a layer sets.
pub(super) fn settings(network: &Node, f: &mut dyn FnMut(String, f64)) {
    describe_leaves(network, &mut |path, node| {
        if let Node::Setting(value) = node {
            f(path.to_string(), *value);
        }
    });
}

/// Returns the path of the first layer that puts the numbers of a sequence in the order of features, if there is one.
pub(super) fn flattens(network: &Node) -> Option<String> {
    let mut found = None;
    describe_leaves(network, &mut |path, node| {
        if let (Node::Flattens, None) = (node, &found) {
            found = Some(path.to_string());
        }
    });
    found
}

/// Returns the path of the first layer for which it matters whether sequences have their steps or their features first, if
/// the network has a recurrent layer: behind one PyTorch has the steps first, and behind a convolution the features.
pub(super) fn ambiguous(network: &Node, entries: &[Entry]) -> Option<String> {
    let recurrent = |entry: &Entry| entry.path.rsplit('.').next() == Some("weight_hh");
    if !entries.iter().any(recurrent) {
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
        let place = |at| if entry.reversed { number::reversed(&entry.sides, at) } else { at };
        if let Some(at) = xs.iter().position(|x| !x.is_finite()) {
            self.tensors = Err(CheckpointError::NonFinite {
                origin: self.origin.clone(),
                tensor: entry.name.clone(),
                element: place(at),
                value: xs[at].to_f64(),
            });
            return;
        }
        let mut bytes = Vec::with_capacity(size_of_val(xs));
        if entry.reversed {
            let mut ordered = xs.to_vec();
            xs.iter().enumerate().for_each(|(at, &x)| ordered[place(at)] = x);
            ordered.into_iter().for_each(|x| number::write(x, &mut bytes));
        } else {
            xs.iter().for_each(|&x| number::write(x, &mut bytes));
        }
        let tensor = Written { dtype: entry.dtype, shape: entry.shape.clone(), bytes };
        tensors.push((entry.name.clone(), tensor));
    }
}

/// Sets a network to the numbers of a file that has been checked against the same entries.
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
            let place = if entry.reversed { number::reversed(&entry.sides, at) } else { at };
            *x = T::from_f64(number::read(info.dtype, bytes, place));
        }
    }
}

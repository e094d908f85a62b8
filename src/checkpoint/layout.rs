//! The naming conventions and the orders of sides: this crate's and PyTorch's.

use std::collections::BTreeMap;

use super::CheckpointError;
use super::entry::Entry;
use crate::layer::{Layout as Sides, Role};

/// The library whose conventions a file follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Layout {
    Chainrule,
    PyTorch,
}

impl Layout {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chainrule => "chainrule",
            Self::PyTorch => "pytorch",
        }
    }
}

/// Converts names, orders and shapes to those of PyTorch's modules: see [`Format::pytorch`](super::Format::pytorch).
/// With `steps_first`, sequences have their steps first in PyTorch too, otherwise their features.
pub(super) fn to_pytorch(entries: &mut [Entry], steps_first: bool) {
    // The sides in memory. All of them are in the opposite order in PyTorch.
    let sides = |tensor: &[usize]| match *tensor {
        [steps, features] if !steps_first => vec![steps, features],
        _ => vec![tensor.iter().product()],
    };
    for at in 0..entries.len() {
        let (layer, field) = match entries[at].path.rsplit_once('.') {
            Some((layer, field)) => (format!("{layer}."), field.to_owned()),
            None => (String::new(), entries[at].path.clone()),
        };
        // In PyTorch, the bias of a linear map or a convolution is a list with one number for each output. The bias of
        // a norm has the norm's shape.
        let beside = |field: &str| {
            let path = format!("{layer}{field}");
            (entries[at].role == Role::Bias)
                .then(|| entries.iter().find(|entry| entry.path == path))
                .flatten()
                .map(|entry| entry.role)
        };
        let weight = beside("weight").filter(|role| matches!(role, Role::Weight { .. }));
        let of_a_norm = matches!(entries[at].role, Role::Scale(_)) && field == "gain"
            || matches!(beside("gain"), Some(Role::Scale(_)));
        let (divided, reversed) = match (entries[at].role, weight) {
            (Role::Weight { layout: Sides::ShapeToShape { inputs, outputs }, .. }, _) => {
                (Some([sides(inputs), sides(outputs)].concat()), true)
            }
            (Role::Weight { layout: Sides::InputsFirst, .. }, _) => (None, true),
            (_, Some(Role::Weight { layout: Sides::ShapeToShape { outputs, .. }, .. })) => {
                (Some(sides(outputs)), true)
            }
            _ => (None, of_a_norm && !steps_first && entries[at].shape.len() == 2),
        };
        let flat = weight.is_some();
        let name = match (entries[at].role, &field[..]) {
            (Role::Scale(_), "gain" | "slope") => "weight",
            (Role::Buffer { .. }, "running_variance") => "running_var",
            // The weights and biases of a recurrent layer. A module of PyTorch can contain several of these layers.
            (Role::Weight { .. }, "weight_ih") => "weight_ih_l0",
            (Role::Weight { .. }, "weight_hh") => "weight_hh_l0",
            (Role::Bias, "bias_ih") => "bias_ih_l0",
            (Role::Bias, "bias_hh") => "bias_hh_l0",
            (_, field) => field,
        };
        let name = format!("{layer}{name}");
        let entry = &mut entries[at];
        (entry.name, entry.reversed) = (name, reversed);
        if let Some(divided) = divided {
            entry.sides = divided;
        }
        if reversed {
            entry.shape.reverse();
        }
        if flat {
            entry.shape = vec![entry.shape.iter().product()];
        }
    }
}

/// Returns the rest of a path at or below `part`. For `part` itself, the rest is empty.
pub(super) fn below<'a>(path: &'a str, part: &str) -> Option<&'a str> {
    match path.strip_prefix(part)? {
        rest if part.is_empty() || rest.is_empty() => Some(rest),
        rest => rest.strip_prefix('.'),
    }
}

/// Returns `path.rest`.
pub(super) fn join(path: &str, rest: &str) -> String {
    let dot = if path.is_empty() || rest.is_empty() { "" } else { "." };
    format!("{path}{dot}{rest}")
}

/// Checks that no name occurs twice.
pub(super) fn check_names(entries: &[Entry]) -> Result<(), CheckpointError> {
    let mut seen = BTreeMap::new();
    for Entry { name, path, part, .. } in entries {
        if let Some(first) = seen.insert((name, part.map(|part| part.at)), path) {
            let (first, second) = (first.clone(), path.clone());
            return Err(CheckpointError::SameName { name: name.clone(), first, second });
        }
    }
    Ok(())
}

//! Several recurrent layers as a single module of PyTorch.

use super::CheckpointError;
use super::entry::Entry;
use super::layout::{below, join};
use crate::layer::Role;

/// Names for recurrent layers: all at and below `ours` are the layers of the module `theirs`.
#[derive(Clone, Debug)]
pub(super) struct OneModule {
    pub(super) ours: String,
    pub(super) theirs: String,
    /// Whether every second layer is the reverse direction.
    pub(super) both_directions: bool,
}

impl OneModule {
    /// Returns the path and the name in the file of each weight and bias.
    pub(super) fn names(&self, entries: &[Entry]) -> Result<Vec<(String, String)>, CheckpointError> {
        let Self { ours, theirs, both_directions } = self;
        let mut layers: Vec<&str> = Vec::new();
        let mut names = Vec::new();
        for entry in entries.iter().filter(|entry| below(&entry.path, ours).is_some()) {
            let (layer, field) = entry.path.rsplit_once('.').unwrap_or(("", &entry.path));
            let known = match entry.role {
                Role::Weight { .. } => matches!(field, "weight_ih" | "weight_hh"),
                Role::Bias => matches!(field, "bias_ih" | "bias_hh"),
                _ => false,
            };
            if !known {
                continue;
            }
            if layers.last() != Some(&layer) {
                layers.push(layer);
            }
            let at = layers.len() - 1;
            let (number, end) = match (both_directions, at % 2) {
                (false, _) => (at, ""),
                (true, 0) => (at / 2, ""),
                (true, _) => (at / 2, "_reverse"),
            };
            names.push((entry.path.clone(), join(theirs, &format!("{field}_l{number}{end}"))));
        }
        if names.is_empty() {
            return Err(CheckpointError::NoRecurrentLayer { path: ours.clone() });
        }
        Ok(names)
    }
}

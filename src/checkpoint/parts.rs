//! The three operations on the parts of a [`State`](super::State): saving, checking and restoring.

use std::collections::BTreeMap;

use chainrule_parameters::{Node, ViewMut};
use serde_json::value::RawValue;

use super::container::{Container, Settings, Values, Written};
use super::entry::{Entry, collect, entries, fill, settings};
use super::layout::join;
use super::mismatch::{Problem, Wrong};
use super::state::Json;
use super::{CheckpointError, Origin, StateFields};

/// What to do with each part.
pub(super) enum Parts<'a> {
    Save(Saved),
    Check(Wanted<'a>),
    /// After a successful check.
    Restore {
        file: &'a Container<'a>,
        values: &'a Values,
    },
}

/// The parts to write.
pub(super) struct Saved {
    pub(super) origin: Origin,
    pub(super) tensors: Vec<(String, Written)>,
    pub(super) values: Values,
    pub(super) settings: Settings,
    pub(super) result: Result<(), CheckpointError>,
}

/// The parts that a file should have.
pub(super) struct Wanted<'a> {
    pub(super) entries: Vec<Entry>,
    pub(super) settings: Settings,
    /// The file's values that no part has read yet.
    pub(super) left: BTreeMap<&'a str, &'a RawValue>,
    pub(super) problems: Vec<Problem>,
}

/// Returns the error for a name that two parts have.
pub(super) fn twice(name: &str) -> CheckpointError {
    CheckpointError::SameName { name: name.into(), first: name.into(), second: name.into() }
}

/// Returns the tensors of a network that is saved under this name.
fn entries_of(network: &Node, name: &str) -> Vec<Entry> {
    let mut entries = entries(network);
    entries.iter_mut().for_each(|entry| entry.name = join(name, &entry.path));
    entries
}

impl StateFields<'_> {
    /// Saves, checks or restores the tensors of a network.
    pub(super) fn tensors(&mut self, name: &str, network: ViewMut<'_>) {
        let name = join(&self.prefix, name);
        let entries = entries_of(network.description(), &name);
        if let Parts::Save(Saved { settings: all, .. }) | Parts::Check(Wanted { settings: all, .. }) =
            &mut self.parts
        {
            settings(network.description(), &mut |path, value| {
                all.insert(join(&name, &path), value);
            });
        }
        match &mut self.parts {
            Parts::Save(saved) if saved.result.is_ok() => {
                match collect(&saved.origin, network.as_view(), &entries) {
                    Ok(tensors) => saved.tensors.extend(tensors),
                    Err(error) => saved.result = Err(error),
                }
            }
            Parts::Save(_) => {}
            Parts::Check(wanted) => wanted.entries.extend(entries),
            Parts::Restore { file, .. } => fill(network, &entries, file),
        }
    }

    /// Saves, checks or restores a small value.
    pub(super) fn json(&mut self, name: &str, value: &mut dyn Json) {
        let name = join(&self.prefix, name);
        match &mut self.parts {
            Parts::Save(saved) => match value.write() {
                Ok(json) => {
                    if saved.values.insert(name.clone(), json).is_some() {
                        saved.result = Err(twice(&name));
                    }
                }
                Err(reason) => saved.result = Err(CheckpointError::Value { name, reason }),
            },
            Parts::Check(wanted) => {
                let wrong = match wanted.left.remove(&name[..]).map(|json| value.check(json)) {
                    Some(Ok(())) => return,
                    Some(Err(reason)) => Wrong::Value { reason },
                    None => Wrong::MissingValue,
                };
                wanted.problems.push(Problem { name, wrong });
            }
            Parts::Restore { values, .. } => {
                if let Some(json) = values.get(&name) {
                    value.read(json);
                }
            }
        }
    }
}

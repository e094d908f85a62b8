//! The three operations on the parts of a [`State`](super::State): saving, checking and restoring.

use std::collections::BTreeMap;

use chainrule_parameters::{Node, ViewMut};
use serde_json::value::RawValue;

use super::container::{Constants, Container, Texts, Values, Written};
use super::describe::describe;
use super::entry::{Entry, collect, entries, fill, settings};
use super::layout::join;
use super::mismatch::{Problem, Wrong};
use super::state::Json;
use super::{ChangedSetting, CheckpointError, Origin, StateFields};

/// The operation on each part.
pub(super) enum Parts<'a> {
    Save(Saved),
    Check(Wanted<'a>),
    /// After a successful check.
    Restore(Restored<'a>),
}

/// The file that a state is restored from.
pub(super) struct Restored<'a> {
    pub(super) file: &'a Container<'a>,
    pub(super) changed: Vec<ChangedSetting>,
}

/// The parts to write.
pub(super) struct Saved {
    pub(super) origin: Origin,
    pub(super) tensors: Vec<(String, Written)>,
    pub(super) values: Values,
    pub(super) constants: Constants,
    pub(super) settings: Texts,
    /// The type of each network, by name.
    pub(super) networks: Texts,
    pub(super) result: Result<(), CheckpointError>,
}

/// The parts that a file should have.
pub(super) struct Wanted<'a> {
    pub(super) file: &'a Container<'a>,
    pub(super) entries: Vec<Entry>,
    pub(super) constants: Constants,
    /// The type of each network, by name.
    pub(super) networks: Texts,
    /// The parts of the file that the program does not use.
    pub(super) ignored: Vec<String>,
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
        if let Parts::Save(Saved { networks, constants, .. })
        | Parts::Check(Wanted { networks, constants, .. }) = &mut self.parts
        {
            settings(network.description(), &mut |path, value| {
                constants.insert(join(&name, &path), value);
            });
            networks.insert(name, describe(network.name(), network.description()));
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
            Parts::Restore(Restored { file, .. }) => fill(network, &entries, file),
        }
    }

    /// Saves a setting, or compares it with the setting in the file. Returns whether they differ.
    pub(super) fn settings(&mut self, name: &str, program: String) -> bool {
        let name = join(&self.prefix, name);
        match &mut self.parts {
            Parts::Save(saved) => {
                if saved.settings.insert(name.clone(), program).is_some() {
                    saved.result = Err(twice(&name));
                }
            }
            Parts::Check(_) => {}
            Parts::Restore(Restored { file, changed, .. }) => {
                let file = file.note.as_ref().and_then(|note| note.settings.get(&name));
                if let Some(file) = file.filter(|file| **file != program) {
                    changed.push(ChangedSetting { name, file: file.clone(), program });
                    return true;
                }
            }
        }
        false
    }

    /// Returns the settings so far that differ from those in the file. It is empty unless a state is being restored.
    pub(crate) fn changed(&self) -> &[ChangedSetting] {
        match &self.parts {
            Parts::Restore(Restored { changed, .. }) => changed,
            _ => &[],
        }
    }

    /// Returns whether to list an optional part, such as an average. When saving: whether this program has it
    /// (`program`). When loading: whether both this program and the file have it. A part that is only in the file is
    /// ignored.
    pub fn has(&mut self, name: &str, program: bool) -> bool {
        let name = join(&self.prefix, name);
        match &mut self.parts {
            Parts::Save(_) => program,
            Parts::Check(wanted) => {
                let both = program && wanted.file.has(&name);
                if !both {
                    wanted.ignored.push(name);
                }
                both
            }
            Parts::Restore(Restored { file, .. }) => program && file.has(&name),
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
            Parts::Restore(Restored { file, .. }) => {
                if let Some(json) = file.value(&name) {
                    value.read(json);
                }
            }
        }
    }
}

//! Saving, checking and restoring a [`State`]: three operations on the same list of parts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[cfg(feature = "fit")]
use serde::de::DeserializeOwned;

use super::container::{Container, Note, serialize};
use super::layout::below;
use super::mismatch::{Problem, Wrong};
use super::parts::{Parts, Restored, Saved, Wanted, twice};
use super::{ChangedSetting, CheckpointError, Origin, State, StateFields, check, file};

/// Writes a checkpoint to a file, atomically: if the process is killed while it saves, the old file is unchanged. The
/// example of [`State`] calls it.
///
/// # Errors
/// The same as [`save`](super::save). Also [`CheckpointError::Value`], and [`CheckpointError::SameName`] for a state
/// that gives two parts the same name.
#[doc(alias = "save checkpoint")]
pub fn save_state(state: &mut dyn State, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    let path = path.as_ref();
    file::write(path, &state_to_bytes(state, path.into())?)
}

/// Returns the bytes of a checkpoint.
pub(crate) fn state_to_bytes(state: &mut dyn State, origin: Origin) -> Result<Vec<u8>, CheckpointError> {
    let saved = Saved {
        origin,
        tensors: Vec::new(),
        values: BTreeMap::new(),
        settings: BTreeMap::new(),
        networks: BTreeMap::new(),
        constants: BTreeMap::new(),
        result: Ok(()),
    };
    let Parts::Save(Saved { origin, tensors, values, settings, networks, constants, result }) =
        walk(state, Parts::Save(saved))
    else {
        return Ok(Vec::new()); // the same parts that it received
    };
    result?;
    let mut seen = BTreeSet::new();
    if let Some((name, _)) = tensors.iter().find(|(name, _)| !seen.insert(name)) {
        return Err(twice(name));
    }
    let network = networks.values().next().cloned().unwrap_or_default();
    let note =
        Note { networks, values: Some(values), settings, ..Note::new("chainrule", network, constants) };
    serialize(&origin, &tensors, &note)
}

fn walk<'a>(state: &mut dyn State, parts: Parts<'a>) -> Parts<'a> {
    let mut fields = StateFields { parts, prefix: String::new() };
    state.fields(&mut fields);
    fields.parts
}

/// Restores `state` as it was when the checkpoint was saved, bit for bit, except the settings, which are kept. Returns
/// the settings that differ. The example of [`State`] calls it.
///
/// [`State`] describes what a setting is.
///
/// # Errors
/// The same as [`load`](super::load), for values as well as tensors: missing, unexpected and invalid ones.
/// [`CheckpointError::OtherNetwork`] for a network of another type. After an error `state` has not changed.
#[doc(alias = "load checkpoint")]
#[doc(alias = "resume training")]
pub fn load_state(
    state: &mut dyn State,
    path: impl AsRef<Path>,
) -> Result<Vec<ChangedSetting>, CheckpointError> {
    Ok(StateFile::read(path.as_ref())?.check(state, false)?.restore(state))
}

/// A checkpoint in memory.
pub(crate) struct StateFile {
    origin: Origin,
    bytes: Vec<u8>,
}

/// A checkpoint that fits a state.
pub(crate) struct CheckedState<'a> {
    file: Container<'a>,
}

impl StateFile {
    pub(crate) fn read(path: &Path) -> Result<Self, CheckpointError> {
        let (origin, bytes) = file::read(path)?;
        Ok(Self { origin, bytes })
    }

    /// Reads a file, or returns `None` if there is none.
    #[cfg(feature = "fit")]
    pub(crate) fn read_if_exists(path: &Path) -> Result<Option<Self>, CheckpointError> {
        let unreadable = |source| CheckpointError::Read { path: path.into(), source };
        if path.try_exists().map_err(unreadable)? { Self::read(path).map(Some) } else { Ok(None) }
    }

    /// Returns a checkpoint from bytes that were read elsewhere.
    pub(crate) fn of_bytes(origin: Origin, bytes: Vec<u8>) -> Self {
        Self { origin, bytes }
    }

    /// Returns the bytes of the file.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Checks that the file fits. Changes nothing.
    pub(crate) fn check(
        &self,
        state: &mut dyn State,
        other_network: bool,
    ) -> Result<CheckedState<'_>, CheckpointError> {
        let file = Container::parse(self.origin.clone(), &self.bytes)?;
        let Some(values) = file.values() else {
            return Err(CheckpointError::Layout {
                origin: file.origin,
                found: "it is not a checkpoint",
                cure: "use `load` for a file that contains only a network; `save_state` writes checkpoints",
            });
        };
        let wanted = Wanted {
            file: &file,
            entries: Vec::new(),
            networks: BTreeMap::new(),
            constants: BTreeMap::new(),
            ignored: Vec::new(),
            left: values.iter().map(|(name, value)| (&name[..], &**value)).collect(),
            problems: Vec::new(),
        };
        if let Parts::Check(mut wanted) = walk(state, Parts::Check(wanted)) {
            let is_ignored = |name: &str| wanted.ignored.iter().any(|part| below(name, part).is_some());
            let left = wanted.left.keys().filter(|name| !is_ignored(name));
            wanted.problems.extend(left.map(|name| Problem::new(name, Wrong::UnexpectedValue)));
            wanted.problems.extend(check::compare(&wanted.entries, &file, false, is_ignored));
            wanted.problems.extend(check::compare_settings(&wanted.constants, &file, is_ignored));
            let network = wanted.networks.values().next().cloned().unwrap_or_default();
            let cure = cure(&wanted.problems);
            check::conclude(network, &file, wanted.problems, cure)?;
            check::check_numbers(&wanted.entries, &file)?;
            for (prefix, network) in wanted.networks.iter().filter(|_| !other_network) {
                let cure = "resume it with the network that it was saved with, or allow another one with \
                    `Fit::other_network` (to load only the network, with `Format::other_network`)";
                check::check_network(&file, prefix, network, false, cure)?;
            }
        }
        Ok(CheckedState { file })
    }
}

/// Returns a cure for parts that do not fit.
fn cure(problems: &[Problem]) -> &'static str {
    let of_optimizer = |problem: &Problem| problem.name.split('.').any(|part| part == "optimizer");
    if problems.iter().all(of_optimizer) {
        "resume it with the optimizer that it was saved with"
    } else {
        "resume it with the network and the optimizer that it was saved with"
    }
}

impl CheckedState<'_> {
    /// Returns whether the file has this part.
    #[cfg(feature = "fit")]
    pub(crate) fn has(&self, name: &str) -> bool {
        self.file.has(name)
    }

    /// Returns a value of the file, without restoring anything.
    #[cfg(feature = "fit")]
    pub(crate) fn value<V: DeserializeOwned>(&self, name: &str) -> Option<V> {
        serde_json::from_str(self.file.value(name)?.get()).ok()
    }

    /// Restores the state. Returns the settings that differ.
    pub(crate) fn restore(self, state: &mut dyn State) -> Vec<ChangedSetting> {
        let restored = Restored { file: &self.file, changed: Vec::new() };
        match walk(state, Parts::Restore(restored)) {
            Parts::Restore(Restored { changed, .. }) => changed,
            _ => Vec::new(), // the same parts that it received
        }
    }
}

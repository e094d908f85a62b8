//! Saving, checking and restoring a [`State`]: three walks over one list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::container::{Container, Note, serialize};
use super::mismatch::{Problem, Wrong};
use super::parts::{Parts, Saved, Wanted, twice};
use super::{CheckpointError, State, StateFields, atomic, check};

/// Writes a checkpoint to a file, atomically: if the process is killed while it saves, the old file is unchanged.
///
/// # Errors
/// As [`save`](super::save); [`CheckpointError::Value`], and [`CheckpointError::SameName`] for a state that gives two
/// parts one name.
pub fn save_state(state: &mut dyn State, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    save(state, path.as_ref())
}

fn save(state: &mut dyn State, path: &Path) -> Result<(), CheckpointError> {
    let saved = Saved {
        origin: path.into(),
        tensors: Vec::new(),
        values: BTreeMap::new(),
        settings: BTreeMap::new(),
        result: Ok(()),
    };
    let Parts::Save(Saved { origin, tensors, values, settings, result }) = walk(state, Parts::Save(saved))
    else {
        return Ok(()); // the same parts that it received
    };
    result?;
    let mut seen = BTreeSet::new();
    if let Some((name, _)) = tensors.iter().find(|(name, _)| !seen.insert(name)) {
        return Err(twice(name));
    }
    let note = Note::new("chainrule", state.name(), settings, Some(values));
    atomic::write(path, &serialize(&origin, &tensors, &note)?)
}

fn walk<'a>(state: &mut dyn State, parts: Parts<'a>) -> Parts<'a> {
    let mut fields = StateFields { parts, prefix: String::new() };
    state.fields(&mut fields);
    fields.parts
}

/// Sets `state` to what it was when the checkpoint was saved, bit for bit.
///
/// # Errors
/// As [`load`](super::load), with missing, unexpected and ill-formed values beside the tensors. After an error `state`
/// has not changed.
pub fn load_state(state: &mut dyn State, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    load(state, path.as_ref())
}

fn load(state: &mut dyn State, path: &Path) -> Result<(), CheckpointError> {
    let (origin, bytes) = atomic::read(path)?;
    let file = Container::parse(origin, &bytes)?;
    let Some(values) = file.note.as_ref().and_then(|note| note.values.as_ref()) else {
        return Err(CheckpointError::Layout {
            origin: file.origin,
            found: "it is no checkpoint",
            cure: "`load` reads a network that was saved by itself; a checkpoint is what `save_state` writes",
        });
    };
    let left = values.iter().map(|(name, value)| (&name[..], &**value)).collect();
    let wanted = Wanted { entries: Vec::new(), settings: BTreeMap::new(), left, problems: Vec::new() };
    let Parts::Check(Wanted { entries, settings, left, mut problems }) = walk(state, Parts::Check(wanted))
    else {
        return Ok(()); // the same parts that it received
    };
    problems.extend(left.keys().map(|name| Problem::new(name, Wrong::UnexpectedValue)));
    problems.extend(check::compare(&entries, &file, false, |_| false));
    problems.extend(check::compare_settings(&settings, &file, |_| false));
    let cure = "resume it with the network, the optimizer and the options that it was saved with";
    check::conclude(state.name(), &file, problems, cure)?;
    check::check_numbers(&entries, &file)?;
    walk(state, Parts::Restore { file: &file, values });
    Ok(())
}

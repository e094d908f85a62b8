//! Saving, checking and restoring a [`State`]: three walks over one list.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::path::Path;

use chainrule_parameters::{AsNetwork, Node};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use super::container::{Container, Note, Values, Written, serialize};
use super::entry::{Entry, collect, entries, fill};
use super::layout::join;
use super::mismatch::{Problem, Wrong};
use super::{KeepError, Origin, State, StateFields, atomic, check};
use crate::error::short_type_name;
use crate::layer::{Parameters, View, ViewMut};

/// Writes a checkpoint to a file, which is the old one or the new one at each moment: a process that is killed while it saves
/// leaves the old one whole.
///
/// # Errors
/// As [`save`](super::save); [`KeepError::Value`], and [`KeepError::SameName`] for a state that gives two parts one name.
pub fn save_checkpoint<S: State>(state: &S, path: impl AsRef<Path>) -> Result<(), KeepError> {
    let path = path.as_ref();
    let mut parts = Parts { origin: path.into(), tensors: Vec::new(), values: BTreeMap::new() };
    let mut result = Ok(());
    S::fields(&mut Save { state, prefix: "", parts: &mut parts, result: &mut result });
    result?;
    let mut seen = BTreeSet::new();
    if let Some((name, _)) = parts.tensors.iter().find(|(name, _)| !seen.insert(name)) {
        return Err(twice(name));
    }
    let note = Note::new("chainrule", short_type_name::<S>(), Some(parts.values));
    atomic::write(path, &serialize(&parts.origin, &parts.tensors, &note)?)
}

/// Sets `state` to what it was when the checkpoint was saved, bit for bit.
///
/// # Errors
/// As [`load`](super::load), with missing, unexpected and ill-formed values beside the tensors. Then nothing of `state` has changed.
pub fn load_checkpoint<S: State>(state: &mut S, path: impl AsRef<Path>) -> Result<(), KeepError> {
    let (origin, bytes) = atomic::read(path.as_ref())?;
    let file = Container::parse(origin, &bytes)?;
    let Some(values) = file.note.as_ref().and_then(|note| note.values.as_ref()) else {
        return Err(KeepError::Layout {
            origin: file.origin,
            found: "it is no checkpoint",
            cure: "`load` reads a network that was saved by itself; a checkpoint is what `save_checkpoint` writes",
        });
    };

    let mut check = Wanted {
        entries: Vec::new(),
        left: values.iter().map(|(name, value)| (&name[..], &**value)).collect(),
        problems: Vec::new(),
    };
    S::fields(&mut Check { state: PhantomData::<S>, prefix: "", wanted: &mut check });
    let Wanted { entries, left, mut problems } = check;
    problems.extend(left.keys().map(|name| Problem::new(name, Wrong::UnexpectedValue)));
    problems.extend(check::compare(&entries, &file, false, |_| false));
    check::conclude(short_type_name::<S>(), &file, problems, "resume it with the network and the optimiser it was saved from")?;
    check::check_numbers(&entries, &file)?;

    S::fields(&mut Restore { state, prefix: "", file: &file, values });
    Ok(())
}

/// A name that two parts have.
fn twice(name: &str) -> KeepError {
    KeepError::SameName { name: name.into(), first: name.into(), second: name.into() }
}

/// The tensors of a network that stands under this name.
fn entries_of(network: &Node, name: &str) -> Vec<Entry> {
    let mut entries = entries(network);
    entries.iter_mut().for_each(|entry| entry.name = join(name, &entry.path));
    entries
}

/// What is to be written.
struct Parts {
    origin: Origin,
    tensors: Vec<(String, Written)>,
    values: Values,
}

struct Save<'a, S> {
    state: &'a S,
    prefix: &'a str,
    parts: &'a mut Parts,
    result: &'a mut Result<(), KeepError>,
}

impl<S> StateFields<S> for Save<'_, S> {
    fn network<N: AsNetwork>(
        &mut self,
        name: &'static str,
        get: impl Fn(&S) -> &N,
        _: impl Fn(&mut S) -> &mut N,
    ) {
        if self.result.is_err() {
            return;
        }
        let entries = entries_of(&<N::Network as Parameters>::DESCRIPTION, &join(self.prefix, name));
        match collect(&self.parts.origin, View::of(get(self.state).as_network()), &entries) {
            Ok(tensors) => self.parts.tensors.extend(tensors),
            Err(error) => *self.result = Err(error),
        }
    }

    fn value<V: Serialize + DeserializeOwned>(
        &mut self,
        name: &'static str,
        get: impl Fn(&S) -> V,
        _: impl Fn(&mut S, V),
    ) {
        let name = join(self.prefix, name);
        // Read back at once: JSON writes a NaN as null, and such a checkpoint could never be resumed.
        let kept = to_raw_value(&get(self.state)).and_then(|value| {
            serde_json::from_str::<V>(value.get())?;
            Ok(value)
        });
        match kept {
            Ok(value) => {
                if self.parts.values.insert(name.clone(), value).is_some() {
                    *self.result = Err(twice(&name));
                }
            }
            Err(error) => *self.result = Err(KeepError::Value { name, reason: error.to_string() }),
        }
    }

    fn state<I: State>(&mut self, name: &'static str, get: impl Fn(&S) -> &I, _: impl Fn(&mut S) -> &mut I) {
        I::fields(&mut Save {
            state: get(self.state),
            prefix: &join(self.prefix, name),
            parts: self.parts,
            result: self.result,
        });
    }
}

/// What is to be found in a file.
struct Wanted<'a> {
    entries: Vec<Entry>,
    /// The file's values that nobody has asked for yet.
    left: BTreeMap<&'a str, &'a RawValue>,
    problems: Vec<Problem>,
}

struct Check<'a, 'f, S> {
    state: PhantomData<S>,
    prefix: &'a str,
    wanted: &'a mut Wanted<'f>,
}

impl<S> StateFields<S> for Check<'_, '_, S> {
    fn network<N: AsNetwork>(
        &mut self,
        name: &'static str,
        _: impl Fn(&S) -> &N,
        _: impl Fn(&mut S) -> &mut N,
    ) {
        self.wanted.entries.extend(entries_of(&<N::Network as Parameters>::DESCRIPTION, &join(self.prefix, name)));
    }

    fn value<V: Serialize + DeserializeOwned>(
        &mut self,
        name: &'static str,
        _: impl Fn(&S) -> V,
        _: impl Fn(&mut S, V),
    ) {
        let name = join(self.prefix, name);
        let wrong =
            match self.wanted.left.remove(&name[..]).map(|value| serde_json::from_str::<V>(value.get())) {
                Some(Ok(_)) => return,
                Some(Err(error)) => Wrong::Value { reason: error.to_string() },
                None => Wrong::MissingValue,
            };
        self.wanted.problems.push(Problem { name, wrong });
    }

    fn state<I: State>(&mut self, name: &'static str, _: impl Fn(&S) -> &I, _: impl Fn(&mut S) -> &mut I) {
        let prefix = &join(self.prefix, name);
        I::fields(&mut Check { state: PhantomData::<I>, prefix, wanted: self.wanted });
    }
}

/// After [`Check`] has found nothing wrong.
struct Restore<'a, S> {
    state: &'a mut S,
    prefix: &'a str,
    file: &'a Container<'a>,
    values: &'a Values,
}

impl<S> StateFields<S> for Restore<'_, S> {
    fn network<N: AsNetwork>(
        &mut self,
        name: &'static str,
        _: impl Fn(&S) -> &N,
        get_mut: impl Fn(&mut S) -> &mut N,
    ) {
        let entries = entries_of(&<N::Network as Parameters>::DESCRIPTION, &join(self.prefix, name));
        fill(ViewMut::of(get_mut(self.state).as_network_mut()), &entries, self.file);
    }

    fn value<V: Serialize + DeserializeOwned>(
        &mut self,
        name: &'static str,
        _: impl Fn(&S) -> V,
        set: impl Fn(&mut S, V),
    ) {
        let value = self.values.get(&join(self.prefix, name));
        if let Some(Ok(value)) = value.map(|value| serde_json::from_str(value.get())) {
            set(self.state, value);
        }
    }

    fn state<I: State>(
        &mut self,
        name: &'static str,
        _: impl Fn(&S) -> &I,
        get_mut: impl Fn(&mut S) -> &mut I,
    ) {
        I::fields(&mut Restore {
            state: get_mut(self.state),
            prefix: &join(self.prefix, name),
            file: self.file,
            values: self.values,
        });
    }
}

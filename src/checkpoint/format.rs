//! How a file names, orders and types its tensors.

use std::path::Path;

use super::container::{Container, Note, serialize};
use super::entry::{Entry, collect, entries, fill};
use super::layout::{Layout, below, check_names, join, to_pytorch};
use super::mismatch::{Problem, Wrong};
use super::{CheckpointError, Origin, atomic, check};
use crate::layer::{Owned, Parameters, View, ViewMut};
use chainrule_parameters::{AsNetwork, Named, Node};

/// How the tensors of a file are called and laid out: this crate's way, or PyTorch's, with names of one's own.
///
/// [`save`](super::save) and [`load`](super::load) are those of [`Format::chainrule`]. A format works both ways:
///
/// ```
/// use chainrule::checkpoint::Format;
/// use chainrule::prelude::*;
///
/// type Net = (Linear<4, 8>, Tanh, Linear<8, 2>);
///
/// // As the `state_dict` of a module with `self.hidden = nn.Linear(4, 8)` and `self.head = nn.Linear(8, 2)`.
/// let pytorch = Format::pytorch().rename("0", "hidden").rename("2", "head");
/// let net = Net::init(&mut rng(1));
/// let bytes = pytorch.to_bytes(&net)?;
/// let again = pytorch.from_bytes::<Net>(&bytes)?;
/// assert_eq!(again.parameters(), net.parameters());
/// # Ok::<(), chainrule::checkpoint::CheckpointError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Format {
    layout: Layout,
    within: Option<String>,
    renames: Vec<(String, String)>,
    orders: Vec<(String, bool)>,
    ignored: Vec<String>,
    convert: bool,
    without_metadata: bool,
}

impl Format {
    /// Names by path (`2.branch.0.weight`), numbers as they lie in memory.
    pub fn chainrule() -> Self {
        Self::new(Layout::Chainrule)
    }

    /// As a `state_dict` of PyTorch's.
    ///
    /// | here | there |
    /// |---|---|
    /// | `weight` of a [`Dense`](crate::layer::Dense), `[in, out]` | `weight`, `[out, in]` |
    /// | `weight` of a [`Conv1d`](crate::layer::Conv1d), `[K, in, out]` | `weight`, `[out, in, K]` |
    /// | `weight` of a two-dimensional convolution | the same |
    /// | `bias` of a `Dense` towards a sequence or an image | in one row, as `nn.Linear` has it |
    /// | `gain` of a norm, `slope` of a [`PRelu`](crate::layer::PRelu) | `weight` |
    /// | `running_variance` | `running_var` |
    /// | none | `num_batches_tracked`: not read, not written, not missed by `load_state_dict` |
    ///
    /// So weights of two and three sides have them in the opposite order there. Where that is wrong for a layer of your own, say
    /// so by [`reversed`](Format::reversed).
    pub fn pytorch() -> Self {
        Self::new(Layout::PyTorch)
    }

    fn new(layout: Layout) -> Self {
        Self {
            layout,
            within: None,
            renames: Vec::new(),
            orders: Vec::new(),
            ignored: Vec::new(),
            convert: false,
            without_metadata: false,
        }
    }

    /// What stands at or below the path `ours` in the network stands at or below `theirs` in the file. Of several that
    /// hold for a tensor, the longest does.
    ///
    /// `.rename("0", "encoder.first")` takes `0.weight` to `encoder.first.weight`.
    pub fn rename(mut self, ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        self.renames.push((ours.into(), theirs.into()));
        self
    }

    /// The whole network stands below this name in the file. What stands beside it there is nobody's business.
    pub fn within(self, name: impl Into<String>) -> Self {
        Self { within: Some(name.into()), ..self }
    }

    /// Passes over the tensors of the file at and below this name.
    pub fn ignore(mut self, theirs: impl Into<String>) -> Self {
        self.ignored.push(theirs.into());
        self
    }

    /// Whether the tensor of this path has its sides in the opposite order in the file (for two, whether it is transposed).
    pub fn reversed(mut self, ours: impl Into<String>, reversed: bool) -> Self {
        self.orders.push((ours.into(), reversed));
        self
    }

    /// Loads tensors of `F64`, `F32`, `F16` and `BF16` alike, each number as the nearest of the network's scalar.
    pub fn convert(self) -> Self {
        Self { convert: true, ..self }
    }

    /// Takes files that do not say by whom they were written: made by other programs, in this crate's names and layout.
    pub fn without_metadata(self) -> Self {
        Self { without_metadata: true, ..self }
    }

    /// Writes a network to a file, which is the old one or the new one at each moment.
    ///
    /// # Errors
    /// As [`save`](super::save); [`CheckpointError::NoSuchPath`] and [`CheckpointError::SameName`] for a format that does not fit the network.
    pub fn save(&self, network: &impl AsNetwork, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
        let path = path.as_ref();
        atomic::write(path, &self.write(View::of(network.as_network()), &path.into())?)
    }

    /// The network of a file.
    ///
    /// # Errors
    /// As [`load`](super::load); [`CheckpointError::NoSuchPath`] and [`CheckpointError::SameName`] for a format that does not fit the network.
    pub fn load<N: Parameters>(&self, path: impl AsRef<Path>) -> Result<Owned<N>, CheckpointError> {
        let (origin, bytes) = atomic::read(path.as_ref())?;
        self.read(&bytes, origin)
    }

    /// Sets a network to that of a file.
    ///
    /// # Errors
    /// As [`load`](Format::load). Then the network has not changed.
    pub fn load_into(
        &self,
        network: &mut impl AsNetwork,
        path: impl AsRef<Path>,
    ) -> Result<(), CheckpointError> {
        let (origin, bytes) = atomic::read(path.as_ref())?;
        self.fill(ViewMut::of(network.as_network_mut()), &bytes, origin)
    }

    /// A file's bytes.
    ///
    /// # Errors
    /// As [`save`](Format::save).
    pub fn to_bytes(&self, network: &impl AsNetwork) -> Result<Vec<u8>, CheckpointError> {
        self.write(View::of(network.as_network()), &Origin::Bytes)
    }

    /// The network of a file's bytes.
    ///
    /// # Errors
    /// As [`load`](Format::load).
    pub fn from_bytes<N: Parameters>(&self, bytes: &[u8]) -> Result<Owned<N>, CheckpointError> {
        self.read(bytes, Origin::Bytes)
    }

    fn write(&self, network: View<'_>, origin: &Origin) -> Result<Vec<u8>, CheckpointError> {
        let tensors = collect(origin, network, &self.entries(network.description())?)?;
        serialize(origin, &tensors, &Note::new(self.layout.name(), network.name().to_string(), None))
    }

    fn read<N: Parameters>(&self, bytes: &[u8], origin: Origin) -> Result<Owned<N>, CheckpointError> {
        let (entries, file) = self.check(&N::DESCRIPTION, <N as Named>::NAME.to_string(), bytes, origin)?;
        let mut network = Owned::zeros(); // not before the file is known to fit
        fill(ViewMut::of(&mut *network), &entries, &file);
        Ok(network)
    }

    fn fill(&self, network: ViewMut<'_>, bytes: &[u8], origin: Origin) -> Result<(), CheckpointError> {
        let (entries, file) = self.check(network.description(), network.name().to_string(), bytes, origin)?;
        fill(network, &entries, &file);
        Ok(())
    }

    /// A file that fits a network, tensor by tensor and number by number.
    fn check<'a>(
        &self,
        network: &Node,
        name: String,
        bytes: &'a [u8],
        origin: Origin,
    ) -> Result<(Vec<Entry>, Container<'a>), CheckpointError> {
        let entries = self.entries(network)?;
        let file = Container::parse(origin, bytes)?;
        self.check_layout(&file)?;
        let problems = check::compare(&entries, &file, self.convert, |name| self.ignores(name, &entries));
        let cure = cure(&file, &problems);
        check::conclude(name, &file, problems, cure)?;
        check::check_numbers(&entries, &file)?;
        Ok((entries, file))
    }

    /// A square matrix in the wrong layout is a transposed one, and nobody would notice: so the file must say what it is.
    fn check_layout(&self, file: &Container<'_>) -> Result<(), CheckpointError> {
        let said = file.note.as_ref().map(|note| &note.layout[..]);
        let (found, cure) = match (said, self.layout) {
            (Some("chainrule"), Layout::Chainrule) | (Some("pytorch") | None, Layout::PyTorch) => {
                return Ok(());
            }
            (None, Layout::Chainrule) if self.without_metadata => return Ok(()),
            (None, Layout::Chainrule) => (
                "it was not written by chainrule, so that nothing says in which layout its weights are",
                "load PyTorch's with `Format::pytorch()`, and others in our layout with `Format::chainrule().without_metadata()`",
            ),
            (Some("pytorch"), Layout::Chainrule) => {
                ("it was written in PyTorch's layout", "load it with `Format::pytorch()`")
            }
            (Some("chainrule"), Layout::PyTorch) => {
                ("it was written in chainrule's own layout", "load it with `Format::chainrule()`")
            }
            (Some(_), _) => ("it is in a layout that this chainrule does not know", "update chainrule"),
        };
        Err(CheckpointError::Layout { origin: file.origin.clone(), found, cure })
    }

    /// Whether a tensor of the file that no entry has is passed over.
    fn ignores(&self, name: &str, entries: &[Entry]) -> bool {
        let counter = || {
            let norm = name.strip_suffix("num_batches_tracked")?;
            entries.iter().find(|entry| entry.name.strip_suffix("running_mean") == Some(norm))
        };
        self.ignored.iter().any(|ignored| below(name, ignored).is_some())
            || self.within.as_ref().is_some_and(|within| below(name, within).is_none())
            || self.layout == Layout::PyTorch && counter().is_some()
    }

    /// The tensors of a network as this format has them.
    fn entries(&self, network: &Node) -> Result<Vec<Entry>, CheckpointError> {
        let mut entries = entries(network);
        let named = self.renames.iter().map(|(path, _)| path).chain(self.orders.iter().map(|(path, _)| path));
        for path in named {
            if !entries.iter().any(|entry| below(&entry.path, path).is_some()) {
                return Err(CheckpointError::NoSuchPath { path: path.clone() });
            }
        }
        if self.layout == Layout::PyTorch {
            to_pytorch(&mut entries);
        }
        for entry in &mut entries {
            let rename = |(ours, theirs): &(String, String)| {
                below(&entry.path, ours)?;
                // The path of one tensor becomes the whole name; that of a layer leaves the tensor's own name.
                let rest = if entry.path == *ours { "" } else { below(&entry.name, ours)? };
                Some((ours.len(), join(theirs, rest)))
            };
            if let Some((_, name)) = self.renames.iter().filter_map(rename).max_by_key(|(length, _)| *length)
            {
                entry.name = name;
            }
            if let Some(within) = &self.within {
                entry.name = join(within, &entry.name);
            }
            if let Some(&(_, reversed)) = self.orders.iter().rfind(|(path, _)| *path == entry.path)
                && reversed != entry.reversed
            {
                entry.reversed = reversed;
                entry.shape.reverse();
            }
        }
        check_names(&entries)?;
        Ok(entries)
    }
}

/// What to do about tensors that do not fit.
fn cure(file: &Container<'_>, problems: &[Problem]) -> &'static str {
    let checkpoint = file.note.as_ref().is_some_and(|note| note.values.is_some());
    if problems.iter().all(|problem| matches!(problem.wrong, Wrong::Scalar { .. })) {
        "`Format::convert` converts between floating-point scalars; or load it in the scalar of the file"
    } else if checkpoint && problems.iter().any(|problem| problem.name.starts_with("network.")) {
        "it is a checkpoint: `Format::chainrule().within(\"network\")` loads its network, `load_state` all of it"
    } else {
        "load it with the type it was saved from, or say by a `Format` how the file names its tensors"
    }
}

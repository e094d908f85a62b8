//! What can be wrong with a file, or with what should go into one.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Mismatch;

/// Where the numbers come from or go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Bytes in memory.
    Bytes,
    /// A file.
    File(PathBuf),
}

impl From<&Path> for Origin {
    fn from(path: &Path) -> Self {
        Self::File(path.into())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => f.write_str("the bytes"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A network or a checkpoint that could not be saved or loaded. Whatever it was to be loaded into has not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be opened or read: it is missing, or a folder.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file cannot be written: no room, no folder, no right to. What stood there before still does.
    #[error("{} cannot be written: {source}; what stood there before is unchanged", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The new file is in its place, but the system failed to put that on record.
    #[error("{} is written, but may be the old one again after a power cut: {source}", path.display())]
    Sync {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A device, a pipe or a folder stands there, which a file must not replace.
    #[error("{} is not a regular file, and is not replaced by one: give another path", path.display())]
    NotAFile {
        /// What was to be written to.
        path: PathBuf,
    },
    /// Not safetensors, or truncated, or damaged.
    #[error("{origin}: not a whole safetensors file: {reason}")]
    Broken {
        /// The file.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
    /// Written by a later version of this crate, in a way that this one does not know.
    #[error("{origin}: written in format {found}, and this chainrule reads formats up to {known}: update it")]
    Version {
        /// The file.
        origin: Origin,
        /// The file's format.
        found: u32,
        /// The latest that is known.
        known: u32,
    },
    /// The file is laid out in another way than the one it was to be read in.
    #[error("{origin}: {found}: {cure}")]
    Layout {
        /// The file.
        origin: Origin,
        /// Whose layout it has.
        found: &'static str,
        /// What to do.
        cure: &'static str,
    },
    /// Of another architecture: everything that does not fit.
    #[error(transparent)]
    Mismatch(#[from] Box<Mismatch>),
    /// A NaN or an infinity, in a file or in a network to be saved.
    #[error(
        "{origin}: tensor `{tensor}` has {value} at element {element}: only finite numbers are saved and loaded"
    )]
    NonFinite {
        /// The file.
        origin: Origin,
        /// The tensor's name in the file.
        tensor: String,
        /// Which number of the tensor, in the file's order.
        element: usize,
        /// The number itself.
        value: f64,
    },
    /// A number of `f64` that an `f32` cannot hold.
    #[error(
        "{origin}: tensor `{tensor}` has {value} at element {element}, more than an f32 can hold: load it in f64"
    )]
    TooLarge {
        /// The file.
        origin: Origin,
        /// The tensor's name in the file.
        tensor: String,
        /// Which number of the tensor, in the file's order.
        element: usize,
        /// The number itself.
        value: f64,
    },
    /// A small value that does not survive being written and read, such as a learning rate of NaN.
    #[error("the value `{name}` cannot be saved: {reason}")]
    Value {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Two tensors of the network would have one name in the file.
    #[error("`{first}` and `{second}` would both be `{name}` in the file: rename one of them")]
    SameName {
        /// The name in the file.
        name: String,
        /// The path of the one.
        first: String,
        /// The path of the other.
        second: String,
    },
    /// A [`Format`](super::Format) speaks of a part that the network does not have.
    #[error(
        "the format speaks of `{path}`, and the network has no tensor there: its paths are those of its `parameters()`"
    )]
    NoSuchPath {
        /// The path that was given.
        path: String,
    },
}

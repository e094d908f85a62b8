//! Floor 6: networks and checkpoints in files.
//!
//! A network is saved as [safetensors](https://github.com/huggingface/safetensors): a tensor for each parameter and each
//! [statistic](crate::layer::Role::Buffer), named by its path, as `2.branch.0.weight`. Python reads the file with
//! `safetensors.numpy.load_file`.
//!
//! ```
//! use chainrule::checkpoint;
//! use chainrule::prelude::*;
//!
//! type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("net.safetensors");
//! let net = Net::init(&mut rng(1));
//! checkpoint::save(&net, &path)?;
//! let again = checkpoint::load::<Net>(&path)?;
//! assert_eq!(again.parameters(), net.parameters());
//!
//! let other = checkpoint::load::<(Linear<2, 8>, Tanh, Linear<8, 3>)>(&path).err().unwrap().to_string();
//! assert!(other.contains("2.weight: [8, 1] in the file, [8, 3] by the network"), "{other}");
//! # Ok::<(), checkpoint::CheckpointError>(())
//! ```
//!
//! | what | how |
//! |---|---|
//! | a network in a program's own bytes | [`to_bytes`], and [`from_bytes`] of `include_bytes!` |
//! | a file of PyTorch's, or for it | [`Format::pytorch`] |
//! | other names, another scalar, a part of a file | [`Format`] |
//! | a run that can go on where it stopped | [`Trainer::save_state`](crate::Trainer::save_checkpoint) and [`resume`](crate::Trainer::resume); in a loop of one's own, [`State`] |
//!
//! Nothing in a file is trusted. It fits the network in every name, shape and scalar, and every number is finite, or it is a
//! [`CheckpointError`] that says all that is wrong, and nothing has changed. What a header claims is not allocated.
//!
//! A file is written beside the old one, synced to the disk, and then put in its place. A process that is killed in between leaves
//! a `.NAME.PROCESS.NUMBER.tmp` beside it, which may be deleted.

mod atomic;
mod check;
mod container;
mod entry;
mod error;
mod format;
mod layout;
mod mismatch;
mod number;
mod optimizers;
mod parts;
mod save_state;
mod state;

use std::path::Path;

use crate::layer::{Owned, Parameters};
use chainrule_parameters::AsNetwork;

pub use error::{CheckpointError, Origin};
pub use format::Format;
pub use mismatch::{Mismatch, Problem, Wrong};
pub use save_state::{load_state, save_state};
pub use state::{State, StateFields};

/// Writes a network to a file, which is the old one or the new one at each moment.
///
/// # Errors
/// [`CheckpointError::NonFinite`] for a network that could not be loaded again, and what the system says when the file cannot be
/// written; the old file is still there. [`CheckpointError::SameName`] where two layers have one name.
pub fn save(network: &impl AsNetwork, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    Format::chainrule().save(network, path)
}

/// The network of a file.
///
/// # Errors
/// [`CheckpointError::Mismatch`] for the file of another architecture: it lists every missing, unexpected, mis-shaped and mis-typed tensor at
/// once. [`CheckpointError::NonFinite`] for a NaN or an infinity, [`CheckpointError::Broken`] for what is damaged or no such file at all.
pub fn load<N: Parameters>(path: impl AsRef<Path>) -> Result<Owned<N>, CheckpointError> {
    Format::chainrule().load(path)
}

/// Sets a network to that of a file.
///
/// # Errors
/// As [`load`]. Then the network has not changed.
pub fn load_into(network: &mut impl AsNetwork, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    Format::chainrule().load_into(network, path)
}

/// The bytes of the file that [`save`] would write: the same for the same network.
///
/// # Errors
/// As [`save`], but for the system's.
pub fn to_bytes(network: &impl AsNetwork) -> Result<Vec<u8>, CheckpointError> {
    Format::chainrule().to_bytes(network)
}

/// The network of a file's bytes: `from_bytes::<Net>(include_bytes!("net.safetensors"))`.
///
/// # Errors
/// As [`load`].
pub fn from_bytes<N: Parameters>(bytes: &[u8]) -> Result<Owned<N>, CheckpointError> {
    Format::chainrule().from_bytes(bytes)
}

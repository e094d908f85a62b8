//! Tier 6: networks and checkpoints in files.
//!
//! A network is saved as [safetensors](https://github.com/huggingface/safetensors): a tensor for each parameter and
//! each [buffer](crate::layer::Role::Buffer), named by its path, such as `2.branch.0.weight`. Python reads the file
//! with `safetensors.numpy.load_file`.
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
//! | a network that is a `static` of the program, without a heap | [`save_image`], and [`include_network!`](crate::include_network) |
//! | a network on the heap from bytes in the program | [`to_bytes`], and [`from_bytes`] of `include_bytes!` |
//! | a file from or for PyTorch | [`Format::pytorch`] |
//! | other names, another scalar, a part of a file | [`Format`] |
//! | a training that can be resumed | [`Trainer::save_checkpoint`](crate::Trainer::save_checkpoint) and [`resume`](crate::Trainer::resume); in a training loop that you write yourself, [`State`] |
//!
//! Files are not trusted. Unless a file fits the network in every name, shape and scalar, and every number is finite,
//! loading returns a [`CheckpointError`] that lists all problems, and changes nothing. Sizes in a header are checked
//! before memory is allocated for them.
//!
//! A file names the type of its network. It does not load into a network of another type, even if every tensor fits,
//! unless [`Format::other_network`] allows it. The files of other programs, such as PyTorch's, name no type.
//!
//! A checkpoint restores what training changes. The settings, such as a momentum or a schedule, are those of the program
//! that loads it: [`State`] has the rule.
//!
//! A file is written to a temporary file in the same folder, synced to the disk, and renamed. A process that is killed
//! in between leaves a `.chainrule-KEY-PROCESS-NUMBER.tmp`, which the next save of the same file removes.

mod attention;
mod check;
mod container;
mod describe;
mod entry;
mod error;
mod file;
mod format;
mod image;
mod layout;
mod mismatch;
mod number;
mod optimizers;
mod parts;
mod recurrent;
mod save_state;
mod state;

use std::path::Path;

use crate::layer::{Owned, Parameters};
use chainrule_parameters::AsNetwork;

pub use error::{CheckpointError, Origin};
pub(crate) use file::{read as read_file, write as write_file};
pub use format::Format;
pub(crate) use image::{checked, with_header};
pub use image::{image_from_bytes, image_to_bytes, load_image, save_image};
pub use mismatch::{Mismatch, Problem, Wrong};
#[cfg(feature = "fit")]
pub(crate) use save_state::CheckedState;
pub(crate) use save_state::{StateFile, state_to_bytes};
pub use save_state::{load_state, save_state};
pub use state::{ChangedSetting, State, StateFields};

/// Writes a network to a file, atomically: at each moment the file is either the old one or the new one.
///
/// # Errors
/// [`CheckpointError::NonFinite`] for a network with a NaN or an infinity, and an error of the system when the file
/// cannot be written; the old file is unchanged. [`CheckpointError::SameName`] if two layers have the same name.
pub fn save(network: &impl AsNetwork, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    Format::chainrule().save(network, path)
}

/// Loads a network from a file.
///
/// # Errors
/// [`CheckpointError::Mismatch`] for the file of another architecture: it lists every missing, unexpected, mis-shaped
/// and mis-typed tensor at once. [`CheckpointError::OtherNetwork`] for another network all of whose tensors fit, such as
/// one with `Relu` in place of `Tanh`. [`CheckpointError::NonFinite`] for a NaN or an infinity, [`CheckpointError::Broken`]
/// for a damaged file, or one that is not safetensors.
pub fn load<N: Parameters>(path: impl AsRef<Path>) -> Result<Owned<N>, CheckpointError> {
    Format::chainrule().load(path)
}

/// Loads the parameters of a file into a network.
///
/// # Errors
/// As [`load`]. After an error the network has not changed.
pub fn load_into(network: &mut impl AsNetwork, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    Format::chainrule().load_into(network, path)
}

/// Returns the bytes of the file that [`save`] would write: the same for the same network.
///
/// # Errors
/// As [`save`], without the errors of the system.
pub fn to_bytes(network: &impl AsNetwork) -> Result<Vec<u8>, CheckpointError> {
    Format::chainrule().to_bytes(network)
}

/// Loads a network from the bytes of a file: `from_bytes::<Net>(include_bytes!("net.safetensors"))`.
///
/// # Errors
/// As [`load`].
pub fn from_bytes<N: Parameters>(bytes: &[u8]) -> Result<Owned<N>, CheckpointError> {
    Format::chainrule().from_bytes(bytes)
}

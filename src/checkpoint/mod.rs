// Tier 6.
//! Networks and checkpoints in files.
//!
//! A network is saved in the [safetensors](https://github.com/huggingface/safetensors) format: a tensor for each
//! parameter and each [buffer](crate::layer::Role::Buffer), named by its path, such as `2.branch.0.weight`. Python
//! reads the file with `safetensors.numpy.load_file`.
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
//! assert!(other.contains("2.weight: [8, 1] in the file, [8, 3] in the network"), "{other}");
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
//! Files are not trusted. If a file does not fit the network in every name, shape and scalar, or if a number is not
//! finite, loading returns a [`CheckpointError`] that lists all problems, and changes nothing. Sizes in a header are
//! checked before memory is allocated for them.
//!
//! A file contains the type of its network. It does not load into a network of another type, even if every tensor fits,
//! unless [`Format::other_network`] allows it. The files of other programs, such as PyTorch's, do not contain a type.
//!
//! A checkpoint restores what training changes. The settings, such as a momentum or a schedule, are taken from the
//! program that loads it: [`State`] describes the rule.
//!
//! A save writes a temporary file in the same folder, syncs it to the disk, and renames it. If the process is killed in
//! between, a `.chainrule-KEY-PROCESS-NUMBER.tmp` remains, which the next save of the same file removes.

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

/// Writes a network to a file, atomically: the file is always either the old one or the new one. The example of
/// [`checkpoint`](self) calls it.
///
/// # Errors
/// [`CheckpointError::NonFinite`] for a network with a NaN or an infinity. [`CheckpointError::Write`] and similar
/// errors if the file cannot be written; the old file is then unchanged. [`CheckpointError::SameName`] if two layers
/// have the same name.
#[doc(alias = "save model")]
#[doc(alias = "torch.save")]
#[doc(alias = "state_dict")]
#[doc(alias = "save_weights")]
#[doc(alias = "serialize")]
pub fn save(network: &impl AsNetwork, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    Format::chainrule().save(network, path)
}

/// Loads a network from a file. The example of [`checkpoint`](self) calls it.
///
/// # Errors
/// [`CheckpointError::Mismatch`] for the file of another architecture: it lists every missing and unexpected tensor,
/// and every wrong shape and scalar, at once. [`CheckpointError::OtherNetwork`] for another network with the same
/// tensors: for example, `Relu` in place of `Tanh`. [`CheckpointError::NonFinite`] for a NaN or an infinity.
/// [`CheckpointError::Broken`] for a file that is damaged or is not a safetensors file.
#[doc(alias = "load model")]
#[doc(alias = "torch.load")]
#[doc(alias = "load_state_dict")]
#[doc(alias = "load_weights")]
#[doc(alias = "deserialize")]
pub fn load<N: Parameters>(path: impl AsRef<Path>) -> Result<Owned<N>, CheckpointError> {
    Format::chainrule().load(path)
}

/// Loads the parameters of a file into an existing network.
///
/// ```
/// use chainrule::checkpoint;
/// use chainrule::prelude::*;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("net.safetensors");
/// let net = Linear::<2, 1>::init(&mut rng(1));
/// checkpoint::save(&net, &path)?;
/// let mut other = Linear::<2, 1>::init(&mut rng(2));
/// checkpoint::load_into(&mut other, &path)?;
/// assert_eq!(other.parameters(), net.parameters());
/// # Ok::<(), checkpoint::CheckpointError>(())
/// ```
///
/// # Errors
/// The same as [`load`]. After an error the network has not changed.
#[doc(alias = "load_state_dict")]
pub fn load_into(network: &mut impl AsNetwork, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    Format::chainrule().load_into(network, path)
}

/// Returns the bytes of the file that [`save`] would write. They are always the same for the same network.
///
/// ```
/// use chainrule::checkpoint;
/// use chainrule::prelude::*;
///
/// let net = Linear::<2, 1>::init(&mut rng(1));
/// let bytes = checkpoint::to_bytes(&net)?;
/// let again = checkpoint::from_bytes::<Linear<2, 1>>(&bytes)?;
/// assert_eq!(again.parameters(), net.parameters());
/// # Ok::<(), checkpoint::CheckpointError>(())
/// ```
///
/// # Errors
/// The same as [`save`], except the errors of the file system.
pub fn to_bytes(network: &impl AsNetwork) -> Result<Vec<u8>, CheckpointError> {
    Format::chainrule().to_bytes(network)
}

/// Loads a network from the bytes of a file: `from_bytes::<Net>(include_bytes!("net.safetensors"))`. The example of
/// [`to_bytes`] calls it.
///
/// # Errors
/// The same as [`load`].
pub fn from_bytes<N: Parameters>(bytes: &[u8]) -> Result<Owned<N>, CheckpointError> {
    Format::chainrule().from_bytes(bytes)
}

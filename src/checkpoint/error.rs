//! Errors of saving and loading.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Mismatch;
use crate::error::RankError;

/// The source or the destination of the bytes: the first part of an error message. See the example of
/// [`Mismatch`].
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

/// A network or a checkpoint could not be saved or loaded. If loading failed, the network has not changed.
///
/// ```
/// use chainrule::checkpoint::{self, CheckpointError};
/// use chainrule::prelude::*;
///
/// let error = checkpoint::load::<Linear<2, 1>>("no such file.safetensors").unwrap_err();
/// assert!(matches!(error, CheckpointError::Read { .. }));
/// assert!(error.to_string().starts_with("no such file.safetensors cannot be read"), "{error}");
///
/// let bytes = checkpoint::to_bytes(&Linear::<2, 1>::init(&mut rng(1)))?;
/// let error = checkpoint::from_bytes::<Linear<2, 1>>(&bytes[..40]).unwrap_err();
/// assert!(matches!(error, CheckpointError::Broken { .. }));
/// # Ok::<(), CheckpointError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be opened or read: it does not exist, or is a folder.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file cannot be written: the disk is full, the folder does not exist, or permission is denied. The old file
    /// is unchanged.
    #[error("{} cannot be written: {source}; the old file is unchanged", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The new file has replaced the old one, but syncing the folder to the disk failed.
    #[error("{} is written, but after a power failure it may be the old file again, because its folder was not synced: {source}", path.display())]
    Sync {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The path is a device, a pipe or a folder, which must not be replaced by a file.
    #[error("{} is not a regular file, so it is not replaced: give another path", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is not a safetensors file, or it is incomplete or damaged.
    #[error("{origin}: not a complete safetensors file: {reason}")]
    Broken {
        /// The file.
        origin: Origin,
        /// The reason.
        reason: String,
    },
    /// The file is not the image of this network, or it is damaged.
    #[error("{origin}: {reason}")]
    WrongImage {
        /// The file.
        origin: Origin,
        /// The reason.
        reason: String,
    },
    /// The file has a later version of the format than this crate can read.
    #[error(
        "{origin}: its format is {found}, but this version of chainrule reads formats up to {known}: update chainrule"
    )]
    Version {
        /// The file.
        origin: Origin,
        /// The version of the file's format.
        found: u32,
        /// The latest version that this crate reads.
        known: u32,
    },
    /// The file has another layout than the [`Format`](super::Format) that reads it.
    #[error("{origin}: {found}: {cure}")]
    Layout {
        /// The file.
        origin: Origin,
        /// The layout of the file.
        found: &'static str,
        /// A possible cure.
        cure: &'static str,
    },
    /// The file has another architecture: all mismatches.
    #[error(transparent)]
    Mismatch(#[from] Box<Mismatch>),
    /// The file has another network, although every tensor fits: with the same weights, this network computes something
    /// else.
    #[error(
        "{origin}: contains another network, although every tensor fits\n  into       {network}\n  saved from \
         {}\n{cure}",
        saved_from.escape_debug()
    )]
    OtherNetwork {
        /// The file.
        origin: Origin,
        /// The type of the network that should be loaded.
        network: String,
        /// The type of the network that was saved.
        saved_from: String,
        /// A possible cure.
        cure: &'static str,
    },
    /// A file, or a network that is saved, contains a NaN or an infinity.
    #[error(
        "{origin}: tensor `{tensor}` has {value} at element {element}: only finite numbers are saved and loaded"
    )]
    NonFinite {
        /// The file.
        origin: Origin,
        /// The tensor's name in the file.
        tensor: String,
        /// The index of the number in the tensor, in the order of the file.
        element: usize,
        /// The number.
        value: f64,
    },
    /// A number of an `f64` tensor is too large for an `f32`.
    #[error(
        "{origin}: tensor `{tensor}` has {value} at element {element}, which is too large for f32: load it as f64"
    )]
    TooLarge {
        /// The file.
        origin: Origin,
        /// The tensor's name in the file.
        tensor: String,
        /// The index of the number in the tensor, in the order of the file.
        element: usize,
        /// The number.
        value: f64,
    },
    /// A small value cannot be saved: for example a learning rate of NaN.
    #[error("the value `{name}` cannot be saved: {reason}")]
    Value {
        /// Its name.
        name: String,
        /// The reason.
        reason: String,
    },
    /// Two tensors of the network would have the same name in the file.
    #[error("`{first}` and `{second}` would both be `{name}` in the file: rename one of them")]
    SameName {
        /// The name in the file.
        name: String,
        /// The path of the first tensor.
        first: String,
        /// The path of the second tensor.
        second: String,
    },
    /// A [`Format`](super::Format) is set to `steps_first`, but a layer of the network puts the numbers of a sequence
    /// in the order of features.
    #[error(
        "the format is set to `steps_first`, but `{path}` is a `Flatten` or a `Reshape`, which has the features of a \
         sequence first: replace it and the linear layer after it by `Dense<Sequence<..>, Vector<..>>`"
    )]
    StepsFirst {
        /// The path of the layer.
        path: String,
    },
    /// The network has a recurrent layer, and a layer whose weights depend on the order of the numbers of a sequence in
    /// PyTorch.
    #[error(
        "the order of the weights at `{path}` depends on whether sequences in PyTorch have their steps or their \
         features first, which does not follow from a network with a recurrent layer: use \
         `Format::pytorch().steps_first()` if PyTorch flattens `[batch, steps, features]`, as after `nn.LSTM(.., \
         batch_first=True)`, otherwise `.features_first()`"
    )]
    StepsOrFeaturesFirst {
        /// The path of the layer or of its weight.
        path: String,
    },
    /// A [`Format`](super::Format) contains a path that the network does not have.
    #[error(
        "the format contains the path `{path}`, but the network has no tensor there: `parameters()` lists its paths"
    )]
    NoSuchPath {
        /// The path.
        path: String,
    },
    /// A format names the recurrent layers at a path, but there are none.
    #[error("the format names the recurrent layers at and below `{path}`, but the network has none there")]
    NoRecurrentLayer {
        /// The path.
        path: String,
    },
    /// A format names the blocks of a transformer at a path, but there are other layers.
    #[error(
        "the format names the blocks of a transformer at and below `{path}`, but the network has {} attention \
         layers, {} linear layers and {} norms there: a block has 1, 2 and 2 of these, and a block of a decoder 2, 2 \
         and 3",
        found[0], found[1], found[2]
    )]
    NoTransformerLayer {
        /// The path.
        path: String,
        /// The numbers of attention layers, linear layers and norms there.
        found: [usize; 3],
    },
    /// Another rank failed, or differs from this one: see [`distributed`](crate::distributed).
    #[error(transparent)]
    Rank(Box<RankError>),
}

impl From<RankError> for CheckpointError {
    fn from(error: RankError) -> Self {
        Self::Rank(Box::new(error))
    }
}

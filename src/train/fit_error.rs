use std::path::PathBuf;

use crate::Error;
use crate::checkpoint::CheckpointError;
use crate::data::DataError;

/// What ends a [`Trainer::fit`](crate::Trainer::fit) before its time.
///
/// The network is as it was after the last step that was taken, or the best one so far if it was to
/// [stop early](crate::Fit::stop_early); the checkpoint on the disk is whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// No epoch to train for.
    #[error("0 epochs leave the network as it is: train for at least 1, as in `Fit::epochs(1)`")]
    NoEpochs,
    /// Batches without samples.
    #[error("a batch of 0 samples has no loss: give each batch at least 1, as in `.batch_size(1)`")]
    NoBatch,
    /// Something that follows the validation loss, without a validation set.
    #[error("{what} needs a validation set, and there is none: give one with `.validate(&data)`")]
    NoValidation {
        /// What needs it.
        what: String,
    },
    /// A setting outside its range.
    #[error(transparent)]
    Setting(Error),
    /// A step that could not be taken.
    #[error("epoch {epoch}: {source}")]
    Training {
        /// In which epoch; the first is 1.
        epoch: u64,
        /// What is wrong with the batch, or with the network.
        source: Error,
    },
    /// The validation set, after an epoch.
    #[error("validation after epoch {epoch}: {source}")]
    Validation {
        /// After which epoch.
        epoch: u64,
        /// What is wrong; samples are counted over the whole set.
        source: Error,
    },
    /// A metric, after an epoch.
    #[error("the metric `{name}` after epoch {epoch}: {source}")]
    Metric {
        /// After which epoch.
        epoch: u64,
        /// The metric's name.
        name: String,
        /// What the metric says.
        source: Error,
    },
    /// A log that cannot be written, or a name that it cannot have.
    #[error("the log: {0}")]
    Log(#[source] Box<DataError>),
    /// A checkpoint that cannot be written or read.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[source] CheckpointError),
    /// The checkpoint of a run over other data.
    #[error("the checkpoint {} is of a run over other data: {source}", path.display())]
    OtherData {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: Box<DataError>,
    },
}

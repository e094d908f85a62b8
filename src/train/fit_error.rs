use std::path::PathBuf;

use crate::Error;
use crate::checkpoint::CheckpointError;
use crate::data::DataError;

/// An error of [`Trainer::fit`](crate::Trainer::fit).
///
/// The network is that after the last successful step, or the best one so far with [early
/// stopping](crate::Fit::stop_early). The checkpoint on the disk is complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The number of epochs is 0.
    #[error("0 epochs leave the network as it is: train for at least 1, as in `Fit::epochs(1)`")]
    NoEpochs,
    /// The batch size is 0.
    #[error("a batch of 0 samples has no loss: give each batch at least 1, as in `.batch_size(1)`")]
    NoBatch,
    /// An option needs the validation loss, but there is no validation set.
    #[error("{what} needs a validation set, and there is none: give one with `.validate(&data)`")]
    NoValidation {
        /// The option.
        what: String,
    },
    /// A setting is outside its range.
    #[error(transparent)]
    Setting(Error),
    /// A step failed.
    #[error("epoch {epoch}: {source}")]
    Training {
        /// The epoch; the first is 1.
        epoch: u64,
        /// The error of the batch or the network.
        source: Error,
    },
    /// The validation failed, after an epoch.
    #[error("validation after epoch {epoch}: {source}")]
    Validation {
        /// The epoch.
        epoch: u64,
        /// The error; samples are counted over the whole set.
        source: Error,
    },
    /// A metric failed, after an epoch.
    #[error("the metric `{name}` after epoch {epoch}: {source}")]
    Metric {
        /// The epoch.
        epoch: u64,
        /// The metric's name.
        name: String,
        /// The error of the metric.
        source: Error,
    },
    /// The log cannot be written, or a name is invalid.
    #[error("the log: {0}")]
    Log(#[source] Box<DataError>),
    /// The checkpoint cannot be written or read.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[source] CheckpointError),
    /// The checkpoint is from a run with other data.
    #[error("the checkpoint {} is of a run over other data: {source}", path.display())]
    OtherData {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: Box<DataError>,
    },
}

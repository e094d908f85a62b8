use std::path::PathBuf;

use super::Monitor;
use crate::Error;
use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::error::RankError;
use crate::schedule::Schedule;

/// An error of [`Trainer::fit`](crate::Trainer::fit).
///
/// An error before the first step leaves everything as it was: the trainer, the checkpoint and the logs. After a later
/// error (`Training`, `Validation`, `Metric`, or a file that can no longer be written), the network is that after the
/// last successful step, or the best one so far with [early stopping](crate::Fit::stop_early), and the checkpoint on the
/// disk is complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The number of epochs is 0.
    #[error("0 epochs leave the network as it is: train for at least 1, as in `Fit::epochs(1)`")]
    NoEpochs,
    /// The batch size is 0.
    #[error("a batch of 0 samples has no loss: give each batch at least 1, as in `.batch_size(1)`")]
    NoBatch,
    /// The patience of early stopping is 0.
    #[error(
        "early stopping with a patience of 0 would stop before the first epoch: `.stop_early(1)` stops after the first \
         epoch that is no better"
    )]
    NoPatience,
    /// The samples of an epoch cannot be drawn as the options say, have no complete batch, or cannot be read.
    #[error("the batches cannot be made: {0}")]
    Batches(#[source] Box<DataError>),
    /// An option needs a validation set, but there is none.
    #[error("{what} needs a validation set, and there is none: give one with `.validate(&data)`")]
    NoValidation {
        /// The option.
        what: String,
    },
    /// The run should monitor a value that it does not measure.
    #[error("no value of an epoch is called `{name}`: there are {}", names.join(", "))]
    NoSuchValue {
        /// The name of the [`Monitor`](crate::Monitor).
        name: String,
        /// The names of the values.
        names: Vec<String>,
    },
    /// The plateau watches for larger values, and the run for smaller ones.
    #[error(
        "the plateau waits for larger values, and `{monitor}` for smaller ones: monitor a value that should become \
         large, as in `.monitor(Monitor::max(\"accuracy\"))`"
    )]
    OtherDirection {
        /// What the run monitors.
        monitor: Box<Monitor>,
    },
    /// A setting is outside its range.
    #[error(transparent)]
    Setting(Error),
    /// The schedule has ended at a learning rate of 0, so that no step would change the network.
    #[error(
        "the learning rate is 0 for the whole of this call: `{schedule}` began at step {start}, and this is step {step}; \
         set a new schedule for this call, as in `trainer = trainer.schedule(..)`, or let it end above 0, as in \
         `Schedule::cosine(steps).floor(0.1)`"
    )]
    NoLearningRate {
        /// The schedule.
        schedule: Box<Schedule>,
        /// The step at which it began.
        start: u64,
        /// The step that would be the first of this call.
        step: u64,
    },
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
    /// The checkpoint is of a run over a data set of another length.
    #[error(
        "the checkpoint {} is of a run over {saved} samples, and this data set has {samples}: give it the data that \
         the run began with, or allow others by `.other_data()`",
        path.display()
    )]
    OtherData {
        /// The file.
        path: PathBuf,
        /// How many samples the data set of the file has.
        saved: u64,
        /// How many samples this one has.
        samples: usize,
    },
    /// Another rank failed, or does not have the same: see [`distributed`](crate::distributed).
    #[error(transparent)]
    Rank(#[from] RankError),
}

impl From<CheckpointError> for FitError {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Rank(error) => Self::Rank(*error),
            error => Self::Checkpoint(error),
        }
    }
}

use std::path::PathBuf;

use super::Monitor;
use crate::Error;
use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::error::RankError;
use crate::schedule::Schedule;

/// An error of [`Trainer::fit`](crate::Trainer::fit).
///
/// An error before the first step changes nothing: neither the trainer, nor the checkpoint, nor the logs. After a later
/// error (`Training`, `Validation`, `Metric`, or a file that can no longer be written), the network is the one after
/// the last successful step, or the best one so far with [early stopping](crate::Fit::stop_early). The checkpoint on
/// the disk is complete.
///
/// ```
/// use chainrule::data::Dataset;
/// use chainrule::{FitError, prelude::*};
///
/// let net = Linear::<1, 1>::init(&mut rng(1));
/// let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1), 1);
/// let data = Dataset::new(vec![Vector([1.0])], vec![Vector([2.0])])?;
/// let error = trainer.fit(&data, Fit::epochs(2).stop_early(3)).unwrap_err();
/// assert!(matches!(error, FitError::NoValidation { .. }), "early stopping has no validation loss: {error}");
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The number of epochs is 0.
    #[error("0 epochs would not change the network: train for at least 1, as in `Fit::epochs(1)`")]
    NoEpochs,
    /// The batch size is 0.
    #[error("a batch of 0 samples has no loss: give each batch at least 1, as in `.batch_size(1)`")]
    NoBatch,
    /// The patience of early stopping is 0.
    #[error(
        "early stopping with a patience of 0 would stop before the first epoch: `.stop_early(1)` stops after the \
         first epoch without an improvement"
    )]
    NoPatience,
    /// The samples of an epoch cannot be drawn as set in the options, have no complete batch, or cannot be read.
    #[error("the batches cannot be created: {0}")]
    Batches(#[source] Box<DataError>),
    /// An option needs a validation set, but there is none.
    #[error("{what} needs a validation set, but there is none: give one with `.validate(&data)`")]
    NoValidation {
        /// The option.
        what: String,
    },
    /// The monitored value is not measured in this run.
    #[error("there is no value `{name}` in an epoch: the values are {}", names.join(", "))]
    NoSuchValue {
        /// The name of the [`Monitor`](crate::Monitor).
        name: String,
        /// The names of the values.
        names: Vec<String>,
    },
    /// The plateau waits for larger values, but the run monitors a value that should become smaller.
    #[error(
        "the plateau waits for larger values, but `{monitor}` for smaller ones: monitor a value that should become \
         large, as in `.monitor(Monitor::max(\"accuracy\"))`"
    )]
    OtherDirection {
        /// The monitored value.
        monitor: Box<Monitor>,
    },
    /// A setting is outside its range.
    #[error(transparent)]
    Setting(Error),
    /// The schedule has ended at a learning rate of 0, so that no step would change the network.
    #[error(
        "the learning rate is 0 in all steps of this call: `{schedule}` started at step {start}, and this is step \
         {step}; set a new schedule for this call, as in `trainer = trainer.schedule(..)`, or let it end above 0, as \
         in `Schedule::cosine(steps).floor(0.1)`"
    )]
    NoLearningRate {
        /// The schedule.
        schedule: Box<Schedule>,
        /// The step at which it began.
        start: u64,
        /// The step at which this call would start.
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
    /// The checkpoint belongs to a run over a data set of another length.
    #[error(
        "the checkpoint {} belongs to a run over {saved} samples, but this data set has {samples}: use the data that \
         the run started with, or allow other data with `.other_data()`",
        path.display()
    )]
    OtherData {
        /// The file.
        path: PathBuf,
        /// The number of samples in the data set of the saved run.
        saved: u64,
        /// The number of samples in this data set.
        samples: usize,
    },
    /// Another rank failed, or differs from this one: see [`distributed`](crate::distributed).
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

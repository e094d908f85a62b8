use std::ops::ControlFlow;
use std::path::PathBuf;

use rand::Rng;

use super::FitError;
use crate::Error;
use crate::data::Dataset;
#[cfg(feature = "flow")]
use crate::flow::Recorder;
use crate::optimizer::check_share;
use crate::schedule::Plateau;

/// A measure of all outputs for a data set.
type Metric<'a, Y, Target> = Box<dyn FnMut(&[Y], &[Target]) -> Result<f64, Error> + 'a>;
type Callback<'a> = Box<dyn FnMut(&Epoch) -> ControlFlow<()> + 'a>;
type Augment<'a, X> = Box<dyn FnMut(&mut X, &mut dyn Rng) + 'a>;

/// How long and with what a [`Trainer::fit`](crate::Trainer::fit) trains.
///
/// `X`, `Target` and `Y` are the types of inputs, targets and outputs, and follow from the data and the network.
#[must_use]
pub struct Fit<'a, X, Target, Y> {
    pub(super) epochs: u64,
    pub(super) batch_size: usize,
    pub(super) validation: Option<&'a Dataset<X, Target>>,
    pub(super) metrics: Vec<(String, Metric<'a, Y, Target>)>,
    pub(super) patience: Option<u64>,
    pub(super) plateau: Option<Plateau>,
    pub(super) decay: Option<f64>,
    pub(super) augment: Option<Augment<'a, X>>,
    pub(super) checkpoint: Option<PathBuf>,
    /// In steps; 0 for the end of each epoch alone.
    pub(super) every: u64,
    pub(super) logs: Vec<PathBuf>,
    #[cfg(feature = "flow")]
    pub(super) recorder: Option<&'a mut Recorder>,
    pub(super) on_epoch: Option<Callback<'a>>,
    pub(super) quiet: bool,
}

/// What an epoch has come to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// Which one; the first is 1.
    pub number: u64,
    /// The steps that the trainer has taken in all.
    pub steps: u64,
    /// The mean loss of its batches, each before its step.
    pub loss: f64,
    /// The mean loss of the validation set at its end, if there is one.
    pub validation_loss: Option<f64>,
    /// Each metric of the validation set, by its name.
    pub metrics: Vec<(String, f64)>,
    /// Whether the validation loss is the least so far.
    pub best: bool,
}

impl Epoch {
    /// The metric of this name.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(other, _)| other == name).map(|&(_, value)| value)
    }
}

impl<'a, X, Target, Y> Fit<'a, X, Target, Y> {
    /// So many times over the data set, in batches of 32.
    pub fn epochs(epochs: u64) -> Self {
        Self {
            epochs,
            batch_size: 32,
            validation: None,
            metrics: vec![],
            patience: None,
            plateau: None,
            decay: None,
            augment: None,
            checkpoint: None,
            every: 0,
            logs: vec![],
            #[cfg(feature = "flow")]
            recorder: None,
            on_epoch: None,
            quiet: false,
        }
    }

    /// In batches of so many samples; the last of an epoch has what is left.
    pub fn batch_size(self, samples: usize) -> Self {
        Self { batch_size: samples, ..self }
    }

    /// Measures the loss of this data set after each epoch.
    pub fn validate(self, data: &'a Dataset<X, Target>) -> Self {
        Self { validation: Some(data), ..self }
    }

    /// Measures this on the whole validation set after each epoch: [`accuracy`](crate::metrics::accuracy), say, or a
    /// function of one's own. A value that is not finite is left out of the history.
    pub fn metric(
        mut self,
        name: impl Into<String>,
        of: impl FnMut(&[Y], &[Target]) -> Result<f64, Error> + 'a,
    ) -> Self {
        self.metrics.push((name.into(), Box::new(of)));
        self
    }

    /// Stops when the validation loss has not fallen below its least for so many epochs in a row. However it ends, the
    /// network is then the one of the least validation loss.
    pub fn stop_early(self, patience: u64) -> Self {
        Self { patience: Some(patience.max(1)), ..self }
    }

    /// Multiplies the learning rate where the validation loss has stopped falling, under a schedule too.
    pub fn plateau(self, plateau: Plateau) -> Self {
        Self { plateau: Some(plateau), ..self }
    }

    /// Takes the network after each step into an [`ExponentialMovingAverage`](crate::optimizer::Average) of this decay. It is the average
    /// that is validated, and the network at the end.
    pub fn average(self, decay: f64) -> Self {
        Self { decay: Some(decay), ..self }
    }

    /// Changes each input by chance before it is trained on, as [`Loader::augment`](crate::data::Loader::augment).
    pub fn augment(self, change: impl FnMut(&mut X, &mut dyn Rng) + 'a) -> Self {
        Self { augment: Some(Box::new(change)), ..self }
    }

    /// Saves all of the run to this file after each epoch. If the file is there already, the run goes on from it: bit for
    /// bit as if it had not been stopped.
    pub fn checkpoint(self, path: impl Into<PathBuf>) -> Self {
        Self { checkpoint: Some(path.into()), ..self }
    }

    /// As [`checkpoint`](Self::checkpoint), after every so many steps too.
    pub fn checkpoint_every(self, steps: u64, path: impl Into<PathBuf>) -> Self {
        Self { every: steps, ..self.checkpoint(path) }
    }

    /// Keeps the history in this file too, `.csv` or `.jsonl`. What is there already is replaced.
    pub fn log(mut self, path: impl Into<PathBuf>) -> Self {
        self.logs.push(path.into());
        self
    }

    /// Writes down the flow of gradients, as [`Trainer::step_recorded`](crate::Trainer::step_recorded). A checkpoint does
    /// not hold the records.
    #[cfg(feature = "flow")]
    pub fn record(self, recorder: &'a mut Recorder) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// Calls this after each epoch, when the checkpoint is written. [`ControlFlow::Break`] ends the training.
    pub fn on_epoch(self, callback: impl FnMut(&Epoch) -> ControlFlow<()> + 'a) -> Self {
        Self { on_epoch: Some(Box::new(callback)), ..self }
    }

    /// Shows no progress bar. Where the standard error is not a terminal there is none anyway.
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Whether the options make sense together.
    pub(super) fn check(&self) -> Result<(), FitError> {
        if self.epochs == 0 {
            return Err(FitError::NoEpochs);
        }
        if self.batch_size == 0 {
            return Err(FitError::NoBatch);
        }
        if self.validation.is_none() {
            let metric = self.metrics.first().map(|(name, _)| format!("the metric `{name}`"));
            let stop = self.patience.map(|_| "early stopping".into());
            let plateau = self.plateau.map(|_| "a plateau".into());
            if let Some(what) = stop.or(plateau).or(metric) {
                return Err(FitError::NoValidation { what });
            }
        }
        let average = self.decay.map_or(Ok(()), |decay| check_share("the decay of an average", decay));
        let plateau = self.plateau.map_or(Ok(()), |plateau| plateau.check());
        average.and(plateau).map_err(FitError::Setting)
    }

    /// What stands in each row of the history.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let validation = self.validation.map(|_| VALIDATION_LOSS.into());
        let metrics = self.metrics.iter().map(|(name, _)| name.clone());
        [LOSS.into()].into_iter().chain(validation).chain(metrics)
    }
}

pub(super) const LOSS: &str = "loss";
pub(super) const VALIDATION_LOSS: &str = "validation loss";

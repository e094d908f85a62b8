use std::ops::ControlFlow;
use std::path::PathBuf;

use rand::Rng;

use super::{FitError, Monitor};
use crate::Error;
use crate::data::{Dataset, Loader, Sampling, Source};
#[cfg(feature = "flow")]
use crate::flow::Recorder;
use crate::optimizer::check_share;
use crate::schedule::Plateau;

/// A metric of all outputs for a data set.
pub(super) type Metric<'a, Y, Target> = Box<dyn FnMut(&[Y], &[Target]) -> Result<f64, Error> + 'a>;
type Callback<'a> = Box<dyn FnMut(&Epoch) -> ControlFlow<()> + 'a>;
type Augment<'a, X> = Box<dyn FnMut(&mut X, &mut dyn Rng) + 'a>;

/// The options of [`Trainer::fit`](crate::Trainer::fit).
///
/// `X`, `Target` and `Y` are the types of inputs, targets and outputs, and follow from the data and the network.
#[must_use]
pub struct Fit<'a, X, Target, Y> {
    pub(super) epochs: u64,
    pub(super) batch_size: usize,
    pub(super) drop_last: bool,
    pub(super) sampling: Option<Sampling>,
    pub(super) validation: Option<&'a Dataset<X, Target>>,
    pub(super) metrics: Vec<(String, Metric<'a, Y, Target>)>,
    pub(super) monitor: Monitor,
    pub(super) patience: Option<u64>,
    /// Whether the network is the best one at the end.
    pub(super) keep_best: bool,
    /// The file of the best network.
    pub(super) best_file: Option<PathBuf>,
    pub(super) plateau: Option<Plateau>,
    pub(super) decay: Option<f64>,
    pub(super) augment: Option<Augment<'a, X>>,
    pub(super) checkpoint: Option<PathBuf>,
    /// The steps between two checkpoints; 0 for the end of each epoch only.
    pub(super) every: u64,
    pub(super) logs: Vec<PathBuf>,
    #[cfg(feature = "flow")]
    pub(super) recorder: Option<&'a mut Recorder>,
    pub(super) on_epoch: Option<Callback<'a>>,
    pub(super) quiet: bool,
    pub(super) other_data: bool,
    pub(super) other_network: bool,
}

/// The results of an epoch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// The number of the epoch; the first is 1.
    pub number: u64,
    /// The steps that the trainer has taken in all.
    pub steps: u64,
    /// The mean loss of its batches, each computed before its step.
    pub loss: f64,
    /// How many of its batches had no target that counts, and were skipped: all were ignored, or of weight 0.
    pub skipped: u64,
    /// The mean loss of the validation set at its end, if there is one.
    pub validation_loss: Option<f64>,
    /// Each metric of the validation set, by its name.
    pub metrics: Vec<(String, f64)>,
    /// Whether the [monitored](Fit::monitor) value is the best so far: by default, whether the validation loss is the
    /// least.
    pub best: bool,
}

impl Epoch {
    /// Returns the metric of this name.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(other, _)| other == name).map(|&(_, value)| value)
    }
}

impl<'a, X, Target, Y> Fit<'a, X, Target, Y> {
    /// Trains for `epochs` epochs, in batches of 32.
    pub fn epochs(epochs: u64) -> Self {
        Self {
            epochs,
            batch_size: 32,
            drop_last: false,
            sampling: None,
            validation: None,
            metrics: vec![],
            monitor: Monitor::default(),
            patience: None,
            keep_best: false,
            best_file: None,
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
            other_data: false,
            other_network: false,
        }
    }

    /// Sets the batch size; the last batch of an epoch has the remaining samples.
    pub fn batch_size(self, samples: usize) -> Self {
        Self { batch_size: samples, ..self }
    }

    /// Leaves out the last batch of an epoch if it is incomplete, as [`Loader::drop_last`](crate::data::Loader::drop_last).
    pub fn drop_last(self) -> Self {
        Self { drop_last: true, ..self }
    }

    /// Draws the samples of each epoch so: by weights, balanced by class, with or without replacement. A checkpoint is
    /// resumed with the samples that the epoch began with; if the program has changed the sampling, an epoch that was
    /// begun begins again.
    pub fn sample(self, sampling: Sampling) -> Self {
        Self { sampling: Some(sampling), ..self }
    }

    /// Measures the loss of this data set after each epoch, in evaluation mode and without label smoothing: see
    /// [`Loss::evaluate`](crate::loss::Loss::evaluate).
    pub fn validate(self, data: &'a Dataset<X, Target>) -> Self {
        Self { validation: Some(data), ..self }
    }

    /// Computes this metric on the whole validation set after each epoch: [`accuracy`](crate::metrics::accuracy), for
    /// example, or a function that you write yourself. A value that is not finite is left out of the history.
    pub fn metric(
        mut self,
        name: impl Into<String>,
        of: impl FnMut(&[Y], &[Target]) -> Result<f64, Error> + 'a,
    ) -> Self {
        self.metrics.push((name.into(), Box::new(of)));
        self
    }

    /// Sets the value that [`stop_early`](Self::stop_early), [`keep_best`](Self::keep_best),
    /// [`save_best`](Self::save_best) and [`plateau`](Self::plateau) look at, by its name: the training `loss`, the
    /// `validation loss` or a metric. By default it is the validation loss.
    ///
    /// ```
    /// # use chainrule::data::Dataset;
    /// # use chainrule::metrics::accuracy;
    /// # use chainrule::prelude::*;
    /// # let labels = (0..40).map(|at| Label::<2>::new(at % 2)).collect::<Result<_, _>>()?;
    /// # let test = Dataset::new((0..40).map(|at| Vector([at as f32])).collect(), labels)?;
    /// let options = Fit::epochs(30)
    ///     .validate(&test)
    ///     .metric("accuracy", accuracy)
    ///     .monitor(Monitor::max("accuracy").min_delta(0.001))
    ///     .stop_early(3);
    /// # let net = Linear::<1, 2>::init(&mut rng(1));
    /// # Trainer::new(net, CrossEntropy::default(), Adam::new(0.01), 1).fit(&test, options.quiet())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn monitor(self, monitor: Monitor) -> Self {
        Self { monitor, ..self }
    }

    /// Stops when the [monitored](Self::monitor) value, by default the validation loss, has not improved for
    /// `patience` epochs in a row: with 1, after the first epoch that is no better. At the end, the network is that of
    /// the best epoch. A patience of 0 is an error.
    ///
    /// A [`Plateau`] counts its patience in another way: it acts one epoch later, when *more than* its patience of epochs
    /// in a row did not improve. And [`Monitor::min_delta`] is a difference, while a plateau's threshold is relative to
    /// the best value by default.
    pub fn stop_early(self, patience: u64) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Sets the network at the end to that of the epoch whose [monitored](Self::monitor) value was best, without
    /// stopping earlier.
    pub fn keep_best(self) -> Self {
        Self { keep_best: true, ..self }
    }

    /// Saves the network to this file after each epoch whose [monitored](Self::monitor) value is the best so far.
    /// [`checkpoint::load`](crate::checkpoint::load) reads it.
    pub fn save_best(self, path: impl Into<PathBuf>) -> Self {
        Self { best_file: Some(path.into()), ..self }
    }

    /// Reduces the learning rate when the [monitored](Self::monitor) value, by default the validation loss, has
    /// stopped improving. Whether larger is better follows from the monitor. It can be combined with a schedule.
    pub fn plateau(self, plateau: Plateau) -> Self {
        Self { plateau: Some(plateau), ..self }
    }

    /// Updates an [`ExponentialMovingAverage`](crate::optimizer::ExponentialMovingAverage) of this decay after each
    /// step, whose decay rate warms up. The average is validated, and is the network at the end.
    pub fn average(self, decay: f64) -> Self {
        Self { decay: Some(decay), ..self }
    }

    /// Augments each input at random before it is trained on, as [`Loader::augment`](crate::data::Loader::augment).
    pub fn augment(self, change: impl FnMut(&mut X, &mut dyn Rng) + 'a) -> Self {
        Self { augment: Some(Box::new(change)), ..self }
    }

    /// Saves the state of the run to this file after each epoch. If the file exists already, the run continues from it.
    ///
    /// **The rule.** What training changes comes from the file: network, moments, random numbers, steps, history, the
    /// place in the epoch. What the program says comes from the program: the number of epochs, the batch size, the
    /// optimizer's settings, the schedule, clipping, the loss, and all options here. If these are the same, the run
    /// continues bit for bit as if it had not been stopped. For each setting that is not the same as in the program that
    /// saved the file, a line is printed, unless the training is [`quiet`](Self::quiet).
    ///
    /// * A schedule continues at the step of the file, even if it is another one.
    /// * A learning rate that the program has changed multiplies what a plateau has made of the old one.
    /// * Early stopping and an average that are added begin with the next epoch; without them, their networks in the
    ///   file are ignored. So does the search for the best epoch if the program monitors another value.
    /// * If the file already has all epochs, nothing is trained, and a line says so.
    ///
    /// The file of another network or a data set of another length is an error, unless
    /// [`other_network`](Self::other_network) or [`other_data`](Self::other_data) allows it. The loss is compared by its
    /// type only, and data by their length only.
    pub fn checkpoint(self, path: impl Into<PathBuf>) -> Self {
        Self { checkpoint: Some(path.into()), ..self }
    }

    /// As [`checkpoint`](Self::checkpoint), and also saves every `steps` steps.
    pub fn checkpoint_every(self, steps: u64, path: impl Into<PathBuf>) -> Self {
        Self { every: steps, ..self.checkpoint(path) }
    }

    /// Continues from a checkpoint although its run was over a data set of another length. An epoch that it had begun
    /// begins again, with these data.
    pub fn other_data(self) -> Self {
        Self { other_data: true, ..self }
    }

    /// Continues from a checkpoint although it is of another network, if every tensor fits: `Relu` in place of `Tanh`,
    /// for example.
    pub fn other_network(self) -> Self {
        Self { other_network: true, ..self }
    }

    /// Writes the history to this file too, `.csv` or `.jsonl`. An existing file is replaced.
    pub fn log(mut self, path: impl Into<PathBuf>) -> Self {
        self.logs.push(path.into());
        self
    }

    /// Records the gradient flow, as [`Trainer::step_recorded`](crate::Trainer::step_recorded). A checkpoint does not
    /// contain the records.
    ///
    /// Each [warning](Recorder::warnings) of its rules is printed. A rule that stops the training is a
    /// [`FitError::Training`] with [`Error::StoppedByRule`]: its step has been taken, and the checkpoint is the last one.
    #[cfg(feature = "flow")]
    pub fn record(self, recorder: &'a mut Recorder) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// Calls this function after each epoch, after the checkpoint is written. [`ControlFlow::Break`] ends the training.
    pub fn on_epoch(self, callback: impl FnMut(&Epoch) -> ControlFlow<()> + 'a) -> Self {
        Self { on_epoch: Some(Box::new(callback)), ..self }
    }

    /// Prints nothing. By default, a line is printed for each epoch to the standard error, with a progress bar if that is a
    /// terminal, and a line for whatever a reader of the program would not expect, such as a schedule that ends before
    /// the last epoch.
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Checks that the options are consistent.
    pub(super) fn check(&self) -> Result<(), FitError> {
        if self.epochs == 0 {
            return Err(FitError::NoEpochs);
        }
        if self.batch_size == 0 {
            return Err(FitError::NoBatch);
        }
        if self.patience == Some(0) {
            return Err(FitError::NoPatience);
        }
        let metric = self.metrics.first().map(|(name, _)| format!("the metric `{name}`"));
        let stop = self.patience.map(|_| "early stopping".into());
        let plateau = self.plateau.map(|_| "a plateau".into());
        let best = (self.keep_best || self.best_file.is_some()).then(|| "the best network".into());
        let monitors = stop.or(plateau).or(best);
        let names: Vec<_> = self.names().collect();
        let is_measured = names.contains(&self.monitor.name);
        if self.validation.is_none() {
            let of_validation = monitors.clone().filter(|_| self.monitor.name != LOSS);
            if let Some(what) = of_validation.or(metric) {
                return Err(FitError::NoValidation { what });
            }
        }
        if !is_measured && (monitors.is_some() || self.monitor != Monitor::default()) {
            return Err(FitError::NoSuchValue { name: self.monitor.name.clone(), names });
        }
        if self.plateau.is_some_and(|plateau| plateau.maximize && !self.monitor.maximize) {
            return Err(FitError::OtherDirection { monitor: Box::new(self.monitor.clone()) });
        }
        let average = self.decay.map_or(Ok(()), |decay| check_share("the decay of an average", decay));
        let plateau = self.plateau.map_or(Ok(()), |plateau| plateau.check());
        average.and(plateau).and(self.monitor.check()).map_err(FitError::Setting)
    }

    /// Returns the batches, as the options say.
    pub(super) fn loader(
        &mut self,
        data: &'a dyn Source<Input = X, Target = Target>,
    ) -> Result<Loader<'a, X, Target>, FitError>
    where
        X: Copy,
        Target: Copy,
    {
        let mut loader = Loader::new(data, self.batch_size).map_err(|_| FitError::NoBatch)?;
        if let Some(sampling) = self.sampling.take() {
            loader = loader.sample(sampling).map_err(|error| FitError::Batches(error.into()))?;
        }
        if self.drop_last {
            loader = loader.drop_last().map_err(|error| FitError::Batches(error.into()))?;
        }
        if let Some(change) = self.augment.take() {
            loader = loader.augment(change);
        }
        Ok(loader)
    }

    /// Returns the names of the values in each row of the history.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let validation = self.validation.map(|_| VALIDATION_LOSS.into());
        let metrics = self.metrics.iter().map(|(name, _)| name.clone());
        [LOSS.into()].into_iter().chain(validation).chain(metrics)
    }
}

pub(super) const LOSS: &str = "loss";
pub(super) const VALIDATION_LOSS: &str = "validation loss";

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

/// A metric over all outputs for a data set.
pub(super) type Metric<'a, Y, Target> = Box<dyn FnMut(&[Y], &[Target]) -> Result<f64, Error> + 'a>;
type Callback<'a> = Box<dyn FnMut(&Epoch) -> ControlFlow<()> + 'a>;
type Augment<'a, X> = Box<dyn FnMut(&mut X, &mut dyn Rng) + 'a>;

/// The options of [`Trainer::fit`](crate::Trainer::fit).
///
/// `X`, `Target` and `Y` are the types of the inputs, targets and outputs. They follow from the data and the network.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use chainrule::data::Dataset;
/// use chainrule::metrics::r_squared;
/// use chainrule::prelude::*;
/// use chainrule::rand::RngExt;
/// type Net = (Linear<1, 16>, Tanh, Linear<16, 1>);
///
/// # let folder = tempfile::tempdir()?;
/// # let (checkpoint, best, log) = ["run", "best", "log.csv"].map(|name| folder.path().join(name)).into();
/// let square = |at: i32| (Vector([at as f32 / 50.0]), Vector([(at as f32 / 50.0).powi(2)]));
/// let data = Dataset::from_pairs((-50..50).map(square))?;
/// let (train, test) = data.split(0.8, &mut rng(1))?;
///
/// let options = Fit::epochs(40)
///     .batch_size(16)
///     .drop_last() // only complete batches
///     .augment(|x: &mut Vector<1>, rng| x[0] += 0.01 * (rng.random::<f32>() - 0.5))
///     .validate(&test)
///     .metric("R2", r_squared)
///     .stop_early(10) // on the validation loss; restores the best network
///     .plateau(Plateau::new(0.5, 3))
///     .checkpoint(&checkpoint) // a second call of this program continues from here
///     .save_best(&best)
///     .log(&log)
///     .on_epoch(|epoch| if epoch.loss < 1e-6 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
///     .quiet();
///
/// let mut trainer = Trainer::new(Net::init(&mut rng(2)), MeanSquaredError, Adam::new(0.02), 3);
/// let history = trainer.fit(&train, options)?;
/// assert!(history.values("validation loss").last().unwrap().1 < 0.01);
/// assert!(checkpoint.exists() && best.exists() && log.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "training arguments")]
#[doc(alias = "TrainingArguments")]
#[doc(alias = "callbacks")]
#[doc(alias = "early stopping")]
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
    /// Whether the network at the end is the best one.
    pub(super) keep_best: bool,
    /// The file of the best network.
    pub(super) best_file: Option<PathBuf>,
    pub(super) plateau: Option<Plateau>,
    pub(super) decay: Option<f64>,
    pub(super) augment: Option<Augment<'a, X>>,
    pub(super) checkpoint: Option<PathBuf>,
    /// The number of steps between two checkpoints; 0 to save only at the end of each epoch.
    pub(super) every: u64,
    pub(super) logs: Vec<PathBuf>,
    #[cfg(feature = "flow")]
    pub(super) recorder: Option<&'a mut Recorder>,
    pub(super) on_epoch: Option<Callback<'a>>,
    pub(super) quiet: bool,
    pub(super) other_data: bool,
    pub(super) other_network: bool,
}

/// The results of an epoch. The function of [`Fit::on_epoch`] gets them, as in the example of [`Fit`].
#[doc(alias = "logs")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// The number of the epoch; the first is 1.
    pub number: u64,
    /// The number of steps that the trainer has taken so far.
    pub steps: u64,
    /// The mean loss of its batches. The loss of each batch is computed before its step.
    pub loss: f64,
    /// The number of skipped batches: all their targets were ignored or had weight 0.
    pub skipped: u64,
    /// The mean loss of the validation set at the end of the epoch, if there is a validation set.
    pub validation_loss: Option<f64>,
    /// Each metric of the validation set, by its name.
    pub metrics: Vec<(String, f64)>,
    /// Whether the [monitored](Fit::monitor) value is the best so far. By default, this is whether the validation loss
    /// is the lowest.
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

    /// Sets the batch size. The last batch of an epoch contains the remaining samples.
    #[doc(alias = "minibatch")]
    pub fn batch_size(self, samples: usize) -> Self {
        Self { batch_size: samples, ..self }
    }

    /// Leaves out the last batch of an epoch if it is incomplete: see
    /// [`Loader::drop_last`](crate::data::Loader::drop_last).
    pub fn drop_last(self) -> Self {
        Self { drop_last: true, ..self }
    }

    /// Draws the samples of each epoch in another way: by weights, balanced by class, with or without replacement. A
    /// checkpoint is resumed with the samples that its epoch started with. If the program has changed the sampling, an
    /// unfinished epoch starts again.
    #[doc(alias = "WeightedRandomSampler")]
    pub fn sample(self, sampling: Sampling) -> Self {
        Self { sampling: Some(sampling), ..self }
    }

    /// Measures the loss of this data set after each epoch, in evaluation mode and without label smoothing: see
    /// [`Loss::evaluate`](crate::loss::Loss::evaluate).
    #[doc(alias = "validation_data")]
    pub fn validate(self, data: &'a Dataset<X, Target>) -> Self {
        Self { validation: Some(data), ..self }
    }

    /// Computes this metric on the whole validation set after each epoch: for example
    /// [`accuracy`](crate::metrics::accuracy), or a function that you write yourself. A value that is not finite is
    /// left out of the history.
    pub fn metric(
        mut self,
        name: impl Into<String>,
        of: impl FnMut(&[Y], &[Target]) -> Result<f64, Error> + 'a,
    ) -> Self {
        self.metrics.push((name.into(), Box::new(of)));
        self
    }

    /// Sets the value that [`stop_early`](Self::stop_early), [`keep_best`](Self::keep_best),
    /// [`save_best`](Self::save_best) and [`plateau`](Self::plateau) compare, by its name: the training `loss`, the
    /// `validation loss` or a metric. The default is the validation loss.
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

    /// Stops when the [monitored](Self::monitor) value, by default the validation loss, has not improved for `patience`
    /// epochs in a row: with 1, after the first epoch without an improvement. At the end, the network of the best epoch
    /// is restored. A patience of 0 is an error.
    ///
    /// A [`Plateau`] counts its patience in another way: it acts one epoch later, when *more than* its patience of
    /// epochs in a row did not improve. Also, [`Monitor::min_delta`] is a difference, but a plateau's threshold is
    /// relative to the best value by default.
    #[doc(alias = "early stopping")]
    #[doc(alias = "EarlyStopping")]
    #[doc(alias = "patience")]
    pub fn stop_early(self, patience: u64) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Restores the network of the epoch with the best [monitored](Self::monitor) value at the end, without stopping
    /// earlier.
    #[doc(alias = "restore_best_weights")]
    pub fn keep_best(self) -> Self {
        Self { keep_best: true, ..self }
    }

    /// Saves the network to this file after each epoch that has the best [monitored](Self::monitor) value so far.
    /// [`checkpoint::load`](crate::checkpoint::load) reads it.
    #[doc(alias = "ModelCheckpoint")]
    #[doc(alias = "save_best_only")]
    pub fn save_best(self, path: impl Into<PathBuf>) -> Self {
        Self { best_file: Some(path.into()), ..self }
    }

    /// Reduces the learning rate when the [monitored](Self::monitor) value, by default the validation loss, has stopped
    /// improving. The monitor determines whether larger or smaller values are better. You can combine it with a
    /// schedule.
    #[doc(alias = "ReduceLROnPlateau")]
    pub fn plateau(self, plateau: Plateau) -> Self {
        Self { plateau: Some(plateau), ..self }
    }

    /// Updates an [`ExponentialMovingAverage`](crate::optimizer::ExponentialMovingAverage) of the weights after each
    /// step. Its decay rate rises to `decay` during a warmup. The averaged network is the one that is validated, and
    /// the network at the end.
    #[doc(alias = "EMA")]
    pub fn average(self, decay: f64) -> Self {
        Self { decay: Some(decay), ..self }
    }

    /// Changes each input at random before the training step: see [`Loader::augment`](crate::data::Loader::augment).
    #[doc(alias = "data augmentation")]
    #[doc(alias = "transforms")]
    pub fn augment(self, change: impl FnMut(&mut X, &mut dyn Rng) + 'a) -> Self {
        Self { augment: Some(Box::new(change)), ..self }
    }

    /// Saves the state of the run to this file after each epoch. If the file exists already, the run continues from it.
    ///
    /// **The rule.** What training changes is taken from the file: network, moments, random numbers, steps, history,
    /// the position in the epoch. What the program sets is taken from the program: the number of epochs, the batch
    /// size, the optimizer's settings, the schedule, the clipping, the loss, and all options here. If these are the
    /// same, the run continues bit for bit as if it had not been stopped. For each setting that differs from the
    /// program that saved the file, a line is printed, unless the training is [`quiet`](Self::quiet).
    ///
    /// * A schedule continues at the step of the file, even if it is another one.
    /// * If the program has changed the learning rate, the reductions of a plateau so far are applied to the new rate.
    /// * Early stopping or an average that the program has added starts with the next epoch. If the program has removed
    ///   them, their networks in the file are ignored. The search for the best epoch starts again if the program
    ///   monitors another value.
    /// * If the file already has all epochs, nothing is trained, and a line says so.
    ///
    /// The file of another network, or of a data set of another length, is an error, unless
    /// [`other_network`](Self::other_network) or [`other_data`](Self::other_data) allows it. Only the type of the loss
    /// and the length of the data are compared.
    #[doc(alias = "ModelCheckpoint")]
    #[doc(alias = "resume_from_checkpoint")]
    pub fn checkpoint(self, path: impl Into<PathBuf>) -> Self {
        Self { checkpoint: Some(path.into()), ..self }
    }

    /// Saves the state like [`checkpoint`](Self::checkpoint), and also every `steps` steps.
    pub fn checkpoint_every(self, steps: u64, path: impl Into<PathBuf>) -> Self {
        Self { every: steps, ..self.checkpoint(path) }
    }

    /// Continues from a checkpoint even if its run used a data set of another length. An unfinished epoch starts again,
    /// with these data.
    pub fn other_data(self) -> Self {
        Self { other_data: true, ..self }
    }

    /// Continues from a checkpoint even if it contains another network, if every tensor fits: for example `Relu` in
    /// place of `Tanh`.
    pub fn other_network(self) -> Self {
        Self { other_network: true, ..self }
    }

    /// Also writes the history to this file, `.csv` or `.jsonl`. An existing file is replaced.
    #[doc(alias = "CSVLogger")]
    pub fn log(mut self, path: impl Into<PathBuf>) -> Self {
        self.logs.push(path.into());
        self
    }

    /// Records the gradient flow: see [`Trainer::step_recorded`](crate::Trainer::step_recorded). A checkpoint does not
    /// contain the records.
    ///
    /// Each [warning](Recorder::warnings) of the recorder's rules is printed. If a rule stops the training, `fit`
    /// returns [`FitError::Training`] with [`Error::StoppedByRule`]. The step has then been taken, and the checkpoint
    /// is the last one that was saved.
    #[cfg(feature = "flow")]
    pub fn record(self, recorder: &'a mut Recorder) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// Calls this function after each epoch, after the checkpoint is written. [`ControlFlow::Break`] ends the training.
    #[doc(alias = "callback")]
    #[doc(alias = "LambdaCallback")]
    pub fn on_epoch(self, callback: impl FnMut(&Epoch) -> ControlFlow<()> + 'a) -> Self {
        Self { on_epoch: Some(Box::new(callback)), ..self }
    }

    /// Prints nothing. By default, a line is printed for each epoch to the standard error, with a progress bar if that
    /// is a terminal. Another line is printed for anything unusual, such as a schedule that ends before the last epoch.
    #[doc(alias = "verbose")]
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

    /// Returns the batches, made with these options.
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

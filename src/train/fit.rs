//! The loop over epochs.

use std::ops::ControlFlow;

use super::options::{LOSS, VALIDATION_LOSS};
use super::progress::Progress;
use super::run::{Parts, Run};
use super::{Epoch, Fit, FitError, Trainer};
use crate::Error;
use crate::checkpoint::State;
use crate::data::{Dataset, Loader};
use crate::layer::Bare;
use crate::layer::{Layer, Parameters, Workspace};
use crate::loss::{Loss, TargetFor};
use crate::metrics::History;
use crate::network::{Data, InputOf, Network};
use crate::tensor::{Sample, Tensor};

/// The batch size for evaluation.
const EVALUATED_AT_ONCE: usize = 256;

impl<N, L, O> Trainer<N, L, O> {
    /// Trains over epochs of shuffled batches, as the [options](Fit) say. Returns the history.
    ///
    /// The history has a row for each epoch, with `loss`, `validation loss` and each metric by its name. The order of
    /// the samples and all other random numbers follow from the trainer's seed.
    ///
    /// ```
    /// use chainrule::data::Dataset;
    /// use chainrule::metrics::accuracy;
    /// use chainrule::prelude::*;
    /// type Net = (Linear<1, 8>, Tanh, Linear<8, 2>);
    ///
    /// let sign = |at: i32| (Vector([at as f32 / 100.0]), Label::<2>::new(usize::from(at > 0)).unwrap());
    /// let data = Dataset::from_pairs((-100..100).map(sign))?;
    /// let (train, test) = data.split(0.8, &mut rng(1))?;
    ///
    /// let mut trainer = Trainer::new(Net::init(&mut rng(2)), CrossEntropy::default(), Adam::new(0.01), 3);
    /// let history = trainer.fit(
    ///     &train,
    ///     Fit::epochs(30).batch_size(16).validate(&test).metric("accuracy", accuracy).stop_early(3),
    /// )?;
    /// let (_step, right) = history.values("accuracy").last().unwrap();
    /// assert!(right > 0.9, "{right}");
    /// assert!(trainer.evaluate(&test)? < 0.3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Resuming
    /// With a [checkpoint](Fit::checkpoint), the same program continues bit for bit when it is started again: the file
    /// contains the trainer, the place in the epoch, the history and the state of the options. The data, the loss and
    /// the options come from the program. Load the network alone by `Format::chainrule().within("trainer.network")`, or
    /// the best one by `within("best")`.
    ///
    /// # Errors
    /// [`FitError`]. A number that is not finite stops the training with [`Error::NonFiniteStep`] inside, which names
    /// the layer and the step. The network is then that before the step, or the best one with [`Fit::stop_early`].
    pub fn fit<'a, X: Clone, Y: Tensor, Target>(
        &mut self,
        data: &'a Dataset<X, Target>,
        mut options: Fit<'a, X, Target, Y>,
    ) -> Result<History, FitError>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Sync,
        O: State,
        Target: TargetFor<L, Y> + Clone,
    {
        options.check()?;
        let mut loader = Loader::new(data, options.batch_size).map_err(|_| FitError::NoBatch)?;
        if let Some(change) = options.augment.take() {
            loader = loader.augment(change);
        }
        let parts = Parts { best: options.patience.is_some(), average: options.decay.is_some() };
        let mut run = Run::new(self, parts, options.decay.unwrap_or(0.0), options.plateau);
        let mut history = run.course.history(options.names()).map_err(|error| FitError::Log(error.into()))?;
        if let Some(path) = &options.checkpoint {
            if run.resume(path)? {
                let place = run.course.place.clone();
                loader
                    .resume(place)
                    .map_err(|source| FitError::OtherData { path: path.clone(), source: source.into() })?;
                history = run.course.history(options.names()).map_err(|error| FitError::Log(error.into()))?;
            } else {
                run.save(path)?; // reports a path that cannot be written now, not after the first epoch
            }
        }
        for log in &options.logs {
            history = history.log_to(log).map_err(|error| FitError::Log(error.into()))?;
        }
        let ended = run.train(&mut loader, &mut options, &mut history);
        run.finish();
        ended.map(|()| history)
    }

    /// Returns the mean loss of a data set in evaluation mode: without dropout and without gradients.
    ///
    /// # Errors
    /// Invalid data: see [`Error`].
    pub fn evaluate<X, Y: Tensor, Target: TargetFor<L, Y>>(
        &self,
        data: &Dataset<X, Target>,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
    {
        let network = Data::network::<Bare>(&self.network);
        evaluate(network, &self.loss, Data::samples(data.inputs()), data.targets(), |_: &[Y]| ())
    }
}

impl<N: Parameters, L, O> Run<'_, N, L, O> {
    /// Trains from the current place of the run to its end.
    fn train<X: Clone, Y: Tensor, Target>(
        &mut self,
        loader: &mut Loader<'_, X, Target>,
        options: &mut Fit<'_, X, Target, Y>,
        history: &mut History,
    ) -> Result<(), FitError>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Sync,
        O: State,
        Target: TargetFor<L, Y> + Clone,
    {
        let batches = loader.batches() as u64;
        let done = self.course.epoch * batches + loader.place().position.div_ceil(options.batch_size) as u64;
        let mut progress = Progress::new(options.quiet, options.epochs, batches, done);
        while self.course.epoch < options.epochs
            && options.patience.is_none_or(|most| self.course.waited < most)
        {
            let epoch = self.course.epoch + 1;
            progress.epoch(epoch);
            while let Some((inputs, targets)) = loader.next(&mut self.trainer.rng) {
                #[cfg(feature = "flow")]
                let stepped = match &mut options.recorder {
                    Some(recorder) => self.trainer.step_recorded(inputs, targets, recorder),
                    None => self.trainer.step(inputs, targets),
                };
                #[cfg(not(feature = "flow"))]
                let stepped = self.trainer.step(inputs, targets);
                let loss = stepped.map_err(|source| FitError::Training { epoch, source })?;
                if options.decay.is_some() {
                    self.average.update(&self.trainer.network).map_err(FitError::Setting)?;
                }
                progress.step(self.course.add(loss, targets.len()));
                let turn = options.every > 0 && self.trainer.steps.is_multiple_of(options.every);
                if let Some(path) = options.checkpoint.as_ref().filter(|_| turn) {
                    self.course.place = loader.place().clone();
                    self.save(path)?;
                }
            }
            let epoch = self.end_epoch(options, history)?;
            if let Some(path) = &options.checkpoint {
                self.course.place = loader.place().clone();
                self.save(path)?;
            }
            progress.ended(&epoch);
            if let Some(callback) = &mut options.on_epoch
                && progress.suspend(|| callback(&epoch)) == ControlFlow::Break(())
            {
                break;
            }
        }
        Ok(())
    }

    /// Validates, and updates the best network, the learning rate and early stopping.
    fn end_epoch<X, Y: Tensor, Target>(
        &mut self,
        options: &mut Fit<'_, X, Target, Y>,
        history: &mut History,
    ) -> Result<Epoch, FitError>
    where
        Data: InputOf<X, N, Y>,
        Target: TargetFor<L, Y>,
    {
        let (loss, steps) = (self.course.end_epoch(), self.trainer.steps);
        let number = self.course.epoch;
        let mut epoch = Epoch { number, steps, loss, validation_loss: None, metrics: vec![], best: false };
        if let Some(data) = options.validation {
            let mut outputs = Vec::new();
            let keep = |some: &[Y]| {
                if !options.metrics.is_empty() {
                    outputs.extend_from_slice(some);
                }
            };
            let network = Data::network::<Bare>(self.network());
            let (inputs, targets) = (Data::samples(data.inputs()), data.targets());
            let loss = evaluate(network, &self.trainer.loss, inputs, targets, keep)
                .map_err(|source| FitError::Validation { epoch: number, source })?;
            for (name, of) in &mut options.metrics {
                let value = of(&outputs, targets).map_err(|source| FitError::Metric {
                    epoch: number,
                    name: name.clone(),
                    source,
                })?;
                epoch.metrics.push((name.clone(), value));
            }
            (epoch.validation_loss, epoch.best) = (Some(loss), self.is_best(loss));
            let factor = self.course.observe(loss);
            self.trainer.scale_rate(factor);
        }
        let validation = epoch.validation_loss.map(|loss| (VALIDATION_LOSS, loss));
        let metrics = epoch.metrics.iter().map(|(name, value)| (&name[..], *value));
        let values: Vec<_> = [(LOSS, loss)].into_iter().chain(validation).chain(metrics).collect();
        self.course.record(history, steps, &values).map_err(|error| FitError::Log(error.into()))?;
        Ok(epoch)
    }
}

/// Returns the mean loss over a data set, and calls `see` with the outputs of each batch.
fn evaluate<X: Sample, Y: Tensor, N: Layer<X, Output = Y>, L, Target: TargetFor<L, Y>>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[Target],
    mut see: impl FnMut(&[Y]),
) -> Result<f64, Error> {
    let mut workspace = Workspace::default();
    let mut outputs: Vec<Y> = bytemuck::zeroed_vec(EVALUATED_AT_ONCE.min(inputs.len()));
    let mut sum = 0.0;
    let batches = inputs.chunks(EVALUATED_AT_ONCE).zip(targets.chunks(EVALUATED_AT_ONCE));
    for (at, (inputs, targets)) in batches.enumerate() {
        let outputs = &mut outputs[..inputs.len()];
        let mean = network
            .predict_into(inputs, outputs, &mut workspace)
            .and_then(|()| Target::compare_by(loss).mean(outputs, targets))
            .map_err(|error| error.in_batch(at * EVALUATED_AT_ONCE))?;
        sum += mean * inputs.len() as f64;
        see(outputs);
    }
    Ok(sum / inputs.len() as f64)
}

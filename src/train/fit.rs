//! The training loop over epochs.

use std::fs;
use std::ops::ControlFlow;

use chainrule_parameters::append_copies;

use super::evaluate::evaluate;
use super::options::{LOSS, Metric, VALIDATION_LOSS};
use super::progress::Progress;
use super::run::{Course, Run};
use super::{Epoch, Fit, FitError, Trainer};
use crate::Error;
use crate::checkpoint::{self, ChangedSetting, State};
use crate::data::{Dataset, Loader, Source};
use crate::layer::compare::copy;
use crate::layer::{Bare, Owned, Parameters, View};
use crate::loss::TargetFor;
use crate::metrics::History;
use crate::network::{Data, InputOf, plan};
use crate::optimizer::first_non_finite;
use crate::schedule::Rate;
use crate::tensor::Tensor;

impl<N, L, O> Trainer<N, L, O> {
    /// Trains over epochs of shuffled batches, with these [options](Fit). Returns the history.
    ///
    /// The data are a [`Dataset`], or another [`Source`], for example windows of a [text](crate::text) on the disk.
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
    /// With a [checkpoint](Fit::checkpoint), the same program continues bit for bit when it is started again: what
    /// training changes is taken from the file, what the program sets is taken from the program. To load only the
    /// network, use `Format::chainrule().within("trainer.network")`, or `within("best")` for the best one.
    ///
    /// # Calling fit again
    /// A second `fit` continues where the first one ended, under the same schedule. If the schedule has ended at a
    /// learning rate of 0, the call is an error: set a new one with [`schedule`](Trainer::schedule).
    ///
    /// # Ignored targets
    /// A batch whose targets are all ignored, or all have weight 0, is skipped: no step is taken, and it does not count
    /// in the epoch's mean. A line states the number of skipped batches, and [`Epoch::skipped`] contains it. If all
    /// batches of an epoch are skipped, `fit` returns [`Error::NoWeight`].
    ///
    /// # Several ranks
    /// [Across](Trainer::across) ranks, only the first one prints, validates, writes files and calls the functions of
    /// the options, except [`augment`](Fit::augment), which every rank calls. All ranks must have the same options, and
    /// data of the same length. They all return the same history.
    ///
    /// # Errors
    /// [`FitError`]. An error before the first step does not change the trainer or the files. A number that is not
    /// finite stops the training; the error contains [`Error::NonFiniteStep`], which names the layer and the step. The
    /// network is then the one before this step, or the best one with [`Fit::stop_early`].
    #[doc(alias = "train")]
    #[doc(alias = "training loop")]
    #[doc(alias = "model.fit")]
    pub fn fit<'a, X: Copy, Y: Tensor, Target>(
        &mut self,
        data: &'a dyn Source<Input = X, Target = Target>,
        mut options: Fit<'a, X, Target, Y>,
    ) -> Result<History, FitError>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Sync,
        O: State,
        Target: TargetFor<L, Y> + Copy,
    {
        let loader = options.check().and_then(|()| options.loader(data));
        let mut loader = self.settle(loader)?;
        self.check_ranks(&options, &loader, data.len(), plan::<X, N, Y>())?;
        let mut run = Run::new(self, &options, &loader, data.len());

        // Nothing changes before everything has been checked.
        let path = options.checkpoint.as_deref();
        let file = path.map(|path| run.trainer.read(path)).transpose()?.flatten();
        let resumable = match (&file, path) {
            (Some(file), Some(path)) => {
                let checked = run.check(file, path, &options, &mut loader);
                Some(run.trainer.settle(checked)?)
            }
            _ => None,
        };
        let course = resumable.as_ref().map_or(&run.course, |file| &file.course);
        let rate = run.trainer.rate.clone();
        let (steps, start) = match &resumable {
            Some(file) => (file.steps, file.schedule_start),
            None => (run.trainer.steps, rate.start),
        };
        let history = course.history(options.names()).map_err(|error| FitError::Log(error.into()))?;
        let rate = Rate { start, ..rate };
        if course.epoch < options.epochs && rate.ends().is_some_and(|end| end <= steps) {
            return Err(FitError::NoLearningRate { schedule: Box::new(rate.schedule), start, step: steps });
        }
        let new = path.filter(|_| file.is_none());
        if let Some(path) = new {
            run.save(path)?; // reports a path that cannot be written now, not after the first epoch
        }
        let first = run.trainer.rank() == 0;
        let history = history.log_to_each(if first { &options.logs } else { &[] }).map_err(|error| {
            new.map(fs::remove_file);
            FitError::Log(error.into())
        });
        let mut history = run.trainer.settle(history)?;

        let changed = resumable.map(|file| run.resume(file)).unwrap_or_default();
        let ended = run.train(&mut loader, &mut options, &mut history, &changed);
        run.finish();
        ended.map(|()| history)
    }
}

impl<N: Parameters, L, O> Run<'_, N, L, O> {
    /// Trains from the current place of the run to its end.
    fn train<X: Copy, Y: Tensor, Target>(
        &mut self,
        loader: &mut Loader<'_, X, Target>,
        options: &mut Fit<'_, X, Target, Y>,
        history: &mut History,
        changed: &[ChangedSetting],
    ) -> Result<(), FitError>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Sync,
        O: State,
        Target: TargetFor<L, Y> + Copy,
    {
        let batches = loader.batches() as u64;
        let done = self.course.epoch * batches + loader.place().position.div_ceil(options.batch_size) as u64;
        let quiet = options.quiet || self.trainer.rank() != 0;
        let mut progress = Progress::new(quiet, options.epochs, batches, done);
        changed.iter().for_each(|setting| progress.line(&setting.to_string()));
        self.announce(&progress, options, done, batches);
        let mut trained = false;
        #[cfg(feature = "flow")]
        let mut told = options.recorder.as_ref().map_or(0, |recorder| recorder.warnings().len());
        while !self.is_over(options) {
            trained = true;
            let epoch = self.course.epoch + 1;
            progress.epoch(epoch);
            loop {
                // The next step would fail if this step made a weight infinite. After the last step, the check is done
                // here.
                let before = loader.is_before_last().then(|| copy(&*self.trainer.network));
                let in_memory = loader.in_memory();
                let batch =
                    loader.next(&mut self.trainer.rng).map_err(|error| FitError::Batches(error.into()));
                let batch = if in_memory { batch } else { self.trainer.settle(batch) };
                let Some((inputs, targets)) = batch? else { break };
                #[cfg(feature = "flow")]
                let stepped = match &mut options.recorder {
                    Some(recorder) => self.trainer.step_recorded(inputs, targets, recorder),
                    None => self.trainer.step(inputs, targets),
                };
                #[cfg(not(feature = "flow"))]
                let stepped = self.trainer.step(inputs, targets);
                #[cfg(feature = "flow")]
                if let Some(recorder) = &options.recorder {
                    let new = recorder.warnings().get(told..).unwrap_or_default();
                    new.iter().for_each(|warning| progress.line(&warning.to_string()));
                    told = recorder.warnings().len();
                }
                if stepped == Err(Error::NoWeight) {
                    self.course.skipped += 1;
                    progress.skip();
                    continue;
                }
                let loss = stepped.map_err(|source| FitError::Training { epoch, source })?;
                if let Some(before) = before {
                    self.check_weights(before).map_err(|source| FitError::Training { epoch, source })?;
                }
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
                && self.on_first(|_| {
                    Ok::<_, FitError>(progress.suspend(|| callback(&epoch)) == ControlFlow::Break(()))
                })?
            {
                progress.line(&format!("stopped by `on_epoch` after epoch {}", epoch.number));
                break;
            }
        }
        if trained && self.stops_early(options) {
            let Course { epoch, waited, .. } = self.course;
            let name = &options.monitor.name;
            progress.line(&format!(
                "stopped early after epoch {epoch}: no better {name} in the last {waited} epochs"
            ));
        }
        if let Some(which) = self.which() {
            progress.line(&which);
        }
        Ok(())
    }

    /// Checks that every weight is finite. If one is not, undoes the last step: restores the network from `before`.
    fn check_weights(&mut self, before: Owned<N>) -> Result<(), Error> {
        let Some((parameter, element, value)) = first_non_finite(View::of(&*self.trainer.network)) else {
            return Ok(());
        };
        self.trainer.network = before;
        self.trainer.steps -= 1;
        Err(Error::NonFiniteStep {
            step: self.trainer.steps,
            layer: parameter.to_string().rsplit_once('.').map(|(layer, _)| layer.into()),
            why: format!(
                "`{parameter}` would become {value} at element {element}, although its gradient is finite"
            ),
            cure: "lower the learning rate, or clip the gradient".into(),
        })
    }

    /// Returns whether all epochs are finished, or early stopping ends the run.
    fn is_over<X, Target, Y>(&self, options: &Fit<'_, X, Target, Y>) -> bool {
        self.course.epoch >= options.epochs || self.stops_early(options)
    }

    /// Returns whether early stopping ends the run.
    fn stops_early<X, Target, Y>(&self, options: &Fit<'_, X, Target, Y>) -> bool {
        options.patience.is_some_and(|most| self.course.waited >= most)
    }

    /// Prints unusual settings of this run, in which `done` batches are trained already.
    fn announce<X, Target, Y>(
        &self,
        progress: &Progress,
        options: &Fit<'_, X, Target, Y>,
        done: u64,
        batches: u64,
    ) {
        let Course { epoch, waited, .. } = self.course;
        if epoch >= options.epochs {
            progress.line(&format!("the checkpoint has {epoch} epochs already: nothing is trained"));
        } else if self.is_over(options) {
            progress.line(&format!(
                "the checkpoint stopped early at epoch {epoch}, {waited} epochs after its best: nothing is trained"
            ));
        }
        let rate = &self.trainer.rate;
        let last = self.trainer.steps + (options.epochs.saturating_mul(batches)).saturating_sub(done);
        if let Some(end) = rate.ends().filter(|&end| end + batches <= last && !self.is_over(options)) {
            progress.line(&format!(
                "`{}` ends at step {end}: the learning rate is 0 from there on, to step {last}",
                rate.schedule
            ));
        }
    }

    /// Returns the bits of the validation loss and of each metric.
    fn validate<X, Y: Tensor, Target>(
        &self,
        data: &Dataset<X, Target>,
        metrics: &mut [(String, Metric<'_, Y, Target>)],
        epoch: u64,
    ) -> Result<(u64, Vec<u64>), FitError>
    where
        Data: InputOf<X, N, Y>,
        Target: TargetFor<L, Y>,
    {
        let mut outputs = Vec::new();
        let keep = |some: &[Y]| {
            if !metrics.is_empty() {
                append_copies(&mut outputs, some);
            }
        };
        let network = Data::network::<Bare>(self.network());
        let (inputs, targets) = (Data::samples(data.inputs()), data.targets());
        let loss = evaluate(network, &self.trainer.loss, inputs, targets, keep)
            .map_err(|source| FitError::Validation { epoch, source })?;
        let measure = |(name, of): &mut (String, Metric<'_, Y, Target>)| {
            let name = || name.clone();
            of(&outputs, targets).map(f64::to_bits).map_err(|source| FitError::Metric {
                epoch,
                name: name(),
                source,
            })
        };
        let values = metrics.iter_mut().map(measure).collect::<Result<_, _>>()?;
        Ok((loss.to_bits(), values))
    }

    /// Validates, and updates the best network, the learning rate and the state of early stopping.
    fn end_epoch<X, Y: Tensor, Target>(
        &mut self,
        options: &mut Fit<'_, X, Target, Y>,
        history: &mut History,
    ) -> Result<Epoch, FitError>
    where
        Data: InputOf<X, N, Y>,
        Target: TargetFor<L, Y>,
    {
        let (skipped, steps) = (self.course.skipped, self.trainer.steps);
        let loss = self.course.end_epoch();
        let number = self.course.epoch;
        let loss = loss.ok_or(FitError::Training { epoch: number, source: Error::NoWeight })?;
        let (validation_loss, metrics) = (None, vec![]);
        let mut epoch = Epoch { number, steps, loss, skipped, validation_loss, metrics, best: false };
        if let Some(data) = options.validation {
            // As bits, because a metric may be infinite or NaN.
            let (loss, metrics) = self.on_first(|run| run.validate(data, &mut options.metrics, number))?;
            let names = options.metrics.iter().map(|(name, _)| name.clone());
            epoch.metrics = names.zip(metrics.into_iter().map(f64::from_bits)).collect();
            epoch.validation_loss = Some(f64::from_bits(loss));
        }
        let monitored = match &options.monitor.name[..] {
            LOSS => Some(loss),
            VALIDATION_LOSS => epoch.validation_loss,
            name => epoch.metric(name),
        };
        if let Some(value) = monitored {
            epoch.best = self.is_best(value);
            if let Some(path) = options.best_file.as_ref().filter(|_| epoch.best) {
                self.on_first(|run| checkpoint::save(run.network(), path).map_err(FitError::from))?;
            }
            let factor = self.course.observe(value);
            self.trainer.scale_rate(factor);
        }
        let validation = epoch.validation_loss.map(|loss| (VALIDATION_LOSS, loss));
        let metrics = epoch.metrics.iter().map(|(name, value)| (&name[..], *value));
        let values: Vec<_> = [(LOSS, loss)].into_iter().chain(validation).chain(metrics).collect();
        self.course.record(history, steps, &values).map_err(|error| FitError::Log(error.into()))?;
        Ok(epoch)
    }
}

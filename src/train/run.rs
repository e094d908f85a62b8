//! The state of a run in addition to the trainer, and its checkpoint.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::across::on_first;
use super::checkpoint::has_other_rate;
use super::{Fit, FitError, Monitor, Trainer};
use crate::checkpoint::{
    ChangedSetting, CheckedState, CheckpointError, State, StateFields, StateFile, save_state,
};
use crate::data::{DataError, Dataset, Loader, Place};
use crate::layer::{Owned, Parameters, compare};
use crate::metrics::History;
use crate::optimizer::ExponentialMovingAverage;
use crate::schedule::Plateau;

/// A trainer with the state of its run.
pub(super) struct Run<'t, N: Parameters, L, O> {
    pub(super) trainer: &'t mut Trainer<N, L, O>,
    /// The network of the best epoch; zeros before the first epoch.
    best: Owned<N>,
    pub(super) average: ExponentialMovingAverage<N>,
    pub(super) course: Course,
    settings: Settings,
}

/// The options of a run that are saved in a checkpoint.
struct Settings {
    batch_size: usize,
    monitor: Monitor,
    patience: Option<u64>,
    /// Whether the run stores the best network, for example for early stopping.
    keeps_best: bool,
    /// The decay rate. If it is set, the run has an average.
    decay: Option<f64>,
    plateau: Option<Plateau>,
    /// The number of samples in the validation set.
    validation: Option<usize>,
    drop_last: bool,
}

/// The progress of a run.
#[derive(Clone, Default, serde::Deserialize, serde::Serialize)]
pub(super) struct Course {
    /// The number of finished epochs.
    pub(super) epoch: u64,
    /// The number of samples in the data set.
    samples_of_data: u64,
    /// How the samples of an epoch are drawn.
    sampling: String,
    pub(super) place: Place,
    /// The sum of the losses of this epoch's samples, and their number.
    sum: f64,
    samples: u64,
    /// The number of skipped batches in this epoch: all their targets were ignored or had weight 0.
    #[serde(default)]
    pub(super) skipped: u64,
    /// The name of the monitored value, and its direction.
    measure: String,
    /// The best monitored value, and its epoch.
    pub(super) best: Option<(f64, u64)>,
    /// The number of epochs since then.
    pub(super) waited: u64,
    pub(super) plateau: Option<Plateau>,
    /// The history: epoch, step, and the values by name.
    rows: Vec<(u64, u64, BTreeMap<String, f64>)>,
}

impl Course {
    /// Adds the mean loss of a batch. Returns the mean loss of the epoch so far.
    pub(super) fn add(&mut self, loss: f64, samples: usize) -> f64 {
        self.sum += loss * samples as f64;
        self.samples += samples as u64;
        self.sum / self.samples as f64
    }

    /// Ends the epoch. Returns its mean loss, unless all its batches were skipped.
    pub(super) fn end_epoch(&mut self) -> Option<f64> {
        let mean = (self.samples > 0).then(|| self.sum / self.samples as f64);
        (self.sum, self.samples, self.skipped, self.epoch) = (0.0, 0, 0, self.epoch + 1);
        mean
    }

    /// Updates the plateau with the monitored value of an epoch. Returns the factor for the learning rate.
    pub(super) fn observe(&mut self, value: f64) -> f64 {
        let Some(plateau) = &mut self.plateau else { return 1.0 };
        let before = plateau.rate();
        let after = plateau.observe(value);
        if before == after { 1.0 } else { after / before }
    }

    /// Adds a row to the history and to this state.
    pub(super) fn record(
        &mut self,
        history: &mut History,
        step: u64,
        values: &[(&str, f64)],
    ) -> Result<(), DataError> {
        let finite: Vec<_> = values.iter().copied().filter(|(_, value)| value.is_finite()).collect();
        history.record(self.epoch, step, &finite)?;
        let by_name = finite.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.rows.push((self.epoch, step, by_name));
        Ok(())
    }

    /// Returns the history so far, with these names and the names that the run had before it was stopped.
    pub(super) fn history(&self, names: impl Iterator<Item = String>) -> Result<History, DataError> {
        let mut names: Vec<String> = names.collect();
        History::new(&names)?; // before the other names are added, so that a duplicate is an error
        for name in self.rows.iter().flat_map(|(_, _, values)| values.keys()) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let mut history = History::new(names)?;
        for (epoch, step, values) in &self.rows {
            let values: Vec<_> = values.iter().map(|(name, &value)| (&name[..], value)).collect();
            history.record(*epoch, *step, &values)?;
        }
        Ok(history)
    }
}

impl<'t, N: Parameters, L, O> Run<'t, N, L, O> {
    pub(super) fn new<X: Copy, Target: Copy, Y>(
        trainer: &'t mut Trainer<N, L, O>,
        options: &Fit<'_, X, Target, Y>,
        loader: &Loader<'_, X, Target>,
        samples: usize,
    ) -> Self {
        let monitor = options.monitor.clone();
        let mut plateau = options.plateau;
        plateau.iter_mut().for_each(|plateau| plateau.maximize = monitor.maximize);
        let measure = monitor.measure();
        let settings = Settings {
            batch_size: options.batch_size,
            monitor,
            keeps_best: options.keep_best || options.patience.is_some(),
            patience: options.patience,
            decay: options.decay,
            plateau,
            validation: options.validation.map(Dataset::len),
            drop_last: options.drop_last,
        };
        let average = ExponentialMovingAverage::new(options.decay.unwrap_or(0.0));
        let sampling = loader.sampling().to_string();
        let course =
            Course { plateau, measure, samples_of_data: samples as u64, sampling, ..Course::default() };
        Self { trainer, best: Owned::zeros(), average, course, settings }
    }

    fn trainer(&mut self) -> &mut Trainer<N, L, O> {
        self.trainer
    }

    /// Calls `f`. Across ranks, only the first rank calls it, and all return its result.
    pub(super) fn on_first<T: Serialize + DeserializeOwned>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Result<T, FitError>,
    ) -> Result<T, FitError> {
        on_first(self, Self::trainer, f)
    }

    /// Returns the network that is validated.
    pub(super) fn network(&self) -> &N {
        self.average.network().unwrap_or(&self.trainer.network)
    }

    /// Returns whether this monitored value is the best so far, and copies the network if so.
    pub(super) fn is_best(&mut self, value: f64) -> bool {
        let best = self.settings.monitor.is_better(value, self.course.best.map(|(value, _)| value));
        if best {
            (self.course.best, self.course.waited) = (Some((value, self.course.epoch)), 0);
            if self.settings.keeps_best {
                self.best = compare::copy(self.network());
            }
        } else {
            self.course.waited += 1;
        }
        best
    }

    /// Describes the network that the trainer has at the end, if it is not the network of the last epoch.
    pub(super) fn which(&self) -> Option<String> {
        let (value, epoch) = self.course.best.filter(|_| self.settings.keeps_best)?;
        let Monitor { name, maximize, .. } = &self.settings.monitor;
        let best = if *maximize { "highest" } else { "lowest" };
        Some(format!("the network of epoch {epoch} is restored, with the {best} {name}, {value:.4}"))
    }

    /// Sets the trainer's network to the best one or to the average, if the options require it.
    pub(super) fn finish(self) {
        if self.settings.keeps_best && self.course.best.is_some() {
            self.trainer.network = self.best;
        } else if self.average.network().is_some() {
            self.trainer.network = self.average.network;
        }
    }
}

/// A checkpoint that fits the run. Nothing has been changed yet.
pub(super) struct Resumable<'a> {
    state: CheckedState<'a>,
    pub(super) course: Course,
    /// The number of steps that the saved trainer has taken.
    pub(super) steps: u64,
    /// The step at which its schedule began.
    pub(super) schedule_start: u64,
}

impl<N: Parameters, L, O: State> Run<'_, N, L, O> {
    pub(super) fn save(&mut self, path: &Path) -> Result<(), FitError> {
        self.on_first(|run| save_state(run, path).map_err(FitError::from))
    }

    /// Checks that the run can continue from this file with these data. Changes only the loader.
    pub(super) fn check<'f, X: Copy, Target: Copy, Y>(
        &mut self,
        file: &'f StateFile,
        path: &Path,
        options: &Fit<'_, X, Target, Y>,
        loader: &mut Loader<'_, X, Target>,
    ) -> Result<Resumable<'f>, FitError> {
        let state = file.check(self, options.other_network)?;
        let broken = |reason: &str| {
            FitError::Checkpoint(CheckpointError::Broken { origin: path.into(), reason: reason.into() })
        };
        let mut course: Course =
            state.value("course").ok_or_else(|| broken("it does not contain the progress of a run"))?;
        let (saved, samples) = (course.samples_of_data, self.course.samples_of_data);
        if saved != samples {
            if !options.other_data {
                return Err(FitError::OtherData { path: path.into(), saved, samples: samples as usize });
            }
            course.samples_of_data = samples;
        }
        if saved != samples || course.sampling != self.course.sampling {
            course.sampling.clone_from(&self.course.sampling);
            course.place = Place::default();
            (course.sum, course.samples, course.skipped) = (0.0, 0, 0);
        }
        loader
            .resume(course.place.clone())
            .map_err(|_| broken("its order of the samples does not belong to this data set"))?;
        course.plateau =
            self.settings.plateau.map(|new| course.plateau.map_or(new, |old| new.in_state_of(old)));
        if course.measure != self.course.measure {
            course.plateau.iter_mut().for_each(Plateau::forget); // of values of something else
        }
        if course.measure != self.course.measure || (self.settings.keeps_best && !state.has("best")) {
            (course.best, course.waited) = (None, 0); // the best of the epochs from now on
        }
        course.measure.clone_from(&self.course.measure);
        let steps = state.value("trainer.steps").unwrap_or_default();
        let schedule_start = state.value("trainer.schedule.start").unwrap_or_default();
        Ok(Resumable { state, course, steps, schedule_start })
    }

    /// Continues from the file. Returns the settings that differ.
    pub(super) fn resume(&mut self, file: Resumable<'_>) -> Vec<ChangedSetting> {
        let changed = file.state.restore(self);
        self.course = file.course;
        if has_other_rate(&changed)
            && let Some(plateau) = self.course.plateau
        {
            self.trainer.scale_rate(plateau.rate());
        }
        changed
    }
}

/// A checkpoint contains only the networks that the run uses.
impl<N: Parameters, L, O: State> State for Run<'_, N, L, O> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.state("trainer", self.trainer);
        let Settings { batch_size, monitor, patience, keeps_best, decay, plateau, validation, drop_last } =
            &self.settings;
        let sampling = self.course.sampling.clone();
        if fields.has("best", *keeps_best) {
            fields.network("best", &mut self.best);
        }
        if fields.has("average", decay.is_some()) {
            fields.state("average", &mut self.average);
        } else {
            fields.setting("average.decay", or_none(decay));
        }
        fields.state("course", &mut self.course);
        fields.setting("batch_size", batch_size);
        fields.setting("sampling", sampling);
        fields.setting("drop_last", drop_last);
        fields.setting("stop_early", or_none(patience));
        fields.setting("monitor", monitor);
        fields.setting("plateau", or_none(plateau));
        fields.setting("validation_samples", or_none(validation));
    }
}

fn or_none(setting: &Option<impl ToString>) -> String {
    setting.as_ref().map_or("none".into(), ToString::to_string)
}

/// A single value without a name.
impl State for Course {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.value("", self);
    }
}

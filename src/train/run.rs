//! The state of a run beside the trainer, and its checkpoint.

use std::collections::BTreeMap;
use std::path::Path;

use super::{FitError, Trainer};
use crate::checkpoint::{CheckpointError, State, StateFields, load_state, save_state};
use crate::data::{DataError, Place};
use crate::layer::{Owned, Parameters, compare};
use crate::metrics::History;
use crate::optimizer::ExponentialMovingAverage;
use crate::schedule::Plateau;

/// A trainer with the state of its run.
pub(super) struct Run<'t, N: Parameters, L, O> {
    pub(super) trainer: &'t mut Trainer<N, L, O>,
    /// The network of the least validation loss; zeros before the first.
    best: Owned<N>,
    pub(super) average: ExponentialMovingAverage<N>,
    pub(super) course: Course,
    parts: Parts,
}

/// Which networks a run has beside that of the trainer.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub(super) best: bool,
    pub(super) average: bool,
}

/// The progress of a run.
#[derive(Clone, Default, serde::Deserialize, serde::Serialize)]
pub(super) struct Course {
    /// The number of finished epochs.
    pub(super) epoch: u64,
    pub(super) place: Place,
    /// The sum of the losses of this epoch's samples, and their number.
    sum: f64,
    samples: u64,
    /// The least validation loss.
    least: Option<f64>,
    /// The number of epochs since then.
    pub(super) waited: u64,
    pub(super) plateau: Option<Plateau>,
    /// The history: epoch, step and the values by name.
    rows: Vec<(u64, u64, BTreeMap<String, f64>)>,
}

impl Course {
    /// Adds the mean loss of a batch. Returns the mean loss of the epoch so far.
    pub(super) fn add(&mut self, loss: f64, samples: usize) -> f64 {
        self.sum += loss * samples as f64;
        self.samples += samples as u64;
        self.sum / self.samples as f64
    }

    /// Ends the epoch. Returns its mean loss.
    pub(super) fn end_epoch(&mut self) -> f64 {
        let mean = self.sum / self.samples as f64;
        (self.sum, self.samples, self.epoch) = (0.0, 0, self.epoch + 1);
        mean
    }

    /// Returns the factor of the learning rate after an epoch of this validation loss.
    pub(super) fn observe(&mut self, loss: f64) -> f64 {
        let Some(plateau) = &mut self.plateau else { return 1.0 };
        let before = plateau.rate();
        let after = plateau.observe(loss);
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

    /// Returns the history so far, with these names and those that the run had before it was stopped.
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
    pub(super) fn new(
        trainer: &'t mut Trainer<N, L, O>,
        parts: Parts,
        decay: f64,
        plateau: Option<Plateau>,
    ) -> Self {
        let course = Course { plateau, ..Course::default() };
        Self { trainer, best: Owned::zeros(), average: ExponentialMovingAverage::new(decay), course, parts }
    }

    /// Returns the network that is validated.
    pub(super) fn network(&self) -> &N {
        self.average.network().unwrap_or(&self.trainer.network)
    }

    /// Returns whether this validation loss is the least so far, and copies the network if so.
    pub(super) fn is_best(&mut self, loss: f64) -> bool {
        let best = self.course.least.is_none_or(|least| loss < least);
        if best {
            (self.course.least, self.course.waited) = (Some(loss), 0);
            if self.parts.best {
                self.best = compare::copy(self.network());
            }
        } else {
            self.course.waited += 1;
        }
        best
    }

    /// Sets the trainer's network to the best one or the average, if the options say so.
    pub(super) fn finish(self) {
        if self.parts.best && self.course.least.is_some() {
            self.trainer.network = self.best;
        } else if self.average.network().is_some() {
            self.trainer.network = self.average.network;
        }
    }
}

impl<N: Parameters, L, O: State> Run<'_, N, L, O> {
    pub(super) fn save(&mut self, path: &Path) -> Result<(), FitError> {
        save_state(self, path).map_err(FitError::Checkpoint)
    }

    /// Resumes from the file, if it exists.
    pub(super) fn resume(&mut self, path: &Path) -> Result<bool, FitError> {
        let unreadable = |source| FitError::Checkpoint(CheckpointError::Read { path: path.into(), source });
        if !path.try_exists().map_err(unreadable)? {
            return Ok(false);
        }
        let plateau = self.course.plateau;
        load_state(self, path).map_err(FitError::Checkpoint)?;
        // The options, not the file, decide whether there is a plateau.
        self.course.plateau = plateau.map(|new| self.course.plateau.unwrap_or(new));
        Ok(true)
    }
}

/// A checkpoint has only the networks of the run.
impl<N: Parameters, L, O: State> State for Run<'_, N, L, O> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.state("trainer", self.trainer);
        if self.parts.best {
            fields.network("best", &mut self.best);
        }
        if self.parts.average {
            fields.state("average", &mut self.average);
        }
        fields.state("course", &mut self.course);
    }

    fn name(&self) -> String {
        self.trainer.name()
    }
}

/// One value without a name.
impl State for Course {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.value("", self);
    }
}

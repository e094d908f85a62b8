//! Copies of a trainer with other settings, for a diagnosis.

use super::{Optimize, Trainer, copy_of};
use crate::layer::{Parameters, Workspace, Wrapper};
use crate::optimizer::{Clip, Setting};
use crate::schedule::{Rate, Schedule};

/// A [`Trainer`] of any network, with this loss and this optimizer.
pub(crate) struct AnyTrainer<L, O>(core::marker::PhantomData<(L, O)>);

impl<L, O> Wrapper for AnyTrainer<L, O> {
    type Of<N> = Trainer<N, L, O>;
}

impl<N: Parameters, L, O: Clone> Trainer<N, L, O> {
    /// Returns a copy with another loss, which trains alone.
    pub(crate) fn with_loss<M>(&self, loss: M) -> Trainer<N, M, O> {
        let Optimize { step, learning_rate, setting, forget } = self.optimize;
        Trainer {
            network: self.network.clone(),
            loss,
            optimizer: self.optimizer.clone(),
            gradient: self.gradient.clone(),
            workspace: Workspace::default(),
            rng: copy_of(&self.rng),
            steps: self.steps,
            rate: self.rate.clone(),
            clip: self.clip,
            micro_batch: self.micro_batch,
            parallel: Default::default(),
            optimize: Optimize { step, learning_rate, setting, forget },
            ranks: None,
        }
    }
}

impl<N, L, O> Trainer<N, L, O> {
    /// Returns how gradients are clipped.
    pub(crate) fn clip(&self) -> Clip {
        self.clip
    }

    /// Sets how gradients are clipped.
    pub(crate) fn set_clip(&mut self, clip: Clip) {
        self.clip = clip;
    }

    /// Returns the number of samples that are processed at once, if the program has set it.
    pub(crate) fn samples_at_once(&self) -> Option<usize> {
        self.micro_batch
    }

    /// Returns the schedule's factor `ahead` steps from now.
    pub(crate) fn schedule_factor(&self, ahead: u64) -> f64 {
        self.rate.schedule.factor((self.steps + ahead).saturating_sub(self.rate.start))
    }

    /// Returns the learning rate that the schedule multiplies.
    pub(crate) fn base_rate(&mut self) -> f64 {
        let now = *(self.optimize.learning_rate)(&mut self.optimizer);
        match self.rate.set {
            Some([first, last]) if last == now => first,
            _ => now,
        }
    }

    /// Ends the schedule, and continues with the constant learning rate that it multiplied.
    pub(crate) fn end_schedule(&mut self) {
        let base = self.base_rate();
        *(self.optimize.learning_rate)(&mut self.optimizer) = base;
        self.rate = Rate { schedule: Schedule::constant(), start: 0, set: None };
    }

    /// Multiplies the learning rate, also under a schedule.
    pub(crate) fn multiply_rate(&mut self, factor: f64) {
        let rate = (self.optimize.learning_rate)(&mut self.optimizer);
        *rate *= factor;
        self.rate.set = self.rate.set.map(|set| set.map(|rate| rate * factor));
    }

    /// Returns a setting of the optimizer.
    pub(crate) fn optimizer_setting(&mut self, setting: Setting) -> Option<&mut f64> {
        (self.optimize.setting)(&mut self.optimizer, setting)
    }

    /// Resets the moments of the optimizer.
    pub(crate) fn forget(&mut self) {
        (self.optimize.forget)(&mut self.optimizer);
    }
}

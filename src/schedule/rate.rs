//! The learning rate under a schedule.

use super::Schedule;

/// A schedule, and the learning rates that it has set.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    pub(crate) schedule: Schedule,
    /// The step at which the schedule starts.
    pub(crate) start: u64,
    /// The rate that the schedule multiplies, and the last one that it set, or `None` before its first step.
    pub(crate) set: Option<[f64; 2]>,
}

impl Rate {
    /// Returns a constant rate.
    pub(crate) const fn constant() -> Self {
        Self { schedule: Schedule::constant(), start: 0, set: None }
    }

    /// Replaces the schedule by another one that starts at this step. It multiplies the same rate as the old schedule,
    /// unless the caller has set a different `rate` since.
    pub(crate) fn restart(&mut self, schedule: Schedule, rate: f64, start: u64) {
        *self = Self { schedule, start, set: self.set.filter(|&[_, last]| last == rate) };
    }

    /// Sets the learning rate of this step. If the caller has changed the rate since the last step, the rate that the
    /// schedule multiplies changes by the same factor.
    pub(crate) fn follow(&mut self, rate: &mut f64, step: u64) {
        if self.schedule == Schedule::constant() {
            return;
        }
        let first = match self.set {
            Some([first, last]) if last == *rate => first,
            Some([first, last]) if last > 0.0 => first * (*rate / last),
            _ => *rate,
        };
        *rate = first * self.schedule.factor(step.saturating_sub(self.start));
        self.set = Some([first, *rate]);
    }

    /// Multiplies the learning rate by `factor`, now and in all later steps.
    #[cfg(feature = "fit")]
    pub(crate) fn scale(&mut self, rate: &mut f64, factor: f64) {
        *rate *= factor;
        self.set = self.set.map(|set| set.map(|rate| rate * factor));
    }

    /// Returns the first step from which the schedule sets the rate to 0, if there is one.
    #[cfg(feature = "fit")]
    pub(crate) fn ends(&self) -> Option<u64> {
        Some(self.start.saturating_add(self.schedule.ends()?))
    }
}

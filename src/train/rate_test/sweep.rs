use crate::Error;
use crate::optimizer::check_share;

/// The rates of a [learning-rate test](crate::Trainer::learning_rate_test): from 10⁻⁷ to 10 in 100 steps by default.
/// The example is in [`Trainer::learning_rate_test`](crate::Trainer::learning_rate_test).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LearningRateSweep {
    /// The learning rate of the first step.
    pub from: f64,
    /// The learning rate of the last step.
    pub to: f64,
    /// The number of steps, at least 3: 100 by default.
    pub steps: usize,
    /// The batch size: 32 by default.
    pub batch_size: usize,
    /// The weight of the previous smoothed loss in each step: 0.98 by default. With 0 the smoothed loss is the loss
    /// itself.
    pub smoothing: f64,
    /// The test stops when the smoothed loss is this many times its lowest value: 4 by default. (If the lowest value ℓ
    /// is negative, it stops above ℓ + 3 |ℓ|.)
    pub explosion: f64,
}

impl Default for LearningRateSweep {
    fn default() -> Self {
        Self::between(1e-7, 10.0)
    }
}

impl LearningRateSweep {
    /// Sweeps from one learning rate to a higher one.
    pub fn between(from: f64, to: f64) -> Self {
        Self { from, to, steps: 100, batch_size: 32, smoothing: 0.98, explosion: 4.0 }
    }

    /// Sets the number of steps, at least 3.
    pub fn steps(self, steps: usize) -> Self {
        Self { steps, ..self }
    }

    /// Sets the batch size. Use the batch size of the training.
    pub fn batch_size(self, samples: usize) -> Self {
        Self { batch_size: samples, ..self }
    }

    /// Sets the weight of the previous smoothed loss in each step, from 0 to 1.
    pub fn smoothing(self, share: f64) -> Self {
        Self { smoothing: share, ..self }
    }

    /// Sets the factor, above 1: the test stops when the smoothed loss is this many times its lowest value.
    pub fn explosion(self, factor: f64) -> Self {
        Self { explosion: factor, ..self }
    }

    /// Returns the learning rate of a step.
    pub(super) fn rate(&self, step: usize) -> f64 {
        let share = step as f64 / (self.steps - 1) as f64;
        self.from * (self.to / self.from).powf(share)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let above = |name, value: f64, least: f64, expected| {
            let fits = value > least && value <= f64::from(f32::MAX);
            if fits { Ok(()) } else { Err(Error::Setting { name, value, expected }) }
        };
        above("the first learning rate of a test", self.from, 0.0, "above 0 and finite")?;
        above("the last learning rate of a test", self.to, self.from, "above the first and finite")?;
        above("the number of steps of a test", self.steps as f64, 2.0, "at least 3")?;
        above("the factor at which a test stops", self.explosion, 1.0, "above 1 and finite")?;
        check_share("the smoothing of a test", self.smoothing)?;
        if self.batch_size == 0 { Err(self.no_batch()) } else { Ok(()) }
    }

    pub(super) fn no_batch(&self) -> Error {
        Error::Setting { name: "the batch size", value: self.batch_size as f64, expected: "at least 1" }
    }
}

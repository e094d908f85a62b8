//! The learning-rate range test.

mod curve;
mod sweep;

use serde::Serialize;

use super::{Trainer, copy_of};
use crate::Error;
use crate::data::{Dataset, Loader};
use crate::layer::Parameters;
use crate::loss::TargetFor;
use crate::network::{Data, InputOf};
#[cfg(feature = "plot")]
use crate::plot::{Lines, Picture, PlotError};
use crate::schedule::Rate;
use crate::tensor::Tensor;

pub use sweep::LearningRateSweep;

/// The result of a [learning-rate test](Trainer::learning_rate_test). It prints a curve of 80 columns. The example is
/// in [`Trainer::learning_rate_test`].
#[doc(alias = "lr_find")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearningRateTest {
    /// The steps, in order. The rates rise exponentially.
    pub points: Vec<RatePoint>,
    /// The learning rate of the step before the last point, if the test stopped because the loss exploded: the smoothed
    /// loss rose above [`LearningRateSweep::explosion`] times its lowest value, or the result of a step was not finite.
    pub exploded: Option<f64>,
    /// The learning rate at the lowest smoothed loss.
    pub lowest: f64,
    /// The learning rate at which the smoothed loss falls most steeply against the logarithm of the rate, if it falls.
    pub steepest: Option<f64>,
    /// A tenth of [`lowest`](Self::lowest), if the loss falls at all.
    ///
    /// # Source
    /// Gugger, "How do you find a good learning rate", 2018; `minimum` of fastai's `lr_find`.
    pub suggestion: Option<f64>,
}

/// A step of a learning-rate test, in [`LearningRateTest::points`]. See the example of
/// [`Trainer::learning_rate_test`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RatePoint {
    /// The learning rate of the step.
    pub rate: f64,
    /// The mean loss of its batch, before the step.
    pub loss: f64,
    /// The exponential moving average of the losses so far, divided by the sum of its weights.
    pub smoothed: f64,
}

impl<N, L, O> Trainer<N, L, O> {
    /// Tests which learning rates are suitable for this training: takes steps with a rate that rises exponentially,
    /// until the loss explodes. The steps train a copy, so that this trainer, its optimizer and its random numbers do
    /// not change. The copy has no schedule and trains alone.
    ///
    /// It costs [`steps`](LearningRateSweep::steps) training steps, 100 by default.
    ///
    /// ```
    /// use chainrule::data::Dataset;
    /// use chainrule::prelude::*;
    /// type Net = (Linear<1, 16>, Tanh, Linear<16, 1>);
    ///
    /// let sine = |at: i32| (Vector([at as f32 / 50.0]), Vector([(at as f32 / 50.0).sin()]));
    /// let data = Dataset::from_pairs((-100..100).map(sine))?;
    /// let trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Sgd::new(0.1), 1);
    /// let test = trainer.learning_rate_test(&data, LearningRateSweep::between(1e-4, 100.0))?;
    /// println!("{test}");
    /// assert!(test.points[0].rate < test.points[1].rate);
    /// assert!(test.exploded.is_some() && (0.003..0.3).contains(&test.suggestion.unwrap()), "{test}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] for an invalid sweep, and the errors of [`step`](Trainer::step) for invalid data. A step
    /// whose result is not finite is an error only if it is the first one; a later one ends the test.
    ///
    /// # Source
    /// Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3. The exponential rise of
    /// the rate, the smoothed loss and the stopping rule are from Gugger (2018).
    #[doc(alias = "lr_find")]
    #[doc(alias = "LRFinder")]
    #[doc(alias = "learning rate finder")]
    pub fn learning_rate_test<X: Copy, Y: Tensor, Target>(
        &self,
        data: &Dataset<X, Target>,
        sweep: LearningRateSweep,
    ) -> Result<LearningRateTest, Error>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Clone + Sync,
        O: Clone,
        Target: TargetFor<L, Y> + Copy,
    {
        sweep.check()?;
        if N::COUNT == 0 {
            let expected = "at least 1: without parameters there is nothing to train";
            return Err(Error::Setting { name: "the number of parameters", value: 0.0, expected });
        }
        let mut copy = Self { rate: Rate::constant(), ..self.clone() };
        let mut random = copy_of(&self.rng);
        let Ok(mut loader) = Loader::new(data, sweep.batch_size) else { return Err(sweep.no_batch()) };
        let (mut test, mut skipped) = (Course::new(sweep), 0);
        while let Some(rate) = test.next_rate() {
            let Ok(Some((inputs, targets))) = loader.next(&mut random) else { continue }; // memory has no errors
            *(copy.optimize.learning_rate)(&mut copy.optimizer) = rate;
            match copy.step(inputs, targets) {
                Err(Error::NoWeight) if skipped < loader.batches() => skipped += 1,
                stepped => {
                    skipped = 0;
                    test.add(rate, stepped)?;
                }
            }
        }
        Ok(test.finish())
    }
}

/// A test in progress.
struct Course {
    sweep: LearningRateSweep,
    points: Vec<RatePoint>,
    average: f64,
    best: f64,
    exploded: Option<f64>,
}

impl Course {
    fn new(sweep: LearningRateSweep) -> Self {
        Self { sweep, points: Vec::new(), average: 0.0, best: f64::INFINITY, exploded: None }
    }

    /// Returns the learning rate of the next step, if there is one.
    fn next_rate(&self) -> Option<f64> {
        let at = self.points.len();
        (at < self.sweep.steps && self.exploded.is_none()).then(|| self.sweep.rate(at))
    }

    /// Adds the result of a step.
    fn add(&mut self, rate: f64, stepped: Result<f64, Error>) -> Result<(), Error> {
        let last = self.points.last().map(|point| point.rate);
        let loss = match (stepped, last) {
            (Ok(loss), _) => loss,
            // Overflow after the first step is the explosion that the test searches for.
            (Err(error), Some(last)) if overflowed(&error) => {
                self.exploded = Some(last);
                return Ok(());
            }
            (Err(error), _) => return Err(error),
        };
        let kept = self.sweep.smoothing;
        self.average = kept * self.average + (1.0 - kept) * loss;
        let weights = 1.0 - kept.powi(self.points.len() as i32 + 1);
        let smoothed = self.average / weights;
        self.points.push(RatePoint { rate, loss, smoothed });
        self.best = self.best.min(smoothed);
        if smoothed > self.best + (self.sweep.explosion - 1.0) * self.best.abs() {
            self.exploded = last;
        }
        Ok(())
    }

    fn finish(self) -> LearningRateTest {
        let Self { points, exploded, .. } = self;
        let smoothed = |at: usize| points[at].smoothed;
        let lowest = (0..points.len()).min_by(|&a, &b| smoothed(a).total_cmp(&smoothed(b))).unwrap_or(0);
        // The rates are equally spaced in their logarithm.
        let slope = |at: usize| smoothed(at + 1) - smoothed(at - 1);
        let steepest = (1..lowest).min_by(|&a, &b| slope(a).total_cmp(&slope(b)));
        LearningRateTest {
            exploded,
            lowest: points[lowest].rate,
            steepest: steepest.filter(|&at| slope(at) < 0.0).map(|at| points[at].rate),
            suggestion: (lowest > 0).then(|| points[lowest].rate / 10.0),
            points,
        }
    }
}

/// Returns whether an error means that the result of a step was not finite although the data are.
fn overflowed(error: &Error) -> bool {
    matches!(
        error,
        Error::NonFiniteStep { .. }
            | Error::NonFiniteOutput { .. }
            | Error::NonFiniteLoss { .. }
            | Error::NonFiniteGradient { .. }
            | Error::StepOverflow { .. }
    )
}

impl LearningRateTest {
    /// Returns all values as JSON, with the structure of the public fields.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Draws the loss and the smoothed loss against the learning rate.
    ///
    /// # Errors
    /// [`PlotError`] if there is nothing to draw.
    #[cfg(feature = "plot")]
    pub fn picture(&self) -> Result<Picture, PlotError> {
        let most = self.most();
        let line = |loss: fn(&RatePoint) -> f64| {
            let points = self.points.iter().map(move |point| (point.rate, loss(point)));
            points.filter(move |&(_, loss)| loss <= most)
        };
        let note = match (self.suggestion, self.steepest) {
            (Some(suggestion), Some(steepest)) => {
                format!("suggestion {suggestion:.1e}, a tenth of the lowest; steepest at {steepest:.1e}")
            }
            (Some(suggestion), None) => format!("suggestion {suggestion:.1e}, a tenth of the lowest"),
            (None, _) => "the loss does not fall".into(),
        };
        Lines::new("The loss while the learning rate rises")
            .x("learning rate")
            .y("loss")
            .log_x()
            .line("smoothed", line(|point| point.smoothed))
            .line("of the batch", line(|point| point.loss))
            .note(note)
            .note(format!("losses above {most:.2e} are not shown"))
            .picture()
    }

    /// Returns the largest loss that is drawn. Without this limit, an exploding loss would make the rest of the curve
    /// flat.
    fn most(&self) -> f64 {
        let first = self.points.first().map_or(0.0, |point| point.smoothed);
        let before = self.points.iter().filter(|point| point.rate <= self.lowest);
        let most = before.map(|point| point.smoothed).fold(first, f64::max);
        let least = self.points.iter().map(|point| point.smoothed).fold(most, f64::min);
        most + 0.2 * (most - least)
    }
}

//! Floor 5: schedules of the learning rate.
//!
//! A schedule is a factor of the initial learning rate, so that it is independent of the optimizer:
//!
//! ```
//! use chainrule::prelude::*;
//!
//! let schedule = Schedule::cosine(900).warm_up(100);
//! let mut adam = Adam::<Linear<2, 2>>::new(0.0);
//! for step in 0..1000 {
//!     adam.learning_rate = 1e-3 * schedule.factor(step);
//!     // .. a step
//! }
//! assert_eq!(schedule.factor(50), 0.5); // half-way up
//! assert_eq!(schedule.factor(100), 1.0);
//! approx::assert_abs_diff_eq!(schedule.factor(550), 0.5, epsilon = 1e-12); // half-way down
//! ```

use core::f64::consts::PI;
use core::fmt;

use crate::Error;

/// A factor of the initial learning rate, at each step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schedule {
    shape: Shape,
    warm_up: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Shape {
    Constant,
    Step { every: u64, factor: f64 },
    Exponential { factor: f64 },
    Cosine { steps: u64, floor: f64, restarts: Option<u64> },
    OneCycle { steps: u64, rise: f64, start: f64, end: f64 },
}

impl Default for Schedule {
    fn default() -> Self {
        Self::constant()
    }
}

impl Schedule {
    const fn new(shape: Shape) -> Self {
        Self { shape, warm_up: 0 }
    }

    /// Returns a schedule that is 1 at every step.
    pub const fn constant() -> Self {
        Self::new(Shape::Constant)
    }

    /// Multiplies the learning rate by `factor` after every `every` steps (for 0, after each step).
    pub const fn step(every: u64, factor: f64) -> Self {
        Self::new(Shape::Step { every, factor })
    }

    /// Multiplies the learning rate by `factor` after each step.
    pub const fn exponential(factor: f64) -> Self {
        Self::new(Shape::Exponential { factor })
    }

    /// Falls from 1 to 0 along half a cosine in `steps` steps, and stays at 0.
    ///
    /// # Source
    /// Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5.
    pub const fn cosine(steps: u64) -> Self {
        Self::new(Shape::Cosine { steps, floor: 0.0, restarts: None })
    }

    /// Restarts a cosine from 1 at its end, each time for `longer` times as many steps (1: always as many). It has no
    /// effect on other schedules.
    pub const fn warm_restarts(self, longer: u64) -> Self {
        match self.shape {
            Shape::Cosine { steps, floor, .. } => {
                let restarts = Some(if longer == 0 { 1 } else { longer });
                Self { shape: Shape::Cosine { steps, floor, restarts }, ..self }
            }
            _ => self,
        }
    }

    /// Ends a cosine at `floor` instead of 0. It has no effect on other schedules.
    pub const fn floor(self, floor: f64) -> Self {
        match self.shape {
            Shape::Cosine { steps, restarts, .. } => {
                Self { shape: Shape::Cosine { steps, floor, restarts }, ..self }
            }
            _ => self,
        }
    }

    /// Rises from 1/25 to 1 in the first 30 % of `steps` steps and falls to 4e-6 in the rest, both along half a cosine:
    /// PyTorch's `OneCycleLR` with its defaults, without its cycle of the momentum.
    ///
    /// # Source
    /// Smith, Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018.
    pub const fn one_cycle(steps: u64) -> Self {
        Self::new(Shape::OneCycle { steps, rise: 0.3, start: 1.0 / 25.0, end: 1.0 / 25.0 / 1e4 })
    }

    /// Adds a warm-up before the schedule: a straight line from 0 to its first value in `steps` steps.
    pub const fn warm_up(self, steps: u64) -> Self {
        Self { warm_up: steps, ..self }
    }

    /// Returns the factor of the initial learning rate at this step; the first step is 0.
    pub fn factor(&self, step: u64) -> f64 {
        if step < self.warm_up {
            return self.after_warm_up(0) * step as f64 / self.warm_up as f64;
        }
        self.after_warm_up(step - self.warm_up)
    }

    /// Returns the step from which on the factor is always 0, if there is one.
    #[cfg(feature = "fit")]
    pub(crate) fn ends(&self) -> Option<u64> {
        let length = match self.shape {
            Shape::Cosine { steps, floor: 0.0, restarts: None } => steps,
            Shape::Step { every, factor: 0.0 } => every.max(1),
            Shape::Exponential { factor: 0.0 } => 1,
            _ => return None,
        };
        Some(length.saturating_add(self.warm_up))
    }

    fn after_warm_up(&self, step: u64) -> f64 {
        match self.shape {
            Shape::Constant => 1.0,
            Shape::Step { every, factor } => libm::pow(factor, (step / every.max(1)) as f64),
            Shape::Exponential { factor } => libm::pow(factor, step as f64),
            Shape::Cosine { steps, floor, restarts: None } => fall(step, steps, 1.0, floor),
            Shape::Cosine { steps, floor, restarts: Some(longer) } => {
                let (mut start, mut steps) = (0_u64, steps.max(1));
                if longer == 1 {
                    start = step / steps * steps;
                }
                while longer > 1 && step - start >= steps {
                    start += steps;
                    steps = steps.saturating_mul(longer);
                }
                fall(step - start, steps, 1.0, floor)
            }
            Shape::OneCycle { steps, rise, start, end } => {
                // As in PyTorch, the maximum is at rise · steps - 1, which may be between two steps.
                let (top, last) = (rise * steps as f64 - 1.0, steps.saturating_sub(1) as f64);
                let at = (step as f64).min(last);
                if at <= top {
                    cosine(at / top.max(1.0), start, 1.0)
                } else {
                    cosine((at - top) / (last - top), 1.0, end)
                }
            }
        }
    }
}

/// As a program writes it: `Schedule::cosine(900).warm_up(100)`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shape {
            Shape::Constant => write!(f, "Schedule::constant()"),
            Shape::Step { every, factor } => write!(f, "Schedule::step({every}, {factor:?})"),
            Shape::Exponential { factor } => write!(f, "Schedule::exponential({factor:?})"),
            Shape::Cosine { steps, floor, restarts } => {
                write!(f, "Schedule::cosine({steps})")?;
                if floor != 0.0 {
                    write!(f, ".floor({floor:?})")?;
                }
                restarts.map_or(Ok(()), |longer| write!(f, ".warm_restarts({longer})"))
            }
            Shape::OneCycle { steps, .. } => write!(f, "Schedule::one_cycle({steps})"),
        }?;
        if self.warm_up > 0 { write!(f, ".warm_up({})", self.warm_up) } else { Ok(()) }
    }
}

/// Returns `from` at step 0, `to` from step `steps` on, and half a cosine between.
fn fall(step: u64, steps: u64, from: f64, to: f64) -> f64 {
    if step >= steps { to } else { cosine(step as f64 / steps as f64, from, to) }
}

/// Returns half a cosine: `from` at 0, `to` at 1.
fn cosine(share: f64, from: f64, to: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + libm::cos(PI * share))
}

/// Reduces the learning rate when a measure has stopped decreasing.
///
/// PyTorch's `ReduceLROnPlateau`. Give it the loss after each epoch (or 1 - accuracy):
///
/// ```
/// use chainrule::prelude::*;
///
/// let mut plateau = Plateau::new(0.5, 2);
/// let factors: Vec<f64> = [1.0, 0.9, 0.9, 0.9, 0.9].map(|loss| plateau.observe(loss)).into();
/// assert_eq!(factors, [1.0, 1.0, 1.0, 1.0, 0.5]); // three in a row did not improve
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Plateau {
    /// The factor of the learning rate.
    pub factor: f64,
    /// How many measures in a row may fail to improve before that.
    pub patience: u32,
    /// The smallest relative decrease that counts as an improvement: 1e-4 by default.
    pub threshold: f64,
    /// The smallest learning rate, as a factor of the initial one: 0 by default.
    pub floor: f64,
    /// The least measure so far; `None` before the first.
    best: Option<f64>,
    waited: u32,
    now: f64,
}

impl Plateau {
    /// Multiplies the learning rate by `factor` when more than `patience` measures in a row did not improve on the best
    /// one.
    pub const fn new(factor: f64, patience: u32) -> Self {
        Self { factor, patience, threshold: 1e-4, floor: 0.0, best: None, waited: 0, now: 1.0 }
    }

    /// Adds a measure, such as a loss. Returns the factor of the initial learning rate. A NaN does not count as an
    /// improvement.
    pub fn observe(&mut self, measure: f64) -> f64 {
        if !measure.is_nan() && self.best.is_none_or(|best| measure < best - self.threshold * best.abs()) {
            (self.best, self.waited) = (Some(measure), 0);
        } else {
            self.waited += 1;
        }
        if self.waited > self.patience {
            (self.now, self.waited) = ((self.now * self.factor).max(self.floor), 0);
        }
        self.now
    }

    /// Returns the factor of the initial learning rate.
    pub const fn rate(&self) -> f64 {
        self.now
    }

    /// Checks the settings: a factor and a threshold of at least 0 and below 1, a floor between 0 and 1.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        let [below_1, up_to_1] = ["at least 0 and below 1", "between 0 and 1"];
        let settings = [
            ("the factor of a plateau", self.factor, (0.0..1.0).contains(&self.factor), below_1),
            ("the threshold of a plateau", self.threshold, (0.0..1.0).contains(&self.threshold), below_1),
            ("the floor of a plateau", self.floor, (0.0..=1.0).contains(&self.floor), up_to_1),
        ];
        match settings.into_iter().find(|(_, _, holds, _)| !holds) {
            Some((name, value, _, expected)) => Err(Error::Setting { name, value, expected }),
            None => Ok(()),
        }
    }

    /// Returns the plateau with these settings, in the state of another.
    #[cfg(feature = "fit")]
    pub(crate) fn in_state_of(self, other: Self) -> Self {
        let Self { factor, patience, threshold, floor, .. } = self;
        Self { factor, patience, threshold, floor, ..other }
    }
}

/// As a program writes it, with the settings that are not the default after it.
impl fmt::Display for Plateau {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::new(self.factor, self.patience);
        write!(f, "Plateau::new({:?}, {})", self.factor, self.patience)?;
        if self.threshold != default.threshold {
            write!(f, ", threshold {:?}", self.threshold)?;
        }
        if self.floor != default.floor { write!(f, ", floor {:?}", self.floor) } else { Ok(()) }
    }
}

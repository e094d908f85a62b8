//! Tier 5: schedules of the learning rate.
//!
//! A schedule is a factor of the initial learning rate, so that it is independent of the optimizer:
//!
//! ```
//! use chainrule::prelude::*;
//!
//! let schedule = Schedule::cosine(900).warm_up(99);
//! let mut adam = Adam::<Linear<2, 2>>::new(0.0);
//! for step in 0..1000 {
//!     adam.learning_rate = 1e-3 * schedule.factor(step);
//!     // .. a step
//! }
//! assert_eq!(schedule.factor(0), 0.01); // the first step is not wasted
//! assert_eq!(schedule.factor(49), 0.5); // half-way up
//! assert_eq!(schedule.factor(99), 1.0);
//! approx::assert_abs_diff_eq!(schedule.factor(549), 0.5, epsilon = 1e-12); // half-way down
//! ```
//!
//! | schedule | in PyTorch |
//! |---|---|
//! | [`constant_factor`](Schedule::constant_factor)`(f).then(steps, Schedule::constant())` | `ConstantLR` |
//! | [`step`](Schedule::step), [`multi_step`](Schedule::multi_step) | `StepLR`, `MultiStepLR` |
//! | [`exponential`](Schedule::exponential) | `ExponentialLR` |
//! | [`linear`](Schedule::linear), [`polynomial`](Schedule::polynomial) | `LinearLR`, `PolynomialLR` |
//! | [`cosine`](Schedule::cosine), [`floor`](Schedule::floor) | `CosineAnnealingLR` |
//! | [`cosine_warm_restarts`](Schedule::cosine_warm_restarts) | `CosineAnnealingWarmRestarts` |
//! | [`cyclic`](Schedule::cyclic) | `CyclicLR`, `triangular` |
//! | [`cyclic_halving`](Schedule::cyclic_halving) | `CyclicLR`, `triangular2` |
//! | [`cyclic_decaying`](Schedule::cyclic_decaying) | `CyclicLR`, `exp_range` |
//! | [`one_cycle`](Schedule::one_cycle), with [`OneCycle`] | `OneCycleLR` |
//! | [`inverse_sqrt`](Schedule::inverse_sqrt) | none |
//! | [`warm_up`](Schedule::warm_up), [`warm_up_from`](Schedule::warm_up_from) | `LinearLR` in a `SequentialLR` |
//! | [`then`](Schedule::then) | `SequentialLR` |
//! | [`times`](Schedule::times) | `ChainedScheduler` |
//! | [`Plateau`] | `ReduceLROnPlateau` |
//! | none: set `optimizer.learning_rate` before each step | `LambdaLR`, `MultiplicativeLR` |
//!
//! PyTorch's `CyclicLR` and `OneCycleLR` can move a momentum too; these do not.

mod factor;
mod one_cycle;
mod plateau;
mod rate;
mod text;

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

pub use one_cycle::OneCycle;
pub use plateau::Plateau;
pub(crate) use rate::Rate;

/// A factor of the initial learning rate, at each step.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schedule {
    shape: Shape,
    warm_up: u64,
    /// The factor of the first value with which the warm-up begins, if it is not that of its first step.
    warm_up_from: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Shape {
    Constant(f64),
    Step {
        every: u64,
        factor: f64,
    },
    #[cfg(feature = "alloc")]
    MultiStep {
        at: Vec<u64>,
        factor: f64,
    },
    Exponential {
        factor: f64,
    },
    Linear {
        from: f64,
        to: f64,
        steps: u64,
    },
    Polynomial {
        steps: u64,
        power: f64,
    },
    Cosine {
        steps: u64,
        floor: f64,
        restarts: Option<u64>,
    },
    Cyclic {
        low: f64,
        up: u64,
        down: u64,
        scale: Scale,
    },
    OneCycle(OneCycle),
    InverseSqrt {
        warm_up: u64,
    },
    /// The schedule has no warm-up.
    #[cfg(feature = "alloc")]
    Floor {
        floor: f64,
        of: Box<Schedule>,
    },
    #[cfg(feature = "alloc")]
    Then {
        steps: u64,
        both: Box<[Schedule; 2]>,
    },
    #[cfg(feature = "alloc")]
    Times(Box<[Schedule; 2]>),
}

/// How the height of cycles changes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Scale {
    Same,
    Half,
    Decay(f64),
}

impl Default for Schedule {
    fn default() -> Self {
        Self::constant()
    }
}

impl Schedule {
    const fn new(shape: Shape) -> Self {
        Self { shape, warm_up: 0, warm_up_from: None }
    }

    /// Returns a schedule that is 1 at every step.
    pub const fn constant() -> Self {
        Self::constant_factor(1.0)
    }

    /// Returns a schedule that is `factor` at every step, as a part of another one.
    pub const fn constant_factor(factor: f64) -> Self {
        Self::new(Shape::Constant(factor))
    }

    /// Multiplies the learning rate by `factor` after every `every` steps (for 0, after each step).
    pub const fn step(every: u64, factor: f64) -> Self {
        Self::new(Shape::Step { every, factor })
    }

    /// Multiplies the learning rate by `factor` at each of these steps.
    #[cfg(feature = "alloc")]
    pub fn multi_step(steps: impl Into<Vec<u64>>, factor: f64) -> Self {
        Self::new(Shape::MultiStep { at: steps.into(), factor })
    }

    /// Multiplies the learning rate by `factor` after each step.
    pub const fn exponential(factor: f64) -> Self {
        Self::new(Shape::Exponential { factor })
    }

    /// Goes along a straight line from `from` to `to` in `steps` steps, and stays there.
    pub const fn linear(from: f64, to: f64, steps: u64) -> Self {
        Self::new(Shape::Linear { from, to, steps })
    }

    /// Falls from 1 to 0 as `(1 - step / steps)^power`, and stays at 0.
    pub const fn polynomial(steps: u64, power: f64) -> Self {
        Self::new(Shape::Polynomial { steps, power })
    }

    /// Falls from 1 to 0 along half a cosine in `steps` steps, and stays at 0. (PyTorch's `CosineAnnealingLR` rises
    /// again after its end.) So `steps` is the number of steps of the whole training.
    ///
    /// # Source
    /// Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5.
    pub const fn cosine(steps: u64) -> Self {
        Self::new(Shape::Cosine { steps, floor: 0.0, restarts: None })
    }

    /// Falls along a [`cosine`](Self::cosine), and restarts from 1 at its end, each time for `longer` times as many steps
    /// (0 and 1: always as many).
    pub const fn cosine_warm_restarts(steps: u64, longer: u64) -> Self {
        let restarts = Some(if longer == 0 { 1 } else { longer });
        Self::new(Shape::Cosine { steps, floor: 0.0, restarts })
    }

    /// Ends a cosine at `floor` instead of 0, and bounds every other schedule from below: where its factor is less, it is
    /// `floor`. That holds for all parts of a sequence or a product. A [`warm_up`](Self::warm_up) of this schedule itself
    /// can begin lower.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let schedule = Schedule::constant().then(5, Schedule::polynomial(10, 1.0)).floor(0.25);
    /// assert_eq!([0, 10, 15, 99].map(|step| schedule.factor(step)), [1.0, 0.5, 0.25, 0.25]);
    /// ```
    #[cfg(feature = "alloc")]
    pub fn floor(mut self, floor: f64) -> Self {
        match &mut self.shape {
            Shape::Cosine { floor: end, .. } | Shape::Floor { floor: end, .. } => *end = floor,
            _ => {
                let of = Box::new(Self { warm_up: 0, warm_up_from: None, shape: self.shape });
                self.shape = Shape::Floor { floor, of };
            }
        }
        self
    }

    /// Rises in a straight line from `low` to 1 in `up` steps, falls back in `down` steps, and so on.
    ///
    /// # Source
    /// Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.
    pub const fn cyclic(low: f64, up: u64, down: u64) -> Self {
        Self::new(Shape::Cyclic { low, up, down, scale: Scale::Same })
    }

    /// Rises and falls as [`cyclic`](Self::cyclic), and halves the height after each cycle.
    pub const fn cyclic_halving(low: f64, up: u64, down: u64) -> Self {
        Self::new(Shape::Cyclic { low, up, down, scale: Scale::Half })
    }

    /// Rises and falls as [`cyclic`](Self::cyclic), and multiplies the height by `factor` after each step.
    pub const fn cyclic_decaying(low: f64, up: u64, down: u64, factor: f64) -> Self {
        Self::new(Shape::Cyclic { low, up, down, scale: Scale::Decay(factor) })
    }

    /// Rises from 1/25 to 1 in the first 30 % of `steps` steps and falls to 4e-6 in the rest, both along half a
    /// cosine: PyTorch's `OneCycleLR` with its defaults, without its cycle of the momentum. [`OneCycle`] has other
    /// settings.
    ///
    /// # Source
    /// Smith, Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018.
    pub const fn one_cycle(steps: u64) -> Self {
        Self::new(Shape::OneCycle(OneCycle::new(steps)))
    }

    /// Rises in a straight line to 1 at step `warm_up`, and then falls with the inverse root of the step: the schedule
    /// of transformers. At step s it is √(w/t) or t/w, whichever is less, with t = s + 1 and w = `warm_up` + 1.
    ///
    /// # Source
    /// Vaswani et al., "Attention is all you need", NeurIPS 2017, eq. 3, divided by its largest value.
    pub const fn inverse_sqrt(warm_up: u64) -> Self {
        Self::new(Shape::InverseSqrt { warm_up })
    }

    /// Adds a warm-up before the schedule: a straight line that arrives at its first value after `steps` steps. The
    /// first step is not wasted on a learning rate of 0: step s has `(s + 1) / (steps + 1)` of the first value.
    pub fn warm_up(self, steps: u64) -> Self {
        Self { warm_up: steps, warm_up_from: None, ..self }
    }

    /// Adds a warm-up whose first step has this share of the schedule's first value, as PyTorch's
    /// `LinearLR(start_factor)`.
    pub fn warm_up_from(self, share: f64, steps: u64) -> Self {
        Self { warm_up: steps, warm_up_from: Some(share), ..self }
    }

    /// Goes on with another schedule after this many steps. That one begins at its step 0.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let schedule = Schedule::constant().then(100, Schedule::cosine(50)).then(200, Schedule::constant_factor(0.1));
    /// let factors = [0, 99, 125, 150, 199, 200].map(|step| schedule.factor(step));
    /// for (factor, expected) in factors.into_iter().zip([1.0, 1.0, 0.5, 0.0, 0.0, 0.1]) {
    ///     approx::assert_abs_diff_eq!(factor, expected, epsilon = 1e-15);
    /// }
    /// ```
    #[cfg(feature = "alloc")]
    pub fn then(self, steps: u64, next: Self) -> Self {
        Self::new(Shape::Then { steps, both: Box::new([self, next]) })
    }

    /// Multiplies the factors of two schedules at each step.
    #[cfg(feature = "alloc")]
    pub fn times(self, other: Self) -> Self {
        Self::new(Shape::Times(Box::new([self, other])))
    }
}

impl From<OneCycle> for Schedule {
    fn from(cycle: OneCycle) -> Self {
        Self::new(Shape::OneCycle(cycle))
    }
}

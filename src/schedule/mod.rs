// Tier 5.
//! Schedules of the learning rate.
//!
//! A schedule is a factor of the initial learning rate at each step. So it does not depend on the optimizer:
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
//! assert_eq!(schedule.factor(0), 0.01); // not 0, so the first step changes the network
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
//! PyTorch's `CyclicLR` and `OneCycleLR` can also change the momentum. The schedules of this crate do not.

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

/// A factor of the initial learning rate at each step.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let factors = |schedule: Schedule| [0, 5, 10].map(|step| schedule.factor(step));
/// assert_eq!(factors(Schedule::constant()), [1.0, 1.0, 1.0]);
/// assert_eq!(factors(Schedule::constant_factor(0.5)), [0.5, 0.5, 0.5]);
/// assert_eq!(factors(Schedule::step(5, 0.5)), [1.0, 0.5, 0.25]);
/// assert_eq!(factors(Schedule::multi_step([5], 0.5)), [1.0, 0.5, 0.5]);
/// assert_eq!(factors(Schedule::exponential(0.5)), [1.0, 1.0 / 32.0, 1.0 / 1024.0]);
/// assert_eq!(factors(Schedule::linear(0.0, 1.0, 10)), [0.0, 0.5, 1.0]);
/// assert_eq!(factors(Schedule::polynomial(10, 2.0)), [1.0, 0.25, 0.0]);
/// assert_eq!(factors(Schedule::cyclic(0.0, 5, 5)), [0.0, 1.0, 0.0]);
/// assert_eq!(Schedule::cyclic_halving(0.0, 5, 5).factor(15), 0.5);
/// assert_eq!(factors(Schedule::cyclic_decaying(0.0, 5, 5, 0.5)), [0.0, 1.0 / 32.0, 0.0]);
/// approx::assert_abs_diff_eq!(Schedule::one_cycle(100).factor(29), 1.0, epsilon = 1e-12);
/// assert_eq!(factors(Schedule::step(5, 0.5).times(Schedule::constant_factor(0.5))), [0.5, 0.25, 0.125]);
/// ```
#[doc(alias("learning rate scheduler", "lr_scheduler", "LambdaLR", "SequentialLR"))]
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schedule {
    shape: Shape,
    warm_up: u64,
    /// The factor of the first value at the first step of the warm-up, if `warm_up_from` sets it.
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
    /// A schedule without a warm-up.
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

/// The change of the height of cycles.
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

    /// Returns a schedule that is `factor` at every step, for use as a part of another schedule.
    pub const fn constant_factor(factor: f64) -> Self {
        Self::new(Shape::Constant(factor))
    }

    /// Returns a schedule that multiplies the learning rate by `factor` after every `every` steps (for 0, after each
    /// step).
    #[doc(alias("StepLR"))]
    pub const fn step(every: u64, factor: f64) -> Self {
        Self::new(Shape::Step { every, factor })
    }

    /// Returns a schedule that multiplies the learning rate by `factor` at each of these steps.
    #[doc(alias("MultiStepLR"))]
    #[cfg(feature = "alloc")]
    pub fn multi_step(steps: impl Into<Vec<u64>>, factor: f64) -> Self {
        Self::new(Shape::MultiStep { at: steps.into(), factor })
    }

    /// Returns a schedule that multiplies the learning rate by `factor` after each step.
    #[doc(alias("ExponentialLR", "exponential decay"))]
    pub const fn exponential(factor: f64) -> Self {
        Self::new(Shape::Exponential { factor })
    }

    /// Returns a schedule along a straight line from `from` to `to` in `steps` steps. After that it is `to`.
    #[doc(alias("LinearLR", "linear decay"))]
    pub const fn linear(from: f64, to: f64, steps: u64) -> Self {
        Self::new(Shape::Linear { from, to, steps })
    }

    /// Returns a schedule that falls from 1 to 0 as `(1 - step / steps)^power`. After that it is 0.
    #[doc(alias("PolynomialLR"))]
    pub const fn polynomial(steps: u64, power: f64) -> Self {
        Self::new(Shape::Polynomial { steps, power })
    }

    /// Returns a schedule that falls from 1 to 0 along half a cosine in `steps` steps. After that it is 0, so `steps`
    /// is the number of steps of the whole training. (PyTorch's `CosineAnnealingLR` rises again after its end.)
    ///
    /// # Source
    /// Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5.
    #[doc(alias("CosineAnnealingLR", "cosine annealing", "cosine decay"))]
    pub const fn cosine(steps: u64) -> Self {
        Self::new(Shape::Cosine { steps, floor: 0.0, restarts: None })
    }

    /// Returns a schedule that falls along a [`cosine`](Self::cosine) and restarts from 1 at its end. Each cycle has
    /// `longer` times as many steps as the one before (with 0 or 1, all have the same number of steps).
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let schedule = Schedule::cosine_warm_restarts(10, 2); // cycles of 10, 20, 40, .. steps
    /// assert_eq!([0, 10, 30].map(|step| schedule.factor(step)), [1.0, 1.0, 1.0]);
    /// approx::assert_abs_diff_eq!(schedule.factor(20), 0.5, epsilon = 1e-12);
    /// ```
    #[doc(alias("CosineAnnealingWarmRestarts", "SGDR"))]
    pub const fn cosine_warm_restarts(steps: u64, longer: u64) -> Self {
        let restarts = Some(if longer == 0 { 1 } else { longer });
        Self::new(Shape::Cosine { steps, floor: 0.0, restarts })
    }

    /// Ends a cosine at `floor` instead of 0, and bounds every other schedule from below: if its factor is less than
    /// `floor`, it is `floor`. This applies to all parts of a sequence or a product. A [`warm_up`](Self::warm_up) of
    /// this schedule itself can start at less than `floor`.
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

    /// Returns a schedule that rises along a straight line from `low` to 1 in `up` steps, falls back in `down` steps,
    /// and repeats this.
    ///
    /// # Source
    /// Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.
    #[doc(alias("CyclicLR", "triangular", "cyclical learning rate"))]
    pub const fn cyclic(low: f64, up: u64, down: u64) -> Self {
        Self::new(Shape::Cyclic { low, up, down, scale: Scale::Same })
    }

    /// Returns a schedule as [`cyclic`](Self::cyclic) that halves the height after each cycle.
    pub const fn cyclic_halving(low: f64, up: u64, down: u64) -> Self {
        Self::new(Shape::Cyclic { low, up, down, scale: Scale::Half })
    }

    /// Returns a schedule as [`cyclic`](Self::cyclic) that multiplies the height by `factor` after each step.
    pub const fn cyclic_decaying(low: f64, up: u64, down: u64, factor: f64) -> Self {
        Self::new(Shape::Cyclic { low, up, down, scale: Scale::Decay(factor) })
    }

    /// Returns a schedule that rises from 1/25 to 1 in the first 30 % of `steps` steps, and then falls to 4e-6, both
    /// along half a cosine. It is PyTorch's `OneCycleLR` with its defaults, without the cycle of the momentum. For
    /// other settings use [`OneCycle`].
    ///
    /// # Source
    /// Smith, Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018.
    #[doc(alias("OneCycleLR", "super-convergence"))]
    pub const fn one_cycle(steps: u64) -> Self {
        Self::new(Shape::OneCycle(OneCycle::new(steps)))
    }

    /// Returns a schedule that rises along a straight line to 1 at step `warm_up`, and then falls with the inverse root
    /// of the step, as is usual for transformers. At step s it is the minimum of √(w/t) and t/w, with t = s + 1 and w =
    /// `warm_up` + 1.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let schedule = Schedule::inverse_sqrt(99); // w = 100
    /// assert_eq!([0, 49, 99, 399].map(|step| schedule.factor(step)), [0.01, 0.5, 1.0, 0.5]);
    /// ```
    ///
    /// # Source
    /// Vaswani et al., "Attention is all you need", NeurIPS 2017, eq. 3, divided by its largest value.
    #[doc(alias("Noam", "rsqrt", "transformer schedule"))]
    pub const fn inverse_sqrt(warm_up: u64) -> Self {
        Self::new(Shape::InverseSqrt { warm_up })
    }

    /// Adds a warm-up before the schedule: a straight line that reaches the first value of the schedule after `steps`
    /// steps. Step s has `(s + 1) / (steps + 1)` of that value, so the learning rate of the first step is not 0.
    #[doc(alias("warmup", "linear warmup"))]
    pub fn warm_up(self, steps: u64) -> Self {
        Self { warm_up: steps, warm_up_from: None, ..self }
    }

    /// Adds a warm-up. Its first step has this share of the first value of the schedule, as PyTorch's
    /// `LinearLR(start_factor)`.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let schedule = Schedule::constant().warm_up_from(0.5, 10);
    /// assert_eq!([0, 5, 10].map(|step| schedule.factor(step)), [0.5, 0.75, 1.0]);
    /// ```
    #[doc(alias("warmup", "start_factor"))]
    pub fn warm_up_from(self, share: f64, steps: u64) -> Self {
        Self { warm_up: steps, warm_up_from: Some(share), ..self }
    }

    /// Continues with another schedule after this many steps. The other schedule starts at its step 0.
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
    #[doc(alias("SequentialLR"))]
    #[cfg(feature = "alloc")]
    pub fn then(self, steps: u64, next: Self) -> Self {
        Self::new(Shape::Then { steps, both: Box::new([self, next]) })
    }

    /// Multiplies the factors of two schedules at each step. See the example of [`Schedule`].
    #[doc(alias("ChainedScheduler"))]
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

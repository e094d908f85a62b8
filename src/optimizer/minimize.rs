//! The iterations of L-BFGS. They are compiled once for all networks.

use alloc::vec::Vec;

use super::line_search::{Place, strong_wolfe};
use super::vectors::{DIRECTION, FIXED, GRADIENT, NETWORK, NEW, PREVIOUS, START, Vectors};
use super::{check_divisor, check_size};
use crate::Error;

/// The state of L-BFGS, without its vectors.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Memory {
    /// Whether an iteration has run.
    started: bool,
    /// The length of the last step.
    step: f64,
    /// The scale of the first estimate of the inverse Hessian.
    scale: f64,
    /// 1 / (y · s) for each pair in the history, at the index of its slot.
    inverses: Vec<f64>,
    /// The slot of the oldest pair.
    oldest: usize,
    /// The coefficients of the current direction.
    coefficients: Vec<f64>,
}

/// The result of [`Lbfgs::minimize`](super::Lbfgs::minimize). See the example of [`Lbfgs`](super::Lbfgs).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Minimized {
    /// The loss before the first iteration.
    pub before: f64,
    /// The loss at the end. Without a line search, it is the loss of the last evaluation.
    pub loss: f64,
    /// The number of iterations.
    pub iterations: u64,
    /// The number of evaluations of the loss.
    pub evaluations: u64,
}

/// The settings of a call.
pub(super) struct Settings {
    pub(super) rate: f64,
    pub(super) max_iterations: u64,
    pub(super) max_evaluations: u64,
    pub(super) gradient_tolerance: f64,
    pub(super) change_tolerance: f64,
    pub(super) history: usize,
    pub(super) line_search: bool,
    /// 1, or -1 to maximize.
    pub(super) sign: f64,
}

impl Settings {
    fn check(&self) -> Result<(), Error> {
        check_divisor("the learning rate", self.rate)?;
        check_size("the gradient tolerance of L-BFGS", self.gradient_tolerance)?;
        check_size("the change tolerance of L-BFGS", self.change_tolerance)?;
        let whole = [
            ("the number of iterations of L-BFGS", self.max_iterations),
            ("the number of evaluations of L-BFGS", self.max_evaluations),
            ("the history of L-BFGS", self.history as u64),
        ];
        match whole.into_iter().find(|(_, number)| *number == 0) {
            Some((name, _)) => Err(Error::Setting { name, value: 0.0, expected: "at least 1" }),
            None => Ok(()),
        }
    }
}

/// Iterates until a limit or a tolerance is reached.
pub(super) fn minimize(
    settings: &Settings,
    memory: &mut Memory,
    vectors: &mut dyn Vectors,
) -> Result<Minimized, Error> {
    settings.check()?;
    vectors.reserve(FIXED);
    let before = vectors.evaluate_finite(settings.sign)?;
    vectors.copy(NEW, GRADIENT);
    let mut result = Minimized { before, loss: before, iterations: 0, evaluations: 1 };
    let mut is_optimal = vectors.sizes(GRADIENT)[0] <= settings.gradient_tolerance;
    while !is_optimal && result.iterations < settings.max_iterations {
        result.iterations += 1;
        vectors.copy(NETWORK, START);
        let last = result.loss;
        let goes_on = iterate(settings, memory, vectors, &mut result).inspect_err(|_| {
            vectors.copy(START, NETWORK);
            *memory = Memory::default();
        })?;
        is_optimal = !goes_on
            || result.evaluations >= settings.max_evaluations
            || vectors.sizes(GRADIENT)[0] <= settings.gradient_tolerance
            || vectors.sizes(DIRECTION)[0] * memory.step.abs() <= settings.change_tolerance
            || (result.loss - last).abs() < settings.change_tolerance;
    }
    result.before *= settings.sign;
    result.loss *= settings.sign;
    Ok(result)
}

/// Moves the network along a new direction. Returns whether the loss decreases far enough along it.
fn iterate(
    settings: &Settings,
    memory: &mut Memory,
    vectors: &mut dyn Vectors,
    result: &mut Minimized,
) -> Result<bool, Error> {
    let first = if memory.started {
        memory.remember(vectors, settings.history);
        settings.rate
    } else {
        *memory = Memory { started: true, scale: 1.0, ..Memory::default() };
        let [_, sum] = vectors.sizes(GRADIENT);
        settings.rate * (1.0 / sum).min(1.0)
    };
    memory.direct(vectors);
    vectors.copy(GRADIENT, PREVIOUS);
    memory.step = first;
    let slope = vectors.dot(GRADIENT, DIRECTION);
    if !slope.is_finite() {
        return Err(Error::NonFiniteLoss { value: slope });
    }
    if slope > -settings.change_tolerance {
        return Ok(false);
    }
    if settings.line_search {
        let origin = Place { step: 0.0, loss: result.loss, slope };
        let most = settings.max_evaluations.saturating_sub(result.evaluations);
        let (place, evaluations) =
            strong_wolfe(vectors, settings.sign, origin, first, settings.change_tolerance, most)?;
        (memory.step, result.loss) = (place.step, place.loss);
        result.evaluations += evaluations;
    } else {
        vectors.combine(1.0, NETWORK, first, DIRECTION);
        if result.iterations == settings.max_iterations {
            return Ok(true); // the next call evaluates it
        }
        result.loss = vectors.evaluate_finite(settings.sign)?;
        vectors.copy(NEW, GRADIENT);
        result.evaluations += 1;
    }
    vectors.follow_buffers();
    Ok(true)
}

impl Memory {
    /// Returns the index of the vector y in a slot of the history. The next index is that of s.
    fn pair(slot: usize) -> usize {
        FIXED + 2 * slot
    }

    /// Adds the last iteration to the history, if the curvature of the loss along its step is positive.
    fn remember(&mut self, vectors: &mut dyn Vectors, history: usize) {
        let stored = self.inverses.len();
        let is_ring = if stored < history { self.oldest == 0 } else { self.oldest < stored };
        if stored > history || !is_ring {
            self.oldest = 0; // the caller has changed the length of the history, or a file is wrong
            self.inverses.clear();
        }
        vectors.copy(GRADIENT, NEW);
        vectors.combine(1.0, NEW, -1.0, PREVIOUS);
        let product = vectors.dot(NEW, DIRECTION) * self.step;
        if !(product > 1e-10 && product.is_finite()) {
            return;
        }
        let slot = if self.inverses.len() < history {
            self.inverses.push(0.0);
            self.inverses.len() - 1
        } else {
            let slot = self.oldest;
            self.oldest = (slot + 1) % history;
            slot
        };
        let pair = Self::pair(slot);
        vectors.reserve(pair + 2);
        vectors.copy(NEW, pair);
        vectors.combine(0.0, pair + 1, self.step, DIRECTION);
        self.inverses[slot] = 1.0 / product;
        self.scale = product / vectors.dot(NEW, NEW);
    }

    /// Computes the direction from the gradient and the history.
    fn direct(&mut self, vectors: &mut dyn Vectors) {
        let Self { scale, inverses, oldest, coefficients, .. } = self;
        let stored = inverses.len();
        coefficients.resize(stored, 0.0);
        let slot = |age: usize| (*oldest + age) % stored;
        vectors.combine(0.0, DIRECTION, -1.0, GRADIENT);
        for slot in (0..stored).rev().map(slot) {
            let pair = Self::pair(slot);
            coefficients[slot] = vectors.dot(pair + 1, DIRECTION) * inverses[slot];
            vectors.combine(1.0, DIRECTION, -coefficients[slot], pair);
        }
        vectors.combine(*scale, DIRECTION, 0.0, GRADIENT);
        for slot in (0..stored).map(slot) {
            let pair = Self::pair(slot);
            let other = vectors.dot(pair, DIRECTION) * inverses[slot];
            vectors.combine(1.0, DIRECTION, coefficients[slot] - other, pair + 1);
        }
    }
}

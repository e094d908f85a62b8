use alloc::vec::Vec;

use super::line_search::{Place, strong_wolfe};
use super::vectors::{DIRECTION, FIXED, GRADIENT, NETWORK, NEW, PREVIOUS, START, Vectors};
use super::{check_divisor, check_size};
use crate::Error;
use crate::layer::{Owned, Parameters, View, ViewMut};
use chainrule_parameters::AsNetwork;

/// The L-BFGS method, for losses of a full batch: it steps along the gradient times an estimate of the inverse Hessian,
/// which it computes from the gradients of the last iterations.
///
/// An iteration takes several evaluations of the loss, so L-BFGS is no [`Optimizer`](super::Optimizer) of a trainer.
/// [`minimize`](Lbfgs::minimize) is PyTorch's `step(closure)`. Draw no random numbers in the loss: a dropout that changes
/// between two evaluations makes the line search pointless.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(Vector);
/// let xor = [[0.0], [1.0], [1.0], [0.0]].map(Vector);
/// let (mut net, mut workspace) = (Net::init(&mut rng(1)), Workspace::default());
/// let result = Lbfgs::new().max_iterations(100).minimize(&mut net, |net, gradient| {
///     net.loss_gradient(&MeanSquaredError, &inputs, &xor, &mut workspace, gradient, &mut rng(0))
/// })?;
/// assert!(result.loss < 1e-6, "{result:?}");
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Source
/// Nocedal, "Updating quasi-Newton matrices with limited storage", Mathematics of Computation 35 (1980); the form is that
/// of PyTorch. Scalar products are in `f64`.
#[derive(Clone, Debug)]
pub struct Lbfgs<N: Parameters> {
    /// η, the first step length of each line search, or the step length without one: 1 by default.
    pub learning_rate: f64,
    /// The largest number of iterations of a call, at least 1: 20 by default.
    pub max_iterations: u64,
    /// The number of evaluations after which a call begins no iteration: 5/4 of the iterations by default.
    pub max_evaluations: Option<u64>,
    /// The call ends when no number of the gradient is above this: 1e-7 by default.
    pub gradient_tolerance: f64,
    /// The call ends when loss or parameters change by less than this: 1e-9 by default.
    pub change_tolerance: f64,
    /// How many iterations the estimate of the Hessian is computed from, at least 1: 100 by default. Each takes the memory
    /// of two networks.
    pub history: usize,
    /// Whether to search a step that satisfies the strong Wolfe conditions: `true` by default. (PyTorch's default is a step
    /// of the learning rate.)
    pub line_search: bool,
    /// Whether to maximize instead.
    pub maximize: bool,
    memory: Memory,
    vectors: Vec<Owned<N>>,
}

/// What L-BFGS knows of the iterations so far, besides their vectors.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Memory {
    /// Whether there has been an iteration.
    started: bool,
    /// The length of the last step.
    step: f64,
    /// The scale of the first estimate of the inverse Hessian.
    scale: f64,
    /// 1 / (y · s) of each pair in the history, at its slot.
    inverses: Vec<f64>,
    /// The slot of the oldest pair.
    oldest: usize,
    /// The coefficients of the present direction.
    coefficients: Vec<f64>,
}

/// The result of [`Lbfgs::minimize`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Minimized {
    /// The loss before the first iteration.
    pub before: f64,
    /// The loss at the end. Without a line search, that of the last evaluation.
    pub loss: f64,
    /// The number of iterations.
    pub iterations: u64,
    /// The number of evaluations of the loss.
    pub evaluations: u64,
}

impl<N: Parameters> Default for Lbfgs<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Parameters> Lbfgs<N> {
    /// Creates the optimizer with PyTorch's settings, and a line search.
    pub fn new() -> Self {
        Self {
            learning_rate: 1.0,
            max_iterations: 20,
            max_evaluations: None,
            gradient_tolerance: 1e-7,
            change_tolerance: 1e-9,
            history: 100,
            line_search: true,
            maximize: false,
            memory: Memory::default(),
            vectors: Vec::new(),
        }
    }

    /// Sets the largest number of iterations of a call.
    pub fn max_iterations(self, iterations: u64) -> Self {
        Self { max_iterations: iterations, ..self }
    }

    /// Sets the number of evaluations after which a call begins no iteration.
    pub fn max_evaluations(self, evaluations: u64) -> Self {
        Self { max_evaluations: Some(evaluations), ..self }
    }

    /// Sets the tolerances of the gradient and of changes, at which a call ends.
    pub fn tolerances(self, gradient: f64, change: f64) -> Self {
        Self { gradient_tolerance: gradient, change_tolerance: change, ..self }
    }

    /// Sets the number of iterations from which the estimate of the Hessian is computed.
    pub fn history(self, iterations: usize) -> Self {
        Self { history: iterations, ..self }
    }

    /// Takes steps of this length instead of searching one.
    pub fn fixed_step(self, length: f64) -> Self {
        Self { line_search: false, learning_rate: length, ..self }
    }

    /// Maximizes the loss instead.
    pub fn maximize(self) -> Self {
        Self { maximize: true, ..self }
    }

    /// Iterates until a limit or a tolerance is reached. `evaluate` returns the loss of a network, and writes its gradient,
    /// as [`Network::loss_gradient`](crate::Network::loss_gradient) does. A second call continues with the history of the
    /// first. [Buffers](crate::layer::Role::Buffer) move once in each iteration.
    ///
    /// # Errors
    /// [`Error::Setting`], and the errors of `evaluate`. A step to a network whose loss is not finite is shortened first. After an
    /// error the network is that of the last complete iteration, and the history is empty.
    pub fn minimize<M: AsNetwork<Network = N>>(
        &mut self,
        network: &mut M,
        evaluate: impl FnMut(&N, &mut N) -> Result<f64, Error>,
    ) -> Result<Minimized, Error> {
        let settings = Settings {
            rate: self.learning_rate,
            max_iterations: self.max_iterations,
            max_evaluations: self.max_evaluations.unwrap_or(self.max_iterations.saturating_mul(5) / 4),
            gradient_tolerance: self.gradient_tolerance,
            change_tolerance: self.change_tolerance,
            history: self.history,
            line_search: self.line_search,
            sign: if self.maximize { -1.0 } else { 1.0 },
        };
        let network = network.as_network_mut();
        let mut vectors = All { network, evaluate, others: &mut self.vectors };
        minimize(&settings, &mut self.memory, &mut vectors)
    }
}

#[cfg(feature = "checkpoint")]
impl<N: Parameters> Lbfgs<N> {
    /// Returns the state and its vectors, each with a name: for a checkpoint, in which every slot of the history is.
    pub(crate) fn state(
        &mut self,
    ) -> (&mut Memory, impl Iterator<Item = (alloc::string::String, &mut Owned<N>)>) {
        let all = FIXED - 1 + 2 * self.history;
        self.vectors.resize_with(all.max(self.vectors.len()), Owned::zeros);
        let named = self.vectors.iter_mut().enumerate().take(all).filter_map(|(at, vector)| match at + 1 {
            DIRECTION => Some(("direction".into(), vector)),
            PREVIOUS => Some(("gradient".into(), vector)),
            at if at >= FIXED => Some((alloc::format!("history.{}", at - FIXED), vector)),
            _ => None, // each call computes it
        });
        (&mut self.memory, named)
    }
}

/// The network, the vectors of the method, and the loss.
struct All<'a, N, F> {
    network: &'a mut N,
    evaluate: F,
    others: &'a mut Vec<Owned<N>>,
}

impl<N: Parameters, F: FnMut(&N, &mut N) -> Result<f64, Error>> Vectors for All<'_, N, F> {
    fn view(&self, at: usize) -> View<'_> {
        if at == NETWORK { View::of(self.network) } else { View::of(&*self.others[at - 1]) }
    }

    fn pair(&mut self, to: usize, from: usize) -> (ViewMut<'_>, View<'_>) {
        let (low, high) = self.others.split_at_mut(to.max(from) - 1);
        let last = &mut high[0];
        let first = match to.min(from) {
            NETWORK => &mut *self.network,
            at => &mut *low[at - 1],
        };
        if to < from {
            (ViewMut::of(first), View::of(&**last))
        } else {
            (ViewMut::of(&mut **last), View::of(first))
        }
    }

    fn evaluate(&mut self) -> Result<f64, Error> {
        (self.evaluate)(self.network, &mut self.others[NEW - 1])
    }

    fn reserve(&mut self, vectors: usize) {
        self.others.resize_with(self.others.len().max(vectors - 1), Owned::zeros);
    }
}

struct Settings {
    rate: f64,
    max_iterations: u64,
    max_evaluations: u64,
    gradient_tolerance: f64,
    change_tolerance: f64,
    history: usize,
    line_search: bool,
    /// -1 to maximize.
    sign: f64,
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

fn minimize(settings: &Settings, memory: &mut Memory, vectors: &mut dyn Vectors) -> Result<Minimized, Error> {
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

/// Moves the network along a new direction. Returns whether the direction leads down far enough.
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
    /// Returns the index of the vector y in a slot of the history; that of s is the next one.
    fn pair(slot: usize) -> usize {
        FIXED + 2 * slot
    }

    /// Adds the last iteration to the history, if the loss curves upwards along its step.
    fn remember(&mut self, vectors: &mut dyn Vectors, history: usize) {
        if self.inverses.len() > history || (self.inverses.len() < history && self.oldest > 0) {
            self.oldest = 0; // the program has changed the length of the history
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

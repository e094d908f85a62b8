use alloc::vec::Vec;

use super::minimize::{Memory, Minimized, Settings, minimize};
#[cfg(feature = "checkpoint")]
use super::vectors::{DIRECTION, FIXED, PREVIOUS};
use super::vectors::{NETWORK, NEW, Vectors};
use crate::Error;
use crate::layer::{Owned, Parameters, View, ViewMut};
use chainrule_parameters::AsNetwork;

/// The L-BFGS method, for the loss of a full batch. It estimates the inverse Hessian from the gradients of the last
/// iterations, and steps along the product of this estimate and the gradient.
///
/// An iteration evaluates the loss several times, so L-BFGS does not implement [`Optimizer`](super::Optimizer) and does
/// not work in a trainer. [`minimize`](Lbfgs::minimize) is PyTorch's `step(closure)`. Do not use random numbers in the
/// loss: if dropout changes between two evaluations, the line search does not work.
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
/// Nocedal, "Updating quasi-Newton matrices with limited storage", Mathematics of Computation 35 (1980), in PyTorch's
/// form. Scalar products are computed in `f64`.
#[doc(alias("optim.LBFGS", "quasi-Newton", "BFGS", "second order"))]
#[derive(Clone, Debug)]
pub struct Lbfgs<N: Parameters> {
    /// η, the first step length of each line search, or the step length without one: 1 by default.
    pub learning_rate: f64,
    /// The largest number of iterations in a call, at least 1: 20 by default.
    pub max_iterations: u64,
    /// The number of evaluations after which a call starts no further iteration: 5/4 of the iterations by default.
    pub max_evaluations: Option<u64>,
    /// The call ends if no number of the gradient is larger than this: 1e-7 by default.
    pub gradient_tolerance: f64,
    /// The call ends if the loss or the parameters change by less than this: 1e-9 by default.
    pub change_tolerance: f64,
    /// The number of iterations from which the Hessian is estimated, at least 1: 100 by default. Each of them needs the
    /// memory of two networks.
    pub history: usize,
    /// Whether to search for a step that satisfies the strong Wolfe conditions: `true` by default. (PyTorch's default
    /// is a step with the learning rate.)
    pub line_search: bool,
    /// Whether to maximize instead.
    pub maximize: bool,
    memory: Memory,
    vectors: Vec<Owned<N>>,
}

impl<N: Parameters> Default for Lbfgs<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Parameters> Lbfgs<N> {
    /// Creates the optimizer with PyTorch's settings and a line search.
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

    /// Sets the largest number of iterations in a call.
    pub fn max_iterations(self, iterations: u64) -> Self {
        Self { max_iterations: iterations, ..self }
    }

    /// Sets the number of evaluations after which a call starts no further iteration.
    pub fn max_evaluations(self, evaluations: u64) -> Self {
        Self { max_evaluations: Some(evaluations), ..self }
    }

    /// Sets the tolerances for the gradient and for changes. A call ends at either of them.
    pub fn tolerances(self, gradient: f64, change: f64) -> Self {
        Self { gradient_tolerance: gradient, change_tolerance: change, ..self }
    }

    /// Sets the number of iterations from which the Hessian is estimated.
    pub fn history(self, iterations: usize) -> Self {
        Self { history: iterations, ..self }
    }

    /// Sets a fixed step length, without a line search.
    pub fn fixed_step(self, length: f64) -> Self {
        Self { line_search: false, learning_rate: length, ..self }
    }

    /// Maximizes the loss instead.
    pub fn maximize(self) -> Self {
        Self { maximize: true, ..self }
    }

    /// Iterates until a limit or a tolerance is reached. `evaluate` returns the loss of a network and writes its
    /// gradient, as [`Network::loss_gradient`](crate::Network::loss_gradient) does. A second call continues with the
    /// history of the first. [Buffers](crate::layer::Role::Buffer) are updated once in each iteration. See the example
    /// of [`Lbfgs`].
    ///
    /// # Errors
    /// [`Error::Setting`], and the errors of `evaluate`. If the loss of the network after a step is not finite, the
    /// step is shortened before an error is returned. After an error, the network is that of the last complete
    /// iteration, and the history is empty.
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
    /// Returns the state and its vectors, each with a name, for a checkpoint. All slots of the history are included.
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

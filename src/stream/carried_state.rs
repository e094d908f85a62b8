//! The states of a batch of streams between windows.

use alloc::vec::Vec;
use core::any::TypeId;
use core::fmt;

use super::Stream;
use crate::Error;
use crate::error::Text;
use crate::kernel::Real;
use crate::layer::{
    AsWorkspace, Carried, Checked, Layer, Needs, Plan, Workspace, WorkspaceFor, WorkspaceMut,
};
use crate::tensor::{Sample, Sequence, Tensor, Vector};

/// The state that the recurrent layers of a network carry from one window to the next, for a batch of streams. It is
/// also a [workspace](Workspace).
///
/// Use it to train on long streams (recordings, machine logs) window by window. Each step of the optimizer processes
/// one window of each stream, and starts from the state after the previous window. The gradient stops at the beginning
/// of the window. This is truncated backpropagation through time.
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Lstm<1, 8>, PerStep<Linear<8, 1>>);
/// const STEPS: usize = 20; // in a window
///
/// // Two streams of 100 steps. The target is the running mean, which depends on all earlier steps.
/// let streams = [0.3_f32, -0.5].map(|level| (0..100).map(|t| level + (t as f32).sin()).collect::<Vec<_>>());
/// let means = streams.clone().map(|stream| {
///     let mut sum = 0.0;
///     stream.iter().enumerate().map(|(t, x)| { sum += x; sum / (t + 1) as f32 }).collect::<Vec<_>>()
/// });
/// let window = |numbers: &[f32], at: usize| Sequence::<STEPS, 1>(core::array::from_fn(|t| [numbers[at + t]]));
///
/// let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 1);
/// let mut state = CarriedState::new::<Net, Sequence<STEPS, 1>>(streams.len());
/// let (mut first, mut last) = (0.0, 0.0);
/// for epoch in 0..20 {
///     state.restart();
///     last = 0.0;
///     for at in (0..100).step_by(STEPS) {
///         let inputs = streams.each_ref().map(|stream| window(stream, at));
///         let targets = means.each_ref().map(|mean| window(mean, at));
///         last += trainer.step_carried(&inputs, &targets, &mut state)?;
///     }
///     first = if epoch == 0 { last } else { first };
/// }
/// assert!(last < 0.2 * first);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// It is also a workspace for the methods of [`Network`](crate::Network):
/// [`predict_into`](crate::Network::predict_into) predicts the next window of each stream, and
/// [`loss_gradient`](crate::Network::loss_gradient) computes the gradient for it. A pass that returns an error leaves
/// the state unchanged.
///
/// The network must be a [`Stream`](crate::stream::Stream), and only its recurrent layers may have a state: a causal
/// convolution is a compile error. For a network with one, train on windows that overlap by its receptive field
/// instead, which is in its [`Window`](crate::layer::Window).
///
/// # Source
/// Williams, Peng, "An efficient gradient-based algorithm for on-line training of recurrent network trajectories",
/// Neural Computation 2 (1990). In PyTorch: `output, state = lstm(input, state)` with a detached state.
#[doc(alias("truncated BPTT", "stateful", "TBPTT", "detach"))]
#[derive(Clone)]
pub struct CarriedState {
    /// For each stream: 1 if it is at its beginning, else 0; its state before the window; its state after the window.
    rows: Vec<f64>,
    plan: &'static Plan,
    /// The types of the network and of its input.
    network: TypeId,
    streams: usize,
    workspace: Workspace,
}

impl fmt::Debug for CarriedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CarriedState({}, {} streams)", self.plan.name, self.streams)
    }
}

impl CarriedState {
    /// Returns the state of `streams` streams before their first window. `X` is the input of the network `N`: one
    /// window of one stream.
    pub fn new<N, X>(streams: usize) -> Self
    where
        X: StreamWindow,
        N: Layer<X> + Stream<X::Step>,
    {
        let plan = const {
            Checked::<X, N>::PLAN.check_windows();
            Checked::<X, N>::PLAN
        };
        let rows = alloc::vec![0.0; streams * width(plan.carried)];
        let network = TypeId::of::<(X, N)>();
        let mut state = Self { rows, plan, network, streams, workspace: Workspace::default() };
        state.restart();
        state
    }

    /// Returns the number of streams.
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// Restarts all streams: in the next window, their layers begin from the initial state.
    pub fn restart(&mut self) {
        self.restart_where(|_| true);
    }

    /// Restarts the streams for which `ends` returns true: in the next window, their layers begin from the initial
    /// state. The argument of `ends` is the index of a stream, counted from 0.
    pub fn restart_where(&mut self, mut ends: impl FnMut(usize) -> bool) {
        for (stream, row) in self.rows.chunks_exact_mut(width(self.plan.carried)).enumerate() {
            if ends(stream) {
                row[0] = 1.0;
            }
        }
    }

    /// Checks that this is the state of the network `N`, and that there is one stream for each sample.
    pub(crate) fn check<N: Layer<X>, X: Sample>(&self, samples: usize) -> Result<(), Error> {
        self.check_needs(&Needs::prediction::<X, N>(samples))
    }

    fn check_needs(&self, needs: &Needs) -> Result<(), Error> {
        if needs.network != self.network {
            return Err(Error::OtherState);
        }
        if needs.samples != self.streams {
            return Err(Error::StreamCount { inputs: needs.samples, streams: self.streams });
        }
        Ok(())
    }

    /// Returns the rows of the streams, for the trainer.
    pub(crate) fn rows(&mut self) -> Rows<'_> {
        Rows { numbers: &mut self.rows, width: width(self.plan.carried) }
    }
}

impl<P> WorkspaceFor<P> for CarriedState {}

impl AsWorkspace for CarriedState {
    fn for_pass(&mut self, needs: Needs) -> Result<WorkspaceMut<'_>, Error> {
        self.check_needs(&needs)?;
        let rows = Rows { numbers: &mut self.rows, width: width(self.plan.carried) };
        Ok(self.workspace.take_for(&needs).with_carried(rows.into_carried()))
    }

    /// Makes the states after the window the states before the next window.
    fn succeeded(&mut self) {
        for row in self.rows.chunks_exact_mut(width(self.plan.carried)) {
            row[0] = 0.0;
            let (before, after) = row[1..].split_at_mut(self.plan.carried);
            before.copy_from_slice(after);
        }
    }
}

/// A window of a stream: a sequence. See the example of [`CarriedState`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a window of a stream",
    label = "expected a `Sequence`",
    note = "a window is an input of the network, a sequence of steps: `CarriedState::new::<Net, Sequence<STEPS, FEATURES>>(streams)`"
)]
pub trait StreamWindow: Tensor {
    /// The type of one step.
    type Step: Tensor;
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> StreamWindow for Sequence<STEPS, FEATURES, T> {
    type Step = Vector<FEATURES, T>;
}

/// Returns the count of numbers of a stream with a state of this size: whether it is at its beginning, the state
/// before, and the state after.
fn width(state: usize) -> usize {
    1 + 2 * state
}

/// The states of some of the streams, during a pass. It is empty for a pass that carries no state.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    numbers: &'a mut [f64],
    width: usize,
}

impl<'a> Rows<'a> {
    /// Returns the states of the first `streams` streams, and those of the others.
    pub(crate) fn split_at(self, streams: usize) -> (Self, Self) {
        let at = self.numbers.len().min(streams * self.width);
        let (first, others) = self.numbers.split_at_mut(at);
        (Self { numbers: first, ..self }, Self { numbers: others, width: self.width })
    }

    /// Returns whether the pass carries no state.
    #[cfg(feature = "alloc")]
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    fn into_carried(self) -> Carried<'a> {
        Carried::of_all(self.numbers, self.width.saturating_sub(1) / 2)
    }

    /// Returns a workspace with these states.
    pub(crate) fn workspace<'b>(&'b mut self, workspace: &'b mut Workspace) -> WithRows<'b> {
        WithRows { workspace, rows: Rows { numbers: &mut *self.numbers, width: self.width } }
    }
}

/// A workspace together with the states of some streams.
pub(crate) struct WithRows<'a> {
    workspace: &'a mut Workspace,
    rows: Rows<'a>,
}

impl<P> WorkspaceFor<P> for WithRows<'_> {}

impl AsWorkspace for WithRows<'_> {
    fn for_pass(&mut self, needs: Needs) -> Result<WorkspaceMut<'_>, Error> {
        let rows = Rows { numbers: &mut *self.rows.numbers, width: self.rows.width };
        Ok(self.workspace.take_for(&needs).with_carried(rows.into_carried()))
    }
}

impl Plan {
    /// Checks that each layer that depends on steps outside of a window of a stream has a state. In a constant, a layer
    /// without one is a compile error.
    ///
    /// # Panics
    /// If there is such a layer without a state.
    #[track_caller]
    pub(crate) const fn check_windows(&self) {
        if let Some(layer) = self.first_beyond_window() {
            let mut text = Text::new();
            text.text("`").name(&layer.name).text(
                "` needs the steps before the window, but carries no state for them: train with an ordinary `step`, \
                 on windows that overlap by its receptive field",
            );
            panic!("{}", text.as_str());
        }
    }

    const fn first_beyond_window(&self) -> Option<&Self> {
        let mut at = 0;
        while at < self.children.len() {
            if let Some(layer) = self.children[at].plan.first_beyond_window() {
                return Some(layer);
            }
            at += 1;
        }
        let on_steps = self.children.is_empty() && self.input.len() == 2 && self.output.len() == 2;
        let beyond = match self.window.steps() {
            Some(reach) => reach.first < 0 || reach.last >= reach.stride as isize,
            None => true,
        };
        if on_steps && beyond && self.carried == 0 { Some(self) } else { None }
    }
}

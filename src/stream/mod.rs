// Tier 5.
//! Networks on streams, one step of a sequence at a time.
//!
//! A recurrent network that is trained on sequences can be used on an endless stream: an audio signal, or the sensors
//! of a robot. [`StreamState`] has the state of all layers, and [`Network::step`](crate::Network::step) computes the
//! next output:
//!
//! ```
//! use chainrule::prelude::*;
//! use chainrule::stream::StreamState;
//!
//! type Net = (Lstm<1, 8>, Tanh, Gru<8, 2>);
//! let net = Net::init(&mut rng(1));
//! let signal = [[0.3], [-0.1], [0.7], [0.2]];
//!
//! let mut state = StreamState::new(&net);
//! let mut outputs = [Vector([0.0; 2]); 4];
//! for (x, y) in signal.iter().zip(&mut outputs) {
//!     *y = net.step(&Vector(*x), &mut state)?;
//! }
//! let whole: Sequence<4, 2> = net.predict(&Sequence(signal))?;
//! assert_eq!(outputs.map(|y| y.0), whole.0); // the same bits
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! A step allocates nothing, not even the first one, and takes no lock, so it can run in an audio callback. The state
//! is plain data of a constant size, without pointers. To save a state, copy it.
//!
//! | layer | state |
//! |---|---|
//! | [`Rnn`](crate::Rnn), [`Gru`](crate::Gru) | their hidden state |
//! | [`Lstm`](crate::Lstm) | its hidden state and its cell |
//! | [`SelfAttention`](crate::SelfAttention) with [`SlidingWindow<N>`](crate::SlidingWindow) | the [keys and values](KeyValueCache) of the last N steps |
//! | activations, gates, norms over the features of a step, softmax, dropout and noise (which are the identity in evaluation mode) | none |
//! | [`Conv1dWith`](crate::Conv1dWith) with [`Causal`](crate::Causal) and a stride of 1 | the last (K - 1) · DILATION [steps](PastSteps) |
//! | [`Conv1d`](crate::Conv1d) and [`Conv1dWith`](crate::Conv1dWith) with a window of one step | only an unused index |
//! | [`Duplicate`](crate::Duplicate), [`Sum`](crate::Sum), [`Product`](crate::Product) and the other layers that combine the halves of a pair, [`Join`](crate::Join) | none |
//! | [`PerStep`](crate::PerStep) | none |
//! | [`Embedding`](crate::Embedding), on a stream of tokens | none |
//! | [`LearnedPositions`](crate::LearnedPositions), [`SinusoidalPositions`](crate::SinusoidalPositions) | the number of steps; with `LearnedPositions` the stream ends after the last position |
//! | [`LastStep`](crate::LastStep), and a [`Linear`](crate::Linear) or [`Dense`](crate::Dense) after it | none; the output is that for the sequence so far |
//! | tuples, arrays, [`Residual`](crate::Residual), [`Highway`](crate::Highway), [`Concat`](crate::Concat), [`Parallel`](crate::Parallel), [`Shared`](crate::Shared), [`Evaluate`](crate::Evaluate), [`Tied`](crate::Tied), networks of `network!` | the states of their layers |
//!
//! To train window by window on streams that are too long for one sequence, see [`CarriedState`].
//!
//! Some layers need later steps: [`Reverse`](crate::Reverse), [`Bidirectional`](crate::Bidirectional), and convolutions
//! that are not causal. Others need the whole sequence at once. These layers do not implement [`Stream`], so they do
//! not compile on a stream, with a message that says why.
//!
//! Before the first step, the earlier steps of a convolution are 0, as in its padding. The receptive field of a network
//! is a constant:
//!
//! ```
//! use chainrule::prelude::*;
//! use chainrule::stream::StreamState;
//!
//! /// tanh(W x) σ(V x), in a residual block: WaveNet (Oord and others 2016, eq. 2).
//! type Gated<const D: usize> = Residual<(
//!     Duplicate,
//!     Parallel<
//!         (Conv1dWith<4, 4, (Kernel<2>, Dilation<D>, Causal)>, Tanh),
//!         (Conv1dWith<4, 4, (Kernel<2>, Dilation<D>, Causal)>, Sigmoid),
//!     >,
//!     Product,
//!     Conv1d<4, 4, 1>,
//! )>;
//! type Net = (Conv1d<1, 4, 1>, Gated<1>, Gated<2>, Gated<4>, Conv1d<4, 1, 1>);
//! let reach = <Net as Layer<Sequence<64, 1>>>::PLAN.window.steps().unwrap();
//! assert_eq!((reach.receptive_field(), reach.latency()), (8, 0));
//!
//! let net = Net::init(&mut rng(1));
//! let signal = [[0.3], [-0.1], [0.7], [0.2]];
//! let mut state = StreamState::new(&net);
//! let whole: Sequence<4, 1> = net.predict(&Sequence(signal))?;
//! for (x, y) in signal.into_iter().zip(whole.0) {
//!     assert_eq!(net.step(&Vector(x), &mut state)?.0, y);
//! }
//! # Ok::<(), chainrule::Error>(())
//! ```

mod attention;
#[cfg(feature = "alloc")]
mod carried_state;
mod convolution;
mod pointwise;
mod positions;
mod recurrent;
mod stack;

use core::fmt;
use core::marker::PhantomData;

use bytemuck::Pod;
#[cfg(feature = "alloc")]
use chainrule_parameters::AsNetwork;
use chainrule_parameters::{Parameters, TypeName};

use crate::tensor::Sample;

#[doc(hidden)]
pub use attention::AttentionCache;
pub use attention::{KeyValueCache, StreamSettings};
#[cfg(feature = "alloc")]
pub(crate) use carried_state::Rows;
#[cfg(feature = "alloc")]
pub use carried_state::{CarriedState, StreamWindow};
pub use convolution::PastSteps;
pub use pointwise::stream_by_forward;
pub use positions::Place;
pub use recurrent::{Cell, Hidden, LstmState};
#[doc(hidden)]
pub use stack::{StreamChain, StreamTypes};

/// A layer that can process a sequence step by step, with a state between the steps. `X` is one step of the input.
///
/// If the output of your own layer at a step depends only on that step, implement this trait with
/// [`stream_by_forward`]:
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::stream::{Stream, stream_by_forward};
///
/// /// Doubles each number.
/// #[derive(Parameters)]
/// struct Double;
///
/// impl<X: Tensor> Layer<X> for Double {
///     // ..
/// #   type Output = X;
/// #   fn forward(&self, input: &[X], output: &mut [X], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
/// #       for (x, y) in X::flat(input).iter().zip(X::flat_mut(output)) {
/// #           *y = *x + *x;
/// #       }
/// #   }
/// #   fn backward(&self, pass: Backward<'_, X, Self>) {
/// #       let Some(dx) = pass.input_grad else { return };
/// #       for (dx, dy) in X::flat_mut(dx).iter_mut().zip(X::flat(pass.output_grad)) {
/// #           *dx = *dy + *dy;
/// #       }
/// #   }
/// }
///
/// impl<X: Tensor> Stream<X> for Double {
///     type Output = X;
///     type State = ();
///     fn start(&self) {}
///     fn step_into(&self, input: &X, output: &mut X, _: &mut ()) {
///         stream_by_forward(self, input, output);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take a sequence step by step, as a stream of `{X}`",
    label = "not a layer for streams",
    note = "the output of a step must not depend on later steps: use recurrent layers, causal convolutions, activations, norms over the features of a step, and stacks of them",
    note = "a layer of your own can implement `chainrule::stream::Stream<{X}>`"
)]
#[doc(alias("online", "real-time", "stateful", "causal"))]
pub trait Stream<X: Sample>: Parameters {
    /// The type of one step of the output.
    type Output: Sample + Pod;

    /// The state of the layer between steps: plain data.
    type State: Copy + Send + Sync + 'static;

    /// The number of steps after which a stream ends. By default it has no end. A layer that contains layers ends with
    /// the [first](StreamEnd::first) of them.
    const END: Option<StreamEnd> = None;

    /// Returns the state before the first step.
    fn start(&self) -> Self::State;

    /// Computes the output of the next step, and updates the state.
    fn step_into(&self, input: &X, output: &mut Self::Output, state: &mut Self::State);
}

/// The end of a stream: a layer that supports a limited number of steps, such as
/// [`LearnedPositions`](crate::LearnedPositions).
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::stream::Stream;
///
/// let end = <LearnedPositions<64, 8> as Stream<Vector<8>>>::END.unwrap();
/// assert_eq!(end.steps, 64);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamEnd {
    /// The number of steps that the layer supports.
    pub steps: usize,
    /// The type of the layer.
    pub layer: &'static TypeName,
}

impl StreamEnd {
    /// Returns the earlier of two ends.
    pub const fn first(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(a), Some(b)) if b.steps < a.steps => Some(b),
            (Some(a), _) => Some(a),
            (None, b) => b,
        }
    }
}

/// The state of a network `N` on a stream of steps `X`. See [the module](self).
///
/// A state belongs to one network with fixed weights. For other weights, also after more training, start with a new
/// state.
pub type StreamState<N, X> = Kept<N, X, <N as Stream<X>>::State>;

/// The struct behind [`StreamState`], with layers whose states have the type `S`. (With the bound of its alias, a
/// struct would cause an error at each of its uses.)
pub struct Kept<N, X, S> {
    /// The states of the layers, as nested tuples.
    pub layers: S,
    /// The number of steps so far.
    pub(crate) steps: u64,
    network: PhantomData<fn(&N, X)>,
}

impl<N: Stream<X>, X: Sample> Kept<N, X, N::State> {
    /// Returns the state before the first step.
    #[cfg(feature = "alloc")]
    pub fn new(network: &impl AsNetwork<Network = N>) -> Self {
        Self { layers: network.as_network().start(), steps: 0, network: PhantomData }
    }

    /// Returns the state before the first step.
    #[cfg(not(feature = "alloc"))]
    pub fn new(network: &N) -> Self {
        Self { layers: network.start(), steps: 0, network: PhantomData }
    }
}

impl<N, X, S: Copy> Clone for Kept<N, X, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N, X, S: Copy> Copy for Kept<N, X, S> {}

impl<N: Parameters, X, S> fmt::Debug for Kept<N, X, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamState({}, {} bytes)", N::NAME, size_of::<S>())
    }
}

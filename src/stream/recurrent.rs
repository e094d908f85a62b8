//! The steps of recurrent layers. They use the same kernels as the forward pass.

use chainrule_parameters::Parameters;

use super::Stream;
use crate::kernel::{GateWeights, Initial, Real, gru_row, lstm_row};
use crate::layer::recurrent::{InitialState, product};
use crate::layer::{Activation, Bias, Gru, Lstm, Reverse, Rnn, apply_each};
use crate::tensor::{Tensor, Vector};

/// The hidden state of a recurrent layer: its last output.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::stream::StreamState;
///
/// let layer = Gru::<1, 2>::init(&mut rng(1));
/// let mut state = StreamState::new(&layer);
/// let y = layer.step(&Vector([0.5]), &mut state)?;
/// assert_eq!(state.layers.0, y); // a `Hidden<2>`
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hidden<const N: usize, T: Real = f32>(pub Vector<N, T>);

/// The cell state of an [`Lstm`]. See the example of [`LstmState`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<const N: usize, T: Real = f32>(pub Vector<N, T>);

/// The state of an [`Lstm`] on a stream.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::stream::StreamState;
///
/// let layer = Lstm::<1, 2>::init(&mut rng(1));
/// let state = StreamState::new(&layer);
/// assert_eq!(state.layers.cell.0, Vector([0.0; 2])); // before the first step
/// assert_eq!(state.layers.hidden.0, Vector([0.0; 2]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LstmState<const N: usize, T: Real = f32> {
    /// h, the last output.
    pub hidden: Hidden<N, T>,
    /// c, the cell state.
    pub cell: Cell<N, T>,
}

/// Returns the state before the first step.
fn initial<const N: usize, T: Real>(trained: &impl Bias<Vector<N, T>>) -> Vector<N, T> {
    let mut state = Vector([T::zero(); N]);
    if let Some(trained) = trained.as_numbers() {
        state.0.copy_from_slice(trained);
    }
    state
}

impl<const IN: usize, const HIDDEN: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>> Stream<Vector<IN, T>>
    for Lstm<IN, HIDDEN, T, S>
{
    type Output = Vector<HIDDEN, T>;
    type State = LstmState<HIDDEN, T>;

    fn start(&self) -> LstmState<HIDDEN, T> {
        LstmState { hidden: Hidden(initial(&self.initial_hidden)), cell: Cell(initial(&self.initial_cell)) }
    }

    fn step_into(
        &self,
        input: &Vector<IN, T>,
        output: &mut Vector<HIDDEN, T>,
        state: &mut LstmState<HIDDEN, T>,
    ) {
        let LstmState { hidden: Hidden(hidden), cell: Cell(cell) } = state;
        let weights = GateWeights {
            input: &self.weight_ih.0,
            hidden: &self.weight_hh.0,
            biases: [&self.bias_ih, &self.bias_hh],
        };
        lstm_row(weights, &input.0, &hidden.0, &mut cell.0, &mut output.0);
        *hidden = *output;
    }
}

impl<const IN: usize, const HIDDEN: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>> Stream<Vector<IN, T>>
    for Gru<IN, HIDDEN, T, S>
{
    type Output = Vector<HIDDEN, T>;
    type State = Hidden<HIDDEN, T>;

    fn start(&self) -> Hidden<HIDDEN, T> {
        Hidden(initial(&self.initial_hidden))
    }

    fn step_into(
        &self,
        input: &Vector<IN, T>,
        output: &mut Vector<HIDDEN, T>,
        Hidden(hidden): &mut Hidden<HIDDEN, T>,
    ) {
        let weights = GateWeights {
            input: &self.weight_ih.0,
            hidden: &self.weight_hh.0,
            biases: [&self.bias_ih, &self.bias_hh],
        };
        gru_row(weights, &input.0, &hidden.0, &mut output.0);
        *hidden = *output;
    }
}

impl<const IN: usize, const HIDDEN: usize, G, T, S> Stream<Vector<IN, T>> for Rnn<IN, HIDDEN, G, T, S>
where
    G: Activation + Parameters,
    T: Real,
    S: InitialState<Vector<HIDDEN, T>>,
{
    type Output = Vector<HIDDEN, T>;
    type State = Hidden<HIDDEN, T>;

    fn start(&self) -> Hidden<HIDDEN, T> {
        Hidden(initial(&self.initial_hidden))
    }

    fn step_into(
        &self,
        input: &Vector<IN, T>,
        output: &mut Vector<HIDDEN, T>,
        Hidden(hidden): &mut Hidden<HIDDEN, T>,
    ) {
        let (mut bias, mut sums) = ([T::zero(); HIDDEN], [T::zero(); HIDDEN]);
        self.input_sums(&input.0, &mut bias, &mut sums);
        product(&hidden.0, self.hidden_weights(), Initial::Output, &mut sums, [HIDDEN, HIDDEN]);
        apply_each::<G, T>(&sums, &mut hidden.0);
        *output = *hidden;
    }
}

// The output type depends on this check, so that it is unknown if the check fails, and the compiler does not check
// the layers after it.
impl<X: Tensor, Y: Tensor> Stream<X> for Reverse
where
    Reverse: StreamFromTheEnd<X, Output = Y>,
{
    type Output = Y;
    type State = ();
    fn start(&self) {}
    fn step_into(&self, _: &X, _: &mut Y, _: &mut ()) {}
}

/// A layer that reads a sequence from its end, and can process a stream of `X`. No type implements this trait.
#[diagnostic::on_unimplemented(
    message = "a bidirectional layer cannot take a stream step by step: `{Self}` needs the end of the sequence",
    label = "the end of a stream is not known",
    note = "use a recurrent layer in one direction, such as `Lstm<IN, HIDDEN>` instead of `Bidirectional<Lstm<IN, HIDDEN>>`"
)]
pub trait StreamFromTheEnd<X> {
    #[doc(hidden)]
    type Output;
}

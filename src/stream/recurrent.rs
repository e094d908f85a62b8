//! The steps of recurrent layers, with the same kernels as their forward pass.

use chainrule_parameters::Parameters;

use super::Stream;
use crate::kernel::{GateWeights, Initial, Real, gru_row, lstm_row};
use crate::layer::recurrent::{InitialState, product};
use crate::layer::{Activation, Bias, Gru, Lstm, Reverse, Rnn, apply_each};
use crate::tensor::{Tensor, Vector};

/// The hidden state of a recurrent layer: its last output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hidden<const N: usize, T: Real = f32>(pub Vector<N, T>);

/// The cell of an [`Lstm`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<const N: usize, T: Real = f32>(pub Vector<N, T>);

/// What an [`Lstm`] keeps from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LstmState<const N: usize, T: Real = f32> {
    /// h, the last output.
    pub hidden: Hidden<N, T>,
    /// c.
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

// The output is that of the check, so that it is not known if the check fails: then the compiler does not look at the
// layers behind.
impl<X: Tensor, Y: Tensor> Stream<X> for Reverse
where
    Reverse: StreamFromTheEnd<X, Output = Y>,
{
    type Output = Y;
    type State = ();
    fn start(&self) {}
    fn step_into(&self, _: &X, _: &mut Y, _: &mut ()) {}
}

/// A layer that goes through a sequence from its end, but can take a stream of `X`: there is none.
#[diagnostic::on_unimplemented(
    message = "a bidirectional layer cannot take a stream step by step: `{Self}` needs the end of the sequence",
    label = "a stream has no end",
    note = "use a recurrent layer in one direction, such as `Lstm<IN, HIDDEN>` in place of `Bidirectional<Lstm<IN, HIDDEN>>`"
)]
pub trait StreamFromTheEnd<X> {
    #[doc(hidden)]
    type Output;
}

//! Recurrent layers: a map that is applied at each step of a sequence, to the input of this step and to the hidden
//! state of the step before.
//!
//! | layer | the hidden state at step t |
//! |---|---|
//! | [`Rnn`] | g(W x(t) + U h(t-1) + b) |
//! | [`Lstm`] | o(t) tanh(c(t)), with the cell c(t) = f(t) c(t-1) + i(t) g(t) |
//! | [`Gru`] | (1 - z(t)) n(t) + z(t) h(t-1) |
//!
//! Backpropagation through time multiplies a gradient by U and by g' at each step, so it vanishes or explodes with the
//! number of steps (Hochreiter 1991; Bengio, Simard, Frasconi 1994). The cell of an LSTM is a skip connection in time:
//! its gradient has the factor f(t) instead.
//!
//! Each layer returns the hidden state of every step. One of these layers after it reduces the steps to a vector:
//!
//! | layer after it | returns | in PyTorch, with `batch_first` |
//! |---|---|---|
//! | [`LastStep`] | the last step | `output[:, -1]` |
//! | [`GlobalAvgPool`](crate::layer::GlobalAvgPool), or `MeanOver<Steps>` | the mean over the steps | `output.mean(1)` |
//! | [`GlobalMaxPool`](crate::layer::GlobalMaxPool), or `MaxOver<Steps>` | the maximum over the steps, feature by feature | `output.amax(1)` |
//! | `SumOver<Steps>` | the sum over the steps | `output.sum(1)` |
//!
//! To stack layers (`num_layers` in PyTorch), write them in a tuple. A [`Dropout`](crate::layer::Dropout) between two
//! of them is PyTorch's `dropout`:
//!
//! ```
//! use chainrule::prelude::*;
//!
//! type Net = (Lstm<3, 16>, Dropout<20>, Lstm<16, 16>, GlobalMaxPool, Linear<16, 5>);
//! let y: Vector<5> = Net::init(&mut rng(0)).predict(&Sequence([[0.1; 3]; 20]))?;
//! type Mean = Infer<Sequence<20, 3>, (GruTo<16>, Dropout<20>, GruTo<16>, GlobalAvgPool, LinearTo<5>)>;
//! let y: Vector<5> = Mean::init(&mut rng(0)).predict(&Sequence([[0.1; 3]; 20]))?;
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! [`Reverse`] reverses the order of the steps, for layers in both directions. The products of the input are computed
//! step by step, and not for all steps at once: that was not faster, and a step of a [stream](crate::stream) gives the
//! same bits. The weights have the names and the order of gates of PyTorch. A PyTorch module with several layers or
//! both directions loads by `checkpoint::Format::recurrent_layers` and `bidirectional_layers`.

mod gru;
mod last_step;
mod lstm;
pub(crate) mod on_padded;
mod reverse;
mod rnn;

use chainrule_parameters::{Number, Part, Scalar};

use crate::kernel::{Accumulate, Initial, Real, Strided, gemm, gemm_deep, sum_rows};
use crate::layer::carried::Carried;
use crate::layer::dense::{Bias, NoBias};
use crate::tensor::Tensor;

pub use gru::Gru;
pub use last_step::LastStep;
pub use lstm::Lstm;
pub use reverse::Reverse;
pub use rnn::Rnn;

/// The state in which a recurrent layer starts: [`ZeroState`] or [`LearnedState`].
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // The hidden state before the first step is 2, and W = 0, U = 1.
/// let mut layer = Rnn::<1, 1, Relu, f32, LearnedState>::zeros();
/// *layer.weight_hh = [[1.0]];
/// layer.initial_hidden = Vector([2.0]);
/// assert_eq!(layer.predict(&Sequence([[0.0]; 3]))?, Sequence([[2.0]; 3]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("h_0", "hx"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an initial state of a recurrent layer",
    label = "expected `ZeroState` or `LearnedState`",
    note = "`ZeroState`, the default, starts each sequence at 0; `LearnedState` starts it at numbers that are trained"
)]
pub trait InitialState<V: Tensor>: Copy + Send + Sync + 'static {
    /// The type of the trained numbers: `V`, or [`NoBias`] if there are none.
    type Trained: Bias<V>;
}

/// A recurrent layer starts each sequence with a hidden state of 0: the default. See the example of [`Rnn`].
#[derive(Clone, Copy, Debug)]
pub struct ZeroState;

/// A recurrent layer starts each sequence with a trained hidden state. See the example of [`InitialState`].
#[doc(alias("h_0", "initial state"))]
#[derive(Clone, Copy, Debug)]
pub struct LearnedState;

impl<V: Tensor> InitialState<V> for ZeroState {
    type Trained = NoBias;
}

impl<V: Tensor> InitialState<V> for LearnedState {
    type Trained = V;
}

/// Returns the part after the sizes in the name of a recurrent layer.
const fn scalar_and_state<V: Tensor, S: InitialState<V>>() -> Part {
    match (S::Trained::IS_NONE, <V::Scalar as Number>::SCALAR) {
        (true, scalar) => Part::Scalar(scalar),
        (false, Scalar::F32) => Part::Text(", f32, LearnedState"),
        (false, Scalar::F64) => Part::Text(", f64, LearnedState"),
    }
}

/// A batch of sequences, ordered by step: the same numbers in the order `[steps][samples][width]`.
#[derive(Clone, Copy)]
struct Steps {
    steps: usize,
    samples: usize,
    width: usize,
}

impl Steps {
    /// Returns the place of each step of each sample, in both orders.
    fn places(self) -> impl Iterator<Item = [core::ops::Range<usize>; 2]> {
        let Self { steps, samples, width } = self;
        (0..steps).flat_map(move |step| {
            (0..samples).map(move |sample| {
                [sample * steps + step, step * samples + sample].map(|at| at * width..(at + 1) * width)
            })
        })
    }

    /// Copies from the order of a batch, sample by sample, to the order by step.
    fn gather<T: Copy>(self, batch: &[T], by_step: &mut [T]) {
        for [of_sample, of_step] in self.places() {
            by_step[of_step].copy_from_slice(&batch[of_sample]);
        }
    }

    /// Copies from the order by step to the order of a batch.
    fn scatter<T: Copy>(self, by_step: &[T], batch: &mut [T]) {
        for [of_sample, of_step] in self.places() {
            batch[of_sample].copy_from_slice(&by_step[of_step]);
        }
    }

    /// Adds one step of a batch to that step of all samples.
    fn add_step<T: Real>(self, step: usize, batch: &[T], sum: &mut [T]) {
        for (sample, sum) in sum.chunks_exact_mut(self.width).enumerate() {
            let at = (sample * self.steps + step) * self.width;
            sum.iter_mut().zip(&batch[at..at + self.width]).for_each(|(sum, &x)| *sum += x);
        }
    }
}

/// Fills the state of each sample before the first step: the carried state of the window before, or the initial state.
fn start<T: Real, V: Tensor<Scalar = T>>(initial: &impl Bias<V>, carried: Carried<'_>, states: &mut [T]) {
    match initial.as_numbers() {
        None => states.fill(T::zero()),
        Some(initial) => {
            states.chunks_exact_mut(initial.len()).for_each(|state| state.copy_from_slice(initial))
        }
    }
    carried.load(states);
}

/// Adds the gradient of each sample's state before the first step to the gradient of the learned state, unless the
/// state was carried from the window before.
fn add_start<T: Real, V: Tensor<Scalar = T>>(
    states_grad: &mut [T],
    carried: Carried<'_>,
    accumulate: bool,
    gradient: &mut impl Bias<V>,
) {
    if let Some(gradient) = gradient.as_numbers_mut() {
        carried.keep_beginnings(states_grad);
        sum_rows(states_grad, Accumulate::from(accumulate), gradient);
    }
}

/// Computes `y = x W + initial` for the rows of `x`. `weights` has a row of `columns` numbers for each input.
pub(crate) fn product<T: Real>(
    x: &[T],
    weights: &[T],
    initial: Initial<'_, T>,
    y: &mut [T],
    [inputs, columns]: [usize; 2],
) {
    gemm(Strided::rows(x, inputs), Strided::rows(weights, columns), initial, y, inputs, columns);
}

/// Computes `dx = dy Wᵀ`.
fn transposed_product<T: Real>(
    dy: &[T],
    weights: &[T],
    initial: Initial<'_, T>,
    dx: &mut [T],
    [inputs, columns]: [usize; 2],
) {
    gemm(Strided::rows(dy, columns), Strided::transposed(weights, columns), initial, dx, columns, inputs);
}

/// Computes `dW = xᵀ dy`, summed over all rows.
fn weight_gradient<T: Real>(
    x: &[T],
    dy: &[T],
    accumulate: bool,
    dw: &mut [T],
    [inputs, columns]: [usize; 2],
) {
    let rows = dy.len() / columns;
    gemm_deep(
        Strided::transposed(x, inputs),
        Strided::rows(dy, columns),
        accumulate.into(),
        dw,
        rows,
        columns,
    );
}

/// Returns the last step at which the gradient of the output is not 0, and that gradient, for each sample.
#[cfg(feature = "alloc")]
fn last_output_grad<T: Real>(steps: Steps, output_grad: &[T]) -> Option<(usize, alloc::vec::Vec<T>)> {
    let mut last = alloc::vec![T::zero(); steps.samples * steps.width];
    (0..steps.steps).rev().find_map(|step| {
        last.fill(T::zero());
        steps.add_step(step, output_grad, &mut last);
        last.iter().any(|dy| *dy != T::zero()).then(|| (step, core::mem::take(&mut last)))
    })
}

/// Implements access to the weights of a recurrent layer as numbers, and the comparison traits.
macro_rules! recurrent {
    ([$($generics:tt)*] $layer:ty) => {
        impl<$($generics)*> $layer {
            /// Returns the weights of the input as numbers in memory order: for each input, its weights for each gate.
            pub fn input_weights(&self) -> &[T] {
                bytemuck::must_cast_slice(core::slice::from_ref(&*self.weight_ih))
            }

            /// Returns the weights of the input as mutable numbers in memory order: for each input, its weights for
            /// each gate.
            pub fn input_weights_mut(&mut self) -> &mut [T] {
                bytemuck::must_cast_slice_mut(core::slice::from_mut(&mut *self.weight_ih))
            }

            /// Returns the weights of the hidden state as numbers in memory order: for each hidden unit, its weights
            /// for each gate.
            pub fn hidden_weights(&self) -> &[T] {
                bytemuck::must_cast_slice(core::slice::from_ref(&*self.weight_hh))
            }

            /// Returns the weights of the hidden state as mutable numbers in memory order: for each hidden unit, its
            /// weights for each gate.
            pub fn hidden_weights_mut(&mut self) -> &mut [T] {
                bytemuck::must_cast_slice_mut(core::slice::from_mut(&mut *self.weight_hh))
            }
        }

        $crate::layer::compare::comparable!([$($generics)*] $layer);
    };
}
use recurrent;

use chainrule_derive::Parameters;

use super::steps::Steps;
use super::{Slid, weights};
use crate::kernel::{Real, Strided};
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::window_at::window_at;
use crate::layer::{Backward, Cost, Effect, Factor, Layer, Mode, Plan, WorkspaceMut};
use crate::tensor::side::{Side, Sides, Slide};
use crate::tensor::{Aligned, Sequence, Vector, len};

/// A convolution over the steps of a sequence: at each place, a linear map of all features of `K` steps.
///
/// Forward `y[t, o] = b[o] + Σ W[k, i, o] x[S t + k - P, i]`, zero outside the sequence; backward
/// `dx[S t + k - P, i] = Σ W[k, i, o] dy[t, o]`, summed over all t and k with that step,
/// `dW[k, i, o] = Σ dy[t, o] x[S t + k - P, i]`, `db[o] = Σ dy[t, o]`.
///
/// # Shapes
/// Input `Sequence<STEPS, IN>`; output `Sequence<(STEPS + 2 PAD - K) / STRIDE + 1, OUT>`. The compiler computes it for
/// up to 2048 steps and [some longer sequences](crate::tensor::side), such as 16000 steps. `bias` is `[OUT]`, or
/// [`NoBias`](crate::layer::NoBias).
///
/// `weight` is `[K, IN, OUT]`, as in Keras. A sequence is stored step by step, so a window of `K` steps is one slice,
/// and the whole convolution is one matrix product that reads the windows in place. PyTorch's weight is `[OUT, IN, K]`;
/// convert it by `weight.permute(2, 1, 0)`.
///
/// A convolution with a window of one step, without padding or stride, can be part of a [`stream`](crate::stream).
///
/// # Gradient flow
/// Linear, like [`Dense`](crate::layer::Dense), with fan-in `IN K`. With padding or a stride, steps near the ends are
/// in fewer windows and get smaller gradients.
///
/// # Source
/// Waibel, Hanazawa, Hinton, Shikano, Lang, "Phoneme recognition using time-delay neural networks" (1989), section II.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut slope = Conv1d::<1, 2, 2>::zeros();
/// *slope.weight = [[[-1.0, 0.5]], [[1.0, 0.5]]]; // to two features: the difference of two steps, and their mean
/// let steps = Sequence([[1.0], [3.0], [9.0]]);
/// assert_eq!(slope.predict(&steps)?, Sequence([[2.0, 2.0], [6.0, 6.0]])); // an inferred Sequence<2, 2>
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Conv1d", "temporal convolution", "TDNN"))]
#[derive(Clone, Parameters)]
#[parameters(place = own, name = "Conv1d<{IN}, {OUT}, {K}, {STRIDE}, {PAD}{=scalar_and_bias::<Vector<OUT, T>, B>()}>")]
pub struct Conv1d<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PAD: usize = 0,
    T: Real = f32,
    B: Bias<Vector<OUT, T>> = Vector<OUT, T>,
> {
    /// W: for each step of the window and each input feature, its weight for each output feature.
    #[parameter(weight, fan_in = IN * K, fan_out = OUT * K, layout = InputsFirst, shape = &[K, IN, OUT], scalar = T)]
    pub weight: Aligned<[[[T; OUT]; IN]; K]>,
    /// b: one number for each output feature, or [`NoBias`](crate::layer::NoBias).
    #[parameter(bias, shape = &[OUT], scalar = T)]
    pub bias: B,
}

window_at!([const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>] Conv1d<IN, OUT, K, S, P, T, B>, SequenceAt<IN, T>, K, S, P);

weights!(
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    Conv1d<IN, OUT, K, S, P, T, B>
);

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Conv1d<IN, OUT, K, S, P, T, B>
{
    /// Computes one step of the output from the steps in its window.
    #[inline]
    pub(crate) fn one_step(&self, window: &[T], output: &mut [T]) {
        let window = Strided::rows(window, K * IN);
        Steps::plain(K, S, P).windows([IN, OUT], self.weights(), self.bias.as_numbers(), window, output);
    }
}

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    const STEPS: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Layer<Sequence<STEPS, IN, T>> for Conv1d<IN, OUT, K, S, P, T, B>
where
    Side<STEPS>: Slide<K, S, P>,
    (Slid<STEPS, K, S, P>, Side<OUT>): Sides<T>,
{
    type Output = <(Slid<STEPS, K, S, P>, Side<OUT>) as Sides<T>>::Tensor;
    const PLAN: Plan = Steps::plain(K, S, P).memory::<Sequence<STEPS, IN, T>, Self::Output>(
        Plan::leaf::<Sequence<STEPS, IN, T>, Self>()
            .costs(Cost::weights((len::<Self::Output>() * K * IN) as u64, OUT))
            .factor(Factor::Weights)
            .effect(Effect::Weights { inputs: (IN * K) as f64 })
            .window(Steps::plain(K, S, P).window::<Sequence<STEPS, IN, T>, Self::Output>()),
        K * IN * OUT,
    );
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Sequence<STEPS, IN, T>],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        Steps::plain(K, S, P).forward(self.weights(), self.bias.as_numbers(), input, output, workspace, mode);
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, IN, T>, Self>) {
        Steps::plain(K, S, P).backward(self.weights(), pass, Self::parts_mut);
    }
}

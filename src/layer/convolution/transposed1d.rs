use chainrule_derive::Parameters;

use super::steps::Steps;
use super::{Grown, weights};
use crate::kernel::Real;
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::{Backward, Cost, Effect, Factor, Layer, Mode, Plan, WorkspaceMut};
use crate::tensor::side::{Grow, Side, Sides};
use crate::tensor::{Aligned, Sequence, Vector};

/// The transposed convolution of sequences: each step adds to a window of `K` steps of all output features. The stride
/// of the windows is `STRIDE`.
///
/// Forward `y[S t + k - P, o] = b[o] + Σ W[k, o, i] x[t, i]`, summed over all terms with that step, and cropped to the
/// sequence; backward `dx` is a convolution of `dy` with the same W, `dW[k, o, i] = Σ x[t, i] dy[S t + k - P, o]`,
/// `db[o] = Σ dy[t, o]`.
///
/// With the same `weight`, `K`, `STRIDE` and `PAD`, and without a bias, it computes the input gradient of
/// [`Conv1d<OUT, IN, K, STRIDE, PAD>`](crate::layer::Conv1d): `⟨u, conv(x)⟩ = ⟨transposed(u), x⟩`.
///
/// # Shapes
/// Input `Sequence<STEPS, IN>`; output `Sequence<(STEPS - 1) STRIDE + K - 2 PAD, OUT>`. The compiler computes it for up
/// to 2048 steps and [some longer sequences](crate::tensor::side). `weight` is `[K, OUT, IN]`, with the axes of
/// PyTorch's `ConvTranspose1d` in the opposite order. `bias` is `[OUT]`, or [`NoBias`](crate::layer::NoBias).
///
/// # Gradient flow
/// Linear. The fan-in is `IN K`. With a stride, only about `IN K / STRIDE` inputs reach an output step. Where windows
/// overlap unevenly (`K` is not a multiple of `STRIDE`), values and gradients differ from step to step.
///
/// # Source
/// The same as [`TransposedConv2d`](crate::layer::TransposedConv2d).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut paint = TransposedConv1d::<1, 1, 3, 2>::zeros(); // windows of 3 in steps of 2 overlap by 1
/// *paint.weight = [[[1.0]], [[2.0]], [[1.0]]];
/// let steps = Sequence([[1.0], [10.0]]);
/// assert_eq!(paint.predict(&steps)?, Sequence([[1.0], [2.0], [11.0], [20.0], [10.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("ConvTranspose1d", "deconvolution", "Conv1DTranspose"))]
#[derive(Clone, Parameters)]
#[parameters(
    name = "TransposedConv1d<{IN}, {OUT}, {K}, {STRIDE}, {PAD}{=scalar_and_bias::<Vector<OUT, T>, B>()}>"
)]
pub struct TransposedConv1d<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PAD: usize = 0,
    T: Real = f32,
    B: Bias<Vector<OUT, T>> = Vector<OUT, T>,
> {
    /// W: for each step of the window and each output feature, the weight of each input feature.
    #[parameter(weight, fan_in = IN * K, fan_out = OUT * K, layout = InputsFirst, shape = &[K, OUT, IN], scalar = T)]
    pub weight: Aligned<[[[T; IN]; OUT]; K]>,
    /// b: one number for each output feature, or [`NoBias`](crate::layer::NoBias).
    #[parameter(bias, shape = &[OUT], scalar = T)]
    pub bias: B,
}

weights!(
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    TransposedConv1d<IN, OUT, K, S, P, T, B>
);

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> TransposedConv1d<IN, OUT, K, S, P, T, B>
{
    /// The windows of the matching convolution, which maps this layer's output to its input.
    const WINDOWS: Steps = Steps::plain(K, S, P).transposed();
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
> Layer<Sequence<STEPS, IN, T>> for TransposedConv1d<IN, OUT, K, S, P, T, B>
where
    Side<STEPS>: Grow<K, S, P>,
    (Grown<STEPS, K, S, P>, Side<OUT>): Sides<T>,
{
    type Output = <(Grown<STEPS, K, S, P>, Side<OUT>) as Sides<T>>::Tensor;
    const PLAN: Plan = Self::WINDOWS.memory::<Sequence<STEPS, IN, T>, Self::Output>(
        Plan::leaf::<Sequence<STEPS, IN, T>, Self>()
            .costs(Cost::weights((IN * STEPS * OUT * K) as u64, OUT))
            .factor(Factor::Weights)
            .effect(Effect::Weights { inputs: (IN * K) as f64 / S as f64 })
            .window(Self::WINDOWS.window::<Sequence<STEPS, IN, T>, Self::Output>()),
        IN * OUT * K,
    );
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Sequence<STEPS, IN, T>],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        Self::WINDOWS.forward(self.weights(), self.bias.as_numbers(), input, output, workspace, mode);
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, IN, T>, Self>) {
        Self::WINDOWS.backward(self.weights(), pass, Self::parts_mut);
    }
}

use chainrule_derive::Parameters;

use core::ops::Range;

use super::{Slid, blocks_scratch, sum_in_blocks, weights};
use crate::kernel::{Accumulate, Initial, Real, Strided, gemm, gemm_deep, sum_rows};
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::window_at::window_at;
use crate::layer::{
    Backward, Cost, Effect, Factor, Layer, Mode, Plan, Space, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::side::{Side, Sides, Slide};
use crate::tensor::{Aligned, Sample, Sequence, Tensor, Vector, len};

/// A convolution over the steps of a sequence: at every place, a linear map of all features of `K` steps.
///
/// Forward `y[t, o] = b[o] + Σ W[k, i, o] x[S t + k - P, i]`, zero outside the sequence; backward
/// `dx[S t + k - P, i] = Σ W[k, i, o] dy[t, o]`, summed over all t and k that meet there,
/// `dW[k, i, o] = Σ dy[t, o] x[S t + k - P, i]`, `db[o] = Σ dy[t, o]`.
///
/// # Shapes
/// Input `Sequence<STEPS, IN>`; output `Sequence<(STEPS + 2 PAD - K) / STRIDE + 1, OUT>`, computed by the compiler for
/// up to 2048 steps and [some longer ones](crate::tensor::side), such as 16000. `bias` is `[OUT]`, or
/// [`NoBias`](crate::layer::NoBias).
///
/// `weight` is `[K, IN, OUT]`, as in Keras: a sequence is stored step after step, so a window of `K` steps is one
/// slice, and the whole convolution is one matrix product that reads the windows in place. PyTorch's weight is
/// `[OUT, IN, K]`; convert it by `weight.permute(2, 1, 0)`.
///
/// # Gradient flow
/// Linear, as [`Dense`](crate::layer::Dense), with fan-in `IN K`. With padding or strides, steps near the ends are in
/// fewer windows and get smaller gradients.
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
/// assert_eq!(slope.predict(&steps)?, Sequence([[2.0, 2.0], [6.0, 6.0]])); // a Sequence<2, 2>, inferred by the compiler
/// # Ok::<(), chainrule::Error>(())
/// ```
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
    /// W: for each step of the window and each input feature, its weight towards each output feature.
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

/// The samples whose gradients are added in the layer's scalar.
const BLOCK: usize = 32;

/// Calls `f` for each run of output steps whose windows have the same part on the sequence, with the steps, that part
/// of the window, and the input step at which the first of these parts begins. Windows completely on the sequence form
/// one run; a window across an end is a separate run.
fn runs(
    (steps, out_steps): (usize, usize),
    [kernel, stride, padding]: [usize; 3],
    mut f: impl FnMut(Range<usize>, Range<usize>, usize),
) {
    let part = |t: usize| {
        let end = (steps + padding).saturating_sub(t * stride).min(kernel);
        padding.saturating_sub(t * stride)..end
    };
    let mut start = 0;
    while start < out_steps {
        let part_here = part(start);
        let end = (start..out_steps).find(|&t| part(t) != part_here).unwrap_or(out_steps);
        if !part_here.is_empty() {
            let step = start * stride + part_here.start - padding;
            f(start..end, part_here, step);
        }
        start = end;
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
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, IN, T>, Self>()
        .costs(Cost::weights((len::<Self::Output>() * K * IN) as u64, OUT))
        .factor(Factor::Weights)
        .effect(Effect::Weights { inputs: (IN * K) as f64 })
        .window(Window::of(K, S, P))
        // The gradients of all windows of a sequence.
        .backward_scratch(Space::per_batch::<T>(<Self::Output as Sample>::SHAPE[0] * K * IN))
        .backward_scratch(blocks_scratch::<T>(K * IN * OUT));
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Sequence<STEPS, IN, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        for (x, y) in input.iter().zip(output) {
            let (x, y) = (x.as_slice(), y.as_mut_slice());
            match self.bias.as_numbers() {
                Some(bias) => y.chunks_exact_mut(OUT).for_each(|y| y.copy_from_slice(bias)),
                None => y.fill(T::zero()),
            }
            runs((STEPS, y.len() / OUT), [K, S, P], |steps, part, first| {
                let w = &self.weights()[part.start * IN * OUT..part.end * IN * OUT];
                let y = &mut y[steps.start * OUT..steps.end * OUT];
                let windows = Strided { numbers: &x[first * IN..], strides: [S * IN, 1] };
                gemm(windows, Strided::rows(w, OUT), Initial::Output, y, part.len() * IN, OUT);
            });
        }
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, IN, T>, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let dy = Self::Output::flat(output_grad);
        if let Some(db) = gradient.bias.as_numbers_mut() {
            sum_rows(dy, accumulate.into(), db);
        }
        if let Some(input_grad) = &mut input_grad {
            Sequence::flat_mut(input_grad).fill(T::zero());
        }
        let places = Self::Output::LEN / OUT;
        let scratch = workspace.scratch::<T>(places * K * IN);
        let (samples, dw) = (input.len(), gradient.weights_mut());
        sum_in_blocks(samples, BLOCK, accumulate.into(), dw, &mut workspace, |block, accumulate, dw| {
            if accumulate == Accumulate::Overwrite {
                dw.fill(T::zero());
            }
            for at in block {
                let (x, dy) = (input[at].as_slice(), output_grad[at].as_slice());
                runs((STEPS, places), [K, S, P], |steps, part, first| {
                    let weights = part.start * IN * OUT..part.end * IN * OUT;
                    let dy = Strided::rows(&dy[steps.start * OUT..steps.end * OUT], OUT);
                    let windows = Strided { numbers: &x[first * IN..], strides: [1, S * IN] }; // transposed
                    gemm_deep(windows, dy, Accumulate::Add, &mut dw[weights.clone()], steps.len(), OUT);
                    // Windows overlap in dx: their gradients are computed separately, then added to dx.
                    let Some(input_grad) = &mut input_grad else { return };
                    let dx = &mut input_grad[at].as_mut_slice()[first * IN..];
                    let width = part.len() * IN;
                    let windows = &mut scratch[..steps.len() * width];
                    let w = Strided::transposed(&self.weights()[weights], OUT);
                    gemm(dy, w, Initial::Zero, windows, OUT, width);
                    for (step, window) in windows.chunks_exact(width).enumerate() {
                        let dx = &mut dx[step * S * IN..][..width];
                        dx.iter_mut().zip(window).for_each(|(dx, &window)| *dx += window);
                    }
                });
            }
        });
    }
}

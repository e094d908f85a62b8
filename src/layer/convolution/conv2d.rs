use chainrule_derive::Parameters;

use super::pixels::Pixels;
use super::{Slid, blocks_scratch, weights};
use crate::kernel::Real;
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::window_at::window_at;
use crate::layer::{Backward, Cost, Effect, Factor, Layer, Mode, Plan, WorkspaceMut};
use crate::tensor::side::{Side, Sides, Slide};
use crate::tensor::{Aligned, Image, Vector, len};

/// A convolution of images: at each place, a linear map of a `K` x `K` window of all channels.
///
/// Forward `y[o, r, c] = b[o] + Σ W[o, i, m, n] x[i, S r + m - P, S c + n - P]`, zero outside the image (a
/// cross-correlation, which is called convolution in neural networks); backward `dx` is the transposed sum,
/// `dW[o, i, m, n] = Σ dy[o, r, c] x[i, ..]`, `db[o] = Σ dy[o, r, c]`.
///
/// # Shapes
/// Input `Image<IN, H, W>`; output `Image<OUT, (H + 2 PAD - K) / STRIDE + 1, (W + 2 PAD - K) / STRIDE + 1>`. The
/// compiler computes it for sides up to 2048 and [some longer ones](crate::tensor::side). `weight` is
/// `[OUT, IN, K, K]`, the same as in PyTorch. `bias` is `[OUT]`, or [`NoBias`](crate::layer::NoBias):
/// `Conv2d<3, 16, 3, 1, 1, f32, NoBias>`.
///
/// # Gradient flow
/// Linear, like [`Dense`](crate::layer::Dense), with fan-in `IN K²`. With padding or a stride, pixels near the border
/// are in fewer windows and get smaller gradients.
///
/// # Source
/// LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998), section II.A.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut edges = Conv2d::<1, 1, 2>::zeros();
/// *edges.weight = [[[[-1.0, 1.0], [-1.0, 1.0]]]];
/// let picture = Image([[[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]]);
/// assert_eq!(edges.predict(&picture)?, Image([[[0.0, 2.0]]])); // an Image<1, 1, 2>, inferred by the compiler
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("convolution", "nn.Conv2d", "CNN"))]
#[derive(Clone, Parameters)]
#[parameters(place = own, name = "Conv2d<{IN}, {OUT}, {K}, {STRIDE}, {PAD}{=scalar_and_bias::<Vector<OUT, T>, B>()}>")]
pub struct Conv2d<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PAD: usize = 0,
    T: Real = f32,
    B: Bias<Vector<OUT, T>> = Vector<OUT, T>,
> {
    /// W: for each output channel, a window of each input channel.
    #[parameter(weight, fan_in = IN * K * K, fan_out = OUT * K * K, layout = OutputsFirst, shape = &[OUT, IN, K, K], scalar = T)]
    pub weight: Aligned<[[[[T; K]; K]; IN]; OUT]>,
    /// b: one number for each output channel, or [`NoBias`](crate::layer::NoBias).
    #[parameter(bias, shape = &[OUT], scalar = T)]
    pub bias: B,
}

window_at!([const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>] Conv2d<IN, OUT, K, S, P, T, B>, ImageAt<IN, T>, K, S, P);

weights!(
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    Conv2d<IN, OUT, K, S, P, T, B>
);

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    const H: usize,
    const W: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Layer<Image<IN, H, W, T>> for Conv2d<IN, OUT, K, S, P, T, B>
where
    Side<H>: Slide<K, S, P>,
    Side<W>: Slide<K, S, P>,
    (Side<OUT>, Slid<H, K, S, P>, Slid<W, K, S, P>): Sides<T>,
{
    type Output = <(Side<OUT>, Slid<H, K, S, P>, Slid<W, K, S, P>) as Sides<T>>::Tensor;
    const PLAN: Plan = Plan::leaf::<Image<IN, H, W, T>, Self>()
        .costs(Cost::weights((len::<Self::Output>() * IN * K * K) as u64, OUT))
        .factor(Factor::Weights)
        .effect(Effect::Weights { inputs: (IN * K * K) as f64 })
        .window(Pixels::square(1, K, S, P).window::<Image<IN, H, W, T>, Self::Output>())
        .form(Pixels::square(1, K, S, P).form())
        .scratch(Pixels::square(1, K, S, P).scratch::<Image<IN, H, W, T>, Self::Output>())
        .backward_scratch(blocks_scratch::<T>(IN * OUT * K * K));
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Image<IN, H, W, T>],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        Pixels::square(1, K, S, P).forward(self.weights(), self.bias.as_numbers(), input, output, workspace);
    }

    fn backward(&self, pass: Backward<'_, Image<IN, H, W, T>, Self>) {
        Pixels::square(1, K, S, P).backward(self.weights(), pass, Self::parts_mut);
    }
}

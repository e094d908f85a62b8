use alloc::boxed::Box;

use super::{Slid, Workspace, weight_and_bias, windows};
use crate::kernel::{Accumulate, Real, bias_gradient, convolve, convolve_transposed, weight_gradient};
use crate::layer::dense::Bias;
use crate::layer::{Cost, Factor, Layer, Mode, Probe};
use crate::tensor::side::{Side, Sides, Slide};
use crate::tensor::{Image, Tensor, Vector};

/// A convolution of images: at every place, a linear map of a `K` x `K` window of all channels.
///
/// Forward `y[o, r, c] = b[o] + Σ W[o, i, m, n] x[i, S r + m - P, S c + n - P]`, zero outside the image (the field's
/// convolution, a cross-correlation); backward `dx` is the transposed sum, `dW[o, i, m, n] = Σ dy[o, r, c] x[i, ..]`,
/// `db[o] = Σ dy[o, r, c]`.
///
/// # Shapes
/// Input `Image<IN, H, W>`; output `Image<OUT, (H + 2 PAD - K) / STRIDE + 1, (W + 2 PAD - K) / STRIDE + 1>`, worked out by
/// the compiler for sides up to 1024. `weight` is `[OUT, IN, K, K]`, as PyTorch's; `bias` is `[OUT]`, or
/// [`NoBias`](crate::layer::NoBias): `Conv2d<3, 16, 3, 1, 1, f32, NoBias>`.
///
/// # Gradient flow
/// Linear, as [`Dense`](crate::layer::Dense), with fan-in `IN K²`. Padding and strides lose gradients at the borders.
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
/// assert_eq!(edges.predict(&picture)?, Image([[[0.0, 2.0]]])); // an Image<1, 1, 2>: nobody had to say so
/// # Ok::<(), chainrule::Error>(())
/// ```
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
    pub weight: Box<[[[[T; K]; K]; IN]; OUT]>,
    /// b: one number for each output channel, or [`NoBias`](crate::layer::NoBias).
    pub bias: Box<B>,
}

weight_and_bias!(
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    Conv2d<IN, OUT, K, S, P, T, B>,
    weight: [OUT, IN, K, K], fan_in: IN * K * K, fan_out: OUT * K * K, bias: OUT,
    prints: "Conv2d({IN} -> {OUT} channels, window {K}, stride {S}, padding {P}"
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
    type Tape = Workspace<T>;
    const COST: Cost = Cost::weights((Self::Output::LEN * IN * K * K) as u64, OUT);
    const FACTOR: Factor = Factor::Weights;

    fn forward(
        &self,
        input: &[Image<IN, H, W, T>],
        output: &mut [Self::Output],
        workspace: &mut Workspace<T>,
        _: &mut Mode<'_>,
    ) {
        let windows = windows::<Image<IN, H, W, T>, Self::Output>(1, K, S, P);
        let (x, y) = (Image::flat(input), Self::Output::flat_mut(output));
        convolve(&windows, self.weights(), self.bias.as_numbers(), x, y, workspace.take(&windows, OUT));
    }

    fn backward<Q: Probe>(
        &self,
        input: &[Image<IN, H, W, T>],
        _: &[Self::Output],
        output_grad: &[Self::Output],
        input_grad: Option<&mut [Image<IN, H, W, T>]>,
        gradient: &mut Self,
        workspace: &mut Workspace<T>,
        _: &mut Q,
    ) {
        let windows = windows::<Image<IN, H, W, T>, Self::Output>(1, K, S, P);
        let (x, dy) = (Image::flat(input), Self::Output::flat(output_grad));
        let scratch = workspace.take(&windows, OUT);
        weight_gradient(&windows, dy, x, Accumulate::Overwrite, gradient.weights_mut(), scratch);
        if let Some(db) = gradient.bias.as_numbers_mut() {
            bias_gradient(dy, Self::Output::LEN / OUT, Accumulate::Overwrite, db);
        }
        if let Some(dx) = input_grad {
            convolve_transposed(
                &windows,
                self.weights(),
                None,
                dy,
                Image::flat_mut(dx),
                workspace.take(&windows, OUT),
            );
        }
    }
}

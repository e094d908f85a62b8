use alloc::boxed::Box;

use super::{Workspace, weight_and_bias, windows};
use crate::kernel::{Accumulate, Real, bias_gradient, convolve, convolve_transposed, weight_gradient};
use crate::layer::dense::Bias;
use crate::layer::{Cost, Factor, Layer, Mode, Probe};
use crate::tensor::side::{Grow, Side, Sides};
use crate::tensor::{Image, Tensor, Vector};

/// The transpose of a convolution: every pixel paints a `K` x `K` window of all output channels, in steps of `STRIDE`.
///
/// Forward `y[o, S r + m - P, S c + n - P] = b[o] + Σ W[i, o, m, n] x[i, r, c]`, summed over all that lands there, and cut off
/// outside the image; backward `dx` is a convolution of `dy` with the same W, `dW[i, o, m, n] = Σ x[i, r, c] dy[o, ..]`,
/// `db[o] = Σ dy[o, r, c]`.
///
/// With the same `weight`, `K`, `STRIDE` and `PAD`, and no bias, it is the input gradient of
/// [`Conv2d<OUT, IN, K, STRIDE, PAD>`](crate::layer::Conv2d): `⟨u, conv(x)⟩ = ⟨transposed(u), x⟩`.
///
/// # Shapes
/// Input `Image<IN, H, W>`; output `Image<OUT, (H - 1) STRIDE + K - 2 PAD, (W - 1) STRIDE + K - 2 PAD>`, worked out by the
/// compiler for sides up to 1024. `weight` is `[IN, OUT, K, K]`, as PyTorch's `ConvTranspose2d`; `bias` is `[OUT]`, or
/// [`NoBias`](crate::layer::NoBias).
///
/// # Gradient flow
/// Linear. Where windows overlap unevenly (`K` is no multiple of `STRIDE`), values and gradients differ from pixel to pixel in a
/// checkerboard. The fan-in is `IN K²`; with a stride, only about `IN K² / STRIDE²` of it land on any one pixel.
///
/// # Source
/// Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional networks" (2010), eq. 1; Dumoulin, Visin, "A guide to convolution
/// arithmetic for deep learning" (2016), section 4.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut paint = TransposedConv2d::<1, 1, 3, 2>::zeros(); // windows of 3 in steps of 2 overlap by 1
/// *paint.weight = [[[[1.0, 2.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 5.0]]]];
/// let pixels = Image([[[1.0, 10.0]]]);
/// assert_eq!(
///     paint.predict(&pixels)?,
///     Image([[[1.0, 2.0, 11.0, 20.0, 10.0], [0.0; 5], [0.0, 0.0, 5.0, 0.0, 50.0]]])
/// );
/// # Ok::<(), chainrule::Error>(())
/// ```
pub struct TransposedConv2d<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PAD: usize = 0,
    T: Real = f32,
    B: Bias<Vector<OUT, T>> = Vector<OUT, T>,
> {
    /// W: for each input channel, a window of each output channel.
    pub weight: Box<[[[[T; K]; K]; OUT]; IN]>,
    /// b: one number for each output channel, or [`NoBias`](crate::layer::NoBias).
    pub bias: Box<B>,
}

weight_and_bias!(
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    TransposedConv2d<IN, OUT, K, S, P, T, B>,
    weight: [IN, OUT, K, K], fan_in: IN * K * K, fan_out: OUT * K * K, bias: OUT,
    prints: "TransposedConv2d({IN} -> {OUT} channels, window {K}, stride {S}, padding {P}"
);

/// The side of the output of a transposed window.
type Grown<const D: usize, const K: usize, const S: usize, const P: usize> = <Side<D> as Grow<K, S, P>>::Out;

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
> Layer<Image<IN, H, W, T>> for TransposedConv2d<IN, OUT, K, S, P, T, B>
where
    Side<H>: Grow<K, S, P>,
    Side<W>: Grow<K, S, P>,
    (Side<OUT>, Grown<H, K, S, P>, Grown<W, K, S, P>): Sides<T>,
{
    type Output = <(Side<OUT>, Grown<H, K, S, P>, Grown<W, K, S, P>) as Sides<T>>::Tensor;
    type Tape = Workspace<T>;
    const COST: Cost = Cost::weights((IN * H * W * OUT * K * K) as u64, OUT);
    const FACTOR: Factor = Factor::Weights;

    fn forward(
        &self,
        input: &[Image<IN, H, W, T>],
        output: &mut [Self::Output],
        workspace: &mut Workspace<T>,
        _: &mut Mode<'_>,
    ) {
        // The convolution that this is the transpose of takes our output, and gives our input.
        let windows = windows::<Self::Output, Image<IN, H, W, T>>(1, K, S, P);
        let (x, y) = (Image::flat(input), Self::Output::flat_mut(output));
        convolve_transposed(
            &windows,
            self.weights(),
            self.bias.as_numbers(),
            x,
            y,
            workspace.take(&windows, IN),
        );
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
        let windows = windows::<Self::Output, Image<IN, H, W, T>>(1, K, S, P);
        let (x, dy) = (Image::flat(input), Self::Output::flat(output_grad));
        let scratch = workspace.take(&windows, IN);
        weight_gradient(&windows, x, dy, Accumulate::Overwrite, gradient.weights_mut(), scratch);
        if let Some(db) = gradient.bias.as_numbers_mut() {
            bias_gradient(dy, Self::Output::LEN / OUT, Accumulate::Overwrite, db);
        }
        if let Some(dx) = input_grad {
            convolve(&windows, self.weights(), None, dy, Image::flat_mut(dx), workspace.take(&windows, IN));
        }
    }
}

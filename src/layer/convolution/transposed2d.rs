use chainrule_derive::Parameters;

use super::pixels::Pixels;
use super::{Grown, blocks_scratch, weights};
use crate::kernel::Real;
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::{Backward, Cost, Effect, Factor, Layer, Mode, Plan, WorkspaceMut};
use crate::tensor::side::{Grow, Side, Sides};
use crate::tensor::{Aligned, Image, Vector};

/// The transposed convolution of images: each pixel adds to a `K` x `K` window of all output channels. The stride of
/// the windows is `STRIDE`.
///
/// Forward `y[o, S r + m - P, S c + n - P] = b[o] + Σ W[i, o, m, n] x[i, r, c]`, summed over all terms with that place,
/// and cropped to the image; backward `dx` is a convolution of `dy` with the same W,
/// `dW[i, o, m, n] = Σ x[i, r, c] dy[o, ..]`, `db[o] = Σ dy[o, r, c]`.
///
/// With the same `weight`, `K`, `STRIDE` and `PAD`, and without a bias, it computes the input gradient of
/// [`Conv2d<OUT, IN, K, STRIDE, PAD>`](crate::layer::Conv2d): `⟨u, conv(x)⟩ = ⟨transposed(u), x⟩`.
///
/// # Shapes
/// Input `Image<IN, H, W>`; output `Image<OUT, (H - 1) STRIDE + K - 2 PAD, (W - 1) STRIDE + K - 2 PAD>`. The compiler
/// computes it for sides up to 2048 and [some longer ones](crate::tensor::side). `weight` is `[IN, OUT, K, K]`, the
/// same as PyTorch's `ConvTranspose2d`. `bias` is `[OUT]`, or [`NoBias`](crate::layer::NoBias).
///
/// # Gradient flow
/// Linear. Where windows overlap unevenly (`K` is not a multiple of `STRIDE`), values and gradients differ between
/// neighboring pixels in a checkerboard pattern. The fan-in is `IN K²`. With a stride, only about `IN K² / STRIDE²`
/// inputs reach an output pixel.
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
#[doc(alias("ConvTranspose2d", "deconvolution", "Conv2DTranspose"))]
#[derive(Clone, Parameters)]
#[parameters(
    name = "TransposedConv2d<{IN}, {OUT}, {K}, {STRIDE}, {PAD}{=scalar_and_bias::<Vector<OUT, T>, B>()}>"
)]
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
    #[parameter(weight, fan_in = IN * K * K, fan_out = OUT * K * K, layout = OutputsFirst, shape = &[IN, OUT, K, K], scalar = T)]
    pub weight: Aligned<[[[[T; K]; K]; OUT]; IN]>,
    /// b: one number for each output channel, or [`NoBias`](crate::layer::NoBias).
    #[parameter(bias, shape = &[OUT], scalar = T)]
    pub bias: B,
}

weights!(
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    TransposedConv2d<IN, OUT, K, S, P, T, B>
);

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> TransposedConv2d<IN, OUT, K, S, P, T, B>
{
    /// The windows of the matching convolution, which maps this layer's output to its input.
    const PIXELS: Pixels = Pixels::square(1, K, S, P).transposed();
}

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
    const PLAN: Plan = Plan::leaf::<Image<IN, H, W, T>, Self>()
        .costs(Cost::weights((IN * H * W * OUT * K * K) as u64, OUT))
        .factor(Factor::Weights)
        .effect(Effect::Weights { inputs: (IN * K * K) as f64 / (S * S) as f64 })
        .window(Self::PIXELS.window::<Image<IN, H, W, T>, Self::Output>())
        .form(Self::PIXELS.form())
        .scratch(Self::PIXELS.scratch::<Image<IN, H, W, T>, Self::Output>())
        .backward_scratch(blocks_scratch::<T>(IN * OUT * K * K));
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Image<IN, H, W, T>],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        Self::PIXELS.forward(self.weights(), self.bias.as_numbers(), input, output, workspace);
    }

    fn backward(&self, pass: Backward<'_, Image<IN, H, W, T>, Self>) {
        Self::PIXELS.backward(self.weights(), pass, Self::parts_mut);
    }
}

use chainrule_derive::Parameters;

use super::pixels::Pixels;
use super::{Slid, blocks_scratch, weights};
use crate::kernel::Real;
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::window_at::window_at;
use crate::layer::{Backward, Cost, Effect, Factor, Layer, Mode, Plan, WorkspaceMut};
use crate::tensor::side::{Side, Sides, Slide};
use crate::tensor::{Aligned, Image, Vector, len};

/// A separate convolution of each channel of an image, with one `K` x `K` filter for each channel.
///
/// Forward `y[c, r, q] = b[c] + Σ W[c, 0, m, n] x[c, S r + m - P, S q + n - P]`, zero outside the image; backward `dx`
/// is the transposed sum, `dW[c, 0, m, n] = Σ dy[c, r, q] x[c, ..]`, `db[c] = Σ dy[c, r, q]`.
///
/// Followed by a [`Conv2d`](crate::layer::Conv2d) with a window of 1 it is a depthwise separable convolution: it takes
/// `K² + OUT` multiply-adds for each pixel and channel, and a full convolution takes `K² OUT`.
///
/// # Shapes
/// Input `Image<CHANNELS, H, W>`; output `Image<CHANNELS, (H + 2 PAD - K) / STRIDE + 1, (W + 2 PAD - K) / STRIDE + 1>`.
/// The compiler computes it for sides up to 2048 and [some longer ones](crate::tensor::side). `weight` is
/// `[CHANNELS, 1, K, K]`, the same as in PyTorch for `groups=CHANNELS`; the type of the field leaves out the 1. `bias`
/// is `[CHANNELS]`, or [`NoBias`](crate::layer::NoBias).
///
/// # Gradient flow
/// Linear, with fan-in `K²`: gradients do not mix between channels.
///
/// # Source
/// Chollet, "Xception: deep learning with depthwise separable convolutions" (2017), section 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut sums = DepthwiseConv2d::<2, 2>::zeros();
/// *sums.weight = [[[1.0, 1.0], [1.0, 1.0]], [[1.0, -1.0], [0.0, 0.0]]]; // a sum, and a difference
/// let picture = Image([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[1.0, 2.0, 4.0], [9.0, 9.0, 9.0]]]);
/// assert_eq!(sums.predict(&picture)?, Image([[[12.0, 16.0]], [[-1.0, -2.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("separable convolution", "MobileNet", "groups"))]
#[derive(Clone, Parameters)]
#[parameters(
    place = own,
    name = "DepthwiseConv2d<{CHANNELS}, {K}, {STRIDE}, {PAD}{=scalar_and_bias::<Vector<CHANNELS, T>, B>()}>"
)]
pub struct DepthwiseConv2d<
    const CHANNELS: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PAD: usize = 0,
    T: Real = f32,
    B: Bias<Vector<CHANNELS, T>> = Vector<CHANNELS, T>,
> {
    /// W: a window for each channel.
    #[parameter(weight, fan_in = K * K, fan_out = K * K, layout = OutputsFirst, shape = &[CHANNELS, 1, K, K], scalar = T)]
    pub weight: Aligned<[[[T; K]; K]; CHANNELS]>,
    /// b: one number for each channel, or [`NoBias`](crate::layer::NoBias).
    #[parameter(bias, shape = &[CHANNELS], scalar = T)]
    pub bias: B,
}

window_at!([const C: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<C, T>>] DepthwiseConv2d<C, K, S, P, T, B>, ImageAt<C, T>, K, S, P);

weights!(
    [const C: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<C, T>>]
    DepthwiseConv2d<C, K, S, P, T, B>
);

impl<
    const C: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    const H: usize,
    const W: usize,
    T: Real,
    B: Bias<Vector<C, T>>,
> Layer<Image<C, H, W, T>> for DepthwiseConv2d<C, K, S, P, T, B>
where
    Side<H>: Slide<K, S, P>,
    Side<W>: Slide<K, S, P>,
    (Side<C>, Slid<H, K, S, P>, Slid<W, K, S, P>): Sides<T>,
{
    type Output = <(Side<C>, Slid<H, K, S, P>, Slid<W, K, S, P>) as Sides<T>>::Tensor;
    const PLAN: Plan = Plan::leaf::<Image<C, H, W, T>, Self>()
        .costs(Cost::weights((len::<Self::Output>() * K * K) as u64, C))
        .factor(Factor::Weights)
        .effect(Effect::Weights { inputs: (K * K) as f64 })
        .window(Pixels::square(C, K, S, P).window::<Image<C, H, W, T>, Self::Output>())
        .form(Pixels::square(C, K, S, P).form())
        .scratch(Pixels::square(C, K, S, P).scratch::<Image<C, H, W, T>, Self::Output>())
        .backward_scratch(blocks_scratch::<T>(C * K * K));
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Image<C, H, W, T>],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        // Each channel is a separate convolution, from one channel to one channel.
        Pixels::square(C, K, S, P).forward(self.weights(), self.bias.as_numbers(), input, output, workspace);
    }

    fn backward(&self, pass: Backward<'_, Image<C, H, W, T>, Self>) {
        Pixels::square(C, K, S, P).backward(self.weights(), pass, Self::parts_mut);
    }
}

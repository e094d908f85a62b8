use alloc::boxed::Box;
use core::fmt;
use core::slice::{from_mut, from_ref};

use super::{PatchTape, add_bias_gradient, backward, fill_bias, forward};
use crate::kernel::{Real, Windows};
use crate::layer::compare::comparable;
use crate::layer::dense::Bias;
use crate::layer::{Cost, Field, Fields, Layer, Mode, Parameters, Probe};
use crate::tensor::side::{Side, Sides, Slide};
use crate::tensor::{Image, Tensor, Vector, zeros};

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

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Conv2d<IN, OUT, K, S, P, T, B>
{
    /// W as numbers in memory order.
    pub fn weights(&self) -> &[T] {
        bytemuck::must_cast_slice(from_ref(&*self.weight))
    }

    /// W as numbers in memory order.
    pub fn weights_mut(&mut self) -> &mut [T] {
        bytemuck::must_cast_slice_mut(from_mut(&mut *self.weight))
    }

    const fn windows([_, height, width]: [usize; 3], [_, out_height, out_width]: [usize; 3]) -> Windows {
        Windows { channels: IN, height, width, kernel: K, stride: S, padding: P, out_height, out_width }
    }
}

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Parameters for Conv2d<IN, OUT, K, S, P, T, B>
{
    const COUNT: usize = OUT * IN * K * K + size_of::<B>() / size_of::<T>();

    fn zeros() -> Self {
        Self { weight: zeros(), bias: zeros() }
    }

    fn fields(fields: &mut impl Fields<Self>) {
        let weight = Field::weight("weight", &[OUT, IN, K, K], IN * K * K, OUT * K * K);
        fields.tensor(weight, Self::weights, Self::weights_mut);
        if size_of::<B>() > 0 {
            fields.tensor(
                Field::bias("bias", &[OUT]),
                |conv| conv.bias.as_numbers().unwrap_or(&[]),
                |conv| conv.bias.as_numbers_mut().unwrap_or(&mut []),
            );
        }
    }
}

/// The output of a `K` x `K` window in steps of `S` on an image of `H` x `W`, padded by `P`.
type Output<
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    const H: usize,
    const W: usize,
    T,
> = <(Side<OUT>, <Side<H> as Slide<K, S, P>>::Out, <Side<W> as Slide<K, S, P>>::Out) as Sides<T>>::Tensor;

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
    (Side<OUT>, <Side<H> as Slide<K, S, P>>::Out, <Side<W> as Slide<K, S, P>>::Out): Sides<T>,
{
    type Output = Output<OUT, K, S, P, H, W, T>;
    type Tape = PatchTape<T>;
    const COST: Cost = Cost::weights((Self::Output::LEN * IN * K * K) as u64, OUT);

    fn forward(
        &self,
        input: &[Image<IN, H, W, T>],
        output: &mut [Self::Output],
        tape: &mut PatchTape<T>,
        _: &mut Mode<'_>,
    ) {
        let windows = Self::windows(sides::<Image<IN, H, W, T>>(), sides::<Self::Output>());
        for (x, y) in input.iter().zip(output) {
            let y = y.as_mut_slice();
            fill_bias(y, self.bias.as_numbers(), OUT);
            forward(&windows, self.weights(), x.as_slice(), y, tape);
        }
    }

    fn backward<Q: Probe>(
        &self,
        input: &[Image<IN, H, W, T>],
        _: &[Self::Output],
        output_grad: &[Self::Output],
        mut input_grad: Option<&mut [Image<IN, H, W, T>]>,
        gradient: &mut Self,
        tape: &mut PatchTape<T>,
        _: &mut Q,
    ) {
        let windows = Self::windows(sides::<Image<IN, H, W, T>>(), sides::<Self::Output>());
        for (at, (x, dy)) in input.iter().zip(output_grad).enumerate() {
            let dy = dy.as_slice();
            add_bias_gradient(dy, gradient.bias.as_numbers_mut());
            let dx = input_grad.as_deref_mut().map(|dx| dx[at].as_mut_slice());
            backward(&windows, self.weights(), x.as_slice(), dy, dx, gradient.weights_mut(), tape);
        }
    }
}

/// The sides of an image.
fn sides<X: Tensor>() -> [usize; 3] {
    core::array::from_fn(|side| X::SHAPE[side])
}

comparable!([
    const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>
] Conv2d<IN, OUT, K, S, P, T, B>);

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Clone for Conv2d<IN, OUT, K, S, P, T, B>
{
    fn clone(&self) -> Self {
        crate::layer::compare::copy(self)
    }
}

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const S: usize,
    const P: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> fmt::Debug for Conv2d<IN, OUT, K, S, P, T, B>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bias = if size_of::<B>() > 0 { "" } else { ", no bias" };
        write!(f, "Conv2d({IN} -> {OUT} channels, window {K}, stride {S}, padding {P}{bias})")
    }
}

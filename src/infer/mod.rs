// Tier 4, above `stack`.
//! Networks without input sizes. You write only the output size of each layer.
//!
//! [`Infer<X, N>`](Infer) is the network `N` for data of the shape `X`. The compiler infers the input size of each
//! layer. The result is the same type as the network with all sizes written out, so its files, speed, messages and
//! optimizers are the same.
//!
//! ```
//! use chainrule::prelude::*;
//!
//! type LeNet5 = Infer<Image<1, 28, 28>, (
//!     (ConvTo<6, 5, 1, 2>, Relu, MaxPool2d<2>, ConvTo<16, 5>, Relu, MaxPool2d<2>),
//!     (LinearTo<120>, Relu, LinearTo<84>, Relu, LinearTo<10>),
//! )>;
//! const _: () = chainrule::shapes::<LeNet5, Image<1, 28, 28>, Vector<10>>();
//!
//! type WrittenOut = (
//!     (Conv2d<1, 6, 5, 1, 2>, Relu, MaxPool2d<2>, Conv2d<6, 16, 5>, Relu, MaxPool2d<2>),
//!     (Dense<Image<16, 5, 5>, Vector<120>>, Relu, Linear<120, 84>, Relu, Linear<84, 10>),
//! );
//! let network: Owned<WrittenOut> = LeNet5::init(&mut rng(0)); // both are the same type
//! let y: Vector<10> = network.predict(&Image([[[0.5; 28]; 28]]))?;
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! | layer without input size | input | becomes |
//! |---|---|---|
//! | [`LinearTo<OUT>`](LinearTo) | `Vector<IN>` | `Linear<IN, OUT>` |
//! | | `Sequence<..>`, `Image<..>` | `Dense<Image<..>, Vector<OUT>>`, without a separate flatten layer |
//! | [`DenseTo<Out>`](DenseTo) | any tensor `X` | `Dense<X, Out>` |
//! | [`ConvTo<OUT, K, STRIDE, PAD>`](ConvTo) | `Image<IN, H, W>` | `Conv2d<IN, OUT, K, STRIDE, PAD>` |
//! | | `Sequence<STEPS, IN>` | `Conv1d<IN, OUT, K, STRIDE, PAD>` |
//! | [`TransposedConvTo<OUT, K, STRIDE, PAD>`](TransposedConvTo) | `Image<IN, H, W>` | `TransposedConv2d<IN, OUT, K, STRIDE, PAD>` |
//! | | `Sequence<STEPS, IN>` | `TransposedConv1d<IN, OUT, K, STRIDE, PAD>` |
//! | [`ConvToWith<OUT, S>`](ConvToWith) | `Image<..>`, `Sequence<..>` | `Conv2dWith<IN, OUT, S>`, `Conv1dWith<IN, OUT, S>` |
//! | [`TransposedConvToWith<OUT, S>`](TransposedConvToWith) | the same | `TransposedConv2dWith<IN, OUT, S>`, `TransposedConv1dWith<IN, OUT, S>` |
//! | [`AutoDepthwiseConv2d<K, STRIDE, PAD>`](AutoDepthwiseConv2d) | `Image<C, H, W>` | `DepthwiseConv2d<C, K, STRIDE, PAD>` |
//! | [`AutoBatchNorm`] | `Vector<N>`, `Sequence<STEPS, N>`, `Image<N, H, W>` | `BatchNorm<N>` |
//! | [`AutoLayerNorm`], [`AutoRmsNorm`] | `Vector<N>`, `Sequence<STEPS, N>` | `LayerNorm<Vector<N>>` |
//! | | `Image<C, H, W>` | `LayerNorm<Image<C, H, W>>` |
//! | [`AutoGroupNorm<GROUPS>`](AutoGroupNorm) | `Vector<C>`, `Sequence<STEPS, C>`, `Image<C, H, W>` | `GroupNorm<GROUPS, C>` |
//! | [`AutoAffine`], [`AutoChannelPRelu`] | the same | `Affine<C>`, `ChannelPRelu<C>` |
//! | [`RnnTo<HIDDEN>`](RnnTo), [`LstmTo<HIDDEN>`](LstmTo), [`GruTo<HIDDEN>`](GruTo) | `Sequence<STEPS, IN>` | `Rnn<IN, HIDDEN>`, `Lstm<IN, HIDDEN>`, `Gru<IN, HIDDEN>` |
//! | [`AutoHighway<F>`](AutoHighway) | `Vector<N>` | `Highway<F, N>` |
//! | [`EmbeddingTo<WIDTH>`](EmbeddingTo) | `Token<VOCAB>`, `Tokens<STEPS, VOCAB>`, `PaddedTokens<STEPS, VOCAB>` | `Embedding<VOCAB, WIDTH>` |
//! | [`AutoSelfAttention<HEADS>`](AutoSelfAttention) | `Sequence<STEPS, WIDTH>`, `Padded<STEPS, WIDTH>` | `SelfAttention<WIDTH, HEADS>` |
//! | [`AutoCrossAttention<HEADS>`](AutoCrossAttention) | `Pair` of two of these | `CrossAttention<WIDTH, HEADS>` |
//! | [`AutoLearnedPositions`] | `Sequence<STEPS, WIDTH>`, `Padded<STEPS, WIDTH>` | `LearnedPositions<STEPS, WIDTH>` |
//! | `PRelu` | any tensor of `T` | `PRelu<T>` |
//! | [`Residual<F, AutoShortcut>`](AutoShortcut) | any tensor | `F` with a shortcut of the same output shape |
//! | tuple, array, `Residual`, `Highway`, `Concat`, `Parallel`, `OnFirst`, `ResidualWithMemory`, `Shared`, `Evaluate`, `PerStep`, `Tied` | | the same, with the sizes of the layers inside |
//! | any other layer, such as `Relu` or `Linear<8, 4>` | its own input | unchanged |
//!
//! `NoBias` as the last parameter, as in `LinearTo<10, NoBias>`, makes a layer without a bias. The scalar type is that
//! of the input: `Infer<Vector<4, f64>, ..>` is a network of `f64`.
//!
//! The compiler checks a `type` alias only where it is used. Write [`shapes`](crate::shapes) below the alias to check
//! it at once. If a layer does not accept its input, the error names the layer and its place in the tuple, counted from
//! 0: "layer 3 of this stack, `ConvTo<16, 5>`, cannot take `Vector<120>` as its input".

mod attention;
mod channels;
mod combinators;
mod convolution;
mod recurrent;
mod shortcut;
mod sizeless;
mod tokens;
mod tuple;

use crate::layer::Layer;
use crate::tensor::Sample;

pub use attention::{AutoCrossAttention, AutoSelfAttention};
pub use channels::{AutoAffine, AutoChannelPRelu};
pub use combinators::AutoHighway;
#[doc(hidden)]
pub use combinators::BranchesAfter;
pub use convolution::{AutoDepthwiseConv2d, ConvTo, ConvToWith, TransposedConvTo, TransposedConvToWith};
pub use recurrent::{GruTo, LstmTo, RnnTo};
pub use shortcut::{AutoShortcut, Shortcut, ShortcutTo};
pub use sizeless::{
    AutoBatchNorm, AutoGroupNorm, AutoLayerNorm, AutoRmsNorm, BiasOf, DenseTo, HasSizes, LinearTo, WithBias,
};
pub use tokens::{AutoLearnedPositions, EmbeddingTo};

/// The network `N` for data of the shape `X`, with the input size of each layer inferred by the compiler. See [the
/// module](crate::infer).
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = Infer<Vector<784>, (LinearTo<128>, Relu, LinearTo<10>)>;
/// let net: Owned<(Linear<784, 128>, Relu, Linear<128, 10>)> = Net::init(&mut rng(0));
/// ```
#[doc(alias("shape inference", "lazy modules", "LazyLinear", "input_shape"))]
pub type Infer<X, N> = <N as After<0, X>>::Layer;

/// A layer, or a layer without its input sizes, that becomes a layer on the input `X`. `PLACE` is its place in the
/// stack, for the compiler's message.
///
/// # Layers that you write yourself
/// `#[derive(Parameters)]` implements this trait for a layer without layers inside: the layer stays as it is. For a
/// layer without its sizes, implement it for each input shape:
///
/// ```
/// use chainrule::infer::After;
/// use chainrule::prelude::*;
///
/// /// y = s · x, with one trained factor for each feature.
/// #[derive(Parameters)]
/// struct Scale<const N: usize> {
///     #[parameter(scale = 1.0)]
///     factor: Vector<N>,
/// }
///
/// impl<const N: usize> Layer<Vector<N>> for Scale<N> {
///     // ..
/// #     type Output = Vector<N>;
/// #     fn forward(&self, input: &[Vector<N>], output: &mut [Vector<N>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
/// #         for (x, y) in input.iter().zip(output) {
/// #             (0..N).for_each(|i| y[i] = self.factor[i] * x[i]);
/// #         }
/// #     }
/// #     fn backward(&self, pass: Backward<'_, Vector<N>, Self>) {
/// #         for (x, dy) in pass.input.iter().zip(pass.output_grad) {
/// #             (0..N).for_each(|i| pass.gradient.factor[i] += x[i] * dy[i]);
/// #         }
/// #         for (dx, dy) in pass.input_grad.into_iter().flatten().zip(pass.output_grad) {
/// #             (0..N).for_each(|i| dx[i] = self.factor[i] * dy[i]);
/// #         }
/// #     }
/// }
///
/// type Net = Infer<Vector<4>, (LinearTo<3>, Scale<3>, LinearTo<2>)>;
/// let y: Vector<2> = Net::init(&mut rng(1)).predict(&Vector([1.0; 4]))?;
///
/// /// The same layer without its size. On a `Vector<N>` it becomes a `Scale<N>`.
/// struct AutoScale;
///
/// impl<const PLACE: usize, const N: usize> After<PLACE, Vector<N>> for AutoScale {
///     type Layer = Scale<N>;
/// }
/// let same: Owned<Net> = Infer::<Vector<4>, (LinearTo<3>, AutoScale, LinearTo<2>)>::init(&mut rng(1));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{Self}`, cannot take `{X}` as its input",
    label = "`{X}` arrives at layer {PLACE}, `{Self}`",
    note = "the input of a layer is the output of the layer before it; the input of layer 0 is the first type of `Infer`"
)]
pub trait After<const PLACE: usize, X: Sample> {
    /// The layer with all of its sizes.
    type Layer: Layer<X>;
}

/// The bound of a stack on its layers: [`After`]. As in [`InputAt`](crate::layer::InputAt), the bound is on the sample,
/// so that a wrong layer gives only one error.
#[doc(hidden)]
pub trait InferredAt<const PLACE: usize, L>: Sample {
    /// The layer of [`After`].
    type Layer: Layer<Self, Output = Self::Output>;
    /// Its output.
    type Output: Sample + bytemuck::Pod;
}

impl<const PLACE: usize, X: Sample, L: After<PLACE, X>> InferredAt<PLACE, L> for X {
    type Layer = L::Layer;
    type Output = <L::Layer as Layer<X>>::Output;
}

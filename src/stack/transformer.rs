//! The blocks of transformers, as type aliases of smaller layers.
//!
//! | alias | composition | in PyTorch |
//! |---|---|---|
//! | [`FeedForward<WIDTH, HIDDEN>`](FeedForward) | `PerStep<(Linear, G, Linear)>` | `linear1`, `activation`, `linear2` of a layer |
//! | [`PreNorm<WIDTH, F>`](PreNorm) | `x + F(norm(x))` | a sub-layer with `norm_first=True` |
//! | [`PostNorm<WIDTH, F>`](PostNorm) | `norm(x + F(x))` | a sub-layer with `norm_first=False`, the default |
//! | [`TransformerBlock<WIDTH, HEADS, HIDDEN>`](TransformerBlock) | two `PreNorm` | `nn.TransformerEncoderLayer(.., norm_first=True)` |
//! | [`PostNormTransformerBlock`] | two `PostNorm` | `nn.TransformerEncoderLayer(..)` |
//! | [`TransformerEncoder<.., LAYERS>`](TransformerEncoder) | `LAYERS` blocks, and a norm | `nn.TransformerEncoder(.., norm=nn.LayerNorm(WIDTH))` |
//! | [`DecoderBlock`], [`PostNormDecoderBlock`] | attention, attention to a memory, `FeedForward` | `nn.TransformerDecoderLayer` |
//! | [`TransformerDecoder<.., LAYERS>`](TransformerDecoder) | `LAYERS` decoder blocks, and a norm | `nn.TransformerDecoder(.., norm=nn.LayerNorm(WIDTH))` |
//!
//! `M` is the settings of [`SelfAttention`], G is the activation ([`Relu`] by default, as in PyTorch), and T is the
//! scalar type. The norms are [`LayerNorm`]s of each step. All of these layers take a [`Sequence`](crate::Sequence) or
//! a [`Padded`](crate::Padded). No step attends to the padding.
//!
//! You can write other blocks yourself, for example with dropout or grouped queries:
//!
//! ```
//! use chainrule::prelude::*;
//!
//! type Attention = SelfAttention<32, 4, (Causal, Rotary), f32, 16>;
//! type Block = (
//!     PreNorm<32, (Attention, Dropout<10>)>,
//!     PreNorm<32, (PerStep<(Linear<32, 128>, SwiGlu, Linear<64, 32>)>, Dropout<10>)>,
//! );
//! type Net = (Embedding<65, 32>, [Block; 2], PerStep<(LayerNorm<Vector<32>>, Linear<32, 65>)>);
//! let net = Net::init(&mut rng(1));
//! let logits: Sequence<8, 65> = net.predict(&Tokens::<8, 65>::from_indices(&[7, 0, 64, 7, 1, 2, 3, 4])?)?;
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! On a `Padded`, write the dropout as `PerStep<Dropout<10>>`.

use super::{CrossAttention, First, NoMask, OnFirst, PerStep, Residual, ResidualWithMemory, SelfAttention};
use crate::layer::{Causal, LayerNorm, Linear, Relu};
use crate::tensor::Vector;

/// A perceptron with one hidden layer, applied to each step: `y(t) = W_2 g(W_1 x(t) + b_1) + b_2`, with `HIDDEN` hidden
/// units and the activation G.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.3.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(<FeedForward<64, 256, Gelu>>::COUNT, 64 * 256 + 256 + 256 * 64 + 64);
/// ```
#[doc(alias("MLP", "multilayer perceptron", "position-wise feed-forward"))]
pub type FeedForward<const WIDTH: usize, const HIDDEN: usize, G = Relu, T = f32> =
    PerStep<(Linear<WIDTH, HIDDEN, T>, G, Linear<HIDDEN, WIDTH, T>)>;

/// A residual block with a norm before its branch: `y = x + F(norm(x))`.
///
/// The main path has no norm, so the gradient of a deep stack passes it unchanged.
///
/// # Source
/// Xiong et al., "On layer normalization in the transformer architecture", ICML 2020, figure 1 (b).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let block = PreNorm::<2, FeedForward<2, 8>>::zeros();
/// assert_eq!(block.predict(&Sequence([[1.0, 2.0]]))?, Sequence([[1.0, 2.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("pre-norm", "norm_first=True", "pre-LN"))]
pub type PreNorm<const WIDTH: usize, F, T = f32> = Residual<(PerStep<LayerNorm<Vector<WIDTH, T>>>, F)>;

/// A residual block with a norm after it: `y = norm(x + F(x))`.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.1: LayerNorm(x + Sublayer(x)).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let block = PostNorm::<2, FeedForward<2, 8>>::init(&mut rng(1));
/// let y = block.predict(&Sequence([[1.0, 2.0]]))?;
/// approx::assert_abs_diff_eq!(y[0][0] + y[0][1], 0.0, epsilon = 1e-6); // the mean of a step
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("post-norm", "norm_first=False", "post-LN"))]
pub type PostNorm<const WIDTH: usize, F, T = f32> = (Residual<F>, PerStep<LayerNorm<Vector<WIDTH, T>>>);

/// A block of a transformer: self-attention and a perceptron, each with a norm before it.
///
/// # Source
/// Xiong et al., "On layer normalization in the transformer architecture", ICML 2020, figure 1 (b). In PyTorch
/// `nn.TransformerEncoderLayer(.., norm_first=True)`;
/// [`Format::transformer_layers`](crate::checkpoint::Format::transformer_layers) loads its weights.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// type Net = ([TransformerBlock<16, 2, 64, Causal, Gelu>; 4], PerStep<Linear<16, 3>>);
/// let y: Sequence<10, 3> = Net::init(&mut rng(1)).predict(&Sequence([[0.5; 16]; 10]))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("TransformerEncoderLayer", "nn.TransformerEncoderLayer", "encoder layer"))]
pub type TransformerBlock<
    const WIDTH: usize,
    const HEADS: usize,
    const HIDDEN: usize,
    M = NoMask,
    G = Relu,
    T = f32,
> = (
    PreNorm<WIDTH, SelfAttention<WIDTH, HEADS, M, T>, T>,
    PreNorm<WIDTH, FeedForward<WIDTH, HIDDEN, G, T>, T>,
);

/// A block of a transformer: self-attention and a perceptron, each with a norm after it, as in the paper.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.1. In PyTorch `nn.TransformerEncoderLayer`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// type Net = ([PostNormTransformerBlock<16, 2, 64>; 2], MeanOver<Steps>, Linear<16, 3>);
/// let y: Vector<3> = Net::init(&mut rng(1)).predict(&Padded::<10, 16>::new(&[[0.5; 16]; 4])?)?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("TransformerEncoderLayer", "nn.TransformerEncoderLayer", "encoder layer"))]
pub type PostNormTransformerBlock<
    const WIDTH: usize,
    const HEADS: usize,
    const HIDDEN: usize,
    M = NoMask,
    G = Relu,
    T = f32,
> = (
    PostNorm<WIDTH, SelfAttention<WIDTH, HEADS, M, T>, T>,
    PostNorm<WIDTH, FeedForward<WIDTH, HIDDEN, G, T>, T>,
);

/// `LAYERS` blocks of a transformer, and a norm after the last.
///
/// (Blocks with a norm after each residual block need no final norm: an encoder of these is
/// `[PostNormTransformerBlock<..>; LAYERS]`.)
///
/// # Source
/// Xiong et al., "On layer normalization in the transformer architecture", ICML 2020, table 1: the final norm of a
/// pre-norm transformer. In PyTorch `nn.TransformerEncoder`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// type Net = TransformerEncoder<16, 2, 64, 3>;
/// let y: Sequence<10, 16> = Net::init(&mut rng(1)).predict(&Sequence([[0.5; 16]; 10]))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.TransformerEncoder", "BERT"))]
pub type TransformerEncoder<
    const WIDTH: usize,
    const HEADS: usize,
    const HIDDEN: usize,
    const LAYERS: usize,
    M = NoMask,
    G = Relu,
    T = f32,
> = ([TransformerBlock<WIDTH, HEADS, HIDDEN, M, G, T>; LAYERS], PerStep<LayerNorm<Vector<WIDTH, T>>>);

/// A block of a decoder: self-attention of the target, attention to the memory, and a perceptron, each with a norm
/// before it. The input is a [`Pair`](crate::Pair) of a target and a memory of the same width. The output is the pair
/// of the new target and the same memory.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.1, with the norms of Xiong et al. 2020. In PyTorch
/// `nn.TransformerDecoderLayer(.., norm_first=True)` with a causal `tgt_mask`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// type Net = (DecoderBlock<16, 2, 64>, First, PerStep<Linear<16, 5>>);
/// let pair = Pair(Sequence([[0.5; 16]; 4]), Padded::<9, 16>::new(&[[0.1; 16]; 7])?);
/// let logits: Sequence<4, 5> = Net::init(&mut rng(1)).predict(&pair)?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("TransformerDecoderLayer", "nn.TransformerDecoderLayer", "decoder layer"))]
pub type DecoderBlock<
    const WIDTH: usize,
    const HEADS: usize,
    const HIDDEN: usize,
    M = Causal,
    G = Relu,
    T = f32,
> = (
    OnFirst<PreNorm<WIDTH, SelfAttention<WIDTH, HEADS, M, T>, T>>,
    ResidualWithMemory<(
        OnFirst<PerStep<LayerNorm<Vector<WIDTH, T>>>>,
        CrossAttention<WIDTH, HEADS, NoMask, T>,
    )>,
    OnFirst<PreNorm<WIDTH, FeedForward<WIDTH, HIDDEN, G, T>, T>>,
);

/// A block of a decoder as [`DecoderBlock`], with each norm after its residual block.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.1. In PyTorch `nn.TransformerDecoderLayer` with a
/// causal `tgt_mask`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// type Net = ([PostNormDecoderBlock<16, 2, 64>; 2], First);
/// let pair = Pair(Sequence([[0.5; 16]; 4]), Sequence([[0.1; 16]; 7]));
/// let y: Sequence<4, 16> = Net::init(&mut rng(1)).predict(&pair)?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("TransformerDecoderLayer", "nn.TransformerDecoderLayer", "decoder layer"))]
pub type PostNormDecoderBlock<
    const WIDTH: usize,
    const HEADS: usize,
    const HIDDEN: usize,
    M = Causal,
    G = Relu,
    T = f32,
> = (
    OnFirst<PostNorm<WIDTH, SelfAttention<WIDTH, HEADS, M, T>, T>>,
    ResidualWithMemory<CrossAttention<WIDTH, HEADS, NoMask, T>>,
    OnFirst<(PerStep<LayerNorm<Vector<WIDTH, T>>>, PostNorm<WIDTH, FeedForward<WIDTH, HIDDEN, G, T>, T>)>,
);

/// `LAYERS` blocks of a decoder on a [`Pair`](crate::Pair) of a target and a memory, and a norm after the last block.
/// The output is the target.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, figure 1, with the norms of Xiong et al. 2020. In PyTorch
/// `nn.TransformerDecoder`.
///
/// # Examples
/// A translator from 30 to 40 tokens, on pairs of the target so far and the source:
/// ```
/// use chainrule::prelude::*;
///
/// type Source = (Embedding<30, 16>, TransformerEncoder<16, 2, 64, 2>);
/// type Target = Embedding<40, 16>;
/// type Net = (Parallel<Target, Source>, TransformerDecoder<16, 2, 64, 2>, PerStep<Linear<16, 40>>);
/// let target = Tokens::<4, 40>::from_indices(&[0, 3, 39, 1])?;
/// let source = PaddedTokens::<9, 30>::from_indices(&[7, 29])?;
/// let logits: Sequence<4, 40> = Net::init(&mut rng(1)).predict(&Pair(target, source))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.TransformerDecoder", "nn.Transformer", "encoder-decoder", "seq2seq"))]
pub type TransformerDecoder<
    const WIDTH: usize,
    const HEADS: usize,
    const HIDDEN: usize,
    const LAYERS: usize,
    M = Causal,
    G = Relu,
    T = f32,
> = ([DecoderBlock<WIDTH, HEADS, HIDDEN, M, G, T>; LAYERS], First, PerStep<LayerNorm<Vector<WIDTH, T>>>);

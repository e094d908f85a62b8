// The links of the README are paths of files; here they are replaced by links to the same pages of the documentation.
// The first definition of a link counts.
#![doc = "[start]: guide::get_started"]
#![doc = "[others]: guide::from_other_libraries"]
#![doc = "[layers]: guide::layers"]
#![doc = "[shapes]: guide::shapes"]
#![doc = "[training]: guide::training"]
#![doc = "[data]: guide::data"]
#![doc = "[checkpoints]: guide::checkpoints"]
#![doc = "[flow]: guide::gradient_flow"]
#![doc = "[diagnosis]: guide::diagnosis"]
#![doc = "[sequences]: guide::sequences"]
#![doc = "[transformers]: guide::transformers"]
#![doc = "[device]: guide::device"]
#![doc = "[onnx]: guide::onnx"]
#![doc = "[machines]: guide::many_machines"]
#![doc = "[own layer]: guide::your_own_layer"]
#![doc = "[performance]: guide::performance"]
#![doc = "[features]: guide::features"]
#![doc = "[coverage]: guide::coverage"]
#![doc = "[examples]: guide::examples"]
#![doc = ""]
// The programs of the README use these features.
#![cfg_attr(all(feature = "fit", feature = "flow"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "fit", feature = "flow")),
    doc = "Neural networks as Rust types: the compiler checks every shape, and the backward pass is a trait. See [features]."
)]
#![cfg_attr(not(feature = "std"), no_std)]
// Marks the items that need a feature, on docs.rs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
// The derive writes `::chainrule::..`, in this crate too.
extern crate self as chainrule;

#[cfg(feature = "std")]
mod atomic_file;
pub mod bounds;
#[cfg(feature = "checkpoint")]
pub mod checkpoint;
#[cfg(feature = "std")]
pub mod data;
#[cfg(feature = "flow")]
pub mod diagnose;
#[cfg(feature = "checkpoint")]
pub mod distributed;
pub mod elementary;
mod error;
mod expected;
mod fixed_trainer;
#[cfg(feature = "flow")]
pub mod flow;
#[cfg(feature = "alloc")]
pub mod gradcheck;
#[cfg(any(doc, doctest))]
pub mod guide;
pub mod infer;
pub mod init;
mod kernel;
pub mod layer;
pub mod loss;
#[cfg(feature = "alloc")]
pub mod metrics;
mod network;
#[cfg(feature = "onnx")]
pub mod onnx;
pub mod optimizer;
pub mod quantized;
mod random;
pub mod schedule;
pub mod stack;
pub mod stream;
pub mod tensor;
#[cfg(feature = "std")]
pub mod text;
#[cfg(feature = "theory")]
pub mod theory;
#[cfg(feature = "alloc")]
mod train;

#[cfg(feature = "plot")]
#[doc(inline)]
pub use chainrule_plot as plot;

pub use bounds::{CotangentOf, GradientOf, OutputFor};
pub use chainrule_derive::Parameters;
pub use chainrule_parameters as parameters;
pub use error::Error;
pub use expected::{
    ExpectedFlow, ExpectedState, ExpectedTime, expected_flow, expected_flow_with, gradient_flows,
    gradient_flows_with,
};
pub use fixed_trainer::FixedTrainer;
/// Whether this was compiled with `RUSTFLAGS="--cfg chainrule_portable"`: the bits of all results are the same on every
/// processor. A program that relies on that can say so: `const _: () = assert!(chainrule::PORTABLE);`. See the
/// [guide](guide::device).
pub use kernel::PORTABLE;
pub use kernel::Real;
#[doc(hidden)]
pub use network::network_of_image;
pub use network::{Budget, Data, InputOf, Maps, Network, Pass, WorkspaceOf, budget, shapes};
pub use rand;
pub use random::rng;
#[cfg(feature = "alloc")]
pub use train::Trainer;
#[cfg(feature = "fit")]
pub use train::{Epoch, Fit, FitError, LearningRateSweep, LearningRateTest, Monitor, RatePoint};

/// Re-exports the prelude, for `use chainrule::{Linear, Relu, Vector};`, and so that the compiler's messages call a
/// type `chainrule::Vector` instead of `chainrule::tensor::Vector`.
#[doc(no_inline)]
pub use prelude::*;

/// The types for writing and training networks: `use chainrule::prelude::*;`
///
/// Items that only a layer that you write yourself needs are in [`layer`] and [`parameters`].
pub mod prelude {
    #[cfg(feature = "alloc")]
    pub use crate::Trainer;
    #[cfg(feature = "flow")]
    pub use crate::flow::GradientFlow;
    pub use crate::infer::{
        AutoAffine, AutoBatchNorm, AutoChannelPRelu, AutoCrossAttention, AutoDepthwiseConv2d, AutoGroupNorm,
        AutoHighway, AutoLayerNorm, AutoLearnedPositions, AutoRmsNorm, AutoSelfAttention, AutoShortcut,
        ConvTo, ConvToWith, DenseTo, EmbeddingTo, GruTo, Infer, LinearTo, LstmTo, RnnTo, TransposedConvTo,
        TransposedConvToWith,
    };
    #[cfg(feature = "alloc")]
    pub use crate::init::Init;
    pub use crate::init::Initializer;
    pub use crate::layer::{
        Abs, Activation, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, Affine,
        AlignCorners, Alpha, AlphaDropout, AvgPool1d, AvgPool1dWith, AvgPool2d, AvgPool2dWith, Backward,
        BatchNorm, Beta, Causal, CeilMode, Celu, ChannelPRelu, ChannelShuffle, Channels, CircularPad1d,
        CircularPad2d, Clamp, ConstantPad1d, ConstantPad2d, Conv1d, Conv1dWith, Conv2d, Conv2dWith, Cos,
        Dense, DepthToSpace, DepthwiseConv2d, Dilation, Dropout, Dropout1d, Dropout2d, Elu, Embedding,
        Epsilon, Erf, ExcludePadding, Exp, Features, Flatten, GainAndBias, GateLinear, GaussianDropout,
        GaussianNoise, GeGlu, Gelu, GeluTanh, GlobalAvgPool, GlobalMaxPool, Glu, GroupNorm, Groups, Gru,
        HalfPixel, HardShrink, HardSigmoid, HardSwish, HardTanh, Height, Identity, InstanceNorm, Kernel,
        LastStep, Layer, LayerNorm, LeakyRelu, LearnedPositions, LearnedState, Linear, LocalResponseNorm,
        Log, LogSigmoid, LogSoftmax, LpPool1d, LpPool1dWith, LpPool2d, LpPool2dWith, Lstm, MachineEpsilon,
        MaxOver, MaxPool1d, MaxPool1dWith, MaxPool2d, MaxPool2dWith, MeanOver, MinOver, Mish, Mode, Momentum,
        Nearest, NearestBefore, NearestExact, Neg, NoAffine, NoBias, NoGain, Offset, OutputPadding, PRelu,
        Pad1d, Pad2d, Padding, PaddingEnds, Parameters, Permute, PixelShuffle, PixelUnshuffle, QuickGelu,
        Reciprocal, ReflectionPad1d, ReflectionPad2d, Relu, Relu6, ReplicationPad1d, ReplicationPad2d,
        Reshape, Resize1d, Resize2d, Reverse, RmsNorm, Rnn, Same, SameLower, Scale, Selu, Shift, Sigmoid,
        Silu, Sin, SinusoidalPositions, SoftShrink, Softmax, Softmin, Softplus, Softsign, SpaceToDepth, Sqrt,
        Square, Steps, Stride, SumOver, SwiGlu, Tanh, TanhShrink, Threshold, ThresholdedRelu, Transpose,
        TransposedConv1d, TransposedConv1dWith, TransposedConv2d, TransposedConv2dWith, Upsample1d,
        Upsample2d, UpsampleBilinear2d, UpsampleLinear1d, Width, WorkspaceMut, ZeroPad1d, ZeroPad2d,
    };
    #[cfg(feature = "alloc")]
    pub use crate::layer::{Owned, Workspace};
    pub use crate::loss::{
        BinaryCrossEntropy, BinaryCrossEntropyOfProbabilities, CosineEmbedding, CrossEntropy, Ctc,
        GaussianNllLoss, Hinge, HingeEmbedding, Huber, KlDivergence, Labels, LogCosh, Loss, MarginRanking,
        MeanAbsoluteError, MeanSquaredError, MultiLabelMargin, MultiMargin, NllLoss, PoissonNllLoss,
        SmoothL1, SoftMargin, SquaredHinge, TripletMargin, WeightedBinaryCrossEntropy, WeightedCrossEntropy,
        WeightedNllLoss,
    };
    pub use crate::optimizer::{
        Adadelta, Adagrad, Adam, AdamW, Adamax, Asgd, Lion, NAdam, Optimizer, RAdam, RmsProp, Rprop, Sgd,
        clip_norm, clip_value,
    };
    #[cfg(feature = "alloc")]
    pub use crate::optimizer::{ExponentialMovingAverage, FreezeParameters, Group, Lbfgs};
    pub use crate::schedule::{Plateau, Schedule};
    pub use crate::stack::{
        Bidirectional, Concat, CosineSimilarity, CrossAttention, DecoderBlock, Difference, Duplicate,
        Evaluate, FeedForward, First, Highway, Join, Maximum, Minimum, NoMask, OnFirst, PairwiseDistance,
        Parallel, PerStep, PostNorm, PostNormDecoderBlock, PostNormTransformerBlock, PreNorm, Product,
        Quotient, Residual, ResidualWithMemory, Rotary, Second, SelfAttention, Shared, SlidingWindow, Sum,
        Tied, TransformerBlock, TransformerDecoder, TransformerEncoder,
    };
    #[cfg(feature = "alloc")]
    pub use crate::stream::CarriedState;
    pub use crate::tensor::{
        Image, Label, Padded, PaddedTokens, Pair, Sample, Sequence, Tensor, Token, Tokens, Vector,
    };
    #[cfg(feature = "fit")]
    pub use crate::{Fit, LearningRateSweep, Monitor};
    pub use crate::{Maps, Network, Real, rng};
    /// The derive.
    pub use chainrule_derive::Parameters;
}

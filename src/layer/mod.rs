// Tier 3.
//! Layers: the contract of a layer, and the basic layers, one file for each family.
//!
//! The contract:
//!
//! * [`Layer<X>`](Layer): a map from one shape to another, forward and backward.
//! * [`Parameters`]: the parameters, described by one constant. `#[derive(Parameters)]` writes it.
//! * [`Plan`]: what is known about a layer at compile time.
//! * [`Workspace`]: the memory for activations, saved values and scratch memory.
//! * [`BackwardHook`]: a hook on the backward pass.
//!
//! [`stack`](crate::stack) combines layers into networks. To write a layer yourself, see
//! [the guide](crate::guide::your_own_layer).

mod activation;
mod affine;
mod as_workspace;
pub(crate) mod axis_at;
mod carried;
pub(crate) mod compare;
mod constructor;
mod contract;
mod convolution;
mod cost;
mod dense;
mod dropout;
mod effect;
mod embedding;
mod factor;
mod flatten;
mod gated;
pub(crate) mod grow_at;
mod halves_at;
mod hook;
mod identity;
mod inside;
mod mode;
mod noise;
mod norm;
pub(crate) mod onnx;
pub(crate) mod pad;
mod permute;
pub(crate) mod place;
mod plan;
mod pool;
pub(crate) mod positions;
mod prelu;
pub(crate) mod recurrent;
mod reduce;
mod reshape;
pub(crate) mod resize;
mod shuffle;
mod softmax;
mod space;
#[cfg(feature = "alloc")]
mod summary;
mod visit;
mod window;
pub(crate) mod window_at;
pub(crate) mod window_settings;
mod workspace;
mod workspace_for;

pub(crate) use activation::EXPONENTIAL;
pub use activation::{
    Abs, Activation, Celu, Clamp, Cos, Elu, Erf, Exp, Gelu, GeluTanh, HardShrink, HardSigmoid, HardSwish,
    HardTanh, LeakyRelu, Log, LogSigmoid, Mish, Neg, QuickGelu, Reciprocal, Relu, Relu6, Scale, Selu, Shift,
    Sigmoid, Silu, Sin, SoftShrink, Softplus, Softsign, Sqrt, Square, Tanh, TanhShrink, Threshold,
    ThresholdedRelu,
};
#[doc(hidden)]
pub use activation::{apply_each, differentiate_each};
pub use affine::Affine;
pub(crate) use as_workspace::Needs;
pub use as_workspace::{AsWorkspace, FixedWorkspace};
pub use carried::Carried;
#[cfg(feature = "alloc")]
pub use chainrule_parameters::Owned;
pub use chainrule_parameters::{Layout, Parameters, Path, Role, Segment, View, ViewMut};
pub use compare::ParametersView;
#[doc(hidden)]
pub use constructor::SizesInType;
pub(crate) use contract::check_lengths;
pub use contract::{Backward, Layer};
pub(crate) use convolution::{
    AxisOfConv1d, PixelSettings, Pixels, Plain, StepSettings, StepWindows, Transposed, WeightFields,
};
pub use convolution::{
    Conv1d, Conv1dWith, Conv2d, Conv2dWith, DepthwiseConv2d, TransposedConv1d, TransposedConv1dWith,
    TransposedConv2d, TransposedConv2dWith,
};
pub use cost::Cost;
pub(crate) use dense::Bias;
pub use dense::{Dense, GateLinear, Linear, NoBias};
pub use dropout::{Dropout, Dropout1d, Dropout2d};
pub use effect::{Effect, Moments, Normalized, Piece, Recurrence};
pub use embedding::Embedding;
pub use factor::Factor;
pub use flatten::Flatten;
pub use gated::{GeGlu, Glu, SwiGlu};
pub use hook::{AnyLayer, AttentionScores, BackwardHook, LayerPass, TimeStep};
pub(crate) use hook::{backward_watched, leave, watch};
pub use identity::Identity;
pub use mode::Mode;
pub use noise::{AlphaDropout, GaussianDropout, GaussianNoise};
pub use norm::{
    AffineOf, Alpha, BatchNorm, Beta, Epsilon, GainAndBias, GroupNorm, InstanceNorm, LayerNorm,
    LocalResponseNorm, MachineEpsilon, Momentum, NoAffine, NoGain, NormSettings, Offset, ResponseSettings,
    RmsNorm,
};
pub use onnx::{Onnx, OnnxAttribute, OnnxInput, OnnxNode};
pub use pad::{
    Circular, CircularPad1d, CircularPad2d, Constant, ConstantPad1d, ConstantPad2d, Pad1d, Pad2d, PadMode,
    PaddedTo, Reflect, ReflectionPad1d, ReflectionPad2d, Replicate, ReplicationPad1d, ReplicationPad2d,
    ZeroPad1d, ZeroPad2d,
};
pub(crate) use permute::permute;
pub use permute::{Permute, Transpose};
pub use place::{At, InputAt};
#[doc(hidden)]
pub use place::{Bare, Passed, TakenBy, Then, Wrapper};
pub(crate) use plan::Checked;
pub use plan::{Child, Plan};
pub(crate) use pool::GeneralPool;
pub use pool::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, AvgPool1dWith,
    AvgPool2d, AvgPool2dWith, GlobalAvgPool, GlobalMaxPool, LpPool1d, LpPool1dWith, LpPool2d, LpPool2dWith,
    MaxPool1d, MaxPool1dWith, MaxPool2d, MaxPool2dWith,
};
#[doc(hidden)]
pub use positions::{HasPositions, Longest};
pub use positions::{LearnedPositions, SinusoidalPositions};
pub use prelu::{ChannelPRelu, PRelu};
pub use recurrent::{Gru, InitialState, LastStep, LearnedState, Lstm, Reverse, Rnn, ZeroState};
pub(crate) use reduce::Along;
pub use reduce::{Channels, Features, HasAxis, Height, MaxOver, MeanOver, MinOver, Steps, SumOver, Width};
pub use reshape::Reshape;
pub(crate) use reshape::transpose;
pub use resize::{
    AlignCorners, Coordinates, HalfPixel, LinearCoordinates, Nearest, NearestBefore, NearestExact, Resize1d,
    Resize2d, Upsample1d, Upsample2d, UpsampleBilinear2d, UpsampleLinear1d,
};
pub use shuffle::{ChannelShuffle, DepthToSpace, PixelShuffle, PixelUnshuffle, SpaceToDepth};
pub use softmax::{LogSoftmax, Softmax, Softmin};
pub(crate) use space::LINE;
pub use space::Space;
#[cfg(feature = "alloc")]
pub use summary::{Summary, SummaryRow};
#[cfg(feature = "flow")]
pub(crate) use summary::{head, tail};
#[cfg(feature = "alloc")]
pub(crate) use visit::unknown_path;
pub use visit::{Parameter, TableRows, Visitor, describe, visit};
pub use window::{Reach, Window};
pub use window_settings::{
    Causal, CeilMode, Dilation, ExcludePadding, Groups, Kernel, OutputPadding, Padding, PaddingEnds, Same,
    SameLower, Stride, WindowSettings,
};
#[cfg(feature = "alloc")]
pub use workspace::Workspace;
pub use workspace::{Saved, WorkspaceMut};
pub use workspace_for::{Prediction, TrainingStep, WorkspaceFor};

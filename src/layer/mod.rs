//! Floor 3: the contract of a layer, and the basic layers, one file for each family.
//!
//! The contract:
//!
//! * [`Layer<X>`](Layer): a map from one shape to another, forward and backward;
//! * [`Parameters`]: the parameters, described by one constant, which `#[derive(Parameters)]` writes;
//! * [`Plan`]: what is known of a layer at compile time;
//! * [`Workspace`]: the memory that a network works in;
//! * [`BackwardHook`]: a hook on the backward pass.
//!
//! [`stack`](crate::stack) combines layers into networks. To write a layer yourself, see [the
//! guide](crate::guide::your_own_layer).

mod activation;
mod affine;
pub(crate) mod compare;
mod constructor;
mod contract;
mod convolution;
mod cost;
mod dense;
mod dropout;
mod effect;
mod factor;
mod flatten;
mod gated;
mod halves_at;
mod hook;
mod identity;
mod inside;
mod mode;
mod noise;
mod norm;
pub(crate) mod place;
mod plan;
mod pool;
mod prelu;
mod reshape;
mod softmax;
mod space;
#[cfg(feature = "alloc")]
mod summary;
mod visit;
mod window;
pub(crate) mod window_at;
mod workspace;

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
#[cfg(feature = "alloc")]
pub use chainrule_parameters::Owned;
pub use chainrule_parameters::{Layout, Parameters, Path, Role, Segment, View, ViewMut};
pub use compare::ParametersView;
#[doc(hidden)]
pub use constructor::SizesInType;
pub(crate) use contract::check_lengths;
pub use contract::{Backward, Layer};
pub use convolution::{Conv1d, Conv2d, DepthwiseConv2d, TransposedConv2d};
pub use cost::Cost;
pub(crate) use dense::Bias;
pub use dense::{Dense, Linear, NoBias};
pub use dropout::{Dropout, Dropout1d, Dropout2d};
pub use effect::{Effect, Moments, Normalized, Piece};
pub use factor::Factor;
pub use flatten::Flatten;
pub use gated::{GeGlu, Glu, SwiGlu};
pub use hook::{AnyLayer, BackwardHook, LayerPass};
pub(crate) use hook::{backward_watched, leave, watch};
pub use identity::Identity;
pub use mode::Mode;
pub use noise::{AlphaDropout, GaussianDropout, GaussianNoise};
pub use norm::{
    AffineOf, BatchNorm, Epsilon, GainAndBias, GroupNorm, InstanceNorm, LayerNorm, MachineEpsilon, Momentum,
    NoAffine, NoGain, NormSettings, RmsNorm,
};
pub use place::{At, InputAt};
#[doc(hidden)]
pub use place::{Bare, Passed, TakenBy, Then, Wrapper};
pub(crate) use plan::Checked;
pub use plan::{Child, Plan};
pub use pool::{AvgPool1d, AvgPool2d, GlobalAvgPool, MaxPool1d, MaxPool2d, Upsample2d};
pub use prelu::{ChannelPRelu, PRelu};
pub use reshape::Reshape;
pub use softmax::{LogSoftmax, Softmax, Softmin};
pub(crate) use space::LINE;
pub use space::Space;
#[cfg(feature = "alloc")]
pub use summary::{Summary, SummaryRow};
#[cfg(feature = "flow")]
pub(crate) use summary::{head, tail};
pub use visit::{Parameter, Visitor, describe, visit};
pub use window::{Reach, Window};
#[cfg(feature = "alloc")]
pub use workspace::Workspace;
pub use workspace::{AsWorkspace, FixedWorkspace, Saved, WorkspaceMut};

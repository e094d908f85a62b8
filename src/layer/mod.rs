//! Floor 3: the contract, and the layers that have numbers of their own.
//!
//! The contract is three traits:
//!
//! * [`Layer<X>`](Layer): a map from one shape to another, forward and backward;
//! * [`Parameters`]: what there is to train, listed once;
//! * [`Probe`]: who watches the backward pass go by.
//!
//! Layers are made into networks by [`stack`](crate::stack). To write one of your own, see
//! [the guide](crate::guide::your_own_layer).

mod activation;
pub(crate) mod compare;
mod convolution;
mod cost;
mod dense;
mod dropout;
mod factor;
mod flatten;
mod identity;
mod mode;
mod norm;
mod parameters;
mod path;
mod pool;
mod prelu;
mod probe;
mod reshape;
mod softmax;
mod summary;

use crate::tensor::Tensor;

pub use activation::{
    Activation, Elu, Gelu, GeluTanh, HardSigmoid, HardTanh, LeakyRelu, Mish, Relu, Selu, Sigmoid, Silu,
    Softplus, Softsign, Tanh,
};
#[doc(hidden)]
pub use activation::{apply_each, differentiate_each};
pub use compare::View;
pub use convolution::{Conv1d, Conv2d, DepthwiseConv2d, TransposedConv2d};
pub use cost::Cost;
pub use dense::{Dense, Linear, NoBias};
pub use dropout::Dropout;
pub use factor::Factor;
pub use flatten::Flatten;
pub use identity::Identity;
pub use mode::Mode;
pub use norm::{BatchNorm, GroupNorm, LayerNorm, RmsNorm};
pub use parameters::{Field, Fields, Parameter, Parameters, Role, Visitor, describe, visit};
pub use path::{Path, Segment};
pub use pool::{AvgPool1d, AvgPool2d, GlobalAvgPool, MaxPool1d, MaxPool2d, Upsample2d};
pub use prelu::PRelu;
pub use probe::{NoProbe, Probe, Seen};
pub use reshape::Reshape;
pub use softmax::{LogSoftmax, Softmax};
pub(crate) use summary::short_type_name;
pub use summary::{Rows, Summary, SummaryRow};
#[cfg(feature = "flow")]
pub(crate) use summary::{as_written, head, tail};

/// A map from the shape `X` to the shape [`Output`](Layer::Output), and the chain rule through it.
///
/// A batch is a slice of samples. Whoever calls a layer (usually the stack it stands in) owns its input and its output
/// and shows both to it again in the backward pass, so that most layers keep nothing of their own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take `{X}` as its input",
    label = "`{X}` arrives at `{Self}`",
    note = "each layer takes what the one before it gives, and the first takes the data: make the two shapes equal"
)]
pub trait Layer<X: Tensor>: Parameters {
    /// The shape of what this layer gives for an `X`.
    type Output: Tensor<Scalar = X::Scalar>;

    /// What the forward pass leaves for the backward pass, beside input and output. It grows to the batch on first use
    /// and is used again after that; most layers need none: `()`.
    type Tape: Default + Send;

    /// What this layer costs, for each sample.
    const COST: Cost = Cost::FREE;

    /// Which factor of the chain rule's product this layer is: what gradient flow looks for in it.
    const FACTOR: Factor = Factor::Other;

    /// Whether this layer gives its input back, so that nobody needs to copy it: [`Identity`] only.
    #[doc(hidden)]
    const IS_IDENTITY: bool = false;

    /// Fills `output`, of the length of `input`, with this layer's output for each sample.
    ///
    /// `mode` says whether this is training, and then lends the generator for whatever is random in the layer.
    fn forward(&self, input: &[X], output: &mut [Self::Output], tape: &mut Self::Tape, mode: &mut Mode<'_>);

    /// Given dR/d`output`, the gradient of some R by this layer's output:
    ///
    /// * **overwrites** `input_grad` with dR/d`input`, unless nobody needs it (`None`: the first layer of a network);
    /// * **overwrites** `gradient` with dR/dW, summed over the batch, for each parameter W, and with the distance
    ///   `running - batch` for each [statistic](Role::Statistic): 0 unless the forward pass was one of training.
    ///
    /// `input`, `output` and `tape` are those of the forward pass. Only layers made of layers have a use for `probe`:
    /// they show it each child.
    #[allow(clippy::too_many_arguments)] // the chain rule has this many factors
    fn backward<P: Probe>(
        &self,
        input: &[X],
        output: &[Self::Output],
        output_grad: &[Self::Output],
        input_grad: Option<&mut [X]>,
        gradient: &mut Self,
        tape: &mut Self::Tape,
        probe: &mut P,
    );

    /// Writes this layer's row, or the rows of the layers inside it, into a [`Summary`].
    fn summarize(rows: &mut Rows<'_>) {
        rows.leaf::<X, Self>();
    }
}

//! The form of a layer in ONNX: data in its plan, from which `crate::onnx` writes files.

use super::pad::Plane;
use super::resize::Rule;
use super::window_settings::WindowAxis;
use super::{Along, Plan};
use crate::kernel::{PoolingAxis, Reach};

/// The computation of a layer in evaluation mode, as operators of ONNX (opset 17).
///
/// It is a constant of the layer's [`Plan`]: see [`Plan::onnx`]. `chainrule::onnx` (feature `onnx`) writes files from
/// it. If a layer of a network has none, writing the network returns an error that names the layer.
///
/// # Examples
/// ```
/// use chainrule::layer::{Onnx, OnnxInput, OnnxNode, Plan};
/// use chainrule::prelude::*;
///
/// // y = sin(w x)
/// const SINE: Onnx = Onnx::nodes(&[
///     OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Field("frequency")]),
///     OnnxNode::new("Sin", &[OnnxInput::Output(0)]),
/// ]);
/// const fn plan<X: Tensor, L: Layer<X>>() -> Plan {
///     Plan::leaf::<X, L>().onnx(SINE)
/// }
/// # let _ = plan::<Vector<4>, Tanh>();
/// ```
#[doc(alias("torch.onnx.export", "exporter"))]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))] // read where files are written
pub struct Onnx(pub(crate) Form);

impl Onnx {
    /// The form is not known: the default of a layer that you write yourself.
    pub const UNKNOWN: Self = Self(Form::Unknown);

    /// In evaluation mode, the output equals the input.
    pub const IDENTITY: Self = Self(Form::Nodes(&[]));

    /// Returns a form with these nodes. The output of the last node is the output of the layer. Without nodes, the
    /// output equals the input.
    pub const fn nodes(nodes: &'static [OnnxNode]) -> Self {
        Self(Form::Nodes(nodes))
    }

    /// Declares that ONNX cannot express the layer. `reason` is a phrase without a full stop.
    pub const fn impossible(reason: &'static str) -> Self {
        Self(Form::Impossible(reason))
    }
}

/// One of the nodes of an [`Onnx`]: an ONNX operator, or a layer inside, with its inputs. See the example of [`Onnx`].
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub struct OnnxNode {
    pub(crate) operator: Operator,
    pub(crate) inputs: &'static [OnnxInput],
    pub(crate) attributes: &'static [(&'static str, OnnxAttribute)],
}

/// The operation of an [`OnnxNode`].
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) enum Operator {
    /// An operator of ONNX.
    Named(&'static str),
    /// One of the layers inside, by its index in the plan's list.
    Child(usize),
}

impl OnnxNode {
    /// Returns a node with an ONNX operator, given by its name, and its inputs. Only its first output is used.
    pub const fn new(operator: &'static str, inputs: &'static [OnnxInput]) -> Self {
        Self { operator: Operator::Named(operator), inputs, attributes: &[] }
    }

    /// Returns a node with an ONNX operator whose only input is the input of the layer.
    pub const fn of_input(operator: &'static str) -> Self {
        Self::new(operator, &[OnnxInput::Input])
    }

    /// Returns a node with one of the layers inside, given by its index in [`Plan::children`], and its input.
    pub const fn child(at: usize, input: &'static [OnnxInput; 1]) -> Self {
        Self { operator: Operator::Child(at), inputs: input, attributes: &[] }
    }

    /// Sets the attributes of an operator. The names are those of ONNX.
    pub const fn with(self, attributes: &'static [(&'static str, OnnxAttribute)]) -> Self {
        Self { attributes, ..self }
    }
}

/// An input of an [`OnnxNode`]. See the example of [`Onnx`].
#[derive(Clone, Copy, Debug)]
pub enum OnnxInput {
    // No variant has the name of a type that occurs in compiler messages: rustc would then print the whole path of that
    // type.
    /// The input of the layer. Its first axis is the batch.
    Input,
    /// The first half of the layer's input, which is a [`Pair`](crate::tensor::Pair).
    First,
    /// The second half of the layer's input.
    Second,
    /// The output of an earlier node of the list, counted from 0.
    Output(usize),
    /// A parameter of the layer, by the name of its field. If the field has no numbers, such as a bias that is
    /// `NoBias`, the node is left out and its output is its first input.
    Field(&'static str),
    /// A parameter with one number for each feature or channel, in a shape that fits the layer's input: `[C, 1, 1]` for
    /// an image. If it has no numbers, the node is left out.
    PerChannel(&'static str),
    /// One number, in the scalar type of the network.
    Number(f64),
    /// A list of whole numbers, such as axes.
    Integers(&'static [i64]),
    /// The shape of the layer's output, for `Reshape`: 0, which keeps the size of the batch, and then the sides.
    OutputShape,
    /// An optional input that is left out.
    Absent,
}

/// An attribute of an [`OnnxNode`].
///
/// # Examples
/// ```
/// use chainrule::layer::{Onnx, OnnxAttribute, OnnxNode};
///
/// const ELU: Onnx = Onnx::nodes(&[OnnxNode::of_input("Elu").with(&[("alpha", OnnxAttribute::Float(0.5))])]);
/// # let _ = ELU;
/// ```
#[derive(Clone, Copy, Debug)]
pub enum OnnxAttribute {
    /// A whole number.
    Int(i64),
    /// A number, which is written as `f32`.
    Float(f64),
    /// A list of whole numbers.
    Ints(&'static [i64]),
    /// Text.
    Text(&'static str),
}

/// The forms of an [`Onnx`]. For layers of this crate whose nodes follow from numbers, the form contains only these
/// numbers.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) enum Form {
    Unknown,
    Impossible(&'static str),
    Nodes(&'static [OnnxNode]),
    /// The layers inside, one after another.
    InOrder,
    /// The outputs of the layers inside, concatenated along their features or channels. All layers take the same input.
    Concat,
    /// Each layer inside is applied to one half of a pair.
    Parallel,
    /// A layer that is applied to the first half of a pair.
    OnFirst(&'static Plan),
    /// The layer inside is applied to a pair, and its output is added to the first half.
    ResidualWithMemory,
    /// One half of a pair: the first or the second.
    Half(usize),
    /// A layer that is applied to each step of a sequence.
    PerStep(&'static Plan),
    /// The input, twice, as a pair.
    Duplicate,
    /// The halves of a pair, concatenated along their features or channels.
    Join,
    /// The cosine of the halves of a pair.
    Cosine {
        along: Along,
        smallest: f64,
    },
    /// The norm of the difference of the halves of a pair.
    Distance {
        along: Along,
        power: u8,
        added: f64,
    },
    /// A linear map of all numbers.
    Dense,
    /// A convolution of images, or of sequences (which use only the first axis).
    Convolution {
        axes: [WindowAxis; 2],
        groups: usize,
        transposed: bool,
    },
    /// A pool over the plane of an image, or over the plane of steps and features of a sequence.
    Pool {
        kind: Pool,
        axes: [PoolingAxis; 2],
    },
    /// Resizes an image or a sequence.
    Resize(Rule),
    /// Padding of an image, or of the plane of steps and features of a sequence.
    Pad {
        plane: Plane,
        fill: super::pad::Fill,
    },
    /// The form of `Reshape`. If only one of input and output is a sequence, the features of the sequence are its first
    /// axis.
    Reshape,
    /// The numbers as a tensor with the sides `sides`, whose axes are then permuted to the order `axes`. Both have
    /// `rank` numbers.
    Reorder {
        sides: [usize; 5],
        axes: [usize; 5],
        rank: usize,
    },
    /// A reduction operator (such as `ReduceMean`) along an axis.
    Reduce {
        operator: &'static str,
        along: Along,
    },
    BatchNorm {
        epsilon: f64,
        momentum: f64,
    },
    /// A norm of the last `rank` axes, with or without the mean.
    LayerNorm {
        epsilon: f64,
        rank: usize,
        centered: bool,
    },
    GroupNorm {
        epsilon: f64,
        groups: usize,
    },
    LocalResponse {
        size: usize,
        alpha: f64,
        beta: f64,
        offset: f64,
    },
    /// The first half of the channels, multiplied by a function of the second half.
    Gated(&'static Onnx),
    Recurrent(Recurrent),
    /// Attention, with the linear maps of queries, keys, values and outputs as the layers inside.
    Attention(Heads),
    /// The steps in the opposite order.
    Reverse,
    /// The last step of a padded sequence.
    LastStep,
    /// The mean of the steps of a padded sequence.
    MeanStep,
    /// The rows of a table.
    Embedding,
    /// The sum of a sequence and its positions, which are learned or sines and cosines.
    Positions {
        learned: bool,
    },
    /// An embedding, layers, and a product with the embedding's table.
    Tied,
}

/// The heads of an attention layer.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) struct Heads {
    /// The largest number of steps that have a query, and that have a key.
    pub(crate) steps: [usize; 2],
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    /// How many numbers a head has.
    pub(crate) head: usize,
    pub(crate) reach: Reach,
    /// The base of rotary positions.
    pub(crate) rotary: Option<u32>,
}

/// A kind of recurrent layer.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) enum Recurrent {
    /// A plain recurrent layer, with its activation.
    Rnn(&'static Onnx),
    Lstm,
    Gru,
}

/// A kind of pool.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) enum Pool {
    Max,
    /// Whether the padding counts.
    Mean {
        padding: bool,
    },
    /// The power of the norm.
    Norm(u8),
}

impl Plan {
    /// Sets the form of the layer in ONNX: see [`Onnx`].
    pub const fn onnx(self, onnx: Onnx) -> Self {
        #[cfg(feature = "onnx")]
        let plan = Self { onnx, ..self };
        #[cfg(not(feature = "onnx"))]
        let (plan, _) = (self, onnx);
        plan
    }

    /// Copies the form of a layer that this layer applies to parts of its input.
    pub(crate) const fn onnx_of(self, other: &Self) -> Self {
        #[cfg(feature = "onnx")]
        let plan = self.onnx(other.onnx);
        #[cfg(not(feature = "onnx"))]
        let (plan, _) = (self, other);
        plan
    }

    /// Sets one of the forms of this crate.
    pub(crate) const fn form(self, form: Form) -> Self {
        self.onnx(Onnx(form))
    }
}

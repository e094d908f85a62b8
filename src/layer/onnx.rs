//! What a layer is in ONNX: data in its plan, from which `crate::onnx` writes files.

use super::pad::Plane;
use super::resize::Rule;
use super::window_settings::WindowAxis;
use super::{Along, Plan};
use crate::kernel::{PoolingAxis, Reach};

/// What a layer computes in evaluation mode, as operators of ONNX (opset 17).
///
/// It is a constant of the layer's [`Plan`], see [`Plan::onnx`]. `chainrule::onnx` (feature `onnx`) writes files from
/// it; a network with a layer that has none is an error that names the layer.
///
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
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))] // read where files are written
pub struct Onnx(pub(crate) Form);

impl Onnx {
    /// Not known: the default of a layer that you write yourself.
    pub const UNKNOWN: Self = Self(Form::Unknown);

    /// The output is the input, in evaluation mode.
    pub const IDENTITY: Self = Self(Form::Nodes(&[]));

    /// Returns a form of these nodes, of which the last gives the layer's output. Without a node, the output is the
    /// input.
    pub const fn nodes(nodes: &'static [OnnxNode]) -> Self {
        Self(Form::Nodes(nodes))
    }

    /// Declares that ONNX cannot express the layer, with the reason: a phrase without a full stop.
    pub const fn impossible(reason: &'static str) -> Self {
        Self(Form::Impossible(reason))
    }
}

/// An operator of ONNX that is applied to some values, or a layer inside: one of the nodes of an [`Onnx`].
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub struct OnnxNode {
    pub(crate) operator: Operator,
    pub(crate) inputs: &'static [OnnxInput],
    pub(crate) attributes: &'static [(&'static str, OnnxAttribute)],
}

/// What an [`OnnxNode`] applies.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) enum Operator {
    /// An operator of ONNX.
    Named(&'static str),
    /// One of the layers inside, by its place in the plan's list.
    Child(usize),
}

impl OnnxNode {
    /// Returns an operator, by its name in ONNX, with its inputs. Its first output is used.
    pub const fn new(operator: &'static str, inputs: &'static [OnnxInput]) -> Self {
        Self { operator: Operator::Named(operator), inputs, attributes: &[] }
    }

    /// Returns an operator whose one input is that of the layer.
    pub const fn of_input(operator: &'static str) -> Self {
        Self::new(operator, &[OnnxInput::Input])
    }

    /// Returns one of the layers inside, by its place in [`Plan::children`], with its input.
    pub const fn child(at: usize, input: &'static [OnnxInput; 1]) -> Self {
        Self { operator: Operator::Child(at), inputs: input, attributes: &[] }
    }

    /// Sets the attributes of an operator, by their names in ONNX.
    pub const fn with(self, attributes: &'static [(&'static str, OnnxAttribute)]) -> Self {
        Self { attributes, ..self }
    }
}

/// An input of an [`OnnxNode`].
#[derive(Clone, Copy, Debug)]
pub enum OnnxInput {
    // No variant has the name of a type that the compiler's messages print: they would print its whole path.
    /// The input of the layer. Its first axis is the batch.
    Input,
    /// The first half of the layer's input, which is a [`Pair`](crate::tensor::Pair).
    First,
    /// The second half of the layer's input.
    Second,
    /// The output of an earlier node of the list, counted from 0.
    Output(usize),
    /// A parameter of the layer, by the name of its field. If the field has no numbers, as a bias that is `NoBias`, the
    /// node is left out: its output is its first input.
    Field(&'static str),
    /// A parameter with one number for each feature or channel, in a shape that fits the layer's input: `[C, 1, 1]` for
    /// an image. Without numbers, the node is left out.
    PerChannel(&'static str),
    /// One number, in the scalar of the network.
    Number(f64),
    /// A list of whole numbers, such as axes.
    Integers(&'static [i64]),
    /// The shape of the layer's output, for `Reshape`: 0, which keeps the batch, and the sides.
    OutputShape,
    /// An optional input that is not given.
    Absent,
}

/// An attribute of an [`OnnxNode`].
#[derive(Clone, Copy, Debug)]
pub enum OnnxAttribute {
    /// A whole number.
    Int(i64),
    /// A number, which a file has as `f32`.
    Float(f64),
    /// A list of whole numbers.
    Ints(&'static [i64]),
    /// Text.
    Text(&'static str),
}

/// The forms of an [`Onnx`]. Layers of this crate whose nodes follow from numbers give only these.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) enum Form {
    Unknown,
    Impossible(&'static str),
    Nodes(&'static [OnnxNode]),
    /// The layers inside, one after the other.
    InOrder,
    /// The layers inside on the same input, joined along their features or channels.
    Concat,
    /// The layers inside on the halves of a pair.
    Parallel,
    /// A layer that is applied to the first half of a pair.
    OnFirst(&'static Plan),
    /// The layer inside on a pair, whose output is added to the first half.
    ResidualWithMemory,
    /// The first or the second half of a pair.
    Half(usize),
    /// A layer that is applied to each step of a sequence.
    PerStep(&'static Plan),
    /// The input twice, as a pair.
    Duplicate,
    /// The halves of a pair, joined along their features or channels.
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
    /// A convolution, of images or (the first axis alone) of sequences.
    Convolution {
        axes: [WindowAxis; 2],
        groups: usize,
        transposed: bool,
    },
    /// A pool over an image's plane, or over the plane of a sequence's steps and features.
    Pool {
        kind: Pool,
        axes: [PoolingAxis; 2],
    },
    /// An image or a sequence of another size.
    Resize(Rule),
    /// A border of an image, or of a sequence's plane of steps and features.
    Pad {
        plane: Plane,
        fill: super::pad::Fill,
    },
    /// As `Reshape` has it: what is no sequence has the features of a sequence first.
    Reshape,
    /// The numbers as a tensor of the sides `sides`, whose axes are then in the order `axes`; both have `rank` numbers.
    Reorder {
        sides: [usize; 5],
        axes: [usize; 5],
        rank: usize,
    },
    /// An operator of reduction (`ReduceMean`) along an axis.
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
    /// The first half of the channels, times a function of the second half.
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
    /// The sum of a sequence and its positions, those that are learned or sines and cosines.
    Positions {
        learned: bool,
    },
    /// An embedding, layers, and a product with the table of the embedding.
    Tied,
}

/// The heads of an attention layer.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
pub(crate) struct Heads {
    /// How many steps have a query, and how many a key, at most.
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
    /// With its activation.
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
    /// Sets what the layer is in ONNX: see [`Onnx`].
    pub const fn onnx(self, onnx: Onnx) -> Self {
        #[cfg(feature = "onnx")]
        let plan = Self { onnx, ..self };
        #[cfg(not(feature = "onnx"))]
        let (plan, _) = (self, onnx);
        plan
    }

    /// Sets the form of a layer that does what another layer does on parts of its input.
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

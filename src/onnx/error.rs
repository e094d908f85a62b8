//! Errors of ONNX files.

use std::fmt;
use std::path::PathBuf;

/// An ONNX file could not be read, understood, or loaded into a network. If loading failed, the network has not
/// changed.
///
/// ```
/// use chainrule::onnx::{Model, OnnxError};
///
/// let error = Model::from_bytes(b"not a model").unwrap_err();
/// assert!(matches!(error, OnnxError::NotOnnx { .. }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The file cannot be opened or read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file is not an ONNX model, or it is incomplete or damaged.
    #[error("{file}: not an ONNX model: {reason}")]
    NotOnnx {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The file has more than 2 GB, the limit of protobuf messages.
    #[error("{file}: {bytes} bytes, but an ONNX model has at most 2 GB: store its weights as external data")]
    TooLarge {
        /// The file.
        file: String,
        /// Its length.
        bytes: u64,
    },
    /// The file has a version of ONNX's operators that this crate does not support.
    #[error("{file}: its opset is {found}, but this version of chainrule reads opsets {oldest} to {newest}")]
    Opset {
        /// The file.
        file: String,
        /// The version of the file.
        found: i64,
        /// The oldest version that this crate reads.
        oldest: i64,
        /// The newest version that this crate reads.
        newest: i64,
    },
    /// A node has an operator that is not part of ONNX.
    #[error(
        "{file}: node `{node}` has the operator `{operator}` of the domain `{domain}`, which is not part of ONNX"
    )]
    Domain {
        /// The file.
        file: String,
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
        /// The operator's domain.
        domain: String,
    },
    /// A node uses a value before the node that computes it: the graph has a cycle, or is not sorted.
    #[error(
        "{file}: node `{node}` uses `{value}` before it is computed: the graph has a cycle or is not sorted"
    )]
    Order {
        /// The file.
        file: String,
        /// The node.
        node: String,
        /// The value.
        value: String,
    },
    /// A node uses a value that no node computes.
    #[error("{file}: node `{node}` uses `{value}`, which is not defined in the file")]
    Undefined {
        /// The file.
        file: String,
        /// The node.
        node: String,
        /// The value.
        value: String,
    },
    /// Two values have the same name.
    #[error("{file}: two values have the name `{value}`")]
    Redefined {
        /// The file.
        file: String,
        /// The name.
        value: String,
    },
    /// A tensor's numbers are in another file, which is not read.
    #[error("{file}: the numbers of the tensor `{tensor}` are in another file: {reason}")]
    External {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// The reason.
        reason: String,
    },
    /// A dimension is negative, or symbolic although a number is needed.
    #[error(
        "{file}: axis {axis} of `{value}` is {found}, but a number is needed; only the batch may be symbolic"
    )]
    Dimension {
        /// The file.
        file: String,
        /// The input or tensor.
        value: String,
        /// The axis.
        axis: usize,
        /// Its dimension in the file.
        found: String,
    },
    /// The number of elements of a tensor does not follow from its dimensions.
    #[error(
        "{file}: the tensor `{tensor}` of {dims:?} has {found} bytes or numbers, but {expected} are needed"
    )]
    Length {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its dimensions.
        dims: Vec<i64>,
        /// The number that it should have.
        expected: String,
        /// The number that it has.
        found: usize,
    },
    /// The elements of a tensor have another type than `float`, `double` and `int64`.
    #[error("{file}: `{tensor}` has elements of the type {found}, not `float`, `double` or `int64`")]
    ElementType {
        /// The file.
        file: String,
        /// The tensor or input.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// The graph does not have exactly one input and one output.
    #[error("{file}: {reason}")]
    Interface {
        /// The file.
        file: String,
        /// The inputs or outputs that it has.
        reason: String,
    },
    /// No layer of this crate corresponds to the operator of a node, or to its settings.
    #[error("{file}: node `{node}` has the operator `{operator}`: {reason}")]
    Operator {
        /// The file.
        file: String,
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
        /// The reason.
        reason: String,
    },
    /// A weight is NaN or infinite, or too large for the network's scalar.
    #[error(
        "{file}: `{tensor}` of node `{node}` has {value} at element {element}: only finite numbers are loaded"
    )]
    NonFinite {
        /// The file.
        file: String,
        /// The node.
        node: String,
        /// The field of the layer, such as `weight`.
        tensor: &'static str,
        /// The index of the number in the tensor, in the order of the network.
        element: usize,
        /// The number.
        value: f64,
    },
    /// The file has another network.
    #[error(transparent)]
    Differs(#[from] Box<Difference>),
}

/// The first layer in which a file and a network differ. The example of [`load`](super::load) prints one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The file.
    pub file: String,
    /// The type of the network.
    pub network: String,
    /// The node of the file.
    pub node: Option<String>,
    /// The layer for this node; `None` if the file has no further layers.
    pub in_file: Option<String>,
    /// The path of the layer in the network.
    pub path: Option<String>,
    /// The layer of the network; `None` if the network has no further layers.
    pub in_network: Option<String>,
    /// The first tensor with different sides: its name, its sides in the file, and its sides in the network.
    pub tensor: Option<(String, Vec<usize>, Vec<usize>)>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: the file's network is not {}", self.file, self.network)?;
        match (&self.in_file, &self.node) {
            (Some(layer), Some(node)) => writeln!(f, "  file:    {layer}, node `{}`", node.escape_debug())?,
            _ => writeln!(f, "  file:    no further layer")?,
        }
        match (&self.in_network, &self.path) {
            (Some(layer), Some(path)) if path.is_empty() => writeln!(f, "  network: {layer}")?,
            (Some(layer), Some(path)) => writeln!(f, "  network: {layer}, at `{path}`")?,
            _ => writeln!(f, "  network: no further layer")?,
        }
        if let Some((name, file, network)) = &self.tensor {
            writeln!(f, "  {name}: {file:?} in the file, {network:?} in the network")?;
        }
        f.write_str("`onnx::source` writes the type of the file's network")
    }
}

impl std::error::Error for Difference {}

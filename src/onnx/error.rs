//! Errors of ONNX files.

use std::fmt;
use std::path::PathBuf;

/// An ONNX file could not be read, understood, or loaded into a network. After an error in loading, the network has
/// not changed.
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
    /// The file is not an ONNX model, or it is truncated or damaged.
    #[error("{file}: not an ONNX model: {reason}")]
    NotOnnx {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has more than 2 GB, which no protobuf message has.
    #[error("{file}: {bytes} bytes, and an ONNX model has at most 2 GB: keep its weights as external data")]
    TooLarge {
        /// The file.
        file: String,
        /// Its length.
        bytes: u64,
    },
    /// The file has a version of ONNX's operators that this crate does not know.
    #[error("{file}: opset {found}, and this chainrule reads opsets {oldest} to {newest}")]
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
    /// A node has an operator that is not one of ONNX's own.
    #[error(
        "{file}: node `{node}` has the operator `{operator}` of the domain `{domain}`, not one of ONNX's own"
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
    /// A node uses a value that nothing computes.
    #[error("{file}: node `{node}` uses `{value}`, which is nowhere in the file")]
    Undefined {
        /// The file.
        file: String,
        /// The node.
        node: String,
        /// The value.
        value: String,
    },
    /// Two values have one name.
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
        /// Why they are not read.
        reason: String,
    },
    /// A dimension is negative, or symbolic where a number is needed.
    #[error(
        "{file}: axis {axis} of `{value}` is {found}, where a number is needed; only the batch may be symbolic"
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
    /// A tensor has more or fewer numbers than its dimensions say.
    #[error(
        "{file}: the tensor `{tensor}` of {dims:?} has {found} bytes or numbers, where {expected} are needed"
    )]
    Length {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its dimensions.
        dims: Vec<i64>,
        /// How many it should have.
        expected: String,
        /// How many it has.
        found: usize,
    },
    /// A tensor has numbers of another type than `float`, `double` and `int64`.
    #[error("{file}: `{tensor}` has elements of the type {found}, not `float`, `double` or `int64`")]
    ElementType {
        /// The file.
        file: String,
        /// The tensor or input.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// The graph has not one input and one output.
    #[error("{file}: {reason}")]
    Interface {
        /// The file.
        file: String,
        /// What it has.
        reason: String,
    },
    /// A node has an operator that no layer of this crate is, or settings that none has.
    #[error("{file}: node `{node}` has the operator `{operator}`: {reason}")]
    Operator {
        /// The file.
        file: String,
        /// The node.
        node: String,
        /// Its operator.
        operator: String,
        /// Why it is no layer.
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
        /// Which number of the tensor, in the network's order.
        element: usize,
        /// The number.
        value: f64,
    },
    /// The file is of another network.
    #[error(transparent)]
    Differs(#[from] Box<Difference>),
}

/// The first layer in which a file and a network differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The file.
    pub file: String,
    /// The type of the network.
    pub network: String,
    /// The node of the file.
    pub node: Option<String>,
    /// The layer that the node is; `None` if the file has no layer left.
    pub in_file: Option<String>,
    /// The path of the layer in the network.
    pub path: Option<String>,
    /// The layer of the network; `None` if the network has no layer left.
    pub in_network: Option<String>,
    /// The first tensor whose sides differ: its name, its sides in the file, its sides in the network.
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

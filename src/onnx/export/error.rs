use crate::checkpoint::CheckpointError;

/// A network that cannot be written as an ONNX file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A layer does not say what it is in ONNX.
    #[error(
        "`{layer}`{} does not say what it is in ONNX: write its operators into its plan, by `.onnx(Onnx::nodes(..))`",
        at(path)
    )]
    Unknown {
        /// The layer's type.
        layer: String,
        /// Its path; empty for the network itself.
        path: String,
    },
    /// ONNX has no operators for a layer.
    #[error("`{layer}`{} cannot be written as ONNX: {reason}", at(path))]
    Impossible {
        /// The layer's type.
        layer: String,
        /// Its path; empty for the network itself.
        path: String,
        /// Why not.
        reason: &'static str,
    },
    /// The nodes of a layer do not fit together, or do not fit the layer.
    #[error("the ONNX form of `{layer}`{} is wrong: {reason}", at(path))]
    WrongForm {
        /// The layer's type.
        layer: String,
        /// Its path; empty for the network itself.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The input of the network is a sample that you wrote yourself.
    #[error(
        "a network that takes `{sample}` cannot be written as ONNX: an input is a `Vector`, a `Sequence`, a `Padded`, \
         an `Image`, a `Label` or a `Pair` of these"
    )]
    Input {
        /// The type of the input.
        sample: String,
    },
    /// There is a NaN or an infinity in a parameter.
    #[error("`{parameter}` has {value} at element {element}: a network that is not finite is not written")]
    NonFinite {
        /// The path of the parameter.
        parameter: String,
        /// Which number of the parameter, in memory order.
        element: usize,
        /// The number itself.
        value: f64,
    },
    /// The file would be larger than its format allows.
    #[error("the file would have {bytes} bytes, and an ONNX file has less than 2 GB")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] CheckpointError),
}

/// Returns the place of a layer as text.
fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at `{path}`") }
}

use crate::checkpoint::CheckpointError;

/// A network that cannot be written as an ONNX file.
///
/// ```
/// use chainrule::onnx::{self, ExportError};
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<2, 1>::init(&mut rng(1));
/// net.bias[0] = f32::NAN;
/// let error = onnx::to_bytes::<Vector<2>, _>(&net).unwrap_err();
/// assert!(matches!(error, ExportError::NonFinite { .. }), "{error}");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A layer does not declare its ONNX form.
    #[error(
        "`{layer}`{} does not declare its ONNX form: add its operators to its plan with `.onnx(Onnx::nodes(..))`",
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
        /// The reason.
        reason: &'static str,
    },
    /// The nodes of a layer do not fit together, or do not fit the layer.
    #[error("the ONNX form of `{layer}`{} is wrong: {reason}", at(path))]
    WrongForm {
        /// The layer's type.
        layer: String,
        /// Its path; empty for the network itself.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The input of the network is a sample type that you wrote yourself.
    #[error(
        "a network with the input `{sample}` cannot be written as ONNX: an input must be a `Vector`, a `Sequence`, a \
         `Padded`, an `Image`, a `Label` or a `Pair` of these"
    )]
    Input {
        /// The type of the input.
        sample: String,
    },
    /// A parameter contains a NaN or an infinity.
    #[error("`{parameter}` has {value} at element {element}: only finite networks are written")]
    NonFinite {
        /// The path of the parameter.
        parameter: String,
        /// The index of the number in the parameter, in memory order.
        element: usize,
        /// The number.
        value: f64,
    },
    /// The file would be larger than the format allows.
    #[error("the file would have {bytes} bytes, but an ONNX file must have less than 2 GB")]
    TooLarge {
        /// Its number of bytes.
        bytes: usize,
    },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] CheckpointError),
}

/// Returns the path of a layer as text.
fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at `{path}`") }
}

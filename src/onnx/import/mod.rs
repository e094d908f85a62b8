//! Reading ONNX files: the network in a file, its Rust source, and its weights.

mod attention;
mod axes;
mod external;
mod fold;
mod layer;
mod load;
mod model;
#[cfg(feature = "checkpoint")]
mod named;
mod node;
mod operators;
mod ratio;
mod short;
mod simplify;
mod slice;
mod source;
mod tensor;
mod tokens;
mod tree;
mod walk;
mod wire;

pub use load::{load, load_into};
pub use model::Model;
pub use source::source;

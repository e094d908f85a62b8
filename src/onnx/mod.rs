//! Floor 7: networks as ONNX files.
//!
//! Open a file of PyTorch's exporter as a [`Model`], write the Rust type of its network by [`source`], and [`load`] its
//! weights into that type. [The guide](crate::guide::onnx) says what is understood.

mod error;
mod import;
#[allow(dead_code)]
mod proto;

pub use error::{Difference, OnnxError};
pub use import::{Model, load, load_into, source};

//! Floor 7: networks as ONNX files.
//!
//! `open` a file of PyTorch's exporter as a [`Model`], print the Rust type of its network by [`source`], and [`load`] its
//! weights into that type.

mod error;
mod import;
#[allow(dead_code)]
mod proto;

pub use error::{Difference, OnnxError};
pub use import::{Model, load, load_into, source};

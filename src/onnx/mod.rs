//! Floor 7: networks as ONNX files.

mod export;
#[allow(dead_code)]
mod proto;

pub use export::{ExportError, save, to_bytes};

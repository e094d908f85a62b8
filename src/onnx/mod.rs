//! Floor 7: networks as ONNX files.

#[allow(dead_code)]
mod proto;

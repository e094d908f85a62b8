//! Networks as ONNX files. `run.py` runs the files of `rows` by onnxruntime: README.md says how.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/embedding.rs"]
mod embedding;

mod errors;
mod networks;
mod round_trip;
mod rows;

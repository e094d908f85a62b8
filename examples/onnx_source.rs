//! Writes the Rust type of the network in an ONNX file:
//!
//! ```console
//! cargo run --features onnx --example onnx_source -- model.onnx src/model.rs
//! ```
//!
//! Without a second path it prints the source, and without any path that of a model of the tests, made by PyTorch.
//! Then `chainrule::onnx::load::<Net>("model.onnx")` reads the weights.

use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use chainrule::onnx::{self, Model};

fn write_source(model: &str, to: Option<String>) -> Result<(), Box<dyn Error>> {
    let source = onnx::source(&Model::open(model)?)?;
    match to {
        Some(path) => fs::write(path, source)?,
        None => print!("{source}"),
    }
    Ok(())
}

fn main() -> ExitCode {
    let mut paths = env::args().skip(1);
    let model = paths.next().unwrap_or_else(|| "tests/onnx_import/models/resnet.onnx".into());
    match write_source(&model, paths.next()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

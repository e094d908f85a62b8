//! Writes the Rust type of the network in an ONNX file.
//!
//! With this type, `chainrule::onnx::load::<Net>("model.onnx")` reads the weights of a network that another framework
//! trained. Then you can run it, train it further, or put it into a program without a heap.
//!
//! ```text
//! $ cargo run --release --features onnx --example onnx_source -- model.onnx src/model.rs
//! ```
//! Without a second path it prints the source:
//! ```text
//! // Written by `chainrule::onnx::source` from `resnet.onnx`.
//! use chainrule::prelude::*;
//!
//! /// A sample of the input, in the file `[batch, 1, height, width]`.
//! pub type Input = Image<1, 8, 8>;
//! ..
//! ```
//! Without a path it uses a model of this crate's tests, which PyTorch has exported.

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

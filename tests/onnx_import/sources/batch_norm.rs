// Written by `chainrule::onnx::source` from `batch_norm.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<3>;

/// The network of `batch_norm.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `/0/Gemm` |
/// | `2` | `/2/BatchNormalization` |
/// | `3` | `/3/Gemm` |
pub type Net = (Linear<4, 8>, Relu, BatchNorm<8, f32, Epsilon<1, 1000>>, Linear<8, 3>);

const _: () = chainrule::shapes::<Net, Input, Output>();

// Written by `chainrule::onnx::source` from `layer_norm.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<3>;

/// The network of `layer_norm.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `/0/Gemm` |
/// | `1` | `/1/LayerNormalization` |
/// | `3` | `/3/Gemm` |
pub type Net = (Linear<4, 8>, LayerNorm<Vector<8>>, Relu, Linear<8, 3>);

const _: () = chainrule::shapes::<Net, Input, Output>();

// Written by `chainrule::onnx::source` from `mlp_old.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<3>;

/// The network of `mlp_old.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `/0/MatMul` |
/// | `2` | `/2/Gemm` |
pub type Net = (Linear<4, 8, f32, NoBias>, LeakyRelu<1, 5>, Linear<8, 3>, Softmax);

const _: () = chainrule::shapes::<Net, Input, Output>();

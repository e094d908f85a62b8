// Written by `chainrule::onnx::source` from `norms_old.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<3>;

/// The network of `norms_old.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `/0/Gemm` |
/// | `1` | `/1/Sub` |
/// | `3` | `/3/MatMul` |
pub type Net = (Linear<4, 8>, LayerNorm<Vector<8>>, Relu, Linear<8, 3, f32, NoBias>);

const _: () = chainrule::shapes::<Net, Input, Output>();

// Written by `chainrule::onnx::source` from `mlp.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<3>;

/// The network of `mlp.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_linear` |
/// | `2` | `node_linear_1` |
pub type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);

const _: () = chainrule::shapes::<Net, Input, Output>();

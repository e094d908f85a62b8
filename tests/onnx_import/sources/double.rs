// Written by `chainrule::onnx::source` from `double.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4, f64>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<3, f64>;

/// The network of `double.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_linear` |
/// | `1` | `node_prelu` |
/// | `2` | `node_linear_1` |
pub type Net = (Linear<4, 8, f64>, PRelu<f64>, Linear<8, 3, f64, NoBias>);

const _: () = chainrule::shapes::<Net, Input, Output>();

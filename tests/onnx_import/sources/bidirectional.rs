// Written by `chainrule::onnx::source` from `bidirectional.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, steps, features]`.
pub type Input = Sequence<6, 3>;

/// A sample of the output, in the file `[batch, steps, features]`.
pub type Output = Sequence<6, 2>;

/// The network of `bidirectional.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0.0` | `node_gru__1` |
/// | `0.1.1` | `node_gru__1` |
/// | `1` | `node_MatMul_97` |
pub type Net = (Bidirectional<Gru<3, 5>>, PerStep<Linear<10, 2>>);

const _: () = chainrule::shapes::<Net, Input, Output>();

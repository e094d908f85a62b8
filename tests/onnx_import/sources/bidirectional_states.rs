// Written by `chainrule::onnx::source` from `bidirectional_states.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, steps, features]`.
pub type Input = Sequence<6, 3>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<2>;

/// The network of `bidirectional_states.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0.0.0` | `node_gru__1` |
/// | `0.1.1` | `node_gru__1` |
/// | `1` | `node_linear` |
pub type Net = (Concat<((Gru<3, 5>, LastStep), (Reverse, Gru<3, 5>, LastStep))>, Linear<10, 2>);

const _: () = chainrule::shapes::<Net, Input, Output>();

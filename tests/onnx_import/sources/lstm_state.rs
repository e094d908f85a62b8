// Written by `chainrule::onnx::source` from `lstm_state.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, steps, features]`.
pub type Input = Sequence<6, 3>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<2>;

/// The network of `lstm_state.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_lstm__2` |
/// | `2` | `node_linear` |
pub type Net = (Lstm<3, 5>, LastStep, Linear<5, 2>);

const _: () = chainrule::shapes::<Net, Input, Output>();

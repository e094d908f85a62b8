// Written by `chainrule::onnx::source` from `rnn.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, steps, features]`.
pub type Input = Sequence<6, 3>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<2>;

/// The network of `rnn.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `/rnn/RNN` |
/// | `2` | `/head/Gemm` |
pub type Net = (Rnn<3, 5, Relu>, LastStep, Linear<5, 2>);

const _: () = chainrule::shapes::<Net, Input, Output>();

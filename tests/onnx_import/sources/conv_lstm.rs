// Written by `chainrule::onnx::source` from `conv_lstm.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features, steps]`.
pub type Input = Sequence<8, 3>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<2>;

/// The network of `conv_lstm.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `/conv/Conv` |
/// | `2` | `/lstm/LSTM` |
/// | `3` | `/head/Gemm` |
pub type Net = (Conv1d<3, 4, 3, 1, 1>, Relu, Lstm<4, 5>, Dense<Sequence<8, 5>, Vector<2>>);

const _: () = chainrule::shapes::<Net, Input, Output>();

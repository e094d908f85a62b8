// Written by `chainrule::onnx::source` from `conv1d.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features, steps]`.
pub type Input = Sequence<10, 3>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<2>;

/// The network of `conv1d.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_conv1d` |
/// | `2` | `node_conv1d_1` |
/// | `4` | `node_convolution` |
/// | `5` | `node_linear` |
pub type Net = (
    Conv1d<3, 4, 3, 1, 1>,
    Relu,
    Conv1dWith<4, 4, (Kernel<3>, Dilation<2>)>,
    MaxPool1d<2>,
    TransposedConv1d<4, 3, 2, 2>,
    Dense<Sequence<6, 3>, Vector<2>>,
);

const _: () = chainrule::shapes::<Net, Input, Output>();

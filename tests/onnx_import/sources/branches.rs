// Written by `chainrule::onnx::source` from `branches.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, channels, height, width]`.
pub type Input = Image<2, 5, 5>;

/// A sample of the output, in the file `[batch, channels, height, width]`.
pub type Output = Image<7, 5, 5>;

/// A part of the network.
pub type Block1 = Concat<(Conv2d<2, 3, 1>, (Conv2d<2, 2, 3, 1, 1>, Relu), MaxPool2d<3, 1, 1>)>;

/// The network of `branches.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0.0` | `node_conv2d` |
/// | `0.1.0` | `node_conv2d_1` |
/// | `1.1.second.0` | `node_conv2d_2` |
pub type Net = (Block1, (Duplicate, Parallel<Identity, (Conv2d<7, 7, 1>, Sigmoid)>, Product));

const _: () = chainrule::shapes::<Net, Input, Output>();

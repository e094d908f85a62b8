// Written by `chainrule::onnx::source` from `lenet.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, 1, height, width]`.
pub type Input = Image<1, 16, 16>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<3>;

/// The network of `lenet.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_conv2d` |
/// | `3` | `node_conv2d_1` |
/// | `6` | `node_linear` |
/// | `8` | `node_linear_1` |
pub type Net = (
    Conv2d<1, 3, 5, 1, 2>,
    Relu,
    MaxPool2d<2>,
    Conv2d<3, 4, 3>,
    Relu,
    AvgPool2d<2>,
    Dense<Image<4, 3, 3>, Vector<8>>,
    Relu,
    Linear<8, 3>,
);

const _: () = chainrule::shapes::<Net, Input, Output>();

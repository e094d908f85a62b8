// Written by `chainrule::onnx::source` from `resnet.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, 1, height, width]`.
pub type Input = Image<1, 8, 8>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<2>;

/// A part of the network.
pub type Block1 = Residual<(Conv2d<3, 4, 3, 2, 1>, Relu, Conv2d<4, 4, 3, 1, 1>), Conv2d<3, 4, 1, 2>>;

/// The network of `resnet.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_conv2d` |
/// | `1.branch.0` | `node_Conv_82` |
/// | `1.branch.2` | `node_Conv_84` |
/// | `3.branch.0` | `node_Conv_86` |
/// | `3.branch.2` | `node_Conv_88` |
/// | `3.shortcut` | `node_Conv_90` |
/// | `6` | `node_linear` |
pub type Net = (
    Conv2d<1, 3, 3, 1, 1>,
    Residual<(Conv2d<3, 3, 3, 1, 1>, Relu, Conv2d<3, 3, 3, 1, 1>)>,
    Relu,
    Block1,
    Relu,
    GlobalAvgPool,
    Linear<4, 2>,
);

const _: () = chainrule::shapes::<Net, Input, Output>();

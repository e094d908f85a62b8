// Written by `chainrule::onnx::source` from `group_norm.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, 1, height, width]`.
pub type Input = Image<1, 4, 4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<3>;

/// The network of `group_norm.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_conv2d` |
/// | `1` | `node_InstanceNormalization_13` |
/// | `3` | `node_instance_norm` |
/// | `4` | `node_linear` |
pub type Net = (Conv2d<1, 4, 3>, GroupNorm<2, 4>, Relu, GroupNorm<4, 4>, Dense<Image<4, 2, 2>, Vector<3>>);

const _: () = chainrule::shapes::<Net, Input, Output>();

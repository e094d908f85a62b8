// Written by `chainrule::onnx::source` from `preactivation.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, channels, height, width]`.
pub type Input = Image<2, 6, 6>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<3>;

/// The network of `preactivation.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `/0/BatchNormalization` |
/// | `2` | `/2/Conv` |
pub type Net = (BatchNorm<2>, Relu, Conv2d<2, 3, 3, 1, 1>, GlobalAvgPool);

const _: () = chainrule::shapes::<Net, Input, Output>();

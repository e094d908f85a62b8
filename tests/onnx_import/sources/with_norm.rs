// Written by `chainrule::onnx::source` from `with_norm.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, 1, height, width]`.
pub type Input = Image<1, 4, 4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<2>;

/// The network of `with_norm.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `/0/Conv` |
/// | `1` | `/1/BatchNormalization` |
/// | `3` | `/4/Gemm` |
pub type Net = (Conv2d<1, 3, 3>, BatchNorm<3>, Relu, Dense<Image<3, 2, 2>, Vector<2>>);

const _: () = chainrule::shapes::<Net, Input, Output>();

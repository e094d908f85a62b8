// Written by `chainrule::onnx::source` from `convolutions.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, channels, height, width]`.
pub type Input = Image<2, 4, 4>;

/// A sample of the output, in the file `[batch, channels, height, width]`.
pub type Output = Image<2, 8, 16>;

/// The network of `convolutions.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_conv2d` |
/// | `1` | `node_conv2d_1` |
/// | `2` | `node_conv2d_2` |
/// | `3` | `node_convolution` |
/// | `4` | `node_convolution_1` |
/// | `5` | `node_conv2d_3` |
pub type Net = (
    DepthwiseConv2d<2, 3, 1, 1>,
    Conv2d<2, 4, 1>,
    Conv2dWith<4, 4, (Kernel<3>, Padding<2>, Dilation<2>, Groups<2>)>,
    TransposedConv2d<4, 2, 2, 2>,
    TransposedConv2dWith<2, 3, (Kernel<3>, Stride<2>, Padding<1>, OutputPadding<1>)>,
    Conv2dWith<3, 2, (Kernel<1, 3>, Stride<2, 1>, Padding<0, 1>)>,
);

const _: () = chainrule::shapes::<Net, Input, Output>();

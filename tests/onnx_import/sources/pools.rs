// Written by `chainrule::onnx::source` from `pools.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, channels, height, width]`.
pub type Input = Image<2, 11, 11>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<2>;

/// The network of `pools.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
pub type Net = (
    MaxPool2d<3, 2, 1>,
    AvgPool2d<3, 1, 1>,
    AvgPool2dWith<(Kernel<3>, Stride<1>, Padding<1>, ExcludePadding)>,
    MaxPool2dWith<(Kernel<2, 3>, Stride<1, 2>, CeilMode)>,
    ZeroPad2d<1, 0, 2, 1>,
    ReflectionPad2d<1, 1, 1, 1>,
    Upsample2d<2>,
    GlobalMaxPool,
);

const _: () = chainrule::shapes::<Net, Input, Output>();

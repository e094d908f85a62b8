// Written by `chainrule::onnx::source` from `activations.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<6>;

/// The network of `activations.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_linear` |
/// | `2` | `node_linear_1` |
/// | `4` | `node_linear_2` |
/// | `6` | `node_linear_3` |
/// | `8` | `node_linear_4` |
/// | `10` | `node_linear_5` |
/// | `12` | `node_linear_6` |
pub type Net = (
    Linear<4, 6>,
    Gelu,
    Linear<6, 6>,
    Silu,
    Linear<6, 6>,
    Elu,
    Linear<6, 6>,
    Mish,
    Linear<6, 6>,
    GeluTanh,
    Linear<6, 6>,
    HardSwish,
    Linear<6, 6>,
    Softplus,
);

const _: () = chainrule::shapes::<Net, Input, Output>();

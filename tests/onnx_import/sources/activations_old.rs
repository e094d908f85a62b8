// Written by `chainrule::onnx::source` from `activations_old.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<6>;

/// The network of `activations_old.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `/0/Gemm` |
/// | `2` | `/2/Gemm` |
/// | `4` | `/4/Gemm` |
/// | `6` | `/6/Gemm` |
/// | `8` | `/8/Gemm` |
/// | `10` | `/10/Gemm` |
/// | `12` | `/12/Gemm` |
pub type Net = (
    Linear<4, 6>,
    Gelu,
    Linear<6, 6>,
    Silu,
    Linear<6, 6>,
    Celu<1, 2>,
    Linear<6, 6>,
    Mish,
    Linear<6, 6>,
    GeluTanh,
    Linear<6, 6>,
    HardSwish,
    Linear<6, 6>,
    Selu,
);

const _: () = chainrule::shapes::<Net, Input, Output>();

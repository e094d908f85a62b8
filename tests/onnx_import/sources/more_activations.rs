// Written by `chainrule::onnx::source` from `more_activations.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<6>;

/// A part of the network.
pub type Part1 = (
    Linear<4, 6>,
    Softsign,
    Linear<6, 6>,
    HardSigmoid,
    Linear<6, 6>,
    PRelu,
    Linear<6, 6>,
    ChannelPRelu<6>,
    Linear<6, 6>,
    Relu6,
    Linear<6, 6>,
    Clamp<-1, 3, 2>,
    Linear<6, 6>,
    LogSigmoid,
    Linear<6, 6>,
    Softplus,
);

/// A part of the network.
pub type Part2 = (Linear<6, 6>, LogSoftmax);

/// The network of `more_activations.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0.0` | `/0/Gemm` |
/// | `0.2` | `/2/Gemm` |
/// | `0.4` | `/4/Gemm` |
/// | `0.5` | `/5/PRelu` |
/// | `0.6` | `/6/Gemm` |
/// | `0.7` | `/7/PRelu` |
/// | `0.8` | `/8/Gemm` |
/// | `0.10` | `/10/Gemm` |
/// | `0.12` | `/12/Gemm` |
/// | `0.14` | `/14/Gemm` |
/// | `1.0` | `/16/Gemm` |
pub type Net = (Part1, Part2);

const _: () = chainrule::shapes::<Net, Input, Output>();

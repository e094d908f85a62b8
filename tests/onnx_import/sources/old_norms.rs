// Written by `chainrule::onnx::source` from `old_norms.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, features]`.
pub type Input = Vector<4>;

/// A sample of the output, in the file `[batch, features]`.
pub type Output = Vector<6>;

/// The network of `old_norms.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_linear` |
/// | `1` | `node_sub` |
/// | `3` | `node_mul_7` |
pub type Net =
    (Linear<4, 6>, LayerNorm<Vector<6>>, GeluTanh, RmsNorm<Vector<6>, Epsilon<1, 1000000>>, HardSwish);

const _: () = chainrule::shapes::<Net, Input, Output>();

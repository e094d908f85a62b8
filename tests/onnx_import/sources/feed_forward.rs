// Written by `chainrule::onnx::source` from `feed_forward.onnx`.
use chainrule::prelude::*;

/// A sample of the input, in the file `[batch, steps, features]`.
pub type Input = Sequence<5, 6>;

/// A sample of the output, in the file `[batch, steps, features]`.
pub type Output = Sequence<5, 6>;

/// The network of `feed_forward.onnx`, whose weights `chainrule::onnx::load::<Net>` reads.
///
/// | layer | node |
/// |---|---|
/// | `0` | `node_layer_norm` |
/// | `1` | `node_MatMul_1` |
/// | `3` | `node_MatMul_3` |
pub type Net = (LayerNorm<Vector<6>>, PerStep<Linear<6, 12>>, Gelu, PerStep<Linear<12, 6>>);

const _: () = chainrule::shapes::<Net, Input, Output>();

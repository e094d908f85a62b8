//! Kernels for networks of 8-bit integers. A real number r is stored as an integer q, with r = scale (q - zero point).
//!
//! Everything here is integer arithmetic, by the formulas of TensorFlow Lite's reference kernels, except for recurrent
//! layers, whose gates and state are 32-bit floating point numbers. Only the functions `of`, which prepare the
//! constants, compute with floating point next to them.
//!
//! # Source
//! Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference", CVPR
//! 2018, sections 2.2 to 2.4. TensorFlow Lite, "8-bit quantization specification", and
//! `tensorflow/lite/kernels/internal/common.h` (`MultiplyByQuantizedMultiplier`, with two roundings),
//! `reference/integer_ops` (`fully_connected.h`, `conv.h`, `pooling.h`, `add.h`).

mod convolution;
mod multiplier;
mod packed;
mod pool;
mod products;
mod recurrent;
mod softmax;
mod sum;
#[cfg(test)]
mod tests;
mod weights;

pub use convolution::Order;
pub use multiplier::Multiplier;
pub use packed::{Int32, Nested, Packed, read};
pub use products::Products;
pub use recurrent::{GateMath, GateRow, RecurrentWeights};
pub use softmax::{LogSoftmax, Softmax};
pub use sum::{Rescale, ScaledSum};
pub use weights::{Channel, Weights};

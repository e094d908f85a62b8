// Tier 7.
//! Networks as ONNX files.
//!
//! [`save`] writes a network as an ONNX file, which onnxruntime and many other programs run. For a file of PyTorch's
//! exporter, [`source`] writes the Rust type of its network, and [`load`] loads its weights into a network of this
//! type. [The guide](crate::guide::onnx) describes the contents of the files, and what can be read.
//!
//! ```
//! use chainrule::onnx;
//! use chainrule::prelude::*;
//!
//! let net = <(Linear<64, 32>, Gelu, Linear<32, 10>)>::init(&mut rng(1));
//! let file: Vec<u8> = onnx::to_bytes::<Vector<64>, _>(&net)?;
//! # assert!(file.len() > 4 * (64 * 32 + 32 + 32 * 10 + 10));
//! # Ok::<(), onnx::ExportError>(())
//! ```
//!
//! # Operators of each layer
//!
//! | layers | operators |
//! |---|---|
//! | `Linear`, `Dense`, `GateLinear` | `Gemm`; also `Reshape`, if the input or output is not a `Vector` |
//! | `Conv1d`, `Conv2d`, `DepthwiseConv2d`, `Conv1dWith`, `Conv2dWith` | `Conv`; for sequences between two `Transpose` |
//! | `TransposedConv1d`, `TransposedConv2d` and those with settings | `ConvTranspose`; for sequences between two `Transpose` |
//! | `Relu`, `Tanh`, `Sigmoid`, `Softplus`, `Softsign`, `LeakyRelu`, `Elu`, `Selu`, `HardSigmoid`, `HardSwish`, `ThresholdedRelu`, `Abs`, `Neg`, `Sin`, `Cos`, `Erf`, `Exp`, `Log`, `Sqrt`, `Reciprocal` | the operator of that name |
//! | `Clamp`, `HardTanh`, `Relu6` | `Clip` |
//! | `HardShrink`, `SoftShrink` | `Shrink` |
//! | `Gelu`, `GeluTanh` | 0.5 x (1 + `Erf`(x / √2)), and the same with `Tanh` |
//! | `Silu`, `QuickGelu`, `Mish`, `LogSigmoid`, `TanhShrink` | their formulas: `Sigmoid`, `Softplus`, `Tanh`, `Neg`, `Mul`, `Sub` |
//! | `Celu` | `Elu` between `Div` and `Mul` |
//! | `Threshold` | `Greater`, `Where` |
//! | `Scale`, `Shift`, `Square`, `Affine` | `Mul`, `Add` |
//! | `PRelu`, `ChannelPRelu` | `PRelu` |
//! | `Softmax`, `LogSoftmax`, `Softmin` | `Softmax`, `LogSoftmax`, `Neg` |
//! | `Glu`, `SwiGlu`, `GeGlu` | two `Slice`, the gate's function, `Mul` |
//! | `BatchNorm` | `BatchNormalization` |
//! | `LayerNorm` | `LayerNormalization` |
//! | `RmsNorm` | `Mul`, `ReduceMean`, `Add`, `Sqrt`, `Div`, `Mul` |
//! | `GroupNorm`, `InstanceNorm` | `InstanceNormalization` between two `Reshape`, `Mul`, `Add` |
//! | `LocalResponseNorm` | `LRN`; for an even size, or a sequence, a `MatMul` with a band matrix |
//! | `MaxPool1d`, `MaxPool2d` and those with settings | `MaxPool` |
//! | `AvgPool1d`, `AvgPool2d` and those with settings | `AveragePool`; with a dilation, or a `CeilMode` that counts padding, a `MatMul` for each axis |
//! | `LpPool1d`, `LpPool2d` and those with settings | `LpPool`; with a dilation `Pow` and `MatMul` |
//! | `AdaptiveAvgPool1d`, `AdaptiveMaxPool2d`, .. | the operators of pools if all windows are equal; otherwise `MatMul`, or `Slice`, `ReduceMax` and `Concat` |
//! | `GlobalAvgPool`, `GlobalMaxPool`, `MeanOver`, `SumOver`, `MaxOver`, `MinOver` | `ReduceMean`, `ReduceSum`, `ReduceMax`, `ReduceMin` |
//! | `Upsample2d`, `UpsampleBilinear2d`, `Resize2d`, .. | `Resize`; nearest pixels with a ratio that is not whole by `Gather` |
//! | `Pad1d`, `Pad2d` | `Pad`; `Circular` by `Slice` and `Concat` |
//! | `Flatten`, `Reshape`, `Transpose`, `Permute`, `ChannelShuffle`, `PixelUnshuffle` | `Reshape`, `Transpose` |
//! | `PixelShuffle`, `DepthToSpace`, `SpaceToDepth` | `DepthToSpace`, `SpaceToDepth` |
//! | `Rnn`, `Lstm`, `Gru`; between two `Reverse`, and `Bidirectional` | `RNN`, `LSTM`, `GRU` between two `Transpose`; `direction` is `reverse` or `bidirectional` |
//! | `LastStep`, `Reverse` | `Gather`, `Slice`; for `Padded` `GatherND`, `ReverseSequence` |
//! | `Residual`, `Highway`, `Concat`, `Shared`, `PerStep` | their layers, with `Add`, `Mul`, `Concat`, `Reshape` |
//! | `Duplicate`, `Parallel` | their layers, on two values |
//! | `Sum`, `Product`, `Difference`, `Quotient`, `Maximum`, `Minimum`, `Join` | `Add`, `Mul`, `Sub`, `Div`, `Max`, `Min`, `Concat` |
//! | `CosineSimilarity`, `PairwiseDistance` | `ReduceL2`, `ReduceSum`, `Pow`, .. |
//! | `Dropout`, `GaussianNoise`, `AlphaDropout`, .., `Identity`, `Evaluate` | nothing |

mod error;
mod export;
mod import;
mod proto;

pub use error::{Difference, OnnxError};
pub use export::{ExportError, save, to_bytes};
pub use import::{Model, load, load_into, source};

// Tier 7.
//! Networks of 8-bit integers, for inference without floating point (except in recurrent layers).
//!
//! [`Quantized<N, X>`](Quantized) is the int8 form of the network `N` for inputs `X`. It is created from a trained
//! network and a calibration set, which contains typical inputs:
//!
//! ```
//! use chainrule::prelude::*;
//! use chainrule::quantized::Quantized;
//!
//! type Net = (Linear<2, 16>, Relu, Linear<16, 1>);
//! type Int8 = Quantized<Net, Vector<2>>;
//! let net = Net::init(&mut rng(1));
//! let samples: Vec<Vector<2>> = (0..100).map(|at| Vector([(at as f32).sin(), (at as f32).cos()])).collect();
//!
//! let quantized = Int8::calibrate(&net, &samples)?; // a Box<Int8>
//! for x in &samples {
//!     let (exact, y) = (net.predict(x)?, quantized.predict(x)?);
//!     assert!((exact[0] - y[0]).abs() < 0.05);
//! }
//!
//! // Everything that a device needs to know is a constant.
//! const _: () = assert!(Int8::FLASH < 250 && Int8::RAM == 18 && Int8::MULTIPLY_ADDS == 48);
//! assert!(Int8::FLASH < size_of::<Net>());
//!
//! // Without a heap, in memory of the caller.
//! let (mut memory, mut outputs) = ([0; Int8::RAM], [Vector([0.0])]);
//! quantized.predict_into(&samples[..1], &mut outputs, &mut memory)?;
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! # How numbers are stored
//! A real number r is stored as an integer q between -128 and 127, with **r = S (q - Z)**. The scale S and the zero
//! point Z apply to a whole tensor; 0 is stored exactly. They follow from the smallest and the largest number that
//! occur in the calibration set at this place of the network, and from 0: S = (max - min) / 255. Numbers outside this
//! range saturate.
//!
//! Weights have Z = 0 and a scale for each output channel, max |w| / 127. Their integers are between -127 and 127.
//! Biases are 32-bit integers, in units of S_x S_w.
//!
//! # How a layer computes
//! With the scales of input, weights and output, y = Σ w x + b becomes
//!
//! ```text
//! q_y = Z_y + M (Σ q_w (q_x - Z_x) + q_b),    M = S_x S_w / S_y
//! ```
//!
//! The sum adds 8-bit products in 32 bits. `Z_x Σ q_w` is a constant, and is part of the bias. M is stored as a 31-bit
//! integer and a power of 2. Its product is rounded like in TensorFlow Lite's reference kernels
//! (`MultiplyByQuantizedMultiplier`, with two roundings), so that the results have the same bits on every processor.
//! [`Quantized::predict_int8`] uses no floating point, except in recurrent layers. [`Quantized::predict_into`]
//! quantizes the input before it, and converts the output back to real numbers after it.
//!
//! [`Rnn`](crate::Rnn), [`Lstm`](crate::Lstm) and [`Gru`](crate::Gru) have weights of 8 bits, but gates and a state in
//! `f32`, because the errors of a state would add up over the steps. Each row of weights has its own scale. The sums
//! have a fixed order and no fused multiply-adds, so that these results have the same bits on every processor too.
//!
//! # Compared with TensorFlow Lite
//! With the same scales and weights, the integers are equal to those of TensorFlow Lite 2.14: for `FULLY_CONNECTED`,
//! `CONV_2D` (padding, strides, dilation, groups, several scales), `DEPTHWISE_CONV_2D`, `MAX_POOL_2D`,
//! `AVERAGE_POOL_2D`, `ADD`, `QUANTIZE`, `DEQUANTIZE`, `LOGISTIC`, `TANH`, `GELU`, fused `RELU` and `RELU6`. The test
//! `tests/layers/tflite.rs` compares them with the results of its reference kernels. The differences:
//!
//! * LiteRT 2.3, the successor, rounds the sums of `FULLY_CONNECTED` once, not twice. A few of a thousand outputs
//!   differ by one; more do if M is near 1. Its convolutions are the same.
//! * An average pool counts padding as zeros, the same as in `f32`. This is `PAD` and then `AVERAGE_POOL_2D`. With
//!   [`ExcludePadding`](crate::layer::ExcludePadding) it is `AVERAGE_POOL_2D`. A global mean is `AVERAGE_POOL_2D` of
//!   the whole image, not `MEAN`.
//! * The output of a sigmoid or a hyperbolic tangent has the scale of the calibration, not always 1/256 or 1/128.
//! * A leaky ReLU and a hard swish are tables, which are rounded once. `LEAKY_RELU` and `HARD_SWISH` round several
//!   times, and differ by at most 1. `SOFTMAX` and `LOG_SOFTMAX` also differ by at most 1, because their exponentials
//!   have fewer digits than those of this crate.
//! * `CONCATENATION` copies integers of one scale. In this crate, each branch is first converted to the common scale,
//!   as by `QUANTIZE`.
//!
//! # Memory and time
//! LeNet-5 on MNIST, measured by the example `int8`
//! (`cargo run --release --features idx,gzip --example int8 -- FOLDER`), one image at a time, in processor time with
//! AVX2:
//!
//! | | flash | RAM | accuracy | time |
//! |---|---|---|---|---|
//! | `f32` | 247,040 bytes | 453,952 bytes | 99.25 % | 36 µs |
//! | int8 | 63,624 bytes | 7,320 bytes | 99.24 % | 82 µs |
//!
//! The int8 form saves memory, and the processor needs no floating point. With wide vectors, `f32` is faster. The
//! difference is largest for convolutions of few channels, because their windows are copied and their outputs are
//! rounded one by one.
//!
//! # Layers
//!
//! | layers | int8 form |
//! |---|---|
//! | [`Linear`](crate::Linear), [`Dense`](crate::Dense), [`Conv2d`](crate::Conv2d), [`Conv2dWith`](crate::Conv2dWith), [`DepthwiseConv2d`](crate::DepthwiseConv2d), [`Conv1d`](crate::Conv1d), [`Conv1dWith`](crate::Conv1dWith) | as above |
//! | [`BatchNorm`](crate::BatchNorm), [`Affine`](crate::Affine) | as above, with one weight for each channel |
//! | [`Rnn`](crate::Rnn), [`Lstm`](crate::Lstm), [`Gru`](crate::Gru) | weights of 8 bits, gates and state in `f32` |
//! | [`Relu`](crate::Relu), [`Relu6`](crate::Relu6), [`Clamp`](crate::Clamp), [`HardTanh`](crate::HardTanh) | a clamp in place; the range of the layer before it does not include the clamped numbers |
//! | other activations | a table of 256 bytes |
//! | [`Softmax`](crate::Softmax), [`LogSoftmax`](crate::LogSoftmax) | a table of 256 exponentials, of 32 bits; the output has the scale 1/256, or 1/16 |
//! | [`MaxPool2d`](crate::MaxPool2d), [`AvgPool2d`](crate::AvgPool2d), [`MaxPool1d`](crate::MaxPool1d), [`AvgPool1d`](crate::AvgPool1d), the same with settings and adaptive, [`GlobalAvgPool`](crate::GlobalAvgPool), [`GlobalMaxPool`](crate::GlobalMaxPool) | the same on integers, in the scale of the input |
//! | [`Flatten`](crate::Flatten), [`Reshape`](crate::Reshape), [`Transpose`](crate::Transpose), [`Permute`](crate::Permute), [`LastStep`](crate::LastStep), [`Reverse`](crate::layer::Reverse), [`Identity`](crate::Identity), [`Dropout`](crate::Dropout) and other noise | the same integers |
//! | [`Residual`](crate::Residual) | a sum of two scales, the same as TensorFlow Lite's `ADD` |
//! | [`Concat`](crate::Concat), [`Bidirectional`](crate::Bidirectional) | the outputs of the branches in one scale |
//! | [`Shared`](crate::Shared) | the layer is stored once, with one scale for all its inputs |
//! | tuples, arrays, [`PerStep`](crate::PerStep), [`Evaluate`](crate::Evaluate), networks of [`network!`](crate::network) | the int8 forms of their layers |
//!
//! A batch norm is a separate layer. It is not folded into the weights before it.
//!
//! A [`Quantized`] with another layer does not compile, and the error names the layer. You can implement [`Quantize`]
//! for your own layers.
//!
//! # Source
//! Jacob, Kligys, Chen, Zhu, Tang, Howard, Adam, Kalenichenko, "Quantization and training of neural networks for
//! efficient integer-arithmetic-only inference", CVPR 2018, sections 2.1 to 2.4 and 3. TensorFlow Lite, "8-bit
//! quantization specification" (ranges, symmetric weights for each channel), and its reference kernels
//! `fully_connected.h`, `conv.h`, `depthwise_conv.h`, `pooling.h`, `add.h` and `requantize.h` of
//! `tensorflow/lite/kernels/internal/reference`.

mod activation;
mod array;
mod buffers;
mod channels;
mod concat;
mod convolution;
mod evaluate;
#[cfg(feature = "checkpoint")]
mod file;
mod image;
mod interval;
mod linear;
mod moved;
mod network;
mod per_step;
mod pool;
mod quantization;
mod recurrent;
mod residual;
mod same;
mod shared;
mod softmax;
mod stack;
mod weights;

use crate::Error;
use crate::layer::{Layer, Mode, WorkspaceMut};
use crate::tensor::Tensor;

#[doc(hidden)]
pub use activation::{look_up, quantize_activation};
pub use buffers::{Buffers, Memory};
pub use chainrule_kernel::int8::{
    Channel, GateRow, Int32, LogSoftmax as Int8LogSoftmax, Multiplier, Nested, Packed, RecurrentWeights,
    Rescale, ScaledSum, Softmax as Int8Softmax, Weights,
};
#[doc(hidden)]
pub use image::quantized_of_image;
pub use interval::{Interval, Ranges};
pub use linear::PackedShape;
pub use network::{Int8Network, Numbers, Quantized};
pub use quantization::Quantization;
#[doc(hidden)]
pub use stack::{QuantizeChain, QuantizeTypes};

/// A layer with an int8 form, for inputs `X`.
///
/// For an activation that you write yourself, a table is enough: its macro
/// [`quantize_activation!`](crate::quantize_activation) has an example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no int8 form for the input `{X}`",
    label = "this layer has no int8 form, or its input has another shape",
    note = "these have an int8 form, in `f32`: dense and recurrent layers, convolutions, batch norms, pooling layers, activations, residual blocks, and stacks of them; see `chainrule::quantized`",
    note = "a layer of your own can implement `chainrule::quantized::Quantize<{X}>`"
)]
pub trait Quantize<X: Tensor<Scalar = f32>>: Layer<X, Output: Tensor<Scalar = f32>> {
    /// The data of the int8 form: plain bytes.
    type Int8: Packed;

    /// The measurements of the calibration: the [`Interval`] of the output, the ranges of the layers inside, or
    /// nothing.
    type Ranges: Ranges;

    /// The memory that the int8 form needs.
    const BUFFERS: Buffers;

    /// Computes the output for samples of the calibration set, in evaluation mode, and adds it to the ranges.
    fn observe(
        &self,
        input: &[X],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        ranges: &mut Self::Ranges,
    ) {
        self.forward(input, output, workspace, &mut Mode::Evaluate);
        ranges.see(<Self::Output as Tensor>::flat(output));
    }

    /// Returns the range of inputs that this layer needs: inputs outside it may saturate, because the output stays the
    /// same, or saturates outside the range `wanted`. For example, a ReLU needs no inputs below 0. By default `None`:
    /// all inputs are needed.
    ///
    /// `wanted` is the range that the next layer needs.
    fn needed(ranges: &Self::Ranges, wanted: Option<Interval>) -> Option<Interval> {
        let _ = (ranges, wanted);
        None
    }

    /// Writes the int8 form to `to`, for an input of this scale. Returns the scale of the output. The range of the
    /// output is `wanted`, or by default the range of the calibration.
    ///
    /// # Errors
    /// [`Error::NonFiniteCalibration`] for a weight or an output that is NaN or infinite.
    fn quantize(
        &self,
        input: Quantization,
        ranges: &Self::Ranges,
        wanted: Option<Interval>,
        to: &mut Self::Int8,
    ) -> Result<Quantization, Error>;

    /// Computes the int8 output for one input. [`BUFFERS`](Quantize::BUFFERS) determines the places of input and
    /// output.
    fn run(int8: &Self::Int8, memory: Memory<'_>);
}

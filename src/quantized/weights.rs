//! The integer weights of a layer of products.

use chainrule_kernel::int8::{Channel, Int32, Multiplier, Packed, Weights};
use chainrule_parameters::TypeName;

use super::{Buffers, Quantization};
use crate::Error;
use crate::error::require;

/// The largest bias. With it, a sum of [`MOST_INPUTS`] products still fits in 32 bits.
const LARGEST_BIAS: f64 = (1 << 29) as f64;

/// The largest number of products in the sum of an output. Each product is at most 127 * 255.
const MOST_INPUTS: usize = ((i32::MAX - (1 << 29)) / (127 * 255)) as usize;

/// Returns the buffers of a layer whose outputs are sums of this number of products.
pub(super) const fn buffers(input: usize, output: usize, products: usize) -> Buffers {
    require(
        products <= MOST_INPUTS,
        "an output of this int8 layer sums more than 49733 products, which can overflow 32 bits: split the layer",
    );
    Buffers::from_to(input, output)
}

/// The numbers of a layer of products.
pub(super) struct Real<W, B> {
    /// The weight from an input to an output channel: `weight(output, input)`.
    pub(super) weight: W,
    /// The bias of each output channel.
    pub(super) bias: B,
    /// The layer, for error messages.
    pub(super) layer: TypeName,
}

impl<W: Fn(usize, usize) -> f64, B: Fn(usize) -> f64> Real<W, B> {
    /// Writes the integers, for an input and an output of these scales. Each output channel has its own scale, with
    /// which its largest weight is 127 and its bias is at most [`LARGEST_BIAS`].
    pub(super) fn quantize<A: Packed, C: Packed>(
        self,
        input: Quantization,
        output: Quantization,
        to: &mut Weights<A, C>,
    ) -> Result<(), Error> {
        (to.input_zero, to.output_zero) = (input.zero_point, output.zero_point);
        let (weights, channels) = to.parts_mut();
        let inputs = weights.len() / channels.len().max(1);
        let input_scale = f64::from(input.scale);
        for (o, channel) in channels.iter_mut().enumerate() {
            let (bias, weights) = ((self.bias)(o), &mut weights[o * inputs..][..inputs]);
            let least = bias.abs() / (input_scale * LARGEST_BIAS);
            let Some((scale, sum)) = symmetric(|i| (self.weight)(o, i), least, weights) else {
                return Err(Error::NonFiniteCalibration { layer: self.layer });
            };
            let bias = libm::round(bias / (input_scale * scale)) as i32 - i32::from(input.zero_point) * sum;
            *channel = Channel {
                bias: Int32::new(bias),
                multiplier: Multiplier::of(input_scale * scale / f64::from(output.scale)),
            };
        }
        Ok(())
    }
}

/// Writes weights as integers, in the scale with which the largest is 127, or in the scale `least` if that is larger.
/// Returns the scale and the sum of the integers, or `None` for a number that is not finite.
pub(super) fn symmetric(weight: impl Fn(usize) -> f64, least: f64, to: &mut [i8]) -> Option<(f64, i32)> {
    let (mut largest, mut finite) = (0.0_f64, least.is_finite());
    for i in 0..to.len() {
        largest = largest.max(weight(i).abs());
        finite &= weight(i).is_finite();
    }
    let scale = match (largest / 127.0).max(least) {
        0.0 => 1.0, // all are 0
        scale => scale,
    };
    let mut sum = 0;
    for (i, to) in to.iter_mut().enumerate() {
        *to = libm::round(weight(i) / scale) as i8;
        sum += i32::from(*to);
    }
    finite.then_some((scale, sum))
}

/// Returns the number `at` of a bias, or 0 if there is no bias.
pub(super) fn bias_at(bias: Option<&[f32]>, at: usize) -> f64 {
    bias.map_or(0.0, |bias| f64::from(bias[at]))
}

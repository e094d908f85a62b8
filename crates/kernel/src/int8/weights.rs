use super::packed::{Int32, Packed, packed};
use super::{Multiplier, Products};

/// What follows the products of one output channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Channel {
    /// The bias, in units of the scale of the input times that of the weights, less the input's zero point times the
    /// sum of the weights.
    pub bias: Int32,
    /// The scale of the input times that of the weights, divided by the scale of the output.
    pub multiplier: Multiplier,
}

packed!([] Channel: Int32, Multiplier);

impl Channel {
    /// Returns the outputs for sums of products.
    #[inline(always)]
    pub(super) fn outputs<const N: usize>(self, mut sums: [i32; N], zero: i8) -> [i8; N] {
        // The whole sum fits, but a part of it need not.
        let bias = self.bias.get();
        sums.iter_mut().for_each(|sum| *sum = sum.wrapping_add(bias));
        let sums = self.multiplier.apply_each(sums);
        sums.map(|sum| sum.saturating_add(i32::from(zero)).clamp(-128, 127) as i8)
    }
}

/// A layer of products: `W` is an array of weights, with all weights of an output channel side by side, and `C` has a
/// [`Channel`] for each output channel.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Weights<W, C> {
    /// The weights.
    pub weights: W,
    /// The output channels.
    pub channels: C,
    /// The zero point of the input, which is in the place of padding.
    pub input_zero: i8,
    /// The zero point of the output.
    pub output_zero: i8,
}

packed!([W, C] Weights<W, C>: W, C, i8, i8);

impl<W: Packed, C: Packed> Weights<W, C> {
    /// Returns the numbers.
    #[inline(always)]
    pub fn products(&self) -> Products<'_> {
        Products {
            weights: bytemuck::cast_slice(core::slice::from_ref(&self.weights)),
            channels: bytemuck::cast_slice(core::slice::from_ref(&self.channels)),
            input_zero: self.input_zero,
            output_zero: self.output_zero,
        }
    }

    /// Returns the weights, and the output channels.
    pub fn parts_mut(&mut self) -> (&mut [i8], &mut [Channel]) {
        (
            bytemuck::cast_slice_mut(core::slice::from_mut(&mut self.weights)),
            bytemuck::cast_slice_mut(core::slice::from_mut(&mut self.channels)),
        )
    }
}

use chainrule_kernel::int8::{Int32, Nested};
use chainrule_parameters::TypeName;

use super::Interval;
use crate::Error;

/// How a tensor is stored: a real number r as an integer q, with r = scale (q - zero point). The example of
/// [`Interval`](super::Interval) creates one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// The real difference of two numbers whose integers differ by 1; positive.
    pub scale: f32,
    /// The integer of the number 0.
    pub zero_point: i8,
}

impl Quantization {
    /// Returns the scale and the zero point for a range: 255 steps from its smallest to its largest number, shifted by
    /// less than a step so that 0 is stored exactly.
    ///
    /// # Source
    /// Jacob et al. 2018, section 3, eq. 13; TensorFlow Lite, `ChooseQuantizationParams` in
    /// `tensorflow/lite/kernels/internal/quantization_util.h`.
    pub fn of(range: Interval) -> Self {
        let (low, high) = (f64::from(range.low.min(0.0)), f64::from(range.high.max(0.0)));
        if low == high {
            return Self { scale: 1.0, zero_point: 0 }; // every number is 0
        }
        let step = ((high - low) / 255.0).max(f32::MIN_POSITIVE.into());
        // Both are the same, except for rounding. The error is smaller at the end that is closer to 0.
        let (from_low, from_high) = (-128.0 - low / step, 127.0 - high / step);
        let zero =
            if 128.0 + (low / step).abs() < 127.0 + (high / step).abs() { from_low } else { from_high };
        Self { scale: step as f32, zero_point: libm::round(zero.clamp(-128.0, 127.0)) as i8 }
    }

    /// Does the same as [`of`](Self::of) for the range of a layer's output, which must be finite.
    pub(super) fn of_layer(range: Interval, layer: TypeName) -> Result<Self, Error> {
        if range.is_finite() { Ok(Self::of(range)) } else { Err(Error::NonFiniteCalibration { layer }) }
    }

    /// Returns the integer for a number: the nearest one, rounded half away from zero, between -128 and 127.
    #[inline]
    pub fn quantize(self, number: f32) -> i8 {
        let steps = number / self.scale;
        let whole = steps as i32; // towards zero; it saturates
        let fraction = steps - whole as f32;
        let rounded =
            whole.saturating_add(i32::from(fraction >= 0.5)).saturating_sub(i32::from(fraction <= -0.5));
        rounded.saturating_add(i32::from(self.zero_point)).clamp(-128, 127) as i8
    }

    /// Returns the number for an integer.
    #[inline]
    pub fn dequantize(self, integer: i8) -> f32 {
        self.scale * (i32::from(integer) - i32::from(self.zero_point)) as f32
    }

    /// Returns the two numbers from which a [`ScaledSum`](super::ScaledSum) is prepared.
    pub(super) fn parts(self) -> (f64, i8) {
        (f64::from(self.scale), self.zero_point)
    }
}

/// A [`Quantization`] as bytes.
pub(super) type PackedQuantization = Nested<Int32, i8>;

impl From<Quantization> for PackedQuantization {
    fn from(Quantization { scale, zero_point }: Quantization) -> Self {
        Self { first: Int32::of_f32(scale), rest: zero_point }
    }
}

impl From<PackedQuantization> for Quantization {
    fn from(packed: PackedQuantization) -> Self {
        Self { scale: packed.first.f32(), zero_point: packed.rest }
    }
}

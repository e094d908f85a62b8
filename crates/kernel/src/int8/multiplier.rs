use super::packed::{Int32, packed};

/// A positive real factor, as an integer and a power of 2: `significand 2^-31 2^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Multiplier {
    significand: Int32,
    exponent: i8,
}

packed!([] Multiplier: Int32, i8);

impl Multiplier {
    /// The significand has 31 bits.
    const ONE: f64 = (1_u32 << 31) as f64;

    /// Returns the nearest multiplier, as TensorFlow Lite's `QuantizeMultiplier` does: 0 for a factor below 2^-32, and
    /// the largest multiplier for one that is too large, or NaN.
    pub fn of(factor: f64) -> Self {
        let (fraction, exponent) = libm::frexp(factor);
        let (mut significand, mut exponent) = (libm::round(fraction * Self::ONE), exponent);
        if significand == Self::ONE {
            (significand, exponent) = (significand / 2.0, exponent + 1);
        }
        if exponent < -31 {
            return Self::new(0, 0);
        }
        if exponent > 30 || !factor.is_finite() {
            return Self::new(i32::MAX, 30);
        }
        Self::new(significand as i32, exponent as i8)
    }

    /// Returns a multiplier of these numbers.
    ///
    /// # Panics
    /// If the significand is negative, or the exponent not from -31 to 30.
    pub fn new(significand: i32, exponent: i8) -> Self {
        assert!(significand >= 0 && (-31..=30).contains(&exponent), "not a multiplier");
        Self { significand: Int32::new(significand), exponent }
    }

    /// Returns x times this factor, rounded: `MultiplyByQuantizedMultiplier` with two roundings. Where `x` times a
    /// power of 2 overflows, which is undefined there, it saturates.
    #[inline(always)]
    pub fn apply(self, x: i32) -> i32 {
        let [x] = self.apply_each([x]);
        x
    }

    /// Returns the same for several numbers. (One loop for each step, so that LLVM takes them at once.)
    #[inline(always)]
    pub(super) fn apply_each<const N: usize>(self, mut x: [i32; N]) -> [i32; N] {
        let exponent = i32::from(self.exponent);
        let (left, right) = (exponent.clamp(0, 30), (-exponent).clamp(0, 31));
        if left > 0 {
            x.iter_mut().for_each(|x| *x = x.saturating_mul(1 << left));
        }
        let significand = self.significand.get();
        x.iter_mut().for_each(|x| *x = high_product(*x, significand));
        x.iter_mut().for_each(|x| *x = round_shift(*x, right));
        x
    }
}

/// Returns `2 a b / 2^32`, rounded half up: `SaturatingRoundingDoublingHighMul`. `b` is not negative, so that nothing
/// saturates.
///
/// That function adds `2^30` to a product that is not negative, and `1 - 2^30` to one that is, and then divides by
/// `2^31` towards zero. For negative numbers that rounds up, `⌈(ab + 1 - 2^30) / 2^31⌉ = ⌊(ab + 2^30) / 2^31⌋`: so
/// both are one shift.
#[inline(always)]
fn high_product(a: i32, b: i32) -> i32 {
    ((i64::from(a) * i64::from(b) + (1 << 30)) >> 31) as i32
}

/// Returns `x / 2^exponent`, rounded half away from zero: `RoundingDivideByPOT`.
#[inline(always)]
fn round_shift(x: i32, exponent: i32) -> i32 {
    let mask = ((1_u32 << exponent) - 1) as i32;
    let threshold = (mask >> 1) + i32::from(x < 0);
    (x >> exponent) + i32::from((x & mask) > threshold)
}

//! What the functions need of a scalar: its bits, and the coefficients of its polynomials.
//!
//! The polynomials are the best of their degree (Remez), computed by `tests/fixtures/coefficients.py`.

use crate::simd::Level;

/// A value that only this crate can make or read.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Hidden<T>(pub(super) T);

/// A scalar with elementary functions. It cannot be used outside this crate: all of its items are [`Hidden`].
#[doc(hidden)]
pub trait Elementary: Copy + 'static {
    /// 3/2 of the number from which on all are whole. What is added to it is rounded to a whole number, which then
    /// stands in the last bits of the sum.
    const ROUND: Hidden<Self>;

    /// ln 2 in two parts. The first has zeros for its last bits, so that its product with any exponent is exact.
    const LN_2: Hidden<[Self; 2]>;

    /// exp(r) - 1 = r + r² p(r) for |r| ≤ ln 2 / 2.
    const EXP_M1: Hidden<&'static [Self]>;

    /// (exp(2r) - 1) / 2 = r + r² p(r) for |r| ≤ ln 2 / 4.
    const HALF_EXP_M1: Hidden<&'static [Self]>;

    /// 2 artanh(s) = 2s + s z p(z) with z = s², for |s| ≤ (√2 - 1) / (√2 + 1).
    const ARTANH: Hidden<&'static [Self]>;

    /// Below the first exp(x) is 0, above the second infinite.
    const EXP_ENDS: Hidden<[Self; 2]>;

    /// Above it tanh x is 1, and below its double's negative exp(x) - 1 is -1.
    const TANH_END: Hidden<Self>;

    /// Computes 2ᵏ as a product of two, for every k to which `exp` comes; `rounded` is `ROUND + k`.
    fn powers_of_two(rounded: Hidden<Self>) -> [Self; 2];

    /// Computes e 2ᵏ, for every k ≤ 0 to which `exp` comes; `rounded` is `ROUND + k`.
    fn scaled_down(e: Hidden<Self>, rounded: Hidden<Self>) -> Self;

    /// 2ᵏ⁺¹, if it is a normal number; `rounded` is `ROUND + k`.
    fn twice_power_of_two(rounded: Hidden<Self>) -> Self;

    /// 2ᵏ⁻¹, if it is a normal number; `rounded` is `ROUND + k`.
    fn half_power_of_two(rounded: Hidden<Self>) -> Self;

    /// Returns a number that is not below 0 with the sign of x: in fewer instructions than `copysign`.
    fn with_sign(number: Hidden<Self>, x: Hidden<Self>) -> Self;

    fn normal_distribution<L: Level>(x: Hidden<Self>) -> Self;

    fn normal_density<L: Level>(x: Hidden<Self>) -> Self;
}

macro_rules! elementary {
    ($scalar:ident, bits $bits:ident, exponent bias $bias:literal at $at:literal, $normal:ident, {$($constants:tt)*}) => {
        impl Elementary for $scalar {
            $($constants)*

            #[inline(always)]
            fn powers_of_two(rounded: Hidden<Self>) -> [Self; 2] {
                // Twice the bias keeps the sum of both exponents above zero: its half needs no sign.
                let both = rounded.0.to_bits().wrapping_sub(Self::ROUND.0.to_bits()).wrapping_add(2 * $bias);
                let first = both >> 1;
                [first, both - first].map(|exponent: $bits| Self::from_bits(exponent << $at))
            }

            #[inline(always)]
            fn scaled_down(e: Hidden<Self>, rounded: Hidden<Self>) -> Self {
                // 2^(k + UP) is a normal number for the smallest k too.
                const UP: $bits = $bias / 2;
                let exponent = rounded.0.to_bits().wrapping_sub(Self::ROUND.0.to_bits()).wrapping_add($bias + UP);
                e.0 * Self::from_bits(exponent << $at) * Self::from_bits(($bias - UP) << $at)
            }

            #[inline(always)]
            fn twice_power_of_two(rounded: Hidden<Self>) -> Self {
                let exponent = rounded.0.to_bits().wrapping_sub(Self::ROUND.0.to_bits()).wrapping_add($bias + 1);
                Self::from_bits(exponent << $at)
            }

            #[inline(always)]
            fn half_power_of_two(rounded: Hidden<Self>) -> Self {
                let exponent = rounded.0.to_bits().wrapping_sub(Self::ROUND.0.to_bits()).wrapping_add($bias - 1);
                Self::from_bits(exponent << $at)
            }

            #[inline(always)]
            fn with_sign(number: Hidden<Self>, x: Hidden<Self>) -> Self {
                Self::from_bits(number.0.to_bits() | (x.0.to_bits() & (-0.0 as Self).to_bits()))
            }

            #[inline(always)]
            fn normal_distribution<L: Level>(x: Hidden<Self>) -> Self {
                super::normal::$normal::cdf::<L>(x.0)
            }

            #[inline(always)]
            fn normal_density<L: Level>(x: Hidden<Self>) -> Self {
                super::normal::$normal::pdf::<L>(x.0)
            }
        }
    };
}

elementary!(f32, bits u32, exponent bias 127 at 23, single, {
    const ROUND: Hidden<f32> = Hidden(12_582_912.0);
    const LN_2: Hidden<[f32; 2]> = Hidden([0.693_145_75, 1.428_606_8e-6]);
    // Error 1.4e-8 of exp(r) - 1.
    const EXP_M1: Hidden<&'static [f32]> = Hidden(&[0.5, 0.166_665_35, 0.041_666_42, 0.008_366_685, 0.001_391_629_2]);
    // Of the neighbors of the best polynomial (`EXP_M1`, each coefficient times a power of 2) the one with which tanh
    // is best: 1.89 ulp without fused products, not 1.96.
    const HALF_EXP_M1: Hidden<&'static [f32]> = Hidden(&[1.0, 0.666_661_56, 0.333_331_23, 0.133_866_76, 0.044_532_426]);
    // Error 2.8e-9 of s².
    const ARTANH: Hidden<&'static [f32]> = Hidden(&[0.666_667_8, 0.399_760_34, 0.299_268_54]);
    const EXP_ENDS: Hidden<[f32; 2]> = Hidden([-104.0, 89.0]);
    const TANH_END: Hidden<f32> = Hidden(10.0);
});

elementary!(f64, bits u64, exponent bias 1023 at 52, double, {
    const ROUND: Hidden<f64> = Hidden(6_755_399_441_055_744.0);
    const LN_2: Hidden<[f64; 2]> = Hidden([0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10]);
    // Error 3.5e-17 of exp(r) - 1.
    const EXP_M1: Hidden<&'static [f64]> = Hidden(&[
        0.5,
        0.166_666_666_666_666_75,
        0.041_666_666_666_521_99,
        0.008_333_333_333_322_207,
        0.001_388_888_894_782_089,
        1.984_126_988_659_1e-4,
        2.480_148_732_601_361_7e-5,
        2.755_724_233_668_035_7e-6,
        2.763_265_575_887_426e-7,
        2.511_004_989_585_871_6e-8,
    ]);
    // `EXP_M1`, each coefficient times a power of 2.
    const HALF_EXP_M1: Hidden<&'static [f64]> = Hidden(&[
        1.0,
        0.666_666_666_666_667,
        0.333_333_333_332_175_9,
        0.133_333_333_333_155_3,
        0.044_444_444_633_026_846,
        0.012_698_412_727_418_24,
        0.003_174_590_377_729_743,
        0.000_705_465_403_819_017_1,
        0.000_141_479_197_485_436_2,
        2.571_269_109_335_932_5e-5,
    ]);
    // Error 4.6e-18 of s².
    const ARTANH: Hidden<&'static [f64]> = Hidden(&[
        0.666_666_666_666_671,
        0.399_999_999_995_171_8,
        0.285_714_287_300_112,
        0.222_221_990_054_066_8,
        0.181_835_764_301_985_28,
        0.153_130_301_959_158,
        0.148_119_360_709_833_45,
    ]);
    const EXP_ENDS: Hidden<[f64; 2]> = Hidden([-746.0, 710.0]);
    const TANH_END: Hidden<f64> = Hidden(20.0);
});

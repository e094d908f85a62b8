//! The standard normal distribution. With a = |x|, its tail is exp(-a²/2) times a function that falls slowly, like
//! Mills' ratio: a quotient of two polynomials whose coefficients are all positive, so that nothing cancels.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::exp::reduce;
use super::{Elementary, Hidden, at_most, fma, polynomial};
use crate::Real;
use crate::simd::Level;

/// Returns the standard normal's distribution function Φ(x) = (1 + erf(x/√2)) / 2, accurate in both tails.
#[inline(always)]
pub fn normal_cdf<L: Level, T: Real>(x: T) -> T {
    T::normal_distribution::<L>(Hidden(x))
}

/// Returns the standard normal's density φ(x) = exp(-x²/2) / √2π.
#[inline(always)]
pub fn normal_pdf<L: Level, T: Real>(x: T) -> T {
    T::normal_density::<L>(Hidden(x))
}

/// φ(0).
const HIGHEST: f64 = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

/// Computes Φ(-a) exp(a²/2), for a from 0 to the end of a scalar's tail.
#[inline(always)]
fn slow<L: Level>(a: f64, numerator: &[f64], denominator: &[f64]) -> f64 {
    polynomial::<L, f64>(a, numerator) / polynomial::<L, f64>(a, denominator)
}

/// In `f32`: computed in `f64`, where a² is exact and nothing underflows.
pub(super) mod single {
    use super::*;

    /// From here on both functions are 0 in the lower tail.
    const END: f64 = 14.5;
    /// Error 1.3e-8 of eʳ - 1.
    const EXP_M1: [f64; 5] = [
        0.500_000_006_226_088_6,
        0.166_665_430_082_554_86,
        0.041_666_280_906_348_2,
        0.008_366_581_991_074_729,
        0.001_394_652_041_881_711_5,
    ];
    /// Error 5.9e-9.
    const NUMERATOR: [f64; 5] = [
        0.500_000_002_943_589_3,
        0.438_278_814_041_097_27,
        0.183_222_708_609_209_22,
        0.040_628_898_878_646_1,
        0.004_115_628_120_944_982,
    ];
    const DENOMINATOR: [f64; 6] = [
        1.0,
        1.674_442_608_109_715_4,
        1.202_452_543_047_117_7,
        0.469_437_701_132_581_6,
        0.101_847_997_328_167_77,
        0.010_316_229_991_460_882,
    ];

    /// Computes exp(-a²/2).
    #[inline(always)]
    fn bell<L: Level>(a: f64) -> f64 {
        let (rounded, r) = reduce::<L, f64>(-0.5 * a * a);
        let half = f64::half_power_of_two(Hidden(rounded));
        let slope = fma::<L, f64>(r, polynomial::<L, f64>(r, &EXP_M1), 1.0);
        (half + half) * fma::<L, f64>(r, slope, 1.0)
    }

    #[inline(always)]
    pub(in super::super) fn cdf<L: Level>(x: f32) -> f32 {
        let a = at_most(f64::from(x.abs()), END);
        let tail = bell::<L>(a) * slow::<L>(a, &NUMERATOR, &DENOMINATOR);
        (if x < 0.0 { tail } else { 1.0 - tail }) as f32
    }

    #[inline(always)]
    pub(in super::super) fn pdf<L: Level>(x: f32) -> f32 {
        (bell::<L>(at_most(f64::from(x.abs()), END)) * HIGHEST) as f32
    }
}

/// In `f64`.
pub(super) mod double {
    use super::super::exp::exp_near_0;
    use super::*;

    /// From here on both functions are 0 in the lower tail.
    const END: f64 = 38.6;
    /// Error 5.0e-17.
    const NUMERATOR: [f64; 10] = [
        0.499_999_999_999_999_97,
        0.774_621_264_434_099_3,
        0.593_680_498_520_104_8,
        0.289_071_571_128_159,
        0.097_582_261_640_487_38,
        0.023_586_679_158_584_04,
        0.004_081_726_649_829_449,
        4.893_209_975_751_357e-4,
        3.715_465_730_911_834e-5,
        1.381_273_882_133_425e-6,
    ];
    const DENOMINATOR: [f64; 11] = [
        1.0,
        2.347_127_089_671_054,
        2.560_097_464_131_222,
        1.713_203_358_465_336_2,
        0.781_299_789_506_607_6,
        0.254_647_549_824_069_8,
        0.060_342_658_484_895_37,
        0.010_324_504_332_871_502,
        0.001_230_008_188_265_347_6,
        9.313_291_454_305_542e-5,
        3.462_340_167_975_686e-6,
    ];

    /// Computes exp(-a²/2) as m, 2ʲ and 2ᵏ. The square of the first half of a's digits is exact; the rest of a² is
    /// small enough to be added to r.
    #[inline(always)]
    fn bell<L: Level>(a: f64) -> (f64, [f64; 2]) {
        let first = f64::from_bits(a.to_bits() & !((1 << 27) - 1));
        let (rounded, r) = reduce::<L, f64>(-0.5 * first * first);
        let r = r - 0.5 * (a - first) * (a + first);
        (exp_near_0::<L, f64>(r), f64::powers_of_two(Hidden(rounded)))
    }

    #[inline(always)]
    pub(in super::super) fn cdf<L: Level>(x: f64) -> f64 {
        let a = at_most(x.abs(), END);
        let (m, [first, second]) = bell::<L>(a);
        let tail = m * slow::<L>(a, &NUMERATOR, &DENOMINATOR) * first * second;
        if x < 0.0 { tail } else { 1.0 - tail }
    }

    #[inline(always)]
    pub(in super::super) fn pdf<L: Level>(x: f64) -> f64 {
        let (m, [first, second]) = bell::<L>(at_most(x.abs(), END));
        m * HIGHEST * first * second
    }
}

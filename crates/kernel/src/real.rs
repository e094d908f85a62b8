//! The scalars: `f32` and `f64`.

use core::fmt::{Debug, Display, LowerExp};
use core::iter::Sum;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, Sub, SubAssign};

use approx::{RelativeEq, UlpsEq};
use bytemuck::Pod;
use chainrule_parameters::Number;

use super::convolution::Convolve;
use super::elementary::Elementary;
use super::gemm::Gemm;
use super::pool::MaxPool;

/// The scalar of a network: `f32` or `f64`. No other type can implement this trait.
///
/// `exp`, `tanh` and the other methods are the platform's functions (without the feature `std`: those of the crate
/// `libm`). They compute one number at a time; the functions of `elementary` are faster in loops.
#[diagnostic::on_unimplemented(
    message = "networks compute with `f32` or `f64`, but these numbers are `{Self}`",
    label = "`{Self}` is neither `f32` nor `f64`",
    note = "convert the numbers first: `array.map(f32::from)` for `u8`, `array.map(|x| x as f32)` for other integers"
)]
pub trait Real:
    Copy
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + LowerExp
    + Send
    + Sync
    + 'static
    + Pod
    + Number
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Rem<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
    + RelativeEq<Epsilon = Self>
    + UlpsEq
    + Gemm
    + Convolve
    + Elementary
    + MaxPool
{
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;

    /// The largest finite number.
    const MAX: Self;

    /// Returns the nearest scalar to `value`.
    fn from_f64(value: f64) -> Self;

    /// Returns this number as an `f64`, exactly.
    fn to_f64(self) -> f64;

    /// Returns 0.
    fn zero() -> Self;

    /// Returns 1.
    fn one() -> Self;

    /// Returns |x|.
    fn abs(self) -> Self;

    /// Returns |x| with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;

    /// Returns the larger of two numbers. If one is NaN, returns the other one.
    fn max(self, other: Self) -> Self;

    /// Returns the smaller of two numbers. If one is NaN, returns the other one.
    fn min(self, other: Self) -> Self;

    /// Returns whether this is neither infinite nor NaN.
    fn is_finite(self) -> bool;

    /// Returns whether this is NaN.
    fn is_nan(self) -> bool;

    /// Returns √x.
    fn sqrt(self) -> Self;

    /// Returns xⁿ.
    fn powi(self, n: i32) -> Self;

    /// Returns xʸ.
    fn powf(self, y: Self) -> Self;

    /// Returns eˣ.
    fn exp(self) -> Self;

    /// Returns eˣ - 1, accurate near 0.
    fn exp_m1(self) -> Self;

    /// Returns ln x.
    fn ln(self) -> Self;

    /// Returns ln(1 + x), accurate near 0.
    fn ln_1p(self) -> Self;

    /// Returns sin x.
    fn sin(self) -> Self;

    /// Returns cos x.
    fn cos(self) -> Self;

    /// Returns tanh x.
    fn tanh(self) -> Self;
}

/// Calls a function of the standard library, which is that of the platform; without it, or with `--cfg
/// chainrule_portable`, the one of `libm`, whose bits are the same everywhere.
macro_rules! call {
    ($scalar:ident, $std:ident, $libm:ident, $($argument:expr),+) => {{
        #[cfg(all(feature = "std", not(chainrule_portable)))]
        let result = $scalar::$std($($argument),+);
        #[cfg(not(all(feature = "std", not(chainrule_portable))))]
        let result = libm::$libm($($argument),+);
        result
    }};
}

macro_rules! real {
    ($scalar:ident: $sqrt:ident, $pow:ident, $exp:ident, $expm1:ident, $log:ident, $log1p:ident, $sin:ident, $cos:ident, $tanh:ident) => {
        impl Real for $scalar {
            const EPSILON: Self = $scalar::EPSILON;
            const MAX: Self = $scalar::MAX;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $scalar
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn zero() -> Self {
                0.0
            }

            #[inline(always)]
            fn one() -> Self {
                1.0
            }

            #[inline(always)]
            fn abs(self) -> Self {
                $scalar::abs(self)
            }

            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                $scalar::copysign(self, sign)
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                $scalar::max(self, other)
            }

            #[inline(always)]
            fn min(self, other: Self) -> Self {
                $scalar::min(self, other)
            }

            #[inline(always)]
            fn is_finite(self) -> bool {
                $scalar::is_finite(self)
            }

            #[inline(always)]
            fn is_nan(self) -> bool {
                $scalar::is_nan(self)
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                call!($scalar, sqrt, $sqrt, self)
            }

            #[inline]
            fn powi(self, n: i32) -> Self {
                #[cfg(all(feature = "std", not(chainrule_portable)))]
                let power = $scalar::powi(self, n);
                #[cfg(not(all(feature = "std", not(chainrule_portable))))]
                let power = libm::$pow(self, n as $scalar);
                power
            }

            #[inline]
            fn powf(self, y: Self) -> Self {
                call!($scalar, powf, $pow, self, y)
            }

            #[inline]
            fn exp(self) -> Self {
                call!($scalar, exp, $exp, self)
            }

            #[inline]
            fn exp_m1(self) -> Self {
                call!($scalar, exp_m1, $expm1, self)
            }

            #[inline]
            fn ln(self) -> Self {
                call!($scalar, ln, $log, self)
            }

            #[inline]
            fn ln_1p(self) -> Self {
                call!($scalar, ln_1p, $log1p, self)
            }

            #[inline]
            fn sin(self) -> Self {
                call!($scalar, sin, $sin, self)
            }

            #[inline]
            fn cos(self) -> Self {
                call!($scalar, cos, $cos, self)
            }

            #[inline]
            fn tanh(self) -> Self {
                call!($scalar, tanh, $tanh, self)
            }
        }
    };
}
real!(f32: sqrtf, powf, expf, expm1f, logf, log1pf, sinf, cosf, tanhf);
real!(f64: sqrt, pow, exp, expm1, log, log1p, sin, cos, tanh);

/// A Euclidean length, as a product of two numbers that are both in range where the square of the length is not.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    /// A power of two.
    pub scale: f64,
    /// The length in units of `scale`.
    pub root: f64,
}

impl Length {
    /// Returns the length. It is infinite only if it is larger than the largest `f64`, or a number is not finite.
    pub fn value(self) -> f64 {
        self.scale * self.root
    }

    /// Computes the length of numbers that are read by `sum` and `largest`: the sum of their squares after a division
    /// by the scale, and the largest absolute value, or NaN if one is NaN.
    pub fn of(sum: impl Fn(f64) -> f64, largest: impl FnOnce() -> f64) -> Self {
        let squares = sum(1.0);
        // Below, squares may have underflowed.
        if (1e-250..=f64::MAX).contains(&squares) {
            return Self { scale: 1.0, root: libm::sqrt(squares) };
        }
        let largest = largest();
        if largest == 0.0 || !largest.is_finite() {
            return Self { scale: 1.0, root: largest };
        }
        // A power of two, at most the largest number: a division by it is exact, and no quotient is above 2.
        let scale = libm::ldexp(1.0, libm::ilogb(largest));
        Self { scale, root: libm::sqrt(sum(scale)) }
    }
}

/// Returns Σ (xᵢ / scale)², summed in `f64`. In `f32` the squares would underflow to 0 while the numbers are still far
/// from 0.
pub fn squared_norm<T: Real>(xs: &[T], scale: f64) -> f64 {
    // A separate loop for the scale of nearly all calls: it needs no division.
    if scale == 1.0 {
        return xs.iter().fold(0.0, |sum, &x| sum + x.to_f64() * x.to_f64());
    }
    xs.iter().map(|&x| x.to_f64() / scale).fold(0.0, |sum, x| sum + x * x)
}

/// Returns the largest absolute value: 0 without numbers, NaN if one is NaN.
pub fn largest<T: Real>(xs: &[T]) -> f64 {
    xs.iter().fold(0.0, |largest, &x| {
        let x = x.to_f64().abs();
        if x > largest || x.is_nan() { x } else { largest }
    })
}

/// Returns the Euclidean norm √Σ xᵢ², in `f64`: no square overflows or underflows.
pub fn norm<T: Real>(xs: &[T]) -> f64 {
    Length::of(|scale| squared_norm(xs, scale), || largest(xs)).value()
}

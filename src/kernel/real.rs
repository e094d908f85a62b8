//! The scalars: `f32` and `f64`.

use core::fmt::Debug;

use bytemuck::Pod;
use nalgebra::RealField;

use super::convolution::Convolve;
use super::elementary::Elementary;
use super::pool::Halve;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A scalar that networks compute in: `f32` or `f64`.
///
/// The methods `exp`, `tanh`, .. are those of nalgebra's [`RealField`], which are calls, one number at a time; the functions of
/// [`elementary`](crate::elementary) are for loops.
pub trait Real: RealField + chainrule_parameters::Number + Pod + Default + Convolve + Elementary + Halve + sealed::Sealed {
    /// The distance from 1 to the next larger number.
    const EPSILON: Self;

    /// The nearest scalar to `value`.
    fn of(value: f64) -> Self;

    /// This number as an `f64`, exactly.
    fn to_f64(self) -> f64;
}

macro_rules! real {
    ($scalar:ident) => {
        impl Real for $scalar {
            const EPSILON: Self = $scalar::EPSILON;

            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $scalar
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
        }
    };
}
real!(f32);
real!(f64);

/// Σ xᵢ², summed in `f64`: in `f32` the sum is 0 long before its terms are.
pub(crate) fn squared_norm<T: Real + Debug>(xs: &[T]) -> f64 {
    xs.iter().fold(0.0, |sum, &x| sum + x.to_f64() * x.to_f64())
}

//! Implementations for all tensors: conversions, comparison, printing.

use core::fmt;

use crate::kernel::Real;

/// The most numbers of a tensor that are printed. For a larger tensor, only the first and last few are printed.
const PRINTED: usize = 8;

/// Prints the shape and the numbers, with an ellipsis if there are many: `Vector<784> [0.0, 0.1, 0.5, .., 0.0]`.
pub(super) fn debug<T: Real>(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    shape: &[usize],
    xs: &[T],
) -> fmt::Result {
    write!(f, "{kind}<")?;
    for (at, side) in shape.iter().enumerate() {
        write!(f, "{}{side}", if at > 0 { ", " } else { "" })?;
    }
    if size_of::<T>() == size_of::<f64>() {
        f.write_str(", f64")?;
    }
    f.write_str("> [")?;
    listed(f, xs.len(), |f, at| fmt::Debug::fmt(&xs[at], f))?;
    f.write_str("]")
}

/// Prints an array for each side, with ellipses if there are many numbers: `[[0, 0.1], [0.5, 1]]`.
pub(super) fn display<T: Real>(f: &mut fmt::Formatter<'_>, sides: &[usize], xs: &[T]) -> fmt::Result {
    let Some((&side, sides)) = sides.split_first() else { return fmt::Display::fmt(&xs[0], f) };
    f.write_str("[")?;
    let each = xs.len() / side;
    listed(f, side, |f, at| display(f, sides, &xs[at * each..][..each]))?;
    f.write_str("]")
}

/// Prints `len` elements, or the first and last few.
fn listed(
    f: &mut fmt::Formatter<'_>,
    len: usize,
    element: impl Fn(&mut fmt::Formatter<'_>, usize) -> fmt::Result,
) -> fmt::Result {
    let (head, tail) = if len <= PRINTED { (len, 0) } else { (PRINTED - 2, 1) };
    for at in 0..head {
        f.write_str(if at > 0 { ", " } else { "" })?;
        element(f, at)?;
    }
    if tail > 0 {
        f.write_str(", .., ")?;
        element(f, len - 1)?;
    }
    Ok(())
}

/// Returns the first NaN or infinity of a batch whose samples have this length.
#[cold]
pub(super) fn first_non_finite<T: Real>(numbers: &[T], len: usize) -> Option<(usize, usize, f64)> {
    let at = numbers.iter().position(|x| !x.is_finite())?;
    Some((at / len, at % len, numbers[at].to_f64()))
}

/// Implements the traits of all tensors: `From` its array, `Default`, `Debug`, and `approx`.
macro_rules! sample {
    ($name:ident[$($side:ident),+], $array:ty) => {
        impl<$(const $side: usize,)+ T: Real> chainrule_parameters::Named for $name<$($side,)+ T> {
            const NAME: chainrule_parameters::TypeName = {
                use chainrule_parameters::{Number, Part, TypeName};
                TypeName {
                    parts: &[
                        Part::Text(concat!(stringify!($name), "<")),
                        Part::Sides(&[$($side),+]),
                        Part::Scalar(<T as Number>::SCALAR),
                        Part::Text(">"),
                    ],
                }
            };
        }

        impl<$(const $side: usize,)+ T: Real> $crate::tensor::Sample for $name<$($side,)+ T> {
            type Grad = Self;
            const SHAPE: &'static [usize] = &[$($side),+];
            const CONTENTS: $crate::tensor::Contents =
                $crate::tensor::Contents::OfNumbers(&[$($side),+], <T as chainrule_parameters::Number>::SCALAR);

            fn numbers(batch: &[Self]) -> $crate::tensor::Numbers<'_> {
                $crate::tensor::Numbers::of(Self::flat(batch))
            }

            #[inline]
            fn first_non_finite(batch: &[Self]) -> Option<(usize, usize, f64)> {
                let numbers = Self::flat(batch);
                if $crate::kernel::all_finite(numbers) { None } else { super::shared::first_non_finite(numbers, Self::LEN) }
            }

            fn from_bytes(bytes: &[u8]) -> Option<&[Self]> {
                bytemuck::try_cast_slice(bytes).ok()
            }
        }

        impl<$(const $side: usize,)+ T: Real> chainrule_parameters::Shaped for $name<$($side,)+ T> {
            type Scalar = T;
            const SHAPE: &'static [usize] = &[$($side),+];
        }

        impl<$(const $side: usize,)+ T: Real> chainrule_parameters::Sides for $name<$($side,)+ T> {
            type Scalar = T;
            const COUNT: usize = <Self as chainrule_parameters::Shaped>::SHAPE.len();
            const SIDES: [usize; chainrule_parameters::MOST_SIDES] =
                chainrule_parameters::sides(<Self as chainrule_parameters::Shaped>::SHAPE);
        }

        impl<$(const $side: usize,)+ T: Real> From<$array> for $name<$($side,)+ T> {
            fn from(array: $array) -> Self {
                Self(array)
            }
        }

        impl<$(const $side: usize,)+ T: Real> From<$name<$($side,)+ T>> for $array {
            fn from(sample: $name<$($side,)+ T>) -> Self {
                sample.0
            }
        }

        impl<$(const $side: usize,)+ T: Real> TryFrom<&[T]> for $name<$($side,)+ T> {
            type Error = $crate::Error;
            fn try_from(numbers: &[T]) -> Result<Self, $crate::Error> {
                Self::from_slice(numbers)
            }
        }

        impl<$(const $side: usize,)+ T: Real> Default for $name<$($side,)+ T> {
            fn default() -> Self {
                Self::zeroed()
            }
        }

        impl<$(const $side: usize,)+ T: Real> core::fmt::Debug for $name<$($side,)+ T> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                super::shared::debug(f, stringify!($name), Self::SHAPE, self.as_slice())
            }
        }

        /// Prints nested arrays. A precision, as in `{:.2}`, applies to each number.
        impl<$(const $side: usize,)+ T: Real> core::fmt::Display for $name<$($side,)+ T> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let _ = Self::LEN; // an empty tensor does not compile
                super::shared::display(f, &[$($side),+], self.as_slice())
            }
        }

        impl<$(const $side: usize,)+ T: Real> approx::AbsDiffEq for $name<$($side,)+ T> {
            type Epsilon = T;
            fn default_epsilon() -> T {
                T::default_epsilon()
            }
            fn abs_diff_eq(&self, other: &Self, epsilon: T) -> bool {
                self.as_slice().iter().zip(other.as_slice()).all(|(a, b)| a.abs_diff_eq(b, epsilon))
            }
        }

        impl<$(const $side: usize,)+ T: Real> approx::RelativeEq for $name<$($side,)+ T> {
            fn default_max_relative() -> T {
                T::default_max_relative()
            }
            fn relative_eq(&self, other: &Self, epsilon: T, max_relative: T) -> bool {
                let mut pairs = self.as_slice().iter().zip(other.as_slice());
                pairs.all(|(a, b)| a.relative_eq(b, epsilon, max_relative))
            }
        }

        impl<$(const $side: usize,)+ T: Real> approx::UlpsEq for $name<$($side,)+ T> {
            fn default_max_ulps() -> u32 {
                T::default_max_ulps()
            }
            fn ulps_eq(&self, other: &Self, epsilon: T, max_ulps: u32) -> bool {
                let mut pairs = self.as_slice().iter().zip(other.as_slice());
                pairs.all(|(a, b)| a.ulps_eq(b, epsilon, max_ulps))
            }
        }
    };
}
pub(super) use sample;

//! Elementwise arithmetic with tensors, iteration, and conversions, shared by all tensors.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use bytemuck::Zeroable;

use super::{Image, Sequence, Tensor, Vector};
use crate::kernel::Real;

/// Implements an operator of two tensors and its assignment, for values and references.
macro_rules! operator {
    ($name:ident[$($side:ident),+] $Operator:ident::$operator:ident, $Assign:ident::$assign:ident) => {
        impl<$(const $side: usize,)+ T: Real> $Assign<&Self> for $name<$($side,)+ T> {
            fn $assign(&mut self, other: &Self) {
                self.iter_mut().zip(other.iter()).for_each(|(x, y)| x.$assign(*y));
            }
        }

        impl<$(const $side: usize,)+ T: Real> $Assign for $name<$($side,)+ T> {
            fn $assign(&mut self, other: Self) {
                self.$assign(&other);
            }
        }

        impl<$(const $side: usize,)+ T: Real> $Operator<&Self> for $name<$($side,)+ T> {
            type Output = Self;
            fn $operator(mut self, other: &Self) -> Self {
                self.$assign(other);
                self
            }
        }

        impl<$(const $side: usize,)+ T: Real> $Operator for $name<$($side,)+ T> {
            type Output = Self;
            fn $operator(self, other: Self) -> Self {
                self.$operator(&other)
            }
        }

        impl<$(const $side: usize,)+ T: Real> $Operator for &$name<$($side,)+ T> {
            type Output = $name<$($side,)+ T>;
            fn $operator(self, other: Self) -> $name<$($side,)+ T> {
                (*self).$operator(other)
            }
        }

        impl<$(const $side: usize,)+ T: Real> $Operator<$name<$($side,)+ T>> for &$name<$($side,)+ T> {
            type Output = $name<$($side,)+ T>;
            fn $operator(self, other: $name<$($side,)+ T>) -> $name<$($side,)+ T> {
                (*self).$operator(&other)
            }
        }
    };
}

/// Implements an operator of a tensor and a scalar, and its assignment.
macro_rules! by_number {
    ($name:ident[$($side:ident),+] $Operator:ident::$operator:ident, $Assign:ident::$assign:ident) => {
        impl<$(const $side: usize,)+ T: Real> $Assign<T> for $name<$($side,)+ T> {
            fn $assign(&mut self, number: T) {
                self.iter_mut().for_each(|x| x.$assign(number));
            }
        }

        impl<$(const $side: usize,)+ T: Real> $Operator<T> for $name<$($side,)+ T> {
            type Output = Self;
            fn $operator(mut self, number: T) -> Self {
                self.$assign(number);
                self
            }
        }

        impl<$(const $side: usize,)+ T: Real> $Operator<T> for &$name<$($side,)+ T> {
            type Output = $name<$($side,)+ T>;
            fn $operator(self, number: T) -> $name<$($side,)+ T> {
                (*self).$operator(number)
            }
        }
    };
}

/// Implements the product of a scalar of this type and a tensor.
macro_rules! number_times {
    ($name:ident[$($side:ident),+] $scalar:ident) => {
        impl<$(const $side: usize),+> Mul<$name<$($side,)+ $scalar>> for $scalar {
            type Output = $name<$($side,)+ $scalar>;
            fn mul(self, tensor: $name<$($side,)+ $scalar>) -> $name<$($side,)+ $scalar> {
                tensor * self
            }
        }

        impl<$(const $side: usize),+> Mul<&$name<$($side,)+ $scalar>> for $scalar {
            type Output = $name<$($side,)+ $scalar>;
            fn mul(self, tensor: &$name<$($side,)+ $scalar>) -> $name<$($side,)+ $scalar> {
                tensor * self
            }
        }
    };
}

macro_rules! arithmetic {
    ($($name:ident[$($side:ident),+];)+) => {$(
        operator!($name[$($side),+] Add::add, AddAssign::add_assign);
        operator!($name[$($side),+] Sub::sub, SubAssign::sub_assign);
        operator!($name[$($side),+] Mul::mul, MulAssign::mul_assign);
        by_number!($name[$($side),+] Mul::mul, MulAssign::mul_assign);
        by_number!($name[$($side),+] Div::div, DivAssign::div_assign);
        number_times!($name[$($side),+] f32);
        number_times!($name[$($side),+] f64);

        impl<$(const $side: usize,)+ T: Real> Neg for $name<$($side,)+ T> {
            type Output = Self;
            fn neg(mut self) -> Self {
                self.iter_mut().for_each(|x| *x = -*x);
                self
            }
        }

        impl<$(const $side: usize,)+ T: Real> Neg for &$name<$($side,)+ T> {
            type Output = $name<$($side,)+ T>;
            fn neg(self) -> $name<$($side,)+ T> {
                -*self
            }
        }

        impl<$(const $side: usize,)+ T: Real> $name<$($side,)+ T> {
            /// Returns an iterator over the elements, in memory order.
            pub fn iter(&self) -> core::slice::Iter<'_, T> {
                self.as_slice().iter()
            }

            /// Returns an iterator over mutable references to the elements, in memory order.
            pub fn iter_mut(&mut self) -> core::slice::IterMut<'_, T> {
                self.as_mut_slice().iter_mut()
            }

            /// Applies a function to each element.
            pub fn map<U: Real>(&self, mut f: impl FnMut(T) -> U) -> $name<$($side,)+ U> {
                let mut mapped = $name::zeroed();
                mapped.iter_mut().zip(self).for_each(|(to, x): (&mut U, &T)| *to = f(*x));
                mapped
            }

            /// Returns the dot product: the sum of the products of the elements, computed in `f64`.
            pub fn dot(&self, other: &Self) -> T {
                T::from_f64(self.iter().zip(other).fold(0.0, |sum, (x, y)| sum + x.to_f64() * y.to_f64()))
            }
        }

        impl<'a, $(const $side: usize,)+ T: Real> IntoIterator for &'a $name<$($side,)+ T> {
            type Item = &'a T;
            type IntoIter = core::slice::Iter<'a, T>;
            fn into_iter(self) -> core::slice::Iter<'a, T> {
                self.iter()
            }
        }

        impl<'a, $(const $side: usize,)+ T: Real> IntoIterator for &'a mut $name<$($side,)+ T> {
            type Item = &'a mut T;
            type IntoIter = core::slice::IterMut<'a, T>;
            fn into_iter(self) -> core::slice::IterMut<'a, T> {
                self.iter_mut()
            }
        }

        impl<$(const $side: usize,)+ T: Real> AsRef<[T]> for $name<$($side,)+ T> {
            fn as_ref(&self) -> &[T] {
                self.as_slice()
            }
        }

        impl<$(const $side: usize,)+ T: Real> AsMut<[T]> for $name<$($side,)+ T> {
            fn as_mut(&mut self) -> &mut [T] {
                self.as_mut_slice()
            }
        }

        #[cfg(feature = "alloc")]
        impl<$(const $side: usize,)+ T: Real> TryFrom<Vec<T>> for $name<$($side,)+ T> {
            type Error = crate::Error;
            fn try_from(numbers: Vec<T>) -> Result<Self, crate::Error> {
                Self::from_slice(&numbers)
            }
        }
    )+};
}

arithmetic! {
    Vector[N];
    Sequence[STEPS, FEATURES];
    Image[CHANNELS, HEIGHT, WIDTH];
}

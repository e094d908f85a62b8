#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use chainrule_parameters::Scalar;

use crate::kernel::{Real, all_finite};

/// The numbers of a batch of samples of any type.
///
/// ```
/// use chainrule::tensor::{Sample, Vector};
///
/// let batch = [Vector([1.0, 2.0]), Vector([f32::NAN, 4.0])];
/// let numbers = Vector::numbers(&batch);
/// assert_eq!(numbers.len(), 4);
/// assert_eq!(numbers.get(3), 4.0);
/// assert_eq!(numbers.first_non_finite().unwrap().0, 2);
/// ```
#[derive(Clone, Debug)]
pub enum Numbers<'a> {
    /// The samples have no numbers.
    None,
    /// Numbers of type `f32`, in memory order.
    F32(&'a [f32]),
    /// Numbers of type `f64`, in memory order.
    F64(&'a [f64]),
    /// A copy of the numbers, for samples with several parts, sample after sample.
    #[cfg(feature = "alloc")]
    Copied(Vec<f64>),
}

impl<'a> Numbers<'a> {
    /// Borrows these numbers.
    pub fn of<T: Real>(numbers: &'a [T]) -> Self {
        match T::SCALAR {
            Scalar::F32 => Self::F32(bytemuck::cast_slice(numbers)),
            Scalar::F64 => Self::F64(bytemuck::cast_slice(numbers)),
        }
    }

    /// Returns the count of numbers.
    pub fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::F32(numbers) => numbers.len(),
            Self::F64(numbers) => numbers.len(),
            #[cfg(feature = "alloc")]
            Self::Copied(numbers) => numbers.len(),
        }
    }

    /// Returns whether there are no numbers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number at the index `at`.
    ///
    /// # Panics
    /// If `at` is out of range.
    pub fn get(&self, at: usize) -> f64 {
        match self {
            Self::None => panic!("there are no numbers, and number {at} is asked for"),
            Self::F32(numbers) => numbers[at].into(),
            Self::F64(numbers) => numbers[at],
            #[cfg(feature = "alloc")]
            Self::Copied(numbers) => numbers[at],
        }
    }

    /// Returns an iterator over the numbers.
    pub fn iter(&self) -> impl Iterator<Item = f64> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Returns the first number that is NaN or infinite, with its index.
    pub fn first_non_finite(&self) -> Option<(usize, f64)> {
        let finite = match self {
            Self::None => true,
            Self::F32(numbers) => all_finite(numbers),
            Self::F64(numbers) => all_finite(numbers),
            #[cfg(feature = "alloc")]
            Self::Copied(numbers) => all_finite(numbers),
        };
        if finite { None } else { self.iter().enumerate().find(|(_, x)| !x.is_finite()) }
    }
}

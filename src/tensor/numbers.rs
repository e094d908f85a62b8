#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use chainrule_parameters::Scalar;

use crate::kernel::{Real, all_finite};

/// The numbers of a batch, without the type of its samples.
#[derive(Clone, Debug)]
pub enum Numbers<'a> {
    /// The samples have no numbers.
    None,
    /// In memory order.
    F32(&'a [f32]),
    /// In memory order.
    F64(&'a [f64]),
    /// The numbers of samples with several parts, sample after sample.
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

    /// Returns how many numbers there are.
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

    /// Returns number `at`.
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

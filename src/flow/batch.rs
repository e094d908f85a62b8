//! Batches whose scalar type is known only at run time.

use alloc::vec;
use alloc::vec::Vec;

use crate::tensor::Numbers;

/// The numbers of a batch, in the scalar type of the network.
#[derive(Debug)]
pub(super) enum Batch {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Batch {
    /// Resizes the batch to the length and the scalar type of `like`. New numbers are `number`.
    pub(super) fn resize(&mut self, like: &Numbers<'_>, number: f64) {
        match (&mut *self, like) {
            (Self::F32(numbers), Numbers::F32(_)) => numbers.resize(like.len(), number as f32),
            (Self::F64(numbers), Numbers::F64(_) | Numbers::Copied(_)) => numbers.resize(like.len(), number),
            _ => *self = Self::new(like, like.len(), |_| number),
        }
    }

    /// Creates a batch of `len` numbers in the scalar type of `like`.
    pub(super) fn new(like: &Numbers<'_>, len: usize, number: impl Fn(usize) -> f64) -> Self {
        match like {
            Numbers::F32(_) => Self::F32((0..len).map(|at| number(at) as f32).collect()),
            _ => Self::F64((0..len).map(number).collect()),
        }
    }

    /// Creates a batch of `len` zeros in the scalar type of `like`.
    pub(super) fn zeros(like: &Numbers<'_>, len: usize) -> Self {
        match like {
            Numbers::F32(_) => Self::F32(vec![0.0; len]),
            _ => Self::F64(vec![0.0; len]),
        }
    }

    pub(super) fn numbers(&self) -> Numbers<'_> {
        match self {
            Self::F32(numbers) => Numbers::F32(numbers),
            Self::F64(numbers) => Numbers::F64(numbers),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::F32(numbers) => bytemuck::cast_slice(numbers),
            Self::F64(numbers) => bytemuck::cast_slice(numbers),
        }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::F32(numbers) => bytemuck::cast_slice_mut(numbers),
            Self::F64(numbers) => bytemuck::cast_slice_mut(numbers),
        }
    }
}

/// Returns the bytes of a batch.
pub(super) fn bytes<'a>(numbers: &'a Numbers<'_>) -> &'a [u8] {
    match numbers {
        Numbers::None => &[],
        Numbers::F32(numbers) => bytemuck::cast_slice(numbers),
        Numbers::F64(numbers) => bytemuck::cast_slice(numbers),
        Numbers::Copied(numbers) => bytemuck::cast_slice(numbers),
    }
}

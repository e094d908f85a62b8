// Tier 2.
//! Samples. Their shape is part of their type.
//!
//! | type | contents | memory order |
//! |---|---|---|
//! | [`Vector<N>`](Vector) | features | |
//! | [`Sequence<STEPS, FEATURES>`](Sequence) | features at each time step | steps, then features |
//! | [`Image<CHANNELS, HEIGHT, WIDTH>`](Image) | channels of pixels | channels, then rows, then columns |
//! | [`Padded<STEPS, FEATURES>`](Padded) | a sequence of at most `STEPS` steps, whose length is known at run time | as a sequence, then the length |
//! | [`Label<CLASSES>`](Label) | a class index, checked to be in range | |
//! | [`Token<VOCAB>`](Token), [`Tokens<STEPS, VOCAB>`](Tokens), [`PaddedTokens<STEPS, VOCAB>`](PaddedTokens) | tokens of a vocabulary: one, `STEPS`, or at most `STEPS` | steps, then the length |
//! | [`Pair<A, B>`](Pair) | two samples, for a network with two inputs | the first, then the second |
//!
//! The scalar is `f32` by default: `Vector<4, f64>`. A batch is a slice: `&[Vector<784>]`.
//!
//! Tensors are plain data in row-major order, as in C, NumPy and PyTorch. They convert to and from arrays, and have
//! elementwise arithmetic operators:
//!
//! ```
//! use chainrule::prelude::*;
//!
//! let a: Vector<3> = Vector([1.0, 2.0, 3.0]);
//! let b = Vector([10.0, 20.0, 30.0]);
//! assert_eq!(a + b, Vector([11.0, 22.0, 33.0]));
//! assert_eq!(a * b, Vector([10.0, 40.0, 90.0])); // elementwise
//! assert_eq!(-(2.0 * a) / 4.0, Vector([-0.5, -1.0, -1.5]));
//! assert_eq!(a.dot(&b), 140.0);
//! assert_eq!(a.map(|x| x * x), Vector([1.0, 4.0, 9.0]));
//!
//! let mut s = Sequence([[1.0, 2.0], [3.0, 4.0]]);
//! s += &Sequence([[0.5, 0.5], [0.0, 0.0]]);
//! s[1][0] = 7.0; // feature 0 of step 1
//! assert_eq!(s.iter().sum::<f64>(), 15.0);
//! assert_eq!(format!("{s}"), "[[1.5, 2.5], [7, 4]]");
//!
//! let numbers = vec![1.0, 2.0];
//! let error = Vector::<3, f64>::try_from(numbers).unwrap_err();
//! assert_eq!(error.to_string(), "a tensor of shape [3] has 3 numbers, but this slice has 2");
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! With the feature `serde`, tensors are serialized as nested arrays, and a [`Label`] as its index. An array of the
//! wrong length or an index that is not a class is an error.
//!
//! With the feature `nalgebra`, tensors convert to and from nalgebra's matrices, and have views as such matrices:
//!
#![cfg_attr(feature = "nalgebra", doc = "```")]
#![cfg_attr(not(feature = "nalgebra"), doc = "```ignore")]
//! use approx::assert_relative_eq;
//! use chainrule::tensor::{Image, Sample, Sequence, Vector};
//!
//! let a = Vector([3.0, 4.0]);
//! assert_eq!(a.view().norm(), 5.0);
//!
//! // Arithmetic with nalgebra, on a view.
//! let b: Vector<2> = (a.view() * 2.0 + Vector([1.0, 1.0]).view()).into();
//! assert_relative_eq!(b, Vector([7.0, 9.0]));
//!
//! // nalgebra's matrices are column-major: a sequence is a matrix with one column for each step.
//! let s = Sequence([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
//! assert_eq!(s.view()[(0, 1)], 4.0);
//! assert_eq!(Sequence::<2, 3>::SHAPE, [2, 3]);
//!
//! // One channel of an image is a matrix with one column for each row of pixels.
//! let picture = Image([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
//! assert_eq!(picture.channel(0).column(1).sum(), 15.0);
//! ```

mod arithmetic;
mod as_sample;
mod channels;
mod flat;
mod image;
mod join;
mod label;
mod numbers;
mod padded;
mod pair;
mod same;
mod sample;
mod sequence;
#[cfg(feature = "serde")]
mod serialize;
mod shared;
pub mod side;
mod tokens;
mod vector;
#[cfg(feature = "nalgebra")]
mod views;

use bytemuck::Pod;
#[cfg(feature = "nalgebra")]
use nalgebra::{DMatrixView, DMatrixViewMut, Dyn};

use crate::error::require;
use crate::{Error, kernel::Real};

pub use as_sample::AsSample;
pub use chainrule_parameters::{Aligned, Table};
pub use channels::Channels;
pub(crate) use channels::{by_channel, by_channel_mut};
pub use flat::{FitsVector, Flattened};
pub use image::Image;
#[doc(hidden)]
pub use join::{Join2, Join3, Join4, SumOfSides};
pub use label::Label;
pub use numbers::Numbers;
pub use padded::Padded;
pub use pair::Pair;
#[doc(hidden)]
pub use same::{IsType, SameSample, SameType};
#[doc(hidden)]
pub use sample::Contents;
pub use sample::{NoGrad, Sample};
pub use sequence::Sequence;
pub use tokens::{PaddedTokens, Token, Tokens};
pub use vector::Vector;

/// Returns the number of elements of a tensor. It is 0 for an empty tensor, for which [`Tensor::LEN`] does not compile.
/// Plans use this function, so that the error is the one of [`Plan::check`](crate::layer::Plan::check).
pub(crate) const fn len<X: Tensor>() -> usize {
    size_of::<X>() / size_of::<X::Scalar>()
}

/// A sample whose elements have one scalar type. Its shape is part of its type, and its gradient has the same type.
///
/// [`Vector`], [`Sequence`] and [`Image`] implement it.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // The mean over all elements, for tensors of any shape.
/// fn mean<X: Tensor<Scalar = f32>>(x: &X) -> f32 {
///     x.as_slice().iter().sum::<f32>() / X::LEN as f32
/// }
/// assert_eq!(mean(&Vector([1.0, 2.0, 6.0])), 3.0);
/// assert_eq!(mean(&Sequence([[1.0, 2.0], [3.0, 4.0]])), 2.5);
///
/// let image = Image::<1, 2, 2>::from_slice(&[1.0, 2.0, 3.0, 4.0])?;
/// assert_eq!(Image::flat(&[image; 2])[5], 2.0); // a batch, in memory order
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("ndarray", "array", "torch.Tensor"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tensor",
    label = "expected a `Vector`, a `Sequence` or an `Image` of `f32` or `f64`",
    note = "a batch is a slice of tensors, and one sample is `std::slice::from_ref(&sample)`"
)]
pub trait Tensor: Sample<Grad = Self> + Pod {
    /// The scalar type, `f32` or `f64`.
    type Scalar: Real;

    /// The same shape with another element type: `Image<3, 8, 8>::Of<E>` is `[[[E; 8]; 8]; 3]`.
    type Of<E: Pod + Send + Sync>: Pod + Send + Sync;

    /// The number of elements: the product of the sides. An empty tensor does not compile.
    const LEN: usize = {
        let len = size_of::<Self>() / size_of::<Self::Scalar>();
        require(len > 0, "every dimension of a tensor must be at least 1");
        len
    };

    /// Returns the elements of this sample, in memory order.
    #[inline]
    fn as_slice(&self) -> &[Self::Scalar] {
        Self::flat(core::slice::from_ref(self))
    }

    /// Returns the elements of this sample, in memory order, mutably.
    #[inline]
    fn as_mut_slice(&mut self) -> &mut [Self::Scalar] {
        Self::flat_mut(core::slice::from_mut(self))
    }

    /// Returns the elements of a whole batch, sample after sample.
    #[inline]
    fn flat(batch: &[Self]) -> &[Self::Scalar] {
        bytemuck::must_cast_slice(batch)
    }

    /// Returns the elements of a whole batch, sample after sample, mutably.
    #[inline]
    fn flat_mut(batch: &mut [Self]) -> &mut [Self::Scalar] {
        bytemuck::must_cast_slice_mut(batch)
    }

    /// Returns a batch as a matrix with one column for each sample, `LEN` x `batch.len()`, without copying.
    #[cfg(feature = "nalgebra")]
    fn columns(batch: &[Self]) -> DMatrixView<'_, Self::Scalar> {
        DMatrixView::from_slice(Self::flat(batch), Self::LEN, batch.len())
    }

    /// Returns a batch as a mutable matrix with one column for each sample, `LEN` x `batch.len()`, without copying.
    #[cfg(feature = "nalgebra")]
    fn columns_mut(batch: &mut [Self]) -> DMatrixViewMut<'_, Self::Scalar> {
        let samples = batch.len();
        let flat = Self::flat_mut(batch);
        DMatrixViewMut::from_slice_generic(flat, Dyn(Self::LEN), Dyn(samples))
    }

    /// Creates a sample from its elements in memory order.
    ///
    /// # Errors
    /// [`Error::SliceLength`] if the slice does not have [`LEN`](Tensor::LEN) elements.
    fn from_slice(numbers: &[Self::Scalar]) -> Result<Self, Error> {
        let mut sample = Self::zeroed();
        if numbers.len() != Self::LEN {
            return Err(Error::SliceLength { shape: Self::SHAPE, expected: Self::LEN, found: numbers.len() });
        }
        sample.as_mut_slice().copy_from_slice(numbers);
        Ok(sample)
    }
}

use bytemuck::{Pod, Zeroable};
use chainrule_parameters::{Named, Part, Scalar, TypeName};

use super::{AsSample, Numbers};

/// One input of a layer. Its shape is part of its type.
///
/// Every [`Tensor`](super::Tensor) is a sample, and a [`Pair`](super::Pair) of two samples is one too. A sample may
/// have no gradient, for example a [`Label`](super::Label). A layer that takes such a sample (for example an embedding)
/// must be the first of its network.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::tensor::Sample;
///
/// assert_eq!(Image::<3, 8, 9>::SHAPE, [3, 8, 9]);
/// let batch = [Vector([1.0, 2.0]), Vector([3.0, f32::INFINITY])];
/// assert_eq!(Vector::first_non_finite(&batch), Some((1, 1, f64::INFINITY))); // sample 1, element 1
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sample",
    label = "expected a `Vector`, a `Sequence` or an `Image` of `f32` or `f64`",
    note = "a batch is a slice of samples, and one sample is `std::slice::from_ref(&sample)`"
)]
pub trait Sample:
    AsSample<Sample = Self> + Named + Copy + PartialEq + core::fmt::Debug + Send + Sync + 'static
{
    /// The type of the gradient with respect to this sample: for a tensor the tensor's own type, and [`NoGrad`] for
    /// samples without a gradient.
    type Grad: Sample + Pod;

    /// The sides, outermost first.
    const SHAPE: &'static [usize];

    /// The contents, for files of other programs.
    #[doc(hidden)]
    const CONTENTS: Contents = Contents::OfOther;

    /// Returns the numbers of a batch, sample after sample, if the samples have numbers.
    fn numbers(batch: &[Self]) -> Numbers<'_>;

    /// Returns the first NaN or infinity of a batch: the index of the sample, the index of the element, and the value.
    fn first_non_finite(batch: &[Self]) -> Option<(usize, usize, f64)> {
        let numbers = Self::numbers(batch);
        let (at, value) = numbers.first_non_finite()?;
        let len = (numbers.len() / batch.len().max(1)).max(1);
        Some((at / len, at % len, value))
    }

    /// Casts bytes to a batch, or returns `None` if the samples are not plain data.
    #[doc(hidden)]
    fn from_bytes(_: &[u8]) -> Option<&[Self]> {
        None
    }
}

/// The contents of a [`Sample`]. (The variants do not have the names of types. Otherwise the compiler would print those
/// types with their full paths.)
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Contents {
    /// Numbers of one scalar type, with these sides.
    OfNumbers(&'static [usize], Scalar),
    /// At most as many steps as the first side, and their count.
    OfPadded(&'static [usize], Scalar),
    /// The index of a class.
    OfLabel,
    /// The indices of tokens. The side is their count.
    OfTokens(&'static [usize]),
    /// At most as many tokens as the side, and their count.
    OfPaddedTokens(&'static [usize]),
    /// Two samples.
    OfPair(&'static Contents, &'static Contents),
    /// Something else.
    OfOther,
}

/// The gradient of a sample without a gradient, such as a [`Label`](super::Label). It is never read. (It has a byte,
/// because an empty type cannot be part of a workspace.)
///
/// ```
/// use chainrule::tensor::{Label, NoGrad, Sample};
/// fn has_no_gradient<X: Sample<Grad = NoGrad>>() {}
/// has_no_gradient::<Label<10>>();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Zeroable, Pod)]
#[repr(transparent)]
pub struct NoGrad(u8);

impl Named for NoGrad {
    const NAME: TypeName = TypeName { parts: &[Part::Text("NoGrad")] };
}

impl Sample for NoGrad {
    type Grad = Self;
    const SHAPE: &'static [usize] = &[];

    fn numbers(_: &[Self]) -> Numbers<'_> {
        Numbers::None
    }
}

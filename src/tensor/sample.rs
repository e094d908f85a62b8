use bytemuck::{Pod, Zeroable};
use chainrule_parameters::{Named, Part, Scalar, TypeName};

use super::{AsSample, Numbers};

/// One input of a layer, with its shape in its type.
///
/// Every [`Tensor`](super::Tensor) is a sample, and so is a [`Pair`](super::Pair) of two samples. A sample need not be
/// differentiable: a [`Label`](super::Label) has no gradient, and a layer that takes it (such as an embedding) must be
/// the first of its network.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sample",
    label = "a `Vector`, a `Sequence` or an `Image` of `f32` or `f64` is needed here",
    note = "a batch is a slice of samples, and one sample is `std::slice::from_ref(&sample)`"
)]
pub trait Sample:
    AsSample<Sample = Self> + Named + Copy + PartialEq + core::fmt::Debug + Send + Sync + 'static
{
    /// The type of the gradient with respect to this sample: for tensors the type of the sample, and [`NoGrad`] for
    /// samples without a gradient.
    type Grad: Sample + Pod;

    /// The sides, outermost first.
    const SHAPE: &'static [usize];

    /// What it consists of, for files of other programs.
    #[doc(hidden)]
    const CONTENTS: Contents = Contents::OfOther;

    /// Returns the numbers of a batch, sample after sample, if the samples have numbers.
    fn numbers(batch: &[Self]) -> Numbers<'_>;

    /// Returns the first number of a batch that is NaN or infinite: in which sample, at which element, and its value.
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

/// What a [`Sample`] consists of. (The variants have no names of types, which the compiler would then print with their
/// whole paths.)
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Contents {
    /// Numbers of one scalar, in these sides.
    OfNumbers(&'static [usize], Scalar),
    /// Up to as many steps as the first side, and their number.
    OfPadded(&'static [usize], Scalar),
    /// The index of a class.
    OfLabel,
    /// The indices of tokens, as many as the side.
    OfTokens(&'static [usize]),
    /// Up to as many tokens as the side, and their number.
    OfPaddedTokens(&'static [usize]),
    /// Two samples.
    OfPair(&'static Contents, &'static Contents),
    /// Something else.
    OfOther,
}

/// The gradient of a sample that has none, such as a [`Label`](super::Label). It is never read. (It has a byte, since
/// an empty type cannot be a part of a workspace.)
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

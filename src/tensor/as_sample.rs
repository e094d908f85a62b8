//! Arguments that must be a [`Sample`]. Common mistakes, such as an array or a slice, have their own error messages.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{Image, IsType, Label, NoGrad, Padded, PaddedTokens, Pair, Sample, Sequence, Tokens, Vector};
use crate::kernel::Real;

/// A value that is a sample.
///
/// A [`Sample`] that you write yourself implements it by `type Sample = Self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an input of a network",
    label = "expected a `Vector`, a `Sequence` or an `Image`",
    note = "make a sample of an array with `Vector(array)`, of a slice with `Vector::<4>::from_slice(&numbers)?`, of one number with `Vector([x])`",
    note = "for a reference to a reference, remove one `&`; for a `Result`, write `?` to take the sample out"
)]
pub trait AsSample {
    /// `Self`.
    type Sample: Sample + IsType<Self>;
}

macro_rules! is_sample {
    ($([$($generics:tt)*] $sample:ty;)+) => {$(
        impl<$($generics)*> AsSample for $sample {
            type Sample = Self;
        }
    )+};
}

is_sample! {
    [const N: usize, T: Real] Vector<N, T>;
    [const STEPS: usize, const FEATURES: usize, T: Real] Sequence<STEPS, FEATURES, T>;
    [const C: usize, const H: usize, const W: usize, T: Real] Image<C, H, W, T>;
    [const STEPS: usize, const FEATURES: usize, T: Real] Padded<STEPS, FEATURES, T>;
    [const CLASSES: usize] Label<CLASSES>;
    [const STEPS: usize, const VOCAB: usize] Tokens<STEPS, VOCAB>;
    [const STEPS: usize, const VOCAB: usize] PaddedTokens<STEPS, VOCAB>;
    [A: Sample, B: Sample] Pair<A, B>;
    [] NoGrad;
}

/// Implements [`AsSample`] for a type with a bound that never holds. The compiler's error is the message of that bound.
/// The compiler then does not know the sample, so that it reports no further errors.
macro_rules! not_a_sample {
    ([$($generics:tt)*] $given:ty, $Element:ty: $Bound:ident) => {
        impl<$($generics)*> AsSample for $given
        where
            $Element: $Bound<$given>,
        {
            type Sample = <$Element as $Bound<$given>>::Sample;
        }
    };
}

not_a_sample!([E, const N: usize] [E; N], E: InArray);
not_a_sample!([E] [E], E: InSlice);
#[cfg(feature = "alloc")]
not_a_sample!([E] Vec<E>, E: InSlice);
not_a_sample!([A, B] (A, B), (): PairOf);

/// Declares a bound that never holds, with its message.
macro_rules! never {
    ($Bound:ident: $($message:tt)+) => {
        #[doc(hidden)]
        #[diagnostic::on_unimplemented($($message)+)]
        pub trait $Bound<Given: ?Sized> {
            type Sample: Sample + IsType<Given>;
        }
    };
}

never!(InArray:
    message = "`{Given}` is not a sample: an array needs a shape",
    label = "wrap the array in `Vector(..)`, `Sequence(..)` or `Image(..)`",
    note = "`Vector` is an array of features, `Sequence` of steps of features, `Image` of channels of rows of pixels",
    note = "the numbers must be `f32` or `f64`: convert others first, as in `Vector(array.map(f32::from))`"
);
never!(InSlice:
    message = "`{Given}` is not a sample: its type does not contain its length",
    label = "the length is only known at run time",
    note = "`Vector::<4>::from_slice(&numbers)?` makes a sample and checks the length; `Sequence` and `Image` have `from_slice` too"
);
never!(OneByOne:
    message = "expected one sample, found the batch `{Given}`",
    label = "a batch",
    note = "use `predict_batch(&batch)` for a batch, or `predict(&batch[0])` for one of its samples"
);
never!(PairOf:
    message = "`{Given}` is not a sample: it is a tuple",
    label = "two samples in a tuple",
    note = "the input of a network with two inputs is a `Pair(first, second)`"
);

/// An array or a slice of samples has the message of a batch.
macro_rules! batch {
    ($([$($generics:tt)*] $Element:ty: $Choice:ident;)+) => {$(
        impl<Given: ?Sized, $($generics)*> $Choice<Given> for $Element
        where
            (): OneByOne<Given>,
        {
            type Sample = <() as OneByOne<Given>>::Sample;
        }
    )+};
}

batch! {
    [const N: usize, T] Vector<N, T>: InArray;
    [const N: usize, T] Vector<N, T>: InSlice;
    [const STEPS: usize, const FEATURES: usize, T] Sequence<STEPS, FEATURES, T>: InArray;
    [const STEPS: usize, const FEATURES: usize, T] Sequence<STEPS, FEATURES, T>: InSlice;
    [const C: usize, const H: usize, const W: usize, T] Image<C, H, W, T>: InArray;
    [const C: usize, const H: usize, const W: usize, T] Image<C, H, W, T>: InSlice;
}

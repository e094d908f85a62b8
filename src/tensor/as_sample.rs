//! What can be given as a sample: a [`Sample`]. What is often given in its place is an error with a sentence.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::{Image, IsType, Label, NoGrad, Padded, PaddedTokens, Pair, Sample, Sequence, Tokens, Vector};
use crate::kernel::Real;

/// A value that is a sample.
///
/// A [`Sample`] that you write yourself implements it by `type Sample = Self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an input of a network",
    label = "a `Vector`, a `Sequence` or an `Image` is needed here",
    note = "an array becomes a sample by the name of its shape, as in `Vector(array)`, a slice by `Vector::<4>::from_slice(&numbers)?`, a number by `Vector([x])`",
    note = "of a reference to a reference, leave out a `&`; of a `Result`, take the sample by `?`"
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

/// Implements [`AsSample`] for a type under a bound that never holds. The message of that bound is the compiler's error.
/// The sample is then not known, so that there is no other error.
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

/// Declares a bound that never holds, and its message.
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
    message = "an array is not a sample before it has a shape: this one is `{Given}`",
    label = "write `Vector(..)`, `Sequence(..)` or `Image(..)` around the array",
    note = "`Vector(array)` has features, `Sequence(array)` steps of features, and `Image(array)` channels of rows of pixels",
    note = "the numbers are `f32` or `f64`: others are converted first, as in `Vector(array.map(f32::from))`"
);
never!(InSlice:
    message = "`{Given}` is not a sample: its type does not say how many numbers it has",
    label = "a length that is not known before the program runs",
    note = "`Vector::<4>::from_slice(&numbers)?` makes a sample and checks the length; `Sequence` and `Image` have `from_slice` too"
);
never!(OneByOne:
    message = "one sample is needed here, and `{Given}` has several",
    label = "a batch",
    note = "`predict_batch(&batch)` takes a batch, and `predict(&batch[0])` one sample of it"
);
never!(PairOf:
    message = "a tuple is not a sample: `{Given}`",
    label = "two samples in a tuple",
    note = "the input of a network with two inputs is a `Pair(first, second)`"
);

/// Samples in an array or a slice have the message of a batch.
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

//! The output sides of transposed windows with different settings for each axis.

use core::ops::{Add, Mul, Sub};

use typenum::type_operators::{IsGreater, IsGreaterOrEqual, Max};
use typenum::{B1, Diff, Gr, GrEq, Maximum, Prod, Sum, U1};

use super::{Axis, Counts, Ends, Fitted, Known, N, Side, Span, ToSide};

/// The output side of transposed windows `A`, an [`Axis`], on this side. The output is longer by `MORE`, a [`Side`], at
/// its end.
pub trait GrowAlong<A, MORE> {
    /// The side of the output.
    type Out;
}

impl<const D: usize, const K: usize, const S: usize, const DILATION: usize, P, const MORE: usize>
    GrowAlong<Axis<Side<K>, Side<S>, Side<DILATION>, P>, Side<MORE>> for Side<D>
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<DILATION>: Known,
    N<K>: Mul<N<S>>,
    Prod<N<K>, N<S>>: Mul<N<DILATION>>,
    Counts<K, S, DILATION>: IsGreaterOrEqual<U1>,
    GrEq<Counts<K, S, DILATION>, U1>: Grows<D, K, S, DILATION, P, MORE>,
{
    type Out = <GrEq<Counts<K, S, DILATION>, U1> as Grows<D, K, S, DILATION, P, MORE>>::Out;
}

/// Whether window, stride and dilation are at least 1.
#[diagnostic::on_unimplemented(
    message = "a transposed window of {K} has a stride of {S} and a dilation of {DILATION}: each must be at least 1",
    label = "a window, its stride and its dilation must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait Grows<const D: usize, const K: usize, const S: usize, const DILATION: usize, P, const MORE: usize> {
    #[doc(hidden)]
    type Out;
}

/// The larger of stride and dilation.
pub(crate) type Most<const S: usize, const DILATION: usize> = Maximum<N<S>, N<DILATION>>;

impl<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
    const MORE: usize,
> Grows<D, K, S, DILATION, Ends<BEFORE, AFTER>, MORE> for B1
where
    Side<S>: Known,
    Side<DILATION>: Known,
    Side<MORE>: Known,
    N<S>: Max<N<DILATION>>,
    Most<S, DILATION>: IsGreater<N<MORE>>,
    Gr<Most<S, DILATION>, N<MORE>>: Lengthens<D, K, S, DILATION, BEFORE, AFTER, MORE>,
{
    type Out = <Gr<Most<S, DILATION>, N<MORE>> as Lengthens<D, K, S, DILATION, BEFORE, AFTER, MORE>>::Out;
}

impl<const D: usize, const K: usize, const S: usize, const DILATION: usize, M, const MORE: usize>
    Grows<D, K, S, DILATION, Fitted<M>, MORE> for B1
where
    Side<MORE>: IsNone,
    Side<D>: Known,
    Side<S>: Known,
    N<D>: Mul<N<S>>,
    Prod<N<D>, N<S>>: ToSide,
{
    type Out = <Prod<N<D>, N<S>> as ToSide>::Side;
}

/// An output padding of 0.
#[diagnostic::on_unimplemented(
    message = "`OutputPadding` cannot be combined with `Same`, `SameLower` or `Causal`",
    label = "this padding already determines the size of the output",
    note = "remove the `OutputPadding`: the size of the output is that of the input times the stride"
)]
pub trait IsNone {}

impl IsNone for Side<0> {}

/// Whether the output padding is smaller than the stride or the dilation.
#[diagnostic::on_unimplemented(
    message = "an output padding of {MORE} must be smaller than the stride of {S} or the dilation of {DILATION} of a transposed window",
    label = "the output padding is too large",
    note = "a convolution with a stride gives the same output size for several input sizes; the output padding of a transposed convolution chooses one of them"
)]
pub trait Lengthens<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
    const MORE: usize,
>
{
    #[doc(hidden)]
    type Out;
}

/// The side of the output before it is cut: (D - 1) S + DILATION (K - 1) + 1 + MORE.
pub(crate) type Whole<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const MORE: usize,
> = Sum<Sum<Prod<Diff<N<D>, U1>, N<S>>, Span<K, DILATION>>, N<MORE>>;

impl<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
    const MORE: usize,
> Lengthens<D, K, S, DILATION, BEFORE, AFTER, MORE> for B1
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<DILATION>: Known,
    Side<BEFORE>: Known,
    Side<AFTER>: Known,
    Side<MORE>: Known,
    N<K>: Sub<U1>,
    Diff<N<K>, U1>: Mul<N<DILATION>>,
    Prod<Diff<N<K>, U1>, N<DILATION>>: Add<U1>,
    N<D>: Sub<U1>,
    Diff<N<D>, U1>: Mul<N<S>>,
    Prod<Diff<N<D>, U1>, N<S>>: Add<Span<K, DILATION>>,
    Sum<Prod<Diff<N<D>, U1>, N<S>>, Span<K, DILATION>>: Add<N<MORE>>,
    N<BEFORE>: Add<N<AFTER>>,
    Whole<D, K, S, DILATION, MORE>: IsGreater<Sum<N<BEFORE>, N<AFTER>>>,
    Gr<Whole<D, K, S, DILATION, MORE>, Sum<N<BEFORE>, N<AFTER>>>:
        SomeRemains<D, K, S, DILATION, BEFORE, AFTER, MORE>,
{
    type Out = <Gr<Whole<D, K, S, DILATION, MORE>, Sum<N<BEFORE>, N<AFTER>>> as SomeRemains<
        D,
        K,
        S,
        DILATION,
        BEFORE,
        AFTER,
        MORE,
    >>::Out;
}

/// Whether the padding is smaller than the output, so that the output is not empty.
#[diagnostic::on_unimplemented(
    message = "a padding of {BEFORE} and {AFTER} removes the whole output of a transposed window of {K} over a dimension of {D}",
    label = "the output would be empty",
    note = "use less padding, or a larger window"
)]
pub trait SomeRemains<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
    const MORE: usize,
>
{
    #[doc(hidden)]
    type Out;
}

impl<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
    const MORE: usize,
> SomeRemains<D, K, S, DILATION, BEFORE, AFTER, MORE> for B1
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<DILATION>: Known,
    Side<BEFORE>: Known,
    Side<AFTER>: Known,
    Side<MORE>: Known,
    N<K>: Sub<U1>,
    Diff<N<K>, U1>: Mul<N<DILATION>>,
    Prod<Diff<N<K>, U1>, N<DILATION>>: Add<U1>,
    N<D>: Sub<U1>,
    Diff<N<D>, U1>: Mul<N<S>>,
    Prod<Diff<N<D>, U1>, N<S>>: Add<Span<K, DILATION>>,
    Sum<Prod<Diff<N<D>, U1>, N<S>>, Span<K, DILATION>>: Add<N<MORE>>,
    N<BEFORE>: Add<N<AFTER>>,
    Whole<D, K, S, DILATION, MORE>: Sub<Sum<N<BEFORE>, N<AFTER>>>,
    Diff<Whole<D, K, S, DILATION, MORE>, Sum<N<BEFORE>, N<AFTER>>>: ToSide,
{
    type Out = <Diff<Whole<D, K, S, DILATION, MORE>, Sum<N<BEFORE>, N<AFTER>>> as ToSide>::Side;
}

#[cfg(test)]
mod tests {
    use core::any::type_name;
    use std::format;

    use super::super::{Down, SlideAlong, Up};
    use super::*;

    /// PyTorch's `pooling_output_shape_pad_lr`. A convolution is the case that rounds down.
    fn slid([d, k, s, dilation, before, after]: [usize; 6], up: bool) -> usize {
        let rest = d + before + after + if up { s - 1 } else { 0 } - dilation * (k - 1) - 1;
        let places = rest / s + 1;
        if up && (places - 1) * s >= d + before { places - 1 } else { places }
    }

    /// PyTorch's formula for `ConvTranspose2d`, with the padding of both ends.
    fn grown([d, k, s, dilation, before, after, more]: [usize; 7]) -> usize {
        (d - 1) * s + dilation * (k - 1) + more + 1 - before - after
    }

    fn assert_side<S>(expected: usize, of: &str) {
        assert!(type_name::<S>().ends_with(&format!("Side<{expected}>")), "{} of {of}", type_name::<S>());
    }

    #[test]
    fn the_compiler_computes_the_sides_as_pytorch_does() {
        macro_rules! slides {
            ($($d:literal $k:literal $s:literal $dilation:literal $before:literal $after:literal,)*) => {$(
                type Along<R> = Axis<Side<$k>, Side<$s>, Side<$dilation>, Ends<$before, $after>, R>;
                let numbers = [$d, $k, $s, $dilation, $before, $after];
                assert_side::<<Side<$d> as SlideAlong<Along<Down>>>::Out>(slid(numbers, false), "down");
                assert_side::<<Side<$d> as SlideAlong<Along<Up>>>::Out>(slid(numbers, true), "up");
            )*};
        }
        macro_rules! blocks {
            ($({ $($numbers:literal)* })*) => { $({ slides!($($numbers)*,); })* };
        }
        blocks! {
            { 7 3 1 1 0 0 } { 7 3 2 1 0 0 } { 8 3 2 1 0 0 } { 8 3 2 1 1 1 } { 5 2 3 1 1 1 } { 5 2 3 1 1 0 }
            { 6 2 4 1 1 1 } { 9 3 2 2 0 1 } { 9 3 4 2 0 0 } { 5 3 1 2 0 0 } { 1 1 1 1 0 0 } { 2048 3 2 3 1 2 }
            { 10 1 7 9 0 0 } { 4 3 3 1 1 1 } { 16000 80 4 1 38 38 }
        }
    }

    #[test]
    fn a_fitted_padding_gives_the_side_divided_by_the_stride() {
        type Fit<const K: usize, const S: usize, const D: usize> =
            Axis<Side<K>, Side<S>, Side<D>, Fitted<()>>;
        assert_side::<<Side<7> as SlideAlong<Fit<3, 1, 2>>>::Out>(7, "3");
        assert_side::<<Side<7> as SlideAlong<Fit<3, 2, 1>>>::Out>(4, "3 by 2");
        assert_side::<<Side<8> as SlideAlong<Fit<9, 3, 4>>>::Out>(3, "9 by 3");
        assert_side::<<Side<7> as GrowAlong<Fit<3, 2, 1>, Side<0>>>::Out>(14, "3 by 2");
    }

    #[test]
    fn the_compiler_computes_the_sides_of_transposed_windows_as_pytorch_does() {
        macro_rules! grows {
            ($($d:literal $k:literal $s:literal $dilation:literal $before:literal $after:literal $more:literal,)*) => {$(
                type Along = Axis<Side<$k>, Side<$s>, Side<$dilation>, Ends<$before, $after>>;
                assert_side::<<Side<$d> as GrowAlong<Along, Side<$more>>>::Out>(
                    grown([$d, $k, $s, $dilation, $before, $after, $more]),
                    "grown",
                );
            )*};
        }
        macro_rules! blocks {
            ($({ $($numbers:literal)* })*) => { $({ grows!($($numbers)*,); })* };
        }
        blocks! {
            { 7 3 1 1 0 0 0 } { 7 3 2 1 1 1 1 } { 4 4 2 1 1 1 0 } { 5 3 1 2 1 0 1 } { 3 1 3 1 0 0 2 } { 1 2 1 1 0 1 0 }
        }
    }
}

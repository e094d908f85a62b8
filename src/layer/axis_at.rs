//! Checks of layers whose windows can differ between the axes. Their messages contain the layer and its place in a
//! stack.
//!
//! The conditions are the same as in [`SlideAlong`](crate::tensor::side::SlideAlong), which has no information on the
//! layer. A layer with settings `S` adds the checks with `axes_at!`.

use core::ops::{Add, Mul, Sub};

use typenum::type_operators::IsGreaterOrEqual;
use typenum::{B1, Diff, GrEq, Prod, Sum, U1};

use super::Passed;
use crate::tensor::side::{Axis, Counts, Down, Ends, Extended, Fitted, Known, PaddedBetween, Side, Span, Up};
use crate::tensor::{Image, Sequence};

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;

/// Checks, after another check, that the windows `A` of the layer `L` fit into `X`. `A` is a pair of an [`Axis`] over
/// rows and one over columns, or an [`Axis`] over steps.
pub trait ThenAxes<const PLACE: usize, X, L, A> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X: AxesAt<PLACE, L, A>, L, A> ThenAxes<PLACE, X, L, A> for Passed {
    type Check = X::Check;
}

/// An image or a sequence into which the windows `A` of the layer `L` fit.
pub trait AxesAt<const PLACE: usize, L, A> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, L, Rows, Columns, const C: usize, const H: usize, const W: usize, T, Height>
    AxesAt<PLACE, L, (Rows, Columns)> for Image<C, H, W, T>
where
    Side<H>: AlongAt<PLACE, Self, L, Rows, Check = Height>,
    Height: ThenAlong<PLACE, Side<W>, Self, L, Columns>,
{
    type Check = Height::Check;
}

impl<const PLACE: usize, L, K, S, DILATION, P, R, const STEPS: usize, const FEATURES: usize, T>
    AxesAt<PLACE, L, Axis<K, S, DILATION, P, R>> for Sequence<STEPS, FEATURES, T>
where
    Side<STEPS>: AlongAt<PLACE, Self, L, Axis<K, S, DILATION, P, R>>,
{
    type Check = <Side<STEPS> as AlongAt<PLACE, Self, L, Axis<K, S, DILATION, P, R>>>::Check;
}

/// Checks, after another check, that the windows fit into this side of `X`.
pub trait ThenAlong<const PLACE: usize, D, X, L, A> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, D: AlongAt<PLACE, X, L, A>, X, L, A> ThenAlong<PLACE, D, X, L, A> for Passed {
    type Check = D::Check;
}

/// A side of `X` over which the windows `A`, an [`Axis`], slide.
pub trait AlongAt<const PLACE: usize, X, L, A> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const D: usize, const K: usize, const S: usize, const DILATION: usize, P, R>
    AlongAt<PLACE, X, L, Axis<Side<K>, Side<S>, Side<DILATION>, P, R>> for Side<D>
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<DILATION>: Known,
    N<K>: Mul<N<S>>,
    Prod<N<K>, N<S>>: Mul<N<DILATION>>,
    Counts<K, S, DILATION>: IsGreaterOrEqual<U1>,
    GrEq<Counts<K, S, DILATION>, U1>: AdvancesAt<PLACE, X, L, D, K, S, DILATION, P, R>,
{
    type Check =
        <GrEq<Counts<K, S, DILATION>, U1> as AdvancesAt<PLACE, X, L, D, K, S, DILATION, P, R>>::Check;
}

/// Whether window, stride and dilation are at least 1.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: its window of {K} has a stride of {S} and a dilation of {DILATION}: each must be at least 1",
    label = "a window, its stride and its dilation must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait AdvancesAt<
    const PLACE: usize,
    X,
    L,
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    P,
    R,
>
{
    #[doc(hidden)]
    type Check;
}

impl<
    const PLACE: usize,
    X,
    L,
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
> AdvancesAt<PLACE, X, L, D, K, S, DILATION, Ends<BEFORE, AFTER>, Down> for B1
where
    Side<D>: Known,
    Side<K>: Known,
    Side<DILATION>: Known,
    Side<BEFORE>: Known,
    Side<AFTER>: Known,
    N<K>: Sub<U1>,
    Diff<N<K>, U1>: Mul<N<DILATION>>,
    Prod<Diff<N<K>, U1>, N<DILATION>>: Add<U1>,
    N<D>: Add<N<BEFORE>>,
    Sum<N<D>, N<BEFORE>>: Add<N<AFTER>>,
    PaddedBetween<D, BEFORE, AFTER>: IsGreaterOrEqual<Span<K, DILATION>>,
    GrEq<PaddedBetween<D, BEFORE, AFTER>, Span<K, DILATION>>:
        CoversAt<PLACE, X, L, D, K, DILATION, BEFORE, AFTER>,
{
    type Check = <GrEq<PaddedBetween<D, BEFORE, AFTER>, Span<K, DILATION>> as CoversAt<
        PLACE,
        X,
        L,
        D,
        K,
        DILATION,
        BEFORE,
        AFTER,
    >>::Check;
}

impl<
    const PLACE: usize,
    X,
    L,
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
> AdvancesAt<PLACE, X, L, D, K, S, DILATION, Ends<BEFORE, AFTER>, Up> for B1
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<DILATION>: Known,
    Side<BEFORE>: Known,
    Side<AFTER>: Known,
    N<K>: Sub<U1>,
    Diff<N<K>, U1>: Mul<N<DILATION>>,
    Prod<Diff<N<K>, U1>, N<DILATION>>: Add<U1>,
    N<D>: Add<N<BEFORE>>,
    Sum<N<D>, N<BEFORE>>: Add<N<AFTER>>,
    PaddedBetween<D, BEFORE, AFTER>: Add<N<S>>,
    Sum<PaddedBetween<D, BEFORE, AFTER>, N<S>>: Sub<U1>,
    Extended<D, S, BEFORE, AFTER>: IsGreaterOrEqual<Span<K, DILATION>>,
    GrEq<Extended<D, S, BEFORE, AFTER>, Span<K, DILATION>>:
        CoversAt<PLACE, X, L, D, K, DILATION, BEFORE, AFTER>,
{
    type Check = <GrEq<Extended<D, S, BEFORE, AFTER>, Span<K, DILATION>> as CoversAt<
        PLACE,
        X,
        L,
        D,
        K,
        DILATION,
        BEFORE,
        AFTER,
    >>::Check;
}

impl<const PLACE: usize, X, L, const D: usize, const K: usize, const S: usize, const DILATION: usize, M, R>
    AdvancesAt<PLACE, X, L, D, K, S, DILATION, Fitted<M>, R> for B1
{
    type Check = Passed;
}

/// Whether the window is no larger than the padded side.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: a window of {K} with a dilation of {DILATION} does not fit into a dimension of {D} with a padding of {BEFORE} and {AFTER}",
    label = "the window of layer {PLACE}, `{L}`, is larger than its padded input",
    note = "a dilated window of K spans DILATION * (K - 1) + 1 elements",
    note = "use a smaller window or dilation, or more padding"
)]
pub trait CoversAt<
    const PLACE: usize,
    X,
    L,
    const D: usize,
    const K: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
>
{
    #[doc(hidden)]
    type Check;
}

impl<
    const PLACE: usize,
    X,
    L,
    const D: usize,
    const K: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
> CoversAt<PLACE, X, L, D, K, DILATION, BEFORE, AFTER> for B1
{
    type Check = Passed;
}

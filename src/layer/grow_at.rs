//! Checks of transposed windows that can differ between the axes. Their messages contain the layer and its place in a
//! stack.
//!
//! The conditions are the same as in [`GrowAlong`](crate::tensor::side::GrowAlong), which has no information on the
//! layer.

use core::marker::PhantomData;
use core::ops::{Add, Mul, Sub};

use typenum::type_operators::{IsGreater, IsGreaterOrEqual, Max};
use typenum::{B1, Diff, Gr, GrEq, Prod, Sum, U1};

use super::Passed;
use super::axis_at::{AlongAt, AxesAt};
use crate::tensor::Sequence;
use crate::tensor::side::{Axis, Counts, Ends, Fitted, IsNone, Known, Most, Side, Span, Whole};

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;

/// Transposed windows `A` with an output padding of `MORE`. [`AxesAt`] and [`AlongAt`] take it instead of an [`Axis`].
#[derive(Debug)]
pub struct Grown<A, MORE>(PhantomData<fn() -> (A, MORE)>);

impl<const PLACE: usize, L, A, MORE, const STEPS: usize, const FEATURES: usize, T>
    AxesAt<PLACE, L, Grown<A, MORE>> for Sequence<STEPS, FEATURES, T>
where
    Side<STEPS>: AlongAt<PLACE, Self, L, Grown<A, MORE>>,
{
    type Check = <Side<STEPS> as AlongAt<PLACE, Self, L, Grown<A, MORE>>>::Check;
}

impl<
    const PLACE: usize,
    X,
    L,
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    P,
    const MORE: usize,
> AlongAt<PLACE, X, L, Grown<Axis<Side<K>, Side<S>, Side<DILATION>, P>, Side<MORE>>> for Side<D>
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<DILATION>: Known,
    N<K>: Mul<N<S>>,
    Prod<N<K>, N<S>>: Mul<N<DILATION>>,
    Counts<K, S, DILATION>: IsGreaterOrEqual<U1>,
    GrEq<Counts<K, S, DILATION>, U1>: GrowsAt<PLACE, X, L, D, K, S, DILATION, P, MORE>,
{
    type Check =
        <GrEq<Counts<K, S, DILATION>, U1> as GrowsAt<PLACE, X, L, D, K, S, DILATION, P, MORE>>::Check;
}

/// Whether window, stride and dilation are at least 1.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: its transposed window of {K} has a stride of {S} and a dilation of {DILATION}: each must be at least 1",
    label = "a window, its stride and its dilation must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait GrowsAt<
    const PLACE: usize,
    X,
    L,
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    P,
    const MORE: usize,
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
    const MORE: usize,
> GrowsAt<PLACE, X, L, D, K, S, DILATION, Ends<BEFORE, AFTER>, MORE> for B1
where
    Side<S>: Known,
    Side<DILATION>: Known,
    Side<MORE>: Known,
    N<S>: Max<N<DILATION>>,
    Most<S, DILATION>: IsGreater<N<MORE>>,
    Gr<Most<S, DILATION>, N<MORE>>: LengthensAt<PLACE, X, L, D, K, S, DILATION, BEFORE, AFTER, MORE>,
{
    type Check = <Gr<Most<S, DILATION>, N<MORE>> as LengthensAt<
        PLACE,
        X,
        L,
        D,
        K,
        S,
        DILATION,
        BEFORE,
        AFTER,
        MORE,
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
    M,
    const MORE: usize,
> GrowsAt<PLACE, X, L, D, K, S, DILATION, Fitted<M>, MORE> for B1
where
    Side<MORE>: IsNone,
{
    type Check = Passed;
}

/// Whether the output padding is smaller than the stride or the dilation.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: an output padding of {MORE} must be smaller than the stride of {S} or the dilation of {DILATION}",
    label = "the output padding of layer {PLACE}, `{L}`, is too large",
    note = "a convolution with a stride gives the same output size for several input sizes; the output padding of a transposed convolution chooses one of them"
)]
pub trait LengthensAt<
    const PLACE: usize,
    X,
    L,
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
    const MORE: usize,
> LengthensAt<PLACE, X, L, D, K, S, DILATION, BEFORE, AFTER, MORE> for B1
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
        SomeRemainsAt<PLACE, X, L, D, K, BEFORE, AFTER>,
{
    type Check = <Gr<Whole<D, K, S, DILATION, MORE>, Sum<N<BEFORE>, N<AFTER>>> as SomeRemainsAt<
        PLACE,
        X,
        L,
        D,
        K,
        BEFORE,
        AFTER,
    >>::Check;
}

/// Whether the padding is smaller than the output, so that the output is not empty.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: a padding of {BEFORE} and {AFTER} removes the whole output of a transposed window of {K} over a dimension of {D}",
    label = "the output of layer {PLACE}, `{L}`, would be empty",
    note = "use less padding, or a larger window"
)]
pub trait SomeRemainsAt<
    const PLACE: usize,
    X,
    L,
    const D: usize,
    const K: usize,
    const BEFORE: usize,
    const AFTER: usize,
>
{
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const D: usize, const K: usize, const BEFORE: usize, const AFTER: usize>
    SomeRemainsAt<PLACE, X, L, D, K, BEFORE, AFTER> for B1
{
    type Check = Passed;
}

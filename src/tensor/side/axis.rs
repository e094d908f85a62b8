//! The output sides of windows with different settings for each axis: dilation, and different padding at both ends.

use core::marker::PhantomData;
use core::ops::{Add, Div, Mul, Sub};

use typenum::type_operators::{IsGreaterOrEqual, Min};
use typenum::{B1, Diff, GrEq, Minimum, Prod, Quot, Sum, U1};

use super::{Known, N, Side, ToSide};

/// Windows along one axis: `K` numbers with a distance of `DILATION`, in steps of `STRIDE`. Each of the three is a
/// [`Side`]. `P` is the padding ([`Ends`] or [`Fitted`]). `R` is how the number of windows is rounded ([`Down`] or
/// [`Up`]).
#[derive(Clone, Copy, Debug)]
pub struct Axis<K, STRIDE, DILATION, P, R = Down>(PhantomData<(K, STRIDE, DILATION, P, R)>);

/// Padding by `BEFORE` zeros before a side and by `AFTER` zeros after it.
#[derive(Clone, Copy, Debug)]
pub struct Ends<const BEFORE: usize, const AFTER: usize>;

/// Padding such that there is one window for each `STRIDE` numbers of a side. `M` selects the end.
#[derive(Clone, Copy, Debug)]
pub struct Fitted<M>(PhantomData<fn() -> M>);

/// The number of windows is rounded down: the numbers after the last window are ignored.
#[derive(Clone, Copy, Debug)]
pub struct Down;

/// The number of windows is rounded up: the numbers after the last window get another window, which extends past the
/// padding. It starts on the side or on the padding before it, as in PyTorch.
#[derive(Clone, Copy, Debug)]
pub struct Up;

/// The span of a window, with the gaps of the dilation: DILATION (K - 1) + 1.
pub(crate) type Span<const K: usize, const DILATION: usize> = Sum<Prod<Diff<N<K>, U1>, N<DILATION>>, U1>;

/// 0 if one of them is 0.
pub(crate) type Counts<const K: usize, const S: usize, const D: usize> = Prod<Prod<N<K>, N<S>>, N<D>>;

/// A padded side.
pub(crate) type PaddedBetween<const D: usize, const BEFORE: usize, const AFTER: usize> =
    Sum<Sum<N<D>, N<BEFORE>>, N<AFTER>>;

/// A padded side, plus the numbers that complete one more step.
pub(crate) type Extended<const D: usize, const S: usize, const BEFORE: usize, const AFTER: usize> =
    Diff<Sum<PaddedBetween<D, BEFORE, AFTER>, N<S>>, U1>;

/// The output side of windows `A`, an [`Axis`], along this side.
pub trait SlideAlong<A> {
    /// The side of the output: the number of windows.
    type Out;
}

impl<const D: usize, const K: usize, const S: usize, const DILATION: usize, P, R>
    SlideAlong<Axis<Side<K>, Side<S>, Side<DILATION>, P, R>> for Side<D>
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<DILATION>: Known,
    N<K>: Mul<N<S>>,
    Prod<N<K>, N<S>>: Mul<N<DILATION>>,
    Counts<K, S, DILATION>: IsGreaterOrEqual<U1>,
    GrEq<Counts<K, S, DILATION>, U1>: Advances<D, K, S, DILATION, P, R>,
{
    type Out = <GrEq<Counts<K, S, DILATION>, U1> as Advances<D, K, S, DILATION, P, R>>::Out;
}

/// Whether window, stride and dilation are at least 1. The division is computed only if the answer is `B1`.
#[diagnostic::on_unimplemented(
    message = "a window of {K} has a stride of {S} and a dilation of {DILATION}: each must be at least 1",
    label = "a window, its stride and its dilation must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait Advances<const D: usize, const K: usize, const S: usize, const DILATION: usize, P, R> {
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
> Advances<D, K, S, DILATION, Ends<BEFORE, AFTER>, Down> for B1
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
    PaddedBetween<D, BEFORE, AFTER>: IsGreaterOrEqual<Span<K, DILATION>>,
    GrEq<PaddedBetween<D, BEFORE, AFTER>, Span<K, DILATION>>: Covers<D, K, S, DILATION, BEFORE, AFTER, Down>,
{
    type Out = <GrEq<PaddedBetween<D, BEFORE, AFTER>, Span<K, DILATION>> as Covers<
        D,
        K,
        S,
        DILATION,
        BEFORE,
        AFTER,
        Down,
    >>::Out;
}

impl<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
> Advances<D, K, S, DILATION, Ends<BEFORE, AFTER>, Up> for B1
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
    GrEq<Extended<D, S, BEFORE, AFTER>, Span<K, DILATION>>: Covers<D, K, S, DILATION, BEFORE, AFTER, Up>,
{
    type Out = <GrEq<Extended<D, S, BEFORE, AFTER>, Span<K, DILATION>> as Covers<
        D,
        K,
        S,
        DILATION,
        BEFORE,
        AFTER,
        Up,
    >>::Out;
}

impl<const D: usize, const K: usize, const S: usize, const DILATION: usize, M, R>
    Advances<D, K, S, DILATION, Fitted<M>, R> for B1
where
    Side<D>: Known,
    Side<S>: Known,
    N<D>: Add<N<S>>,
    Sum<N<D>, N<S>>: Sub<U1>,
    Diff<Sum<N<D>, N<S>>, U1>: Div<N<S>>,
    Quot<Diff<Sum<N<D>, N<S>>, U1>, N<S>>: ToSide,
{
    type Out = <Quot<Diff<Sum<N<D>, N<S>>, U1>, N<S>> as ToSide>::Side;
}

/// Whether the window is not larger than the padded side. The difference is computed only if the answer is `B1`.
#[diagnostic::on_unimplemented(
    message = "a window of {K} with a dilation of {DILATION} does not fit into a dimension of {D} with a padding of {BEFORE} and {AFTER}",
    label = "the dilated window is larger than the padded input",
    note = "a dilated window of K spans DILATION * (K - 1) + 1 elements",
    note = "use a smaller window or dilation, or more padding"
)]
pub trait Covers<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
    R,
>
{
    #[doc(hidden)]
    type Out;
}

/// The length of a padded side minus the span of a window.
type Slack<const D: usize, const K: usize, const DILATION: usize, const BEFORE: usize, const AFTER: usize> =
    Diff<PaddedBetween<D, BEFORE, AFTER>, Span<K, DILATION>>;

impl<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
> Covers<D, K, S, DILATION, BEFORE, AFTER, Down> for B1
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
    PaddedBetween<D, BEFORE, AFTER>: Sub<Span<K, DILATION>>,
    Slack<D, K, DILATION, BEFORE, AFTER>: Div<N<S>>,
    Quot<Slack<D, K, DILATION, BEFORE, AFTER>, N<S>>: Add<U1>,
    Sum<Quot<Slack<D, K, DILATION, BEFORE, AFTER>, N<S>>, U1>: ToSide,
{
    type Out = <Sum<Quot<Slack<D, K, DILATION, BEFORE, AFTER>, N<S>>, U1> as ToSide>::Side;
}

/// The number of steps to the last window, rounded up.
type StepsUp<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
> = Quot<Diff<Extended<D, S, BEFORE, AFTER>, Span<K, DILATION>>, N<S>>;

/// The number of steps to the last window that starts before the padding at the end.
type StepsInside<const D: usize, const S: usize, const BEFORE: usize> =
    Quot<Diff<Sum<N<D>, N<BEFORE>>, U1>, N<S>>;

impl<
    const D: usize,
    const K: usize,
    const S: usize,
    const DILATION: usize,
    const BEFORE: usize,
    const AFTER: usize,
> Covers<D, K, S, DILATION, BEFORE, AFTER, Up> for B1
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
    Sum<N<D>, N<BEFORE>>: Add<N<AFTER>> + Sub<U1>,
    PaddedBetween<D, BEFORE, AFTER>: Add<N<S>>,
    Sum<PaddedBetween<D, BEFORE, AFTER>, N<S>>: Sub<U1>,
    Extended<D, S, BEFORE, AFTER>: Sub<Span<K, DILATION>>,
    Diff<Extended<D, S, BEFORE, AFTER>, Span<K, DILATION>>: Div<N<S>>,
    Diff<Sum<N<D>, N<BEFORE>>, U1>: Div<N<S>>,
    StepsUp<D, K, S, DILATION, BEFORE, AFTER>: Min<StepsInside<D, S, BEFORE>>,
    Minimum<StepsUp<D, K, S, DILATION, BEFORE, AFTER>, StepsInside<D, S, BEFORE>>: Add<U1>,
    Sum<Minimum<StepsUp<D, K, S, DILATION, BEFORE, AFTER>, StepsInside<D, S, BEFORE>>, U1>: ToSide,
{
    type Out = <Sum<
        Minimum<StepsUp<D, K, S, DILATION, BEFORE, AFTER>, StepsInside<D, S, BEFORE>>,
        U1,
    > as ToSide>::Side;
}

//! The settings along one axis: from a tuple of settings to the windows over rows, columns or steps.

use super::{
    AxisNumbers, Causal, CeilMode, Dilation, Fields, Groups, Kernel, OutputPadding, Padding, PaddingEnds,
    Same, SameLower, SetBeside, Setting, Stride, Twice, Unset, WindowAxis,
};
use crate::tensor::side::{Axis, Down, Ends, Fitted, Side, Up};

/// A setting of windows over images. It has a part for rows and a part for columns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of windows over images",
    label = "not a setting for images",
    note = "`Causal` pads the steps of a sequence, which have an order in time"
)]
pub trait Along {
    /// The part for rows: a [`Side`], or a padding.
    type Rows;
    /// The part for columns.
    type Columns;
}

/// A setting of windows over steps.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of windows over steps",
    label = "this setting differs for rows and columns, but a sequence has only steps",
    note = "write one number, as in `Kernel<3>` or `Stride<2>`, and `PaddingEnds<BEFORE, AFTER>`"
)]
pub trait AlongSteps {
    /// The part for steps: a [`Side`], or a padding.
    type Steps;
}

/// Implements settings with two numbers, which are sides.
macro_rules! sides {
    ($($Setting:ident)*) => {$(
        impl<const H: usize, const W: usize> Along for $Setting<H, W> {
            type Rows = Side<H>;
            type Columns = Side<W>;
        }
        impl<const K: usize> AlongSteps for $Setting<K, K> {
            type Steps = Side<K>;
        }
    )*};
}
sides!(Kernel Stride Dilation OutputPadding);

impl<const H: usize, const W: usize> Along for Padding<H, W> {
    type Rows = Ends<H, H>;
    type Columns = Ends<W, W>;
}

impl<const P: usize> AlongSteps for Padding<P, P> {
    type Steps = Ends<P, P>;
}

impl<const TOP: usize, const BOTTOM: usize, const LEFT: usize, const RIGHT: usize> Along
    for PaddingEnds<TOP, BOTTOM, LEFT, RIGHT>
{
    type Rows = Ends<TOP, BOTTOM>;
    type Columns = Ends<LEFT, RIGHT>;
}

impl<const BEFORE: usize, const AFTER: usize> AlongSteps for PaddingEnds<BEFORE, AFTER, BEFORE, AFTER> {
    type Steps = Ends<BEFORE, AFTER>;
}

impl Along for Same {
    type Rows = Fitted<Self>;
    type Columns = Fitted<Self>;
}

impl AlongSteps for Same {
    type Steps = Fitted<Self>;
}

impl Along for SameLower {
    type Rows = Fitted<Self>;
    type Columns = Fitted<Self>;
}

impl AlongSteps for SameLower {
    type Steps = Fitted<Self>;
}

impl AlongSteps for Causal {
    type Steps = Fitted<Self>;
}

/// A setting, or the default `D` if the setting is not given.
pub trait Or<D> {
    /// The setting.
    type Is;
}

impl<D> Or<D> for Unset {
    type Is = D;
}

impl<D, A: Or<D>, B: SetBeside<A>> Or<D> for Twice<A, B> {
    type Is = A::Is;
}

macro_rules! or {
    ($([$($generics:tt)*] $Setting:ty: $Is:ty;)*) => {$(
        impl<D, $($generics)*> Or<D> for $Setting {
            type Is = $Is;
        }
    )*};
}

or! {
    [const H: usize, const W: usize] Padding<H, W>: Self;
    [const T: usize, const B: usize, const L: usize, const R: usize] PaddingEnds<T, B, L, R>: Self;
    [] Same: Self;
    [] SameLower: Self;
    [] Causal: Self;
    [const H: usize, const W: usize] Dilation<H, W>: Self;
    [const G: usize] Groups<G>: Self;
    [const H: usize, const W: usize] OutputPadding<H, W>: Self;
    [] CeilMode: Up;
}

/// The default stride of convolutions: windows move by 1.
#[derive(Clone, Copy, Debug)]
pub struct OneStep;

/// The default stride of pools: windows are next to each other.
#[derive(Clone, Copy, Debug)]
pub struct OneWindow;

/// A stride, or the default stride of layers of the kind `D` for the kernel `K`.
pub trait OrStride<D, K> {
    /// The stride.
    type Is;
}

impl<K> OrStride<OneStep, K> for Unset {
    type Is = Stride<1>;
}

impl<K> OrStride<OneWindow, K> for Unset {
    type Is = K;
}

impl<D, K, const H: usize, const W: usize> OrStride<D, K> for Stride<H, W> {
    type Is = Self;
}

impl<D, K, A: OrStride<D, K>, B: SetBeside<A>> OrStride<D, K> for Twice<A, B> {
    type Is = A::Is;
}

/// Whether there is a kernel.
#[diagnostic::on_unimplemented(
    message = "these settings have no `Kernel`, so the size of the windows is not known",
    label = "`Kernel` is missing",
    note = "add the size of the windows, as in `(Kernel<3, 5>, Stride<2>)`"
)]
pub trait IsGiven {
    /// The kernel. If it is not given, nothing else is computed from it, so that there is only one error.
    type Kernel;
}

impl<const H: usize, const W: usize> IsGiven for Kernel<H, W> {
    type Kernel = Self;
}

impl<A: IsGiven, B: SetBeside<A>> IsGiven for Twice<A, B> {
    type Kernel = A::Kernel;
}

/// The windows over an image that follow from [`Fields`]. `D` is [`OneStep`] or [`OneWindow`].
pub trait Axes<D> {
    /// The windows over rows: an [`Axis`].
    type Rows: AxisNumbers;
    /// The windows over columns: an [`Axis`].
    type Columns: AxisNumbers;
    /// The windows as numbers.
    const AXES: [WindowAxis; 2] = [Self::Rows::NUMBERS, Self::Columns::NUMBERS];
}

/// The windows over the steps of a sequence that follow from [`Fields`].
pub trait AxisOfSteps<D> {
    /// The windows over steps: an [`Axis`].
    type Steps: AxisNumbers;
    /// The windows as numbers.
    const AXIS: WindowAxis = Self::Steps::NUMBERS;
}

type Is<S, D> = <S as Or<D>>::Is;
type StrideIs<S, D, K> = <S as OrStride<D, K>>::Is;

impl<D, K, S, P, DI, G, O, R, C> Axes<D> for Fields<K, S, P, DI, G, O, R, C>
where
    K: Setting + IsGiven<Kernel: Along>,
    S: Setting + OrStride<D, K::Kernel, Is: Along>,
    P: Setting + Or<Padding<0>, Is: Along>,
    DI: Setting + Or<Dilation<1>, Is: Along>,
    G: Setting,
    O: Setting,
    R: Setting + Or<Down>,
    C: Setting,
    Axis<
        <K::Kernel as Along>::Rows,
        <StrideIs<S, D, K::Kernel> as Along>::Rows,
        <Is<DI, Dilation<1>> as Along>::Rows,
        <Is<P, Padding<0>> as Along>::Rows,
        R::Is,
    >: AxisNumbers,
    Axis<
        <K::Kernel as Along>::Columns,
        <StrideIs<S, D, K::Kernel> as Along>::Columns,
        <Is<DI, Dilation<1>> as Along>::Columns,
        <Is<P, Padding<0>> as Along>::Columns,
        R::Is,
    >: AxisNumbers,
{
    type Rows = Axis<
        <K::Kernel as Along>::Rows,
        <StrideIs<S, D, K::Kernel> as Along>::Rows,
        <Is<DI, Dilation<1>> as Along>::Rows,
        <Is<P, Padding<0>> as Along>::Rows,
        R::Is,
    >;
    type Columns = Axis<
        <K::Kernel as Along>::Columns,
        <StrideIs<S, D, K::Kernel> as Along>::Columns,
        <Is<DI, Dilation<1>> as Along>::Columns,
        <Is<P, Padding<0>> as Along>::Columns,
        R::Is,
    >;
}

impl<D, K, S, P, DI, G, O, R, C> AxisOfSteps<D> for Fields<K, S, P, DI, G, O, R, C>
where
    K: Setting + IsGiven<Kernel: AlongSteps>,
    S: Setting + OrStride<D, K::Kernel, Is: AlongSteps>,
    P: Setting + Or<Padding<0>, Is: AlongSteps>,
    DI: Setting + Or<Dilation<1>, Is: AlongSteps>,
    G: Setting,
    O: Setting,
    R: Setting + Or<Down>,
    C: Setting,
    Axis<
        <K::Kernel as AlongSteps>::Steps,
        <StrideIs<S, D, K::Kernel> as AlongSteps>::Steps,
        <Is<DI, Dilation<1>> as AlongSteps>::Steps,
        <Is<P, Padding<0>> as AlongSteps>::Steps,
        R::Is,
    >: AxisNumbers,
{
    type Steps = Axis<
        <K::Kernel as AlongSteps>::Steps,
        <StrideIs<S, D, K::Kernel> as AlongSteps>::Steps,
        <Is<DI, Dilation<1>> as AlongSteps>::Steps,
        <Is<P, Padding<0>> as AlongSteps>::Steps,
        R::Is,
    >;
}

//! Checks of layers with windows. Their messages contain the layer and its place in a stack.
//!
//! The conditions are the same as in [`side`](crate::tensor::side), which computes the sides of the output and has no
//! information on the layer.

use core::ops::{Add, Mul};

use typenum::type_operators::IsGreaterOrEqual;
use typenum::{B1, GrEq, Prod, Sum, U1, U2};

use super::Passed;
use crate::kernel::Real;
use crate::tensor::side::{Known, Positive, Side};
use crate::tensor::{Image, Sample, Sequence, Vector};

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;
type Padded<const D: usize, const P: usize> = Sum<N<D>, Prod<N<P>, U2>>;

/// An image of `C` channels of `T`: an input of the layer `L`.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{Self}` as its input",
    label = "`{Self}` arrives at layer {PLACE}, which takes `Image<{C}, HEIGHT, WIDTH>`",
    note = "the input of a layer is the output of the layer before it; layers are counted from 0",
    note = "the channels of an image come first; the numbers must be `{T}`"
)]
pub trait ImageAt<const PLACE: usize, L, const C: usize, T>: Sample {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, L, const C: usize, const H: usize, const W: usize, T: Real> ImageAt<PLACE, L, C, T>
    for Image<C, H, W, T>
{
    type Check = Passed;
}

/// A sequence of `C` features of `T`: an input of the layer `L`.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{Self}` as its input",
    label = "`{Self}` arrives at layer {PLACE}, which takes `Sequence<STEPS, {C}>`",
    note = "the input of a layer is the output of the layer before it; layers are counted from 0",
    note = "the steps of a sequence come first, then its features; the numbers must be `{T}`"
)]
pub trait SequenceAt<const PLACE: usize, L, const C: usize, T>: Sample {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, L, const C: usize, const STEPS: usize, T: Real> SequenceAt<PLACE, L, C, T>
    for Sequence<STEPS, C, T>
{
    type Check = Passed;
}

/// A tensor of `C` features or channels of `T`: an input of the layer `L`.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{Self}` as its input",
    label = "`{Self}` arrives at layer {PLACE}, which takes {C} features or channels",
    note = "the input of a layer is the output of the layer before it; layers are counted from 0",
    note = "it takes `Vector<{C}>`, `Sequence<STEPS, {C}>` or `Image<{C}, HEIGHT, WIDTH>`; the numbers must be `{T}`"
)]
pub trait ChannelsAt<const PLACE: usize, L, const C: usize, T>: Sample {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, L, const C: usize, T: Real> ChannelsAt<PLACE, L, C, T> for Vector<C, T> {
    type Check = Passed;
}

impl<const PLACE: usize, L, const STEPS: usize, const C: usize, T: Real> ChannelsAt<PLACE, L, C, T>
    for Sequence<STEPS, C, T>
{
    type Check = Passed;
}

impl<const PLACE: usize, L, const C: usize, const H: usize, const W: usize, T: Real>
    ChannelsAt<PLACE, L, C, T> for Image<C, H, W, T>
{
    type Check = Passed;
}

/// Checks, after another check, that the windows of the layer `L` fit into `X`.
pub trait ThenWindow<const PLACE: usize, X, L, const K: usize, const S: usize, const P: usize> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const K: usize, const S: usize, const P: usize>
    ThenWindow<PLACE, X, L, K, S, P> for Passed
where
    X: WindowsAt<PLACE, L, K, S, P>,
{
    type Check = X::Check;
}

/// An image or a sequence into which the windows of the layer `L` fit.
pub trait WindowsAt<const PLACE: usize, L, const K: usize, const S: usize, const P: usize> {
    #[doc(hidden)]
    type Check;
}

impl<
    const PLACE: usize,
    L,
    const K: usize,
    const S: usize,
    const P: usize,
    const C: usize,
    const H: usize,
    const W: usize,
    T,
    Height,
> WindowsAt<PLACE, L, K, S, P> for Image<C, H, W, T>
where
    Side<H>: SlidesAt<PLACE, Self, L, K, S, P, Check = Height>,
    Height: ThenSlides<PLACE, Side<W>, Self, L, K, S, P>,
{
    type Check = Height::Check;
}

impl<
    const PLACE: usize,
    L,
    const K: usize,
    const S: usize,
    const P: usize,
    const STEPS: usize,
    const FEATURES: usize,
    T,
> WindowsAt<PLACE, L, K, S, P> for Sequence<STEPS, FEATURES, T>
where
    Side<STEPS>: SlidesAt<PLACE, Self, L, K, S, P>,
{
    type Check = <Side<STEPS> as SlidesAt<PLACE, Self, L, K, S, P>>::Check;
}

/// Checks, after another check, that the windows fit into this side of `X`.
pub trait ThenSlides<const PLACE: usize, D, X, L, const K: usize, const S: usize, const P: usize> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, D, X, L, const K: usize, const S: usize, const P: usize>
    ThenSlides<PLACE, D, X, L, K, S, P> for Passed
where
    D: SlidesAt<PLACE, X, L, K, S, P>,
{
    type Check = D::Check;
}

/// A side of `X` over which a window of `K` slides with a stride of `S` and a padding of `P` at both ends.
pub trait SlidesAt<const PLACE: usize, X, L, const K: usize, const S: usize, const P: usize> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const D: usize, const K: usize, const S: usize, const P: usize>
    SlidesAt<PLACE, X, L, K, S, P> for Side<D>
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<P>: Known,
    N<K>: Positive,
    N<S>: IsGreaterOrEqual<U1>,
    GrEq<N<S>, U1>: MovesAt<PLACE, X, L, D, K, S, P>,
{
    type Check = <N<K> as Positive>::Then<<GrEq<N<S>, U1> as MovesAt<PLACE, X, L, D, K, S, P>>::Check>;
}

/// Whether the stride is at least 1.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: its window of {K} has a stride of {S}: both must be at least 1",
    label = "the stride must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait MovesAt<const PLACE: usize, X, L, const D: usize, const K: usize, const S: usize, const P: usize> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const D: usize, const K: usize, const S: usize, const P: usize>
    MovesAt<PLACE, X, L, D, K, S, P> for B1
where
    Side<D>: Known,
    Side<K>: Known,
    Side<P>: Known,
    N<P>: Mul<U2>,
    N<D>: Add<Prod<N<P>, U2>>,
    Padded<D, P>: IsGreaterOrEqual<N<K>>,
    GrEq<Padded<D, P>, N<K>>: FitsAt<PLACE, X, L, D, K, P>,
{
    type Check = <GrEq<Padded<D, P>, N<K>> as FitsAt<PLACE, X, L, D, K, P>>::Check;
}

/// Whether the window is no larger than the padded side.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: a window of {K} does not fit into a dimension of {D} with a padding of {P}",
    label = "the window of layer {PLACE}, `{L}`, is larger than its padded input",
    note = "use a smaller window, or more padding"
)]
pub trait FitsAt<const PLACE: usize, X, L, const D: usize, const K: usize, const P: usize> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const D: usize, const K: usize, const P: usize> FitsAt<PLACE, X, L, D, K, P>
    for B1
{
    type Check = Passed;
}

/// Implements `At` for a layer with windows of `$K`, a stride of `$S` and a padding of `$P`.
macro_rules! window_at {
    ([$($generics:tt)*] $layer:ty, $Input:ident<$C:ident, $T:ident>, $K:ident, $S:ident, $P:ident) => {
        impl<const PLACE: usize, X, Checked, Fitting, $($generics)*> $crate::layer::At<PLACE, X> for $layer
        where
            X: $crate::layer::window_at::$Input<PLACE, Self, $C, $T, Check = Checked>,
            Checked: $crate::layer::window_at::ThenWindow<PLACE, X, Self, $K, $S, $P, Check = Fitting>,
            Fitting: $crate::layer::Then<X, Self>,
        {
            $crate::layer::window_at::window_at!(@items X, Fitting);
        }
    };
    ([$($generics:tt)*] $layer:ty, $X:ty, $K:ident, $S:ident, $P:ident) => {
        impl<const PLACE: usize, Fitting, $($generics)*> $crate::layer::At<PLACE, $X> for $layer
        where
            $X: $crate::layer::window_at::WindowsAt<PLACE, Self, $K, $S, $P, Check = Fitting>,
            Fitting: $crate::layer::Then<$X, Self>,
        {
            $crate::layer::window_at::window_at!(@items $X, Fitting);
        }
    };
    (@channels [$($generics:tt)*] $layer:ty, $C:ident, $T:ident) => {
        impl<const PLACE: usize, X, Checked, $($generics)*> $crate::layer::At<PLACE, X> for $layer
        where
            X: $crate::layer::window_at::ChannelsAt<PLACE, Self, $C, $T, Check = Checked>,
            Checked: $crate::layer::Then<X, Self>,
        {
            $crate::layer::window_at::window_at!(@items X, Checked);
        }
    };
    (@items $X:ty, $Check:ident) => {
        type Layer = <$Check as $crate::layer::Then<$X, Self>>::Layer;
        type Output = <$Check as $crate::layer::Then<$X, Self>>::Output;

        #[inline(always)]
        fn layer(&self) -> &Self::Layer {
            <$Check as $crate::layer::Then<$X, Self>>::layer(self)
        }

        #[inline(always)]
        fn layer_mut(&mut self) -> &mut Self::Layer {
            <$Check as $crate::layer::Then<$X, Self>>::layer_mut(self)
        }
    };
}
pub(crate) use window_at;

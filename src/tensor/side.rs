//! Arithmetic on the sides of tensors, worked out by `cargo check`.
//!
//! Stable Rust cannot compute with const generics in a type: there is no `Image<C, { H - K + 1 }, W>`. So a side goes from a
//! const to one of typenum's numbers, is computed with, and comes back: `Side<28>` → `U28` → `U24` → `Side<24>`. The two tables
//! are implementations for each number up to 1024; past it, checking them would cost every user seconds.
//!
//! None of typenum's types stands where an error can print it: every step that can fail is a trait of this module with a
//! sentence, asked for before the arithmetic that would fail by itself.

use core::ops::{Add, Div, Mul, Rem, Sub};

use typenum::type_operators::IsGreaterOrEqual;
use typenum::{B1, Diff, GrEq, Prod, Sum, U1, U2, UInt, UTerm};

use super::{Image, Sequence, Tensor, Vector};
use crate::kernel::Real;

/// A side of a tensor, as a type.
#[derive(Clone, Copy, Debug)]
pub struct Side<const N: usize>;

/// A number up to 1024, which the compiler can compute with.
#[diagnostic::on_unimplemented(
    message = "{Self} is too large to compute with: sides that a layer changes are at most 1024",
    label = "a side, window, stride or padding past 1024",
    note = "layers that keep the shape, and `Dense<Image<..>, Vector<..>>`, take sides of any size"
)]
pub trait Known {
    #[doc(hidden)]
    type Number;
}

/// Back from typenum's number to a side.
#[diagnostic::on_unimplemented(
    message = "the output of this layer has a side of more than 1024",
    label = "a side past 1024",
    note = "sides that a layer works out are at most 1024; to flatten a larger image, give it to `Dense<Image<..>, Vector<..>>` as it is"
)]
pub trait ToSide {
    #[doc(hidden)]
    type Side;
}

seq_macro::seq!(N in 0..=1024 {
    impl Known for Side<N> { type Number = typenum::consts::U~N; }
    impl ToSide for typenum::consts::U~N { type Side = Side<N>; }
});

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;

/// A number of at least 1.
#[diagnostic::on_unimplemented(
    message = "a window, a stride or a number of groups is 0",
    label = "must be at least 1",
    note = "windows, strides and groups count from 1"
)]
pub trait Positive {}

impl<U, B> Positive for UInt<U, B> {}

/// A window of `K` slides over this side, padded by `P` at both ends, in steps of `S`: over (D + 2P - K) / S + 1 places.
pub trait Slide<const K: usize, const S: usize, const P: usize> {
    /// The side of the output.
    type Out;
}

impl<const D: usize, const K: usize, const S: usize, const P: usize, Padded> Slide<K, S, P> for Side<D>
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<P>: Known,
    N<K>: Positive,
    N<S>: Positive,
    N<P>: Mul<U2>,
    N<D>: Add<Prod<N<P>, U2>, Output = Padded>,
    Padded: IsGreaterOrEqual<N<K>>,
    GrEq<Padded, N<K>>: WindowFits<D, K, P, Padded, N<S>>,
{
    type Out = <GrEq<Padded, N<K>> as WindowFits<D, K, P, Padded, N<S>>>::Out;
}

/// Whether the window is no larger than the padded side: the answer `B1` alone goes on to subtract.
#[diagnostic::on_unimplemented(
    message = "a window of {K} does not fit into a side of {D} padded by {P}",
    label = "the window is larger than the padded side",
    note = "use a smaller window, or more padding"
)]
pub trait WindowFits<const D: usize, const K: usize, const P: usize, Padded, Stride> {
    #[doc(hidden)]
    type Out;
}

impl<const D: usize, const K: usize, const P: usize, Padded, Stride, Free, Steps, Places>
    WindowFits<D, K, P, Padded, Stride> for B1
where
    Side<K>: Known,
    Padded: Sub<N<K>, Output = Free>,
    Free: Div<Stride, Output = Steps>,
    Steps: Add<U1, Output = Places>,
    Places: ToSide,
{
    type Out = Places::Side;
}

/// The product of two sides.
pub trait Times<const BY: usize> {
    /// The side of the output.
    type Out;
}

impl<const A: usize, const B: usize, Product> Times<B> for Side<A>
where
    Side<A>: Known,
    Side<B>: Known,
    N<A>: Mul<N<B>, Output = Product>,
    Product: ToSide,
{
    type Out = Product::Side;
}

/// The sum of two sides.
pub trait Plus<const MORE: usize> {
    /// The side of the output.
    type Out;
}

impl<const A: usize, const B: usize, Total> Plus<B> for Side<A>
where
    Side<A>: Known,
    Side<B>: Known,
    N<A>: Add<N<B>, Output = Total>,
    Total: ToSide,
{
    type Out = Total::Side;
}

/// A transposed window of `K` grows this side in steps of `S`, cut by `P` at both ends: to (D - 1) S + K - 2P.
pub trait Grow<const K: usize, const S: usize, const P: usize> {
    /// The side of the output.
    type Out;
}

impl<const D: usize, const K: usize, const S: usize, const P: usize, Full> Grow<K, S, P> for Side<D>
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<P>: Known,
    N<K>: Positive,
    N<S>: Positive,
    N<D>: Sub<U1>,
    Diff<N<D>, U1>: Mul<N<S>>,
    Prod<Diff<N<D>, U1>, N<S>>: Add<N<K>, Output = Full>,
    N<P>: Mul<U2>,
    Prod<N<P>, U2>: Add<U1>,
    Full: IsGreaterOrEqual<Sum<Prod<N<P>, U2>, U1>>,
    GrEq<Full, Sum<Prod<N<P>, U2>, U1>>: SomethingRemains<D, K, P, Full>,
{
    type Out = <GrEq<Full, Sum<Prod<N<P>, U2>, U1>> as SomethingRemains<D, K, P, Full>>::Out;
}

/// Whether the padding cuts away less than everything.
#[diagnostic::on_unimplemented(
    message = "a padding of {P} cuts away all that a transposed window of {K} makes of a side of {D}",
    label = "nothing remains of the output",
    note = "use less padding, or a larger window"
)]
pub trait SomethingRemains<const D: usize, const K: usize, const P: usize, Full> {
    #[doc(hidden)]
    type Out;
}

impl<const D: usize, const K: usize, const P: usize, Full, Rest> SomethingRemains<D, K, P, Full> for B1
where
    Side<P>: Known,
    N<P>: Mul<U2>,
    Full: Sub<Prod<N<P>, U2>, Output = Rest>,
    Rest: ToSide,
{
    type Out = Rest::Side;
}

/// This many channels can be split into `GROUPS` equal groups.
pub trait SplitInto<const GROUPS: usize> {}

impl<const CHANNELS: usize, const GROUPS: usize> SplitInto<GROUPS> for Side<CHANNELS>
where
    Side<CHANNELS>: Known,
    Side<GROUPS>: Known,
    N<GROUPS>: IsGreaterOrEqual<U1>,
    GrEq<N<GROUPS>, U1>: Splits<CHANNELS, GROUPS>,
{
}

/// Whether there is a group at all: the answer `B1` alone goes on to divide.
#[diagnostic::on_unimplemented(
    message = "{CHANNELS} channels cannot be split into {GROUPS} groups",
    label = "must be at least 1",
    note = "windows, strides and groups count from 1"
)]
pub trait Splits<const CHANNELS: usize, const GROUPS: usize> {}

impl<const CHANNELS: usize, const GROUPS: usize, Rest> Splits<CHANNELS, GROUPS> for B1
where
    Side<CHANNELS>: Known,
    Side<GROUPS>: Known,
    N<CHANNELS>: Rem<N<GROUPS>, Output = Rest>,
    Rest: Nothing<CHANNELS, GROUPS>,
{
}

/// The remainder of a division is 0.
#[diagnostic::on_unimplemented(
    message = "{CHANNELS} channels cannot be split into {GROUPS} equal groups",
    label = "the groups would differ in size",
    note = "the number of groups must divide the number of channels"
)]
pub trait Nothing<const CHANNELS: usize, const GROUPS: usize> {}

impl<const CHANNELS: usize, const GROUPS: usize> Nothing<CHANNELS, GROUPS> for UTerm {}

/// The tensor that has these sides.
pub trait Sides<T> {
    /// A [`Vector`] for one side, a [`Sequence`] for two, an [`Image`] for three.
    type Tensor: Tensor<Scalar = T>;
}

impl<const A: usize, T: Real> Sides<T> for (Side<A>,) {
    type Tensor = Vector<A, T>;
}

impl<const A: usize, const B: usize, T: Real> Sides<T> for (Side<A>, Side<B>) {
    type Tensor = Sequence<A, B, T>;
}

impl<const A: usize, const B: usize, const C: usize, T: Real> Sides<T> for (Side<A>, Side<B>, Side<C>) {
    type Tensor = Image<A, B, C, T>;
}

//! Arithmetic on the sides of tensors, which `cargo check` computes.
//!
//! Stable Rust cannot compute with const generics in a type: there is no `Image<C, { H - K + 1 }, W>`. So a side is
//! converted from a const to one of typenum's numbers, computed with, and converted back: `Side<28>` → `U28` → `U24` →
//! `Side<24>`. The two tables are implementations for each number up to 1024; more of them would cost every user
//! seconds of compile time.
//!
//! No error prints typenum's types: every step that can fail is a trait of this module with a message, which is a bound
//! before the arithmetic that would fail.
//!
//! Every result is one projection in its trait, and never a type parameter that a bound determines (`Output = Sum`).
//! rustc resolves a projection at once, but such a parameter later, and until then it matches the next layer against an
//! unknown shape. The error would be "type mismatch resolving <UInt<..> as ToSide>::Side" instead of a sentence.

use core::ops::{Add, Div, Mul, Rem, Sub};

use typenum::type_operators::{IsGreater, IsGreaterOrEqual, IsLessOrEqual};
use typenum::{B1, Diff, Gr, GrEq, LeEq, Prod, Quot, Sum, U1, U2, U1024, UInt, UTerm};

use super::{Image, Sequence, Tensor, Vector};
use crate::kernel::Real;

/// A side of a tensor, as a type.
#[derive(Clone, Copy, Debug)]
pub struct Side<const N: usize>;

/// A number up to 1024, which the compiler can compute with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is too large to compute with: sides that a layer changes are at most 1024",
    label = "a side, window, stride or padding past 1024",
    note = "layers that keep the shape, and `Dense<Image<..>, Vector<..>>`, take sides of any size"
)]
pub trait Known {
    #[doc(hidden)]
    type Number;
}

/// Converts typenum's number back to a side.
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
    message = "a window, a stride, a factor or a number of groups is 0",
    label = "must be at least 1",
    note = "windows, strides, factors and groups count from 1"
)]
pub trait Positive {}

impl<U, B> Positive for UInt<U, B> {}

/// A window of `K` slides over this side, padded by `P` at both ends, in steps of `S`: over (D + 2P - K) / S + 1
/// places.
pub trait Slide<const K: usize, const S: usize, const P: usize> {
    /// The side of the output.
    type Out;
}

impl<const D: usize, const K: usize, const S: usize, const P: usize> Slide<K, S, P> for Side<D>
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<P>: Known,
    N<K>: Positive,
    N<S>: IsGreaterOrEqual<U1>,
    GrEq<N<S>, U1>: Moves<D, K, S, P>,
{
    type Out = <GrEq<N<S>, U1> as Moves<D, K, S, P>>::Out;
}

/// Whether the stride is at least 1: only for the answer `B1` is the division computed.
#[diagnostic::on_unimplemented(
    message = "a window of {K} cannot move in steps of {S}",
    label = "the stride must be at least 1",
    note = "windows, strides, factors and groups count from 1"
)]
pub trait Moves<const D: usize, const K: usize, const S: usize, const P: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const D: usize, const K: usize, const S: usize, const P: usize> Moves<D, K, S, P> for B1
where
    Side<D>: Known,
    Side<K>: Known,
    Side<P>: Known,
    N<P>: Mul<U2>,
    N<D>: Add<Prod<N<P>, U2>>,
    Padded<D, P>: IsGreaterOrEqual<N<K>>,
    GrEq<Padded<D, P>, N<K>>: WindowFits<D, K, S, P>,
{
    type Out = <GrEq<Padded<D, P>, N<K>> as WindowFits<D, K, S, P>>::Out;
}

/// Whether the window is no larger than the padded side: only for the answer `B1` is the difference computed.
#[diagnostic::on_unimplemented(
    message = "a window of {K} does not fit into a side of {D} padded by {P}",
    label = "the window is larger than the padded side",
    note = "use a smaller window, or more padding"
)]
pub trait WindowFits<const D: usize, const K: usize, const S: usize, const P: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const D: usize, const K: usize, const S: usize, const P: usize> WindowFits<D, K, S, P> for B1
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<P>: Known,
    N<P>: Mul<U2>,
    N<D>: Add<Prod<N<P>, U2>>,
    Padded<D, P>: Sub<N<K>>,
    Free<D, K, P>: Div<N<S>>,
    Quot<Free<D, K, P>, N<S>>: Add<U1>,
    Sum<Quot<Free<D, K, P>, N<S>>, U1>: ToSide,
{
    type Out = <Sum<Quot<Free<D, K, P>, N<S>>, U1> as ToSide>::Side;
}

type Padded<const D: usize, const P: usize> = Sum<N<D>, Prod<N<P>, U2>>;
type Free<const D: usize, const K: usize, const P: usize> = Diff<Padded<D, P>, N<K>>;

/// A padding of `P` is at most half of this pooling window: then every window has a number of the input in it.
pub trait PaddedBy<const P: usize> {}

impl<const K: usize, const P: usize> PaddedBy<P> for Side<K>
where
    Side<K>: Known,
    Side<P>: Known,
    N<P>: Mul<U2>,
    N<K>: IsGreaterOrEqual<Prod<N<P>, U2>>,
    GrEq<N<K>, Prod<N<P>, U2>>: AtMostHalf<K, P>,
{
}

/// Whether twice the padding is no larger than the window.
#[diagnostic::on_unimplemented(
    message = "a padding of {P} is more than half of a pooling window of {K}",
    label = "windows at the border would hold nothing but padding",
    note = "pad by at most half of the window, or use a larger one"
)]
pub trait AtMostHalf<const K: usize, const P: usize> {}

impl<const K: usize, const P: usize> AtMostHalf<K, P> for B1 {}

/// The product of two sides.
pub trait Times<const BY: usize> {
    /// The side of the output.
    type Out;
}

impl<const A: usize, const B: usize> Times<B> for Side<A>
where
    Side<A>: Known,
    Side<B>: Known,
    N<A>: Mul<N<B>>,
    Prod<N<A>, N<B>>: IsLessOrEqual<U1024>,
    LeEq<Prod<N<A>, N<B>>, U1024>: ProductFits<A, B>,
{
    type Out = <LeEq<Prod<N<A>, N<B>>, U1024> as ProductFits<A, B>>::Out;
}

/// Whether the product is at most 1024: only for the answer `B1` is it converted to a side.
#[diagnostic::on_unimplemented(
    message = "a side of {A}, {B} times as large, is more than 1024",
    label = "a side past 1024",
    note = "sides that a layer works out are at most 1024: use a smaller image or a smaller factor"
)]
pub trait ProductFits<const A: usize, const B: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const A: usize, const B: usize> ProductFits<A, B> for B1
where
    Side<A>: Known,
    Side<B>: Known,
    N<A>: Mul<N<B>>,
    Prod<N<A>, N<B>>: ToSide,
{
    type Out = <Prod<N<A>, N<B>> as ToSide>::Side;
}

/// The sum of two sides.
pub trait Plus<const MORE: usize> {
    /// The side of the output.
    type Out;
}

impl<const A: usize, const B: usize> Plus<B> for Side<A>
where
    Side<A>: Known,
    Side<B>: Known,
    N<A>: Add<N<B>>,
    Sum<N<A>, N<B>>: IsLessOrEqual<U1024>,
    LeEq<Sum<N<A>, N<B>>, U1024>: SumFits<A, B>,
{
    type Out = <LeEq<Sum<N<A>, N<B>>, U1024> as SumFits<A, B>>::Out;
}

/// Whether the sum is at most 1024: only for the answer `B1` is it converted to a side.
#[diagnostic::on_unimplemented(
    message = "{A} and {B} channels or features together are more than 1024",
    label = "a side past 1024",
    note = "sides that a layer works out are at most 1024: let the branches give fewer"
)]
pub trait SumFits<const A: usize, const B: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const A: usize, const B: usize> SumFits<A, B> for B1
where
    Side<A>: Known,
    Side<B>: Known,
    N<A>: Add<N<B>>,
    Sum<N<A>, N<B>>: ToSide,
{
    type Out = <Sum<N<A>, N<B>> as ToSide>::Side;
}

/// A transposed window of `K` grows this side in steps of `S`, cut by `P` at both ends: to (D - 1) S + K - 2P.
pub trait Grow<const K: usize, const S: usize, const P: usize> {
    /// The side of the output.
    type Out;
}

impl<const D: usize, const K: usize, const S: usize, const P: usize> Grow<K, S, P> for Side<D>
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<P>: Known,
    N<K>: Positive,
    N<S>: Positive,
    N<D>: Sub<U1>,
    Diff<N<D>, U1>: Mul<N<S>>,
    Prod<Diff<N<D>, U1>, N<S>>: Add<N<K>>,
    N<P>: Mul<U2>,
    Full<D, K, S>: IsGreater<Prod<N<P>, U2>>,
    Gr<Full<D, K, S>, Prod<N<P>, U2>>: SomethingRemains<D, K, S, P>,
{
    type Out = <Gr<Full<D, K, S>, Prod<N<P>, U2>> as SomethingRemains<D, K, S, P>>::Out;
}

/// Whether the padding is smaller than the output, so that something remains.
#[diagnostic::on_unimplemented(
    message = "a padding of {P} cuts away all that a transposed window of {K} makes of a side of {D}",
    label = "nothing remains of the output",
    note = "use less padding, or a larger window"
)]
pub trait SomethingRemains<const D: usize, const K: usize, const S: usize, const P: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const D: usize, const K: usize, const S: usize, const P: usize> SomethingRemains<D, K, S, P> for B1
where
    Side<D>: Known,
    Side<K>: Known,
    Side<S>: Known,
    Side<P>: Known,
    N<D>: Sub<U1>,
    Diff<N<D>, U1>: Mul<N<S>>,
    Prod<Diff<N<D>, U1>, N<S>>: Add<N<K>>,
    N<P>: Mul<U2>,
    Full<D, K, S>: Sub<Prod<N<P>, U2>>,
    Diff<Full<D, K, S>, Prod<N<P>, U2>>: ToSide,
{
    type Out = <Diff<Full<D, K, S>, Prod<N<P>, U2>> as ToSide>::Side;
}

type Full<const D: usize, const K: usize, const S: usize> = Sum<Prod<Diff<N<D>, U1>, N<S>>, N<K>>;

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

/// Whether there is at least one group: only for the answer `B1` is the division computed.
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

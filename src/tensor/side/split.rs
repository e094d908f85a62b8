//! Sides divided into equal parts: channels into groups, rows and columns into blocks, and halves.

use core::ops::{Div, Mul, Rem};

use typenum::type_operators::{IsGreaterOrEqual, Max};
use typenum::{B1, GrEq, Maximum, Quot, Square, U1, U2, UTerm};

use super::{Known, N, Side, ToSide};

/// These channels divided into `GROUPS` equal groups.
pub trait SplitInto<const GROUPS: usize> {
    /// The number of channels of a group.
    type Out;
}

impl<const CHANNELS: usize, const GROUPS: usize> SplitInto<GROUPS> for Side<CHANNELS>
where
    Side<CHANNELS>: Known,
    Side<GROUPS>: Known,
    N<GROUPS>: IsGreaterOrEqual<U1>,
    GrEq<N<GROUPS>, U1>: Splits<CHANNELS, GROUPS>,
{
    type Out = <GrEq<N<GROUPS>, U1> as Splits<CHANNELS, GROUPS>>::Out;
}

/// Whether there is at least one group. The division is computed only if the answer is `B1`.
#[diagnostic::on_unimplemented(
    message = "{CHANNELS} channels cannot be split into {GROUPS} groups",
    label = "must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait Splits<const CHANNELS: usize, const GROUPS: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const CHANNELS: usize, const GROUPS: usize, Rest> Splits<CHANNELS, GROUPS> for B1
where
    Side<CHANNELS>: Known,
    Side<GROUPS>: Known,
    N<CHANNELS>: Rem<N<GROUPS>, Output = Rest>,
    Rest: Nothing<CHANNELS, GROUPS>,
{
    type Out = Rest::Out;
}

/// The remainder of a division is 0.
#[diagnostic::on_unimplemented(
    message = "{CHANNELS} channels cannot be split into {GROUPS} equal groups",
    label = "the groups would differ in size",
    note = "the number of groups must divide the number of channels"
)]
pub trait Nothing<const CHANNELS: usize, const GROUPS: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const CHANNELS: usize, const GROUPS: usize> Nothing<CHANNELS, GROUPS> for UTerm
where
    Side<CHANNELS>: Known,
    Side<GROUPS>: Known,
    N<CHANNELS>: Div<N<GROUPS>>,
    Quot<N<CHANNELS>, N<GROUPS>>: ToSide,
{
    type Out = <Quot<N<CHANNELS>, N<GROUPS>> as ToSide>::Side;
}

/// These channels divided into `GROUPS` groups, at least one, rounded down. If `GROUPS` does not divide them,
/// [`SplitInto`] reports the error.
pub trait PartInto<const GROUPS: usize> {
    /// The number of channels of a group.
    type Out;
}

impl<const CHANNELS: usize, const GROUPS: usize> PartInto<GROUPS> for Side<CHANNELS>
where
    Side<CHANNELS>: Known,
    Side<GROUPS>: Known,
    N<GROUPS>: Max<U1>,
    N<CHANNELS>: Div<Maximum<N<GROUPS>, U1>>,
    Quot<N<CHANNELS>, Maximum<N<GROUPS>, U1>>: ToSide,
{
    type Out = <Quot<N<CHANNELS>, Maximum<N<GROUPS>, U1>> as ToSide>::Side;
}

/// This side divided into parts of `BY` numbers: D / BY parts.
pub trait Over<const BY: usize> {
    /// The number of parts.
    type Out;
}

impl<const D: usize, const BY: usize> Over<BY> for Side<D>
where
    Side<D>: Known,
    Side<BY>: Known,
    N<BY>: IsGreaterOrEqual<U1>,
    GrEq<N<BY>, U1>: Parts<D, BY>,
{
    type Out = <GrEq<N<BY>, U1> as Parts<D, BY>>::Out;
}

/// Whether a part is at least 1. The division is computed only if the answer is `B1`.
#[diagnostic::on_unimplemented(
    message = "a dimension of {D} cannot be split into parts of {BY}",
    label = "must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait Parts<const D: usize, const BY: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const D: usize, const BY: usize, Rest> Parts<D, BY> for B1
where
    Side<D>: Known,
    Side<BY>: Known,
    N<D>: Rem<N<BY>, Output = Rest>,
    Rest: NoRest<D, BY>,
{
    type Out = Rest::Out;
}

/// The remainder of the division is 0.
#[diagnostic::on_unimplemented(
    message = "a dimension of {D} cannot be split into parts of {BY}",
    label = "{BY} does not divide {D}",
    note = "pad or crop the input to a multiple of {BY}"
)]
pub trait NoRest<const D: usize, const BY: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const D: usize, const BY: usize> NoRest<D, BY> for UTerm
where
    Side<D>: Known,
    Side<BY>: Known,
    N<D>: Div<N<BY>>,
    Quot<N<D>, N<BY>>: ToSide,
{
    type Out = <Quot<N<D>, N<BY>> as ToSide>::Side;
}

/// These channels divided into groups of `R` x `R`: C / (R R) groups.
pub trait OverSquare<const R: usize> {
    /// The number of groups.
    type Out;
}

impl<const C: usize, const R: usize> OverSquare<R> for Side<C>
where
    Side<C>: Known,
    Side<R>: Known,
    N<R>: IsGreaterOrEqual<U1>,
    GrEq<N<R>, U1>: Squares<C, R>,
{
    type Out = <GrEq<N<R>, U1> as Squares<C, R>>::Out;
}

/// Whether R is at least 1. The division is computed only if the answer is `B1`.
#[diagnostic::on_unimplemented(
    message = "{C} channels cannot become squares of {R} x {R} pixels",
    label = "must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait Squares<const C: usize, const R: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const C: usize, const R: usize, Rest> Squares<C, R> for B1
where
    Side<C>: Known,
    Side<R>: Known,
    N<R>: Mul,
    N<C>: Rem<Square<N<R>>, Output = Rest>,
    Rest: NoChannelsLeft<C, R>,
{
    type Out = Rest::Out;
}

/// The remainder of the division is 0.
#[diagnostic::on_unimplemented(
    message = "{C} channels cannot become squares of {R} x {R} pixels",
    label = "{C} is not a multiple of {R} x {R}",
    note = "make the layer before it give a multiple of {R} x {R} channels"
)]
pub trait NoChannelsLeft<const C: usize, const R: usize> {
    #[doc(hidden)]
    type Out;
}

impl<const C: usize, const R: usize> NoChannelsLeft<C, R> for UTerm
where
    Side<C>: Known,
    Side<R>: Known,
    N<R>: Mul,
    N<C>: Div<Square<N<R>>>,
    Quot<N<C>, Square<N<R>>>: ToSide,
{
    type Out = <Quot<N<C>, Square<N<R>>> as ToSide>::Side;
}

/// These channels divided into two equal halves.
pub trait Halve {
    /// The number of channels of a half.
    type Out;
}

impl<const CHANNELS: usize, Rest> Halve for Side<CHANNELS>
where
    Side<CHANNELS>: Known,
    N<CHANNELS>: Rem<U2, Output = Rest>,
    Rest: Even<CHANNELS>,
{
    type Out = Rest::Half;
}

/// The remainder of the division by 2 is 0.
#[diagnostic::on_unimplemented(
    message = "{CHANNELS} features or channels cannot be split into two equal halves",
    label = "an odd number of features or channels",
    note = "make the layer before it give an even number of features or channels"
)]
pub trait Even<const CHANNELS: usize> {
    #[doc(hidden)]
    type Half;
}

impl<const CHANNELS: usize> Even<CHANNELS> for UTerm
where
    Side<CHANNELS>: Known,
    N<CHANNELS>: Div<U2>,
    Quot<N<CHANNELS>, U2>: ToSide,
{
    type Half = <Quot<N<CHANNELS>, U2> as ToSide>::Side;
}

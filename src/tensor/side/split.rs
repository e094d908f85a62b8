//! Channels in equal groups, and in two halves.

use core::ops::{Div, Rem};

use typenum::type_operators::IsGreaterOrEqual;
use typenum::{B1, GrEq, Quot, U1, U2, UTerm};

use super::{Known, N, Side, ToSide};

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

/// This many channels have two equal halves.
pub trait Halve {
    /// The channels of a half.
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
    message = "{CHANNELS} channels have no two equal halves",
    label = "an odd number of channels",
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

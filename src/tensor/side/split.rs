//! Channels in equal groups.

use core::ops::{Div, Rem};

use typenum::type_operators::IsGreaterOrEqual;
use typenum::{B1, GrEq, Quot, U1, UTerm};

use super::{Known, N, Side, ToSide};

/// This many channels can be split into `GROUPS` equal groups.
pub trait SplitInto<const GROUPS: usize> {
    /// The channels of a group.
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

/// Whether there is at least one group: only for the answer `B1` is the division computed.
#[diagnostic::on_unimplemented(
    message = "{CHANNELS} channels cannot be split into {GROUPS} groups",
    label = "must be at least 1",
    note = "windows, strides and groups count from 1"
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

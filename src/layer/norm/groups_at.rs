//! The check of the number of groups of a layer. Its message names the layer and its place in a stack.
//! [`SplitInto`](crate::tensor::side::SplitInto) makes the same check without a layer.

use core::ops::Rem;

use typenum::type_operators::IsGreaterOrEqual;
use typenum::{B1, GrEq, U1, UTerm};

use crate::layer::Passed;
use crate::tensor::side::{Known, Side};

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;

/// The channels of the layer `L` can be split into `GROUPS` equal groups. This trait is used after the check of the
/// groups.
pub trait ThenGroups<const PLACE: usize, X, L, const CHANNELS: usize, const GROUPS: usize> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const CHANNELS: usize, const GROUPS: usize>
    ThenGroups<PLACE, X, L, CHANNELS, GROUPS> for Passed
where
    Side<CHANNELS>: Known,
    Side<GROUPS>: Known,
    N<GROUPS>: IsGreaterOrEqual<U1>,
    GrEq<N<GROUPS>, U1>: SplitsAt<PLACE, X, L, CHANNELS, GROUPS>,
{
    type Check = <GrEq<N<GROUPS>, U1> as SplitsAt<PLACE, X, L, CHANNELS, GROUPS>>::Check;
}

/// Whether there is at least one group. The division is computed only if the answer is `B1`.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: {CHANNELS} channels cannot be split into {GROUPS} groups",
    label = "the number of groups must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait SplitsAt<const PLACE: usize, X, L, const CHANNELS: usize, const GROUPS: usize> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const CHANNELS: usize, const GROUPS: usize, Rest>
    SplitsAt<PLACE, X, L, CHANNELS, GROUPS> for B1
where
    Side<CHANNELS>: Known,
    Side<GROUPS>: Known,
    N<CHANNELS>: Rem<N<GROUPS>, Output = Rest>,
    Rest: NothingAt<PLACE, X, L, CHANNELS, GROUPS>,
{
    type Check = Rest::Check;
}

/// The remainder of the division is 0.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{L}`, cannot take `{X}` as its input: {CHANNELS} channels cannot be split into {GROUPS} equal groups",
    label = "the groups of layer {PLACE}, `{L}`, would differ in size",
    note = "the number of groups must divide the number of channels"
)]
pub trait NothingAt<const PLACE: usize, X, L, const CHANNELS: usize, const GROUPS: usize> {
    #[doc(hidden)]
    type Check;
}

impl<const PLACE: usize, X, L, const CHANNELS: usize, const GROUPS: usize>
    NothingAt<PLACE, X, L, CHANNELS, GROUPS> for UTerm
{
    type Check = Passed;
}

//! The sides after padding, and the limits of padding.

use core::ops::Add;

use typenum::type_operators::{IsLess, IsLessOrEqual};
use typenum::{B1, Le, LeEq, Sum};

use super::{Circular, Constant, Reflect, Replicate};
use crate::tensor::side::{Known, Side, ToSide};

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;

/// This side, with a padding of `BEFORE` and `AFTER` in the mode `M`: the bound of [`Pad2d`](super::Pad2d) and
/// [`Pad1d`](super::Pad1d). See the example of [`Pad2d`](super::Pad2d).
pub trait PaddedTo<M, const BEFORE: usize, const AFTER: usize> {
    /// The side of the output.
    type Out;
}

impl<M, const D: usize, const BEFORE: usize, const AFTER: usize> PaddedTo<M, BEFORE, AFTER> for Side<D>
where
    Side<D>: Known,
    Side<BEFORE>: Known,
    Side<AFTER>: Known,
    M: Pads<D, BEFORE> + Pads<D, AFTER>,
    N<D>: Add<N<BEFORE>>,
    Sum<N<D>, N<BEFORE>>: Add<N<AFTER>>,
    Sum<Sum<N<D>, N<BEFORE>>, N<AFTER>>: ToSide,
{
    type Out = <Sum<Sum<N<D>, N<BEFORE>>, N<AFTER>> as ToSide>::Side;
}

/// A mode that can pad a side of `D` by `P` at one end.
pub trait Pads<const D: usize, const P: usize> {}

impl<const NUM: i64, const DEN: u64, const D: usize, const P: usize> Pads<D, P> for Constant<NUM, DEN> {}

impl<const D: usize, const P: usize> Pads<D, P> for Replicate {}

impl<const D: usize, const P: usize> Pads<D, P> for Reflect
where
    Side<D>: Known,
    Side<P>: Known,
    N<P>: IsLess<N<D>>,
    Le<N<P>, N<D>>: Mirrors<D, P>,
{
}

impl<const D: usize, const P: usize> Pads<D, P> for Circular
where
    Side<D>: Known,
    Side<P>: Known,
    N<P>: IsLessOrEqual<N<D>>,
    LeEq<N<P>, N<D>>: Wraps<D, P>,
{
}

/// Whether the padding is smaller than the side.
#[diagnostic::on_unimplemented(
    message = "a reflection padding of {P} does not fit into a dimension of {D}",
    label = "the padding must be smaller than the dimension",
    note = "a reflection does not repeat the element at the border, so a dimension of {D} has only {D} - 1 elements to reflect",
    note = "use less padding, or `ReplicationPad2d`, which repeats the element at the border"
)]
pub trait Mirrors<const D: usize, const P: usize> {}

impl<const D: usize, const P: usize> Mirrors<D, P> for B1 {}

/// Whether the padding is not larger than the side.
#[diagnostic::on_unimplemented(
    message = "a circular padding of {P} is larger than a dimension of {D}",
    label = "the padding must be at most as large as the dimension",
    note = "use less padding"
)]
pub trait Wraps<const D: usize, const P: usize> {}

impl<const D: usize, const P: usize> Wraps<D, P> for B1 {}

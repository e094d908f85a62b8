//! Sums and products of sides: concatenation and upsampling.

use core::ops::{Add, Mul};

use typenum::{Prod, Sum};

use super::{Known, N, Positive, Side, ToSide};

/// The product of two sides.
pub trait Times<const BY: usize> {
    /// The side of the output.
    type Out;
}

impl<const A: usize, const B: usize> Times<B> for Side<A>
where
    Side<A>: Known,
    Side<B>: Known,
    N<B>: Positive,
    N<A>: Mul<N<B>>,
    Prod<N<A>, N<B>>: ToSide,
{
    type Out = <N<B> as Positive>::Then<<Prod<N<A>, N<B>> as ToSide>::Side>;
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
    Sum<N<A>, N<B>>: ToSide,
{
    type Out = <Sum<N<A>, N<B>> as ToSide>::Side;
}

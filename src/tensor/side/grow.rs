//! The output sides of transposed windows.

use core::ops::{Add, Mul, Sub};

use typenum::type_operators::IsGreater;
use typenum::{B1, Diff, Gr, Prod, Sum, U1, U2};

use super::{Known, N, Positive, Side, ToSide};

/// The output side of transposed windows of `K` on this side in steps of `S`, cut by `P` at both ends: (D - 1) S + K -
/// 2P.
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
    type Out = <N<K> as Positive>::Then<
        <N<S> as Positive>::Then<<Gr<Full<D, K, S>, Prod<N<P>, U2>> as SomethingRemains<D, K, S, P>>::Out>,
    >;
}

/// Whether the padding is smaller than the output, so that the output is not empty.
#[diagnostic::on_unimplemented(
    message = "a padding of {P} removes the whole output of a transposed window of {K} over a dimension of {D}",
    label = "the output would be empty",
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

//! The output sides of windows: convolutions and pooling.

use core::ops::{Add, Div, Mul, Sub};

use typenum::type_operators::IsGreaterOrEqual;
use typenum::{B1, Diff, GrEq, Prod, Quot, Sum, U1, U2};

use super::{Known, N, Positive, Side, ToSide};

/// The output side of windows of `K` along this side, padded by `P` at both ends, in steps of `S`: (D + 2P - K) /
/// S + 1.
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
    type Out = <N<K> as Positive>::Then<<GrEq<N<S>, U1> as Moves<D, K, S, P>>::Out>;
}

/// Whether the stride is at least 1. The division is computed only if the answer is `B1`.
#[diagnostic::on_unimplemented(
    message = "a window of {K} has a stride of {S}: both must be at least 1",
    label = "the stride must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
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

/// Whether the window is not larger than the padded side. The difference is computed only if the answer is `B1`.
#[diagnostic::on_unimplemented(
    message = "a window of {K} does not fit into a dimension of {D} with a padding of {P}",
    label = "the window is larger than the padded input",
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

/// A padding of `P` is at most half of this pooling window, so every window contains a number of the input.
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

/// Whether twice the padding is not larger than the window.
#[diagnostic::on_unimplemented(
    message = "a padding of {P} is more than half of a pooling window of {K}",
    label = "windows at the border would contain only padding",
    note = "use a padding of at most half of the window, or a larger window"
)]
pub trait AtMostHalf<const K: usize, const P: usize> {}

impl<const K: usize, const P: usize> AtMostHalf<K, P> for B1 {}

//! Flattened tensors. `cargo check` computes their side.

use core::ops::Mul;

use typenum::type_operators::IsLessOrEqual;
use typenum::{B1, LeEq, Prod, U2048};

use super::side::{Known, Side, Sides, ToSide};
use super::{Image, Sequence, Tensor, Vector};
use crate::kernel::Real;

/// A tensor that the compiler can flatten: any [`Vector`], and a [`Sequence`] or an [`Image`] of at most 2048 numbers.
///
/// ```
/// use chainrule::tensor::{Flattened, Image, Vector};
/// let _: <Image<1, 2, 3> as Flattened>::Vector = Vector([0.0_f32; 6]);
/// ```
pub trait Flattened: Tensor {
    /// The vector of all its numbers.
    type Vector: Tensor<Scalar = Self::Scalar>;
}

impl<const A: usize, T: Real> Flattened for Vector<A, T> {
    type Vector = Self;
}

impl<const A: usize, const B: usize, T: Real> Flattened for Sequence<A, B, T>
where
    Side<A>: Known,
    Side<B>: Known,
    N<A>: Mul<N<B>>,
    Prod<N<A>, N<B>>: IsLessOrEqual<U2048>,
    LeEq<Prod<N<A>, N<B>>, U2048>: FitsVector<Self>,
{
    type Vector = <LeEq<Prod<N<A>, N<B>>, U2048> as FitsVector<Self>>::Vector;
}

impl<const A: usize, const B: usize, const C: usize, T: Real> Flattened for Image<A, B, C, T>
where
    Side<A>: Known,
    Side<B>: Known,
    Side<C>: Known,
    N<A>: Mul<N<B>>,
    Prod<N<A>, N<B>>: Mul<N<C>>,
    Volume<A, B, C>: IsLessOrEqual<U2048>,
    LeEq<Volume<A, B, C>, U2048>: FitsVector<Self>,
{
    type Vector = <LeEq<Volume<A, B, C>, U2048> as FitsVector<Self>>::Vector;
}

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;
type Volume<const A: usize, const B: usize, const C: usize> = Prod<Prod<N<A>, N<B>>, N<C>>;

/// Whether `X` has at most 2048 numbers. The side is computed only if the answer is `B1`.
#[diagnostic::on_unimplemented(
    message = "`{X}` is too large to flatten: it has more than 2048 numbers",
    label = "the vector would be longer than 2048",
    note = "a dense layer takes `{X}` directly: remove `Flatten`, and replace the linear layer after it by `Dense<{X}, Vector<..>>`"
)]
pub trait FitsVector<X: Tensor> {
    #[doc(hidden)]
    type Vector: Tensor<Scalar = X::Scalar>;
}

impl<const A: usize, const B: usize, T: Real> FitsVector<Sequence<A, B, T>> for B1
where
    Side<A>: Known,
    Side<B>: Known,
    N<A>: Mul<N<B>>,
    Prod<N<A>, N<B>>: ToSide,
    (<Prod<N<A>, N<B>> as ToSide>::Side,): Sides<T>,
{
    type Vector = <(<Prod<N<A>, N<B>> as ToSide>::Side,) as Sides<T>>::Tensor;
}

impl<const A: usize, const B: usize, const C: usize, T: Real> FitsVector<Image<A, B, C, T>> for B1
where
    Side<A>: Known,
    Side<B>: Known,
    Side<C>: Known,
    N<A>: Mul<N<B>>,
    Prod<N<A>, N<B>>: Mul<N<C>>,
    Volume<A, B, C>: ToSide,
    (<Volume<A, B, C> as ToSide>::Side,): Sides<T>,
{
    type Vector = <(<Volume<A, B, C> as ToSide>::Side,) as Sides<T>>::Tensor;
}

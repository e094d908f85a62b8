//! Concatenation of tensors along channels or features. `cargo check` computes the sides.

use super::side::{Plus, Side, Sides};
use super::{Image, Sequence, Tensor, Vector};
use crate::kernel::Real;

/// The sum of several sides.
pub trait SumOfSides {
    /// Their sum.
    type Out;
}

impl<const A: usize, const B: usize> SumOfSides for (Side<A>, Side<B>)
where
    Side<A>: Plus<B>,
{
    type Out = Two<A, B>;
}

impl<const A: usize, const B: usize, const C: usize> SumOfSides for (Side<A>, Side<B>, Side<C>)
where
    Side<A>: Plus<B>,
    Two<A, B>: Plus<C>,
{
    type Out = Three<A, B, C>;
}

impl<const A: usize, const B: usize, const C: usize, const D: usize> SumOfSides
    for (Side<A>, Side<B>, Side<C>, Side<D>)
where
    Side<A>: Plus<B>,
    Two<A, B>: Plus<C>,
    Three<A, B, C>: Plus<D>,
{
    type Out = <Three<A, B, C> as Plus<D>>::Out;
}

type Two<const A: usize, const B: usize> = <Side<A> as Plus<B>>::Out;
type Three<const A: usize, const B: usize, const C: usize> = <Two<A, B> as Plus<C>>::Out;

/// There is a trait for each number of tensors, so that its message can show each of them.
macro_rules! join {
    ($(#[$sentence:meta])* $Join:ident<$($Y:ident),+>: $($B:ident)+) => {
        $(#[$sentence])*
        pub trait $Join<$($Y),+>: Tensor {
            /// The concatenated tensor.
            type Joined: Tensor<Scalar = Self::Scalar>;

            /// The number of rows of each tensor: one, or one for each step.
            const ROWS: usize;
        }

        impl<const A: usize, $(const $B: usize,)+ T: Real> $Join<$(Vector<$B, T>),+> for Vector<A, T>
        where
            (Side<A>, $(Side<$B>),+): SumOfSides,
            (<(Side<A>, $(Side<$B>),+) as SumOfSides>::Out,): Sides<T>,
        {
            type Joined = <(<(Side<A>, $(Side<$B>),+) as SumOfSides>::Out,) as Sides<T>>::Tensor;
            const ROWS: usize = 1;
        }

        impl<const STEPS: usize, const A: usize, $(const $B: usize,)+ T: Real> $Join<$(Sequence<STEPS, $B, T>),+>
            for Sequence<STEPS, A, T>
        where
            (Side<A>, $(Side<$B>),+): SumOfSides,
            (Side<STEPS>, <(Side<A>, $(Side<$B>),+) as SumOfSides>::Out): Sides<T>,
        {
            type Joined = <(Side<STEPS>, <(Side<A>, $(Side<$B>),+) as SumOfSides>::Out) as Sides<T>>::Tensor;
            const ROWS: usize = STEPS;
        }

        impl<const A: usize, $(const $B: usize,)+ const HEIGHT: usize, const WIDTH: usize, T: Real>
            $Join<$(Image<$B, HEIGHT, WIDTH, T>),+> for Image<A, HEIGHT, WIDTH, T>
        where
            (Side<A>, $(Side<$B>),+): SumOfSides,
            (<(Side<A>, $(Side<$B>),+) as SumOfSides>::Out, Side<HEIGHT>, Side<WIDTH>): Sides<T>,
        {
            type Joined =
                <(<(Side<A>, $(Side<$B>),+) as SumOfSides>::Out, Side<HEIGHT>, Side<WIDTH>) as Sides<T>>::Tensor;
            const ROWS: usize = 1;
        }
    };
}

join! {
    /// Two tensors that differ only in channels or features.
    #[diagnostic::on_unimplemented(
        message = "branches that are joined must agree in all sides but channels or features: one gives `{Self}`, the other `{Y}`",
        label = "`{Self}` and `{Y}` cannot be joined",
        note = "let both give vectors, or sequences of the same steps, or images of the same height and width: a convolution with padding, or the same stride in both, keeps them alike"
    )]
    Join2<Y>: B
}
join! {
    /// Three tensors that differ only in channels or features.
    #[diagnostic::on_unimplemented(
        message = "branches that are joined must agree in all sides but channels or features: they give `{Self}`, `{Y}` and `{Z}`",
        label = "`{Self}`, `{Y}` and `{Z}` cannot be joined",
        note = "let all give vectors, or sequences of the same steps, or images of the same height and width: a convolution with padding, or the same stride in all, keeps them alike"
    )]
    Join3<Y, Z>: B C
}
join! {
    /// Four tensors that differ only in channels or features.
    #[diagnostic::on_unimplemented(
        message = "branches that are joined must agree in all sides but channels or features: they give `{Self}`, `{Y}`, `{Z}` and `{V}`",
        label = "`{Self}`, `{Y}`, `{Z}` and `{V}` cannot be joined",
        note = "let all give vectors, or sequences of the same steps, or images of the same height and width: a convolution with padding, or the same stride in all, keeps them alike"
    )]
    Join4<Y, Z, V>: B C D
}

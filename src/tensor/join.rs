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
        message = "cannot concatenate `{Self}` and `{Y}`: only their channels or features may differ",
        label = "one branch gives `{Self}`, the other `{Y}`",
        note = "make all branches give vectors, or sequences with the same number of steps, or images with the same height and width",
        note = "for equal sizes, use the same stride in all branches, and a padding of (K - 1) / 2 for a window of K"
    )]
    Join2<Y>: B
}
join! {
    /// Three tensors that differ only in channels or features.
    #[diagnostic::on_unimplemented(
        message = "cannot concatenate `{Self}`, `{Y}` and `{Z}`: only their channels or features may differ",
        label = "the branches give `{Self}`, `{Y}` and `{Z}`",
        note = "make all branches give vectors, or sequences with the same number of steps, or images with the same height and width",
        note = "for equal sizes, use the same stride in all branches, and a padding of (K - 1) / 2 for a window of K"
    )]
    Join3<Y, Z>: B C
}
join! {
    /// Four tensors that differ only in channels or features.
    #[diagnostic::on_unimplemented(
        message = "cannot concatenate `{Self}`, `{Y}`, `{Z}` and `{V}`: only their channels or features may differ",
        label = "the branches give `{Self}`, `{Y}`, `{Z}` and `{V}`",
        note = "make all branches give vectors, or sequences with the same number of steps, or images with the same height and width",
        note = "for equal sizes, use the same stride in all branches, and a padding of (K - 1) / 2 for a window of K"
    )]
    Join4<Y, Z, V>: B C D
}

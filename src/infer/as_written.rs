//! The layers that are written with their sizes, or have none: each stands for itself.
//!
//! Each impl names the shape that its layer takes, so that for another shape the error says where in the stack the
//! layer is, and for a window that does not fit what is wrong with it. One impl for all shapes, as for a layer outside
//! this crate, could say only one of the two.

use super::After;
use crate::bounds::SameScalar;
use crate::kernel::Real;
use crate::layer::{
    AvgPool1d, AvgPool2d, BatchNorm, Bias, Conv1d, Conv2d, Dense, DepthwiseConv2d, Dropout, Elu, Flatten,
    Gelu, GeluTanh, GlobalAvgPool, GroupNorm, HardSigmoid, HardTanh, Identity, Layer, LayerNorm, LeakyRelu,
    Linear, LogSoftmax, MaxPool1d, MaxPool2d, Mish, PRelu, Relu, Reshape, RmsNorm, Selu, Sigmoid, Silu,
    Softmax, Softplus, Softsign, Tanh, TransposedConv2d, Upsample2d,
};
use crate::stack::{Duplicate, Join, Sum};
use crate::tensor::{Image, Pair, Sequence, Tensor, Vector};

/// For `[generics] layer, the shape that it takes`.
macro_rules! as_written {
    ([$($generics:tt)*] $layer:ty, $X:ty) => {
        impl<const PLACE: usize, $($generics)*> After<PLACE, $X> for $layer
        where
            $layer: Layer<$X>,
        {
            type Layer = $layer;
        }
    };
}

/// Layers that take every tensor.
macro_rules! every_tensor {
    ($([$($generics:tt)*] $layer:ty)+) => {
        $(as_written!([X: Tensor, $($generics)*] $layer, X);)+
    };
}
every_tensor! {
    [] Identity
    [] Sigmoid
    [] Tanh
    [] Relu
    [] Selu
    [] Gelu
    [] GeluTanh
    [] Silu
    [] Mish
    [] Softplus
    [] Softsign
    [] HardTanh
    [] HardSigmoid
    [] Flatten
    [] Duplicate
    [const NUM: u32, const DEN: u32] LeakyRelu<NUM, DEN>
    [const NUM: u32, const DEN: u32] Elu<NUM, DEN>
    [const PERCENT: u32] Dropout<PERCENT>
    [To: Tensor] Reshape<To>
}

/// Layers of vectors.
macro_rules! vectors {
    ($([$($generics:tt)*] $layer:ty: $N:ident, $T:ty)+) => {
        $(as_written!([$($generics)*] $layer, Vector<$N, $T>);)+
    };
}
vectors! {
    [const IN: usize, const OUT: usize, T: Real, B: Bias<Vector<OUT, T>>] Linear<IN, OUT, T, B>: IN, T
    [const FEATURES: usize, T: Real] BatchNorm<FEATURES, T>: FEATURES, T
    [const N: usize, T: Real] Softmax: N, T
    [const N: usize, T: Real] LogSoftmax: N, T
}

/// Layers of sequences.
macro_rules! sequences {
    ($([$($generics:tt)*] $layer:ty: $FEATURES:ident, $T:ty)+) => {
        $(as_written!([const STEPS: usize, $($generics)*] $layer, Sequence<STEPS, $FEATURES, $T>);)+
    };
}
sequences! {
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real,
     B: Bias<Vector<OUT, T>>]
        Conv1d<IN, OUT, K, S, P, T, B>: IN, T
    [const FEATURES: usize, T: Real] BatchNorm<FEATURES, T>: FEATURES, T
    [const FEATURES: usize, T: Real] LayerNorm<Vector<FEATURES, T>>: FEATURES, T
    [const FEATURES: usize, T: Real] RmsNorm<Vector<FEATURES, T>>: FEATURES, T
    [const N: usize, const K: usize, const S: usize, const P: usize, T: Real] MaxPool1d<K, S, P>: N, T
    [const N: usize, const K: usize, const S: usize, const P: usize, T: Real] AvgPool1d<K, S, P>: N, T
    [const N: usize, T: Real] GlobalAvgPool: N, T
    [const N: usize, T: Real] Softmax: N, T
    [const N: usize, T: Real] LogSoftmax: N, T
}

/// Layers of images.
macro_rules! images {
    ($([$($generics:tt)*] $layer:ty: $CHANNELS:ident, $T:ty)+) => {
        $(as_written!([const H: usize, const W: usize, $($generics)*] $layer, Image<$CHANNELS, H, W, $T>);)+
    };
}
images! {
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real,
     B: Bias<Vector<OUT, T>>]
        Conv2d<IN, OUT, K, S, P, T, B>: IN, T
    [const C: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<C, T>>]
        DepthwiseConv2d<C, K, S, P, T, B>: C, T
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real,
     B: Bias<Vector<OUT, T>>]
        TransposedConv2d<IN, OUT, K, S, P, T, B>: IN, T
    [const C: usize, T: Real] BatchNorm<C, T>: C, T
    [const GROUPS: usize, const C: usize, T: Real] GroupNorm<GROUPS, C, T>: C, T
    [const C: usize, const K: usize, const S: usize, const P: usize, T: Real] MaxPool2d<K, S, P>: C, T
    [const C: usize, const K: usize, const S: usize, const P: usize, T: Real] AvgPool2d<K, S, P>: C, T
    [const C: usize, T: Real] GlobalAvgPool: C, T
    [const C: usize, const FACTOR: usize, T: Real] Upsample2d<FACTOR>: C, T
}

as_written!([In: Tensor, Out: SameScalar<In>, B: Bias<Out>] Dense<In, Out, B>, In);
as_written!([X: Tensor] LayerNorm<X>, X);
as_written!([X: Tensor] RmsNorm<X>, X);
as_written!([X: Tensor] Sum, Pair<X, X>);
as_written!([A: Tensor, B: Tensor] Join, Pair<A, B>);

/// `PRelu` is `PRelu<f32>` where no scalar is written, and here the scalar is that of the input.
impl<const PLACE: usize, X: Tensor, T: Real> After<PLACE, X> for PRelu<T> {
    type Layer = PRelu<X::Scalar>;
}

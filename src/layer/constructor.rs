//! A compile error with a helpful message for `Linear::new(4, 16)`, the constructor in libraries that have the sizes in
//! values.

use chainrule_parameters::Parameters;

use super::dense::Bias;
use super::{
    AvgPool1d, AvgPool2d, BatchNorm, Conv1d, Conv2d, Dropout, GroupNorm, LayerNorm, Linear, MaxPool1d,
    MaxPool2d, TransposedConv1d, TransposedConv2d,
};
use crate::kernel::Real;
use crate::tensor::{Tensor, Vector};

/// The arguments of a constructor. No type implements it; it exists for the compiler's message.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the sizes of a layer are in its type, not in the arguments of `new`",
    label = "write the sizes in the type, as in `Linear<4, 16>`, `Conv2d<1, 6, 5>` or `Dropout<50>` (percent)",
    note = "a network is a type, `type Net = (Linear<4, 16>, Relu, Linear<16, 3>);`, and `Net::init(&mut rng(1))` makes it with random weights"
)]
pub trait SizesInType {}

/// Declares `new` with the arguments of PyTorch's constructor of the layer.
macro_rules! sizes_in_type {
    ($([$($generics:tt)*] $layer:ty: $($size:ident $S:ident),+;)+) => {$(
        impl<$($generics)*> $layer {
            #[doc(hidden)]
            pub fn new<$($S),+>($($size: $S),+) -> Self
            where
                ($($S,)+): SizesInType,
            {
                let _ = ($($size,)+);
                Self::zeroed()
            }
        }
    )+};
}

sizes_in_type! {
    [const IN: usize, const OUT: usize, T: Real, B: Bias<Vector<OUT, T>>] Linear<IN, OUT, T, B>: inputs I, outputs O;
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    Conv1d<IN, OUT, K, S, P, T, B>: inputs I, outputs O, window W;
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    Conv2d<IN, OUT, K, S, P, T, B>: inputs I, outputs O, window W;
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    TransposedConv2d<IN, OUT, K, S, P, T, B>: inputs I, outputs O, window W;
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, T: Real, B: Bias<Vector<OUT, T>>]
    TransposedConv1d<IN, OUT, K, S, P, T, B>: inputs I, outputs O, window W;
    [const K: usize, const S: usize, const P: usize] MaxPool1d<K, S, P>: window W;
    [const K: usize, const S: usize, const P: usize] MaxPool2d<K, S, P>: window W;
    [const K: usize, const S: usize, const P: usize] AvgPool1d<K, S, P>: window W;
    [const K: usize, const S: usize, const P: usize] AvgPool2d<K, S, P>: window W;
    [const FEATURES: usize, T: Real] BatchNorm<FEATURES, T>: features F;
    [const GROUPS: usize, const CHANNELS: usize, T: Real] GroupNorm<GROUPS, CHANNELS, T>: groups G, channels C;
    [X: Tensor] LayerNorm<X>: shape S;
    [const PERCENT: u32] Dropout<PERCENT>: probability P;
}

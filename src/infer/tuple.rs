//! Tuples of 1 to 16 layers. For two layers, the macro below generates:
//!
//! ```text
//! impl<const PLACE: usize, X, A, X0, B, X1, Y> After<PLACE, X> for (A, B)
//! where
//!     X: Given<Sample = X0>, // X0 is X
//!     X0: InferredAt<0, A, Output = X1>,
//!     X1: InferredAt<1, B, Output = Y>,
//!     (X0::Layer, X1::Layer): Layer<X>,
//! {
//!     type Layer = (X0::Layer, X1::Layer);
//! }
//! ```

use super::{After, InferredAt};
use crate::layer::Layer;
use crate::tensor::Sample;

/// The input of a stack, as the result of a projection. So the compiler treats layer 0 as it treats the others, and its
/// error names the place too.
pub trait Given: Sample {
    /// `Self`.
    type Sample: Sample;
}

impl<X: Sample> Given for X {
    type Sample = X;
}

macro_rules! stack {
    ($($L:ident $i:tt $In:ident $Out:ident),+) => {
        impl<const PLACE: usize, X, $($L, $In),+, Y> After<PLACE, X> for ($($L,)+)
        where
            X: Given<Sample = X0>,
            $($In: InferredAt<$i, $L, Output = $Out>,)+
            ($($In::Layer,)+): Layer<X>,
        {
            type Layer = ($($In::Layer,)+);
        }
    };
}
stack!(A 0 X0 Y);
stack!(A 0 X0 X1, B 1 X1 Y);
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 Y);
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 Y);
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 Y);
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 Y);
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 Y);
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 Y);
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 Y);
#[rustfmt::skip]
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 Y);
#[rustfmt::skip]
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 Y);
#[rustfmt::skip]
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 Y);
#[rustfmt::skip]
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 X12, M 12 X12 Y);
#[rustfmt::skip]
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 X12, M 12 X12 X13, N 13 X13 Y);
#[rustfmt::skip]
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 X12, M 12 X12 X13, N 13 X13 X14, O 14 X14 Y);
#[rustfmt::skip]
stack!(A 0 X0 X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 X12, M 12 X12 X13, N 13 X13 X14, O 14 X14 X15, Q 15 X15 Y);

/// No stack of more than sixteen layers implements this trait. It exists for the compiler's message. (For stacks with
/// all sizes, `AtMostSixteen` has that message.)
#[diagnostic::on_unimplemented(
    message = "a stack has at most 16 layers, but this one has {LAYERS}",
    label = "too many layers for one tuple",
    note = "nest tuples, as in `((A, B, C), (D, E, F))`, or repeat equal layers in an array, as in `[Block; 4]`: the network computes the same"
)]
pub trait ShortEnough<const LAYERS: usize, X: Sample> {
    /// Never used: no type implements this trait.
    type Layer: Layer<X>;
}

macro_rules! too_long {
    ($n:literal: $($L:ident)+) => {
        impl<const PLACE: usize, X: Sample, $($L),+> After<PLACE, X> for ($($L,)+)
        where
            Self: ShortEnough<$n, X>,
        {
            type Layer = <Self as ShortEnough<$n, X>>::Layer;
        }
    };
}
too_long!(17: A B C D E F G H I J K L M N O P Q);
too_long!(18: A B C D E F G H I J K L M N O P Q R);
too_long!(19: A B C D E F G H I J K L M N O P Q R S);
too_long!(20: A B C D E F G H I J K L M N O P Q R S T);

//! Tuples of 1 to 16 layers. For two layers, the macro below writes:
//!
//! ```text
//! impl<const PLACE: usize, X: Sample, A: Inferred<0, X>, B: Inferred<1, A::Output>> After<PLACE, X> for (A, B) {
//!     type Layer = (A::Layer, B::Layer);
//! }
//! ```

use super::{After, Inferred};
use crate::layer::Layer;
use crate::tensor::Sample;

macro_rules! stacks {
    // One impl for the layers so far, then one more layer, which takes what the last one gives.
    ([$($layer:tt)*] $In:ty;) => {};
    ([$($layer:tt)*] $In:ty; $L:ident $i:tt $($rest:tt)*) => {
        stacks!(@stack $($layer)* ($L $i $In));
        stacks!([$($layer)* ($L $i $In)] $L::Output; $($rest)*);
    };
    (@stack $(($L:ident $i:tt $In:ty))+) => {
        impl<const PLACE: usize, X: Sample, $($L: Inferred<$i, $In>),+> After<PLACE, X> for ($($L,)+) {
            type Layer = ($($L::Layer,)+);
        }
    };
}
stacks!([] X; A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15);

/// No stack of more than sixteen layers implements this trait. It exists for the compiler's message, which
/// `AtMostSixteen` gives for stacks that are written out.
#[diagnostic::on_unimplemented(
    message = "a stack holds at most 16 layers, and this one has {LAYERS}",
    label = "too many layers for one tuple",
    note = "nest tuples, as in `((A, B, C), (D, E, F))`, or repeat equal ones in an array, as in `[Block; 4]`"
)]
pub trait ShortEnough<const LAYERS: usize, X: Sample> {
    /// No layer.
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

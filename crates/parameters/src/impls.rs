//! Stacks: tuples and arrays of layers.

use core::mem::offset_of;

use crate::{Field, Itself, Node, Parameters, Part, Segment, TypeName};

/// The end of a tuple's name: a tuple of one layer is written with a comma, because `(F)` is the type `F`.
macro_rules! end {
    () => {
        ",)"
    };
    ($($L:ident)+) => {
        ")"
    };
}

macro_rules! tuple {
    ($First:ident 0 $(, $L:ident $i:tt)*) => {
        impl<$First, $($L),*> Itself for ($First, $($L,)*) {
            type Is = Self;
        }

        // SAFETY: each tensor is inside a layer, which describes it, and the layer at the offset that the compiler
        // gives; zero bytes and bitwise copies are valid for each layer.
        unsafe impl<$First: Parameters, $($L: Parameters),*> Parameters for ($First, $($L,)*) {
            const NAME: TypeName = TypeName {
                parts: &[
                    Part::Text("("),
                    Part::Name(&<$First as Parameters>::NAME),
                    $(Part::Text(", "), Part::Name(&<$L as Parameters>::NAME),)*
                    Part::Text(end!($($L)*)),
                ],
            };
            const DESCRIPTION: Node = Node::Fields(&[
                Field {
                    name: Segment::Index(0),
                    offset: offset_of!(Self, 0),
                    node: &$First::DESCRIPTION,
                    layer: Some(&<$First as Parameters>::NAME),
                },
                $(Field {
                    name: Segment::Index($i),
                    offset: offset_of!(Self, $i),
                    node: &$L::DESCRIPTION,
                    layer: Some(&<$L as Parameters>::NAME),
                },)*
            ]);
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15);
// A tuple of more than 16 layers does not implement `Layer`. It lists its parameters all the same, so that the
// compiler's error can say how many layers it has.
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15, Q 16, R 17, S 18, T 19);

impl<F, const N: usize> Itself for [F; N] {
    type Is = Self;
}

// SAFETY: an array has its layers one after the other, `size_of` bytes apart, each of which describes its own tensors.
unsafe impl<F: Parameters, const N: usize> Parameters for [F; N] {
    const NAME: TypeName = TypeName {
        parts: &[
            Part::Text("["),
            Part::Name(&<F as Parameters>::NAME),
            Part::Text("; "),
            Part::Number(N as u64),
            Part::Text("]"),
        ],
    };
    const DESCRIPTION: Node = Node::Repeat {
        count: N,
        stride: size_of::<F>(),
        of: &F::DESCRIPTION,
        layer: &<F as Parameters>::NAME,
    };
}

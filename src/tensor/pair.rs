use bytemuck::{Pod, Zeroable};
use chainrule_parameters::{Named, Part, TypeName};

use super::{Contents, Numbers, Sample};

/// A pair of samples: the input of a network with two inputs, such as a picture and a state.
///
/// ```
/// use chainrule::prelude::*;
/// let pair = Pair(Vector([1.0, 2.0]), Image([[[3.0]]]));
/// let Pair(state, picture) = pair;
/// assert_eq!(picture[(0, 0, 0)], 3.0);
/// assert_eq!(state[1], 2.0);
/// ```
///
/// [`Parallel`](crate::stack::Parallel) applies a layer to each half. [`Duplicate`](crate::stack::Duplicate) makes a
/// pair from one sample. [`Sum`](crate::stack::Sum) and [`Join`](crate::stack::Join) combine a pair into one sample.
/// The struct is packed, so a reference to one of its fields does not compile: copy the field.
#[doc(alias("two inputs", "multi-input", "tuple"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Zeroable, Pod)]
#[repr(C, packed)]
pub struct Pair<A, B>(pub A, pub B);

impl<A: Sample, B: Sample> Named for Pair<A, B> {
    const NAME: TypeName = TypeName {
        parts: &[
            Part::Text("Pair<"),
            Part::Name(&A::NAME),
            Part::Text(", "),
            Part::Name(&B::NAME),
            Part::Text(">"),
        ],
    };
}

impl<A: Sample, B: Sample> Sample for Pair<A, B> {
    type Grad = Pair<A::Grad, B::Grad>;
    const SHAPE: &'static [usize] = &[];
    const CONTENTS: Contents = Contents::OfPair(&A::CONTENTS, &B::CONTENTS);

    #[cfg(feature = "alloc")]
    fn numbers(batch: &[Self]) -> Numbers<'_> {
        let mut numbers = alloc::vec::Vec::new();
        for &Self(a, b) in batch {
            numbers.extend(A::numbers(&[a]).iter());
            numbers.extend(B::numbers(&[b]).iter());
        }
        Numbers::Copied(numbers)
    }

    #[cfg(not(feature = "alloc"))]
    fn numbers(_: &[Self]) -> Numbers<'_> {
        Numbers::None
    }

    fn first_non_finite(batch: &[Self]) -> Option<(usize, usize, f64)> {
        batch.iter().enumerate().find_map(|(sample, &Self(a, b))| {
            if let Some((_, element, value)) = A::first_non_finite(&[a]) {
                return Some((sample, element, value));
            }
            let (_, element, value) = B::first_non_finite(&[b])?;
            Some((sample, A::numbers(&[a]).len() + element, value))
        })
    }
}

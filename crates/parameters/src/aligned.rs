use core::fmt;
use core::ops::{Deref, DerefMut};

use bytemuck::{Pod, Zeroable};

use crate::{Flags, Number};

/// Numbers that start at a cache line, for a layer's weights: a vector register then never reads from two lines at
/// once. With such reads a product for one sample takes a third longer.
///
/// It dereferences to the numbers: `*layer.weight = ..`.
///
/// ```
/// use chainrule_parameters::Aligned;
/// let mut weight = Aligned([[0.0_f32; 3]; 2]);
/// weight[1] = [1.0, 2.0, 3.0];
/// assert_eq!(*weight, [[0.0; 3], [1.0, 2.0, 3.0]]);
/// assert_eq!(weight.as_ptr().addr() % 64, 0);
/// ```
#[derive(Copy, PartialEq, Default)]
#[repr(C, align(64))]
pub struct Aligned<E>(pub E);

// By hand: the derived one would clone each number.
impl<E: Copy> Clone for Aligned<E> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Deref for Aligned<E> {
    type Target = E;

    #[inline(always)]
    fn deref(&self) -> &E {
        &self.0
    }
}

impl<E> DerefMut for Aligned<E> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut E {
        &mut self.0
    }
}

impl<E: fmt::Debug> fmt::Debug for Aligned<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// SAFETY: all bytes zero are a valid `E`, and its padding may be anything.
unsafe impl<E: Zeroable> Zeroable for Aligned<E> {}

/// A field that holds the numbers of a parameter: plain data, or [`Aligned`] plain data.
///
/// # Safety
/// A value of `Self` begins with a value of [`Numbers`](Storage::Numbers), and zero bytes and bitwise copies of it are
/// valid. If it has `FLAGS`, they are inside the value and outside of its numbers, a byte for each, and any bytes are
/// valid.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the numbers of a parameter",
    label = "not plain data",
    note = "a parameter is stored inline: an array of `f32` or `f64`, a `Vector`, a `Sequence`, an `Image`, or one of them in `Aligned<..>`"
)]
pub unsafe trait Storage: Copy + Send + Sync + 'static {
    /// The type of the numbers alone, without the alignment.
    type Numbers: Pod;

    /// Where the flags of its rows are, if it is a [`Table`](crate::Table).
    #[doc(hidden)]
    const FLAGS: Option<Flags> = None;
}

// SAFETY: it is its own numbers, and plain data.
unsafe impl<E: Pod + Send + Sync> Storage for E {
    type Numbers = E;
}

// SAFETY: `repr(C)` puts the only field first; the rest is padding.
unsafe impl<E: Pod + Send + Sync> Storage for Aligned<E> {
    type Numbers = E;
}

/// A tensor whose sides and scalar follow from its type.
#[diagnostic::on_unimplemented(
    message = "the shape and the scalar type of a parameter do not follow from its type, `{Self}`",
    label = "not a number, an array of numbers, or a tensor",
    note = "a parameter is stored inline, as `f32`, `[f32; N]`, `Vector<N>`, ..; for other plain data, add `shape = &[..]` and `scalar = f32` to the attribute"
)]
pub trait Shaped {
    /// `f32` or `f64`.
    type Scalar: Number;

    /// The sides, outermost first.
    const SHAPE: &'static [usize];
}

impl<T: Number> Shaped for T {
    type Scalar = T;
    const SHAPE: &'static [usize] = &[1];
}

impl<E: Shaped> Shaped for Aligned<E> {
    type Scalar = E::Scalar;
    const SHAPE: &'static [usize] = E::SHAPE;
}

/// The largest number of sides of a parameter.
#[doc(hidden)]
pub const MOST_SIDES: usize = 8;

/// What an array can hold to be a parameter: its sides, at the end of a list.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "an array of `{Self}` cannot be a parameter: its elements have no shape",
    label = "neither numbers nor tensors",
    note = "a parameter is stored inline, as `f32`, `[f32; N]`, `Vector<N>`, `[Vector<N>; M]`, .."
)]
pub trait Sides {
    type Scalar: Number;
    const COUNT: usize;
    const SIDES: [usize; MOST_SIDES];
}

/// Returns a shape at the end of a list.
#[doc(hidden)]
pub const fn sides(shape: &[usize]) -> [usize; MOST_SIDES] {
    let mut sides = [0; MOST_SIDES];
    let mut at = 0;
    while at < shape.len() {
        sides[MOST_SIDES - shape.len() + at] = shape[at];
        at += 1;
    }
    sides
}

impl<T: Number> Sides for T {
    type Scalar = T;
    const COUNT: usize = 0;
    const SIDES: [usize; MOST_SIDES] = [0; MOST_SIDES];
}

impl<E: Sides, const N: usize> Sides for [E; N] {
    type Scalar = E::Scalar;
    const COUNT: usize = {
        assert!(E::COUNT < MOST_SIDES, "a parameter has at most 8 sides");
        E::COUNT + 1
    };
    const SIDES: [usize; MOST_SIDES] = {
        let mut sides = E::SIDES;
        sides[MOST_SIDES - Self::COUNT] = N;
        sides
    };
}

impl<E: Sides, const N: usize> Shaped for [E; N] {
    type Scalar = E::Scalar;
    const SHAPE: &'static [usize] = {
        let sides: &'static [usize; MOST_SIDES] = &<Self as Sides>::SIDES;
        sides.split_at(MOST_SIDES - <Self as Sides>::COUNT).1
    };
}

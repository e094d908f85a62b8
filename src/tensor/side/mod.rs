//! Arithmetic on the sides of tensors, computed by `cargo check`.
//!
//! Stable Rust cannot compute with const generics in a type: `Image<C, { H - K + 1 }, W>` does not exist. So a side is
//! converted from a const to one of typenum's numbers, then the compiler computes, and the result is converted back:
//! `Side<28>` → `U28` → `U24` → `Side<24>`. The two tables in `table` implement the conversion for each of these
//! numbers.
//!
//! ```
//! use chainrule::tensor::Image;
//! use chainrule::tensor::side::{Grow, Known, Over, Plus, Side, Sides, Slide, SplitInto, Times};
//!
//! fn is_known<D: Known>() {}
//! is_known::<Side<28>>();
//! is_known::<Side<44100>>(); // 2² · 3² · 5² · 7²
//!
//! let _: <(Side<3>, Side<8>, Side<9>) as Sides<f32>>::Tensor = Image([[[0.0; 9]; 8]; 3]);
//! let _: <Side<28> as Slide<5, 1, 0>>::Out = Side::<24>; // a convolution with windows of 5
//! let _: <Side<4> as Grow<2, 2, 0>>::Out = Side::<8>; // a transposed convolution
//! let _: <Side<3> as Plus<4>>::Out = Side::<7>; // a concatenation
//! let _: <Side<4> as Times<2>>::Out = Side::<8>; // an upsampling
//! let _: <Side<8> as Over<2>>::Out = Side::<4>; // a pixel unshuffle
//! let _: <Side<8> as SplitInto<2>>::Out = Side::<4>; // groups of channels
//! ```
//!
//! The other traits are bounds of these. They exist for the compiler's messages, and you do not need to name them.
//!
//! # Which sides
//!
//! The tables have each side up to 2048, and every product of 2, 3, 5 and 7 from there to 1048576 (2²⁰). These include
//! the usual sampling rates (16000, 22050, 44100, 48000), the powers of two, and the sides of screens (1920 x 1080,
//! 3840 x 2160). They also include the results of strides of 2 to 10 that divide such a side. With a padding of `(K -
//! STRIDE + 1) / 2`, a window of `K` makes the stride divide the side exactly: `Conv1d<1, 8, 80, 4, 38>` maps 16000
//! steps to 4000.
//!
//! For data of a different length, cut or pad the data, or join steps. `Reshape<Sequence<1001, 16>>` takes 16016 steps,
//! and a window of 5 joined steps is a window of 80 steps with a stride of 16.
//!
//! No error prints typenum's types in its first lines. Every step that can fail is a trait of this module with a
//! message, and its bound comes before the arithmetic that would fail.
//!
//! Every result is one projection in its trait, never a type parameter that a bound determines (`Output = Sum`). rustc
//! resolves a projection at once, but such a parameter later. Until then it compares the next layer with an unknown
//! shape. The error would be "type mismatch resolving <UInt<..> as ToSide>::Side" instead of a sentence.

mod axis;
mod grow;
mod grow_axis;
mod slide;
mod split;
mod sum;
mod table;

use typenum::UInt;

use super::{Image, Sequence, Tensor, Vector};
use crate::kernel::Real;

pub use axis::*;
pub use grow::*;
pub use grow_axis::*;
pub use slide::*;
pub use split::*;
pub use sum::*;
pub use table::*;

/// A side of a tensor, as a type.
#[derive(Clone, Copy, Debug)]
pub struct Side<const N: usize>;

/// A number with which the compiler can compute: at most 2048, or a product of 2, 3, 5 and 7 up to 1048576.
#[diagnostic::on_unimplemented(
    message = "the compiler cannot compute with `{Self}`: a dimension that a layer changes must be at most 2048, or a product of 2, 3, 5 and 7 up to 1048576",
    label = "this dimension, window, stride or padding is neither",
    note = "crop or pad the data to such a size, for example 1920, 16000, 44100 or 65536, or merge steps: `Reshape<Sequence<1000, 16>>` merges 16 steps into one",
    note = "layers that keep the shape, and `Dense<Image<..>, Vector<..>>`, take any size",
    note = "in generic code, a size that is a const parameter is not known: make the network a type parameter too, with a bound such as `N: Maps<Image<3, H, W>, Vector<10>>`"
)]
pub trait Known {
    #[doc(hidden)]
    type Number;
}

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;

/// A number of at least 1.
#[diagnostic::on_unimplemented(
    message = "a window, a stride, a factor or a number of groups is 0",
    label = "must be at least 1",
    note = "windows, strides, dilations, factors and numbers of groups must be at least 1"
)]
pub trait Positive {
    /// `T`. It is not defined for the number 0, so that nothing is computed from it.
    #[doc(hidden)]
    type Then<T>;
}

impl<U, B> Positive for UInt<U, B> {
    type Then<T> = T;
}

/// The tensor that has these sides.
pub trait Sides<T> {
    /// The type of the tensor: a [`Vector`] for one side, a [`Sequence`] for two, an [`Image`] for three.
    type Tensor: Tensor<Scalar = T>;
}

impl<const A: usize, T: Real> Sides<T> for (Side<A>,) {
    type Tensor = Vector<A, T>;
}

impl<const A: usize, const B: usize, T: Real> Sides<T> for (Side<A>, Side<B>) {
    type Tensor = Sequence<A, B, T>;
}

impl<const A: usize, const B: usize, const C: usize, T: Real> Sides<T> for (Side<A>, Side<B>, Side<C>) {
    type Tensor = Image<A, B, C, T>;
}

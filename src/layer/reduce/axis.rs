//! The axes of samples, by name.

use chainrule_parameters::{Named, Part, TypeName};

use super::Along;
use crate::kernel::Real;
use crate::tensor::{Image, Sequence, Tensor, Vector};

/// The axis of the steps of a sequence. See the example of [`MeanOver`](super::MeanOver).
#[doc(alias("time axis", "sequence length"))]
#[derive(Clone, Copy, Debug)]
pub struct Steps;

/// The axis of the features of a vector or a sequence. See the example of [`MeanOver`](super::MeanOver).
#[derive(Clone, Copy, Debug)]
pub struct Features;

/// The axis of the channels of an image. See the example of [`SumOver`](super::SumOver).
#[doc(alias("channel axis"))]
#[derive(Clone, Copy, Debug)]
pub struct Channels;

/// The axis of the rows of an image.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0], [3.0, 4.0]]]);
/// assert_eq!(SumOver::<Height>::default().predict(&picture)?, Sequence([[4.0], [6.0]])); // a step for each column
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Height;

/// The axis of the columns of an image.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0], [3.0, 4.0]]]);
/// assert_eq!(SumOver::<Width>::default().predict(&picture)?, Sequence([[3.0], [7.0]])); // a step for each row
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Width;

macro_rules! named {
    ($($axis:ident)+) => {$(
        impl Named for $axis {
            const NAME: TypeName = TypeName { parts: &[Part::Text(stringify!($axis))] };
        }
    )+};
}
named!(Steps Features Channels Height Width);

/// A tensor with the axis `A`. See the example of [`MeanOver`](super::MeanOver).
#[doc(alias("dim", "axis"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no axis `{A}`",
    label = "`{Self}` arrives at a layer that reduces the axis `{A}`",
    note = "a `Vector` has `Features`, a `Sequence` has `Steps` and `Features`, an `Image` has `Channels`, `Height` and `Width`"
)]
pub trait HasAxis<A>: Tensor {
    /// The tensor without this axis.
    type Rest: Tensor<Scalar = Self::Scalar>;
    #[doc(hidden)]
    const ALONG: Along;
}

/// For each axis: the product of the dimensions before it, its length, the product of the dimensions after it, and how
/// many channels become the features of a sequence (or 1).
macro_rules! axes {
    ($([$($generics:tt)*] $axis:ident of $X:ty: $Rest:ty, [$before:expr, $len:expr, $after:expr], $rows:expr;)+) => {$(
        impl<$($generics)*, T: Real> HasAxis<$axis> for $X {
            type Rest = $Rest;
            const ALONG: Along = Along { before: $before, len: $len, after: $after, rows: $rows };
        }
    )+};
}
axes! {
    [const N: usize] Features of Vector<N, T>: Vector<1, T>, [1, N, 1], 1;
    [const STEPS: usize, const N: usize] Steps of Sequence<STEPS, N, T>: Vector<N, T>, [1, STEPS, N], 1;
    [const STEPS: usize, const N: usize] Features of Sequence<STEPS, N, T>: Vector<STEPS, T>, [STEPS, N, 1], 1;
    [const C: usize, const H: usize, const W: usize] Channels of Image<C, H, W, T>: Image<1, H, W, T>, [1, C, H * W], 1;
    [const C: usize, const H: usize, const W: usize] Height of Image<C, H, W, T>: Sequence<W, C, T>, [C, H, W], C;
    [const C: usize, const H: usize, const W: usize] Width of Image<C, H, W, T>: Sequence<H, C, T>, [C * H, W, 1], C;
}

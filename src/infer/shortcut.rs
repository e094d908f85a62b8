//! The shortcut of a residual block, inferred from its branch.

use core::ops::{Add, BitAnd, Div, Sub};

use typenum::type_operators::IsEqual;
use typenum::{And, B0, B1, Diff, Eq, Quot, Sum, U1};

use super::After;
use crate::kernel::Real;
use crate::layer::{Conv1d, Conv2d, Identity, Layer, Linear, NoBias, Parameters};
use crate::tensor::side::{Known, Side, ToSide};
use crate::tensor::{Image, SameSample, Sample, Sequence, Tensor, Vector};

/// The shortcut of a residual block, inferred from its branch: write `Residual<F, AutoShortcut>` within
/// [`Infer`](super::Infer). It is the identity if the branch `F` keeps the shape, and a linear map without bias
/// otherwise.
///
/// # Shapes
/// | branch | shortcut |
/// |---|---|
/// | any, with the same input and output shape | `Identity` |
/// | `Vector<A>` to `Vector<B>` | `Linear<A, B, f32, NoBias>` |
/// | `Sequence<STEPS, A>` to `Sequence<.., B>` | `Conv1d<A, B, 1, STRIDE, 0, f32, NoBias>` |
/// | `Image<A, H, W>` to `Image<B, .., ..>` | `Conv2d<A, B, 1, STRIDE, 0, f32, NoBias>` |
///
/// The stride is the smallest one with at most as many output places as the branch: ⌈H / H'⌉. It is a compile error if
/// no stride gives the output side of the branch (for example, if a window without padding cuts off the edge). It is
/// also a compile error if the compiler [cannot compute](crate::tensor::side) with a side.
///
/// # Source
/// He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, section 3.3, option B: projection
/// shortcuts, by 1x1 convolutions, if the shape changes, and the identity otherwise.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// type Block<const OUT: usize, const STRIDE: usize> =
///     Residual<(ConvTo<OUT, 3, STRIDE, 1>, Relu, ConvTo<OUT, 3, 1, 1>), AutoShortcut>;
/// type Net = Infer<Image<8, 12, 12>, (Block<8, 1>, Block<16, 2>)>;
///
/// type Keeps = Residual<(Conv2d<8, 8, 3, 1, 1>, Relu, Conv2d<8, 8, 3, 1, 1>)>;
/// type Halves =
///     Residual<(Conv2d<8, 16, 3, 2, 1>, Relu, Conv2d<16, 16, 3, 1, 1>), Conv2d<8, 16, 1, 2, 0, f32, NoBias>>;
/// let net: Owned<(Keeps, Halves)> = Net::init(&mut rng(0));
/// ```
#[doc(alias("projection shortcut", "downsample", "ResNet"))]
#[derive(Clone, Copy, Debug)]
pub struct AutoShortcut;

/// The shortcut of a residual block whose branch maps `X` to `Y`: a layer, or [`AutoShortcut`].
/// See the example of [`AutoShortcut`].
#[diagnostic::on_unimplemented(
    message = "`AutoShortcut` cannot map `{X}` to `{Y}`, the output of the branch of a residual block",
    label = "the branch takes `{X}` and gives `{Y}`",
    note = "`AutoShortcut` maps vectors to vectors, sequences to sequences and images to images; a stride must lead to the sizes that the branch gives",
    note = "pad the convolutions of the branch, or write the shortcut as a layer, as in `Residual<Branch, DenseTo<{Y}>>`"
)]
pub trait Shortcut<const PLACE: usize, X: Tensor, Y: Sample> {
    /// The layer of the shortcut.
    type Layer: Layer<X>;
}

// `AutoShortcut` does not implement `Parameters`, so the two impls do not overlap.
impl<const PLACE: usize, X: Tensor, Y: Sample, S: Parameters + After<PLACE, X>> Shortcut<PLACE, X, Y> for S {
    type Layer = S::Layer;
}

impl<const PLACE: usize, X: ShortcutTo<Y>, Y: Sample> Shortcut<PLACE, X, Y> for AutoShortcut
where
    <X::Shortcut as Layer<X>>::Output: SameSample<Y>,
{
    type Layer = X::Shortcut;
}

/// A shape `Self` for which [`AutoShortcut`] has a layer from `Self` to `Y`.
/// See the example of [`AutoShortcut`].
pub trait ShortcutTo<Y: Sample>: Tensor {
    /// The layer of the shortcut.
    type Shortcut: Layer<Self>;
}

impl<const A: usize, const B: usize, T: Real> ShortcutTo<Vector<B, T>> for Vector<A, T>
where
    Side<A>: Meets<B>,
    Same<A, B>: Choose<Self, Linear<A, B, T, NoBias>>,
{
    type Shortcut = <Same<A, B> as Choose<Self, Linear<A, B, T, NoBias>>>::Shortcut;
}

impl<const A: usize, const B: usize, const STEPS: usize, const TO: usize, T: Real>
    ShortcutTo<Sequence<TO, B, T>> for Sequence<STEPS, A, T>
where
    Side<A>: Meets<B>,
    Side<STEPS>: Meets<TO>,
    Same<A, B>: BitAnd<Same<STEPS, TO>>,
    Stride<STEPS, TO>: Pointwise<A, B, T>,
    And<Same<A, B>, Same<STEPS, TO>>: Choose<Self, <Stride<STEPS, TO> as Pointwise<A, B, T>>::Conv1d>,
{
    type Shortcut = <And<Same<A, B>, Same<STEPS, TO>> as Choose<
        Self,
        <Stride<STEPS, TO> as Pointwise<A, B, T>>::Conv1d,
    >>::Shortcut;
}

// Both sides have the same stride. If it is wrong for the width, the residual block reports different outputs.
impl<
    const A: usize,
    const B: usize,
    const H: usize,
    const W: usize,
    const TO_H: usize,
    const TO_W: usize,
    T: Real,
> ShortcutTo<Image<B, TO_H, TO_W, T>> for Image<A, H, W, T>
where
    Side<A>: Meets<B>,
    Side<H>: Meets<TO_H>,
    Side<W>: Meets<TO_W>,
    Same<A, B>: BitAnd<Same<H, TO_H>>,
    And<Same<A, B>, Same<H, TO_H>>: BitAnd<Same<W, TO_W>>,
    Stride<H, TO_H>: Pointwise<A, B, T>,
    And<And<Same<A, B>, Same<H, TO_H>>, Same<W, TO_W>>:
        Choose<Self, <Stride<H, TO_H> as Pointwise<A, B, T>>::Conv2d>,
{
    type Shortcut = <And<And<Same<A, B>, Same<H, TO_H>>, Same<W, TO_W>> as Choose<
        Self,
        <Stride<H, TO_H> as Pointwise<A, B, T>>::Conv2d,
    >>::Shortcut;
}

/// Compares a side with the output side of the branch.
pub trait Meets<const TO: usize> {
    /// `B1` if they are equal, else `B0`.
    type Same;
    /// The smallest stride with at most `TO` places on this side: ⌈D / TO⌉.
    type Stride;
}

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;
type Same<const D: usize, const TO: usize> = <Side<D> as Meets<TO>>::Same;
type Stride<const D: usize, const TO: usize> = <Side<D> as Meets<TO>>::Stride;

impl<const D: usize, const TO: usize> Meets<TO> for Side<D>
where
    Side<D>: Known,
    Side<TO>: Known,
    N<D>: IsEqual<N<TO>> + Add<N<TO>>,
    Sum<N<D>, N<TO>>: Sub<U1>,
    Diff<Sum<N<D>, N<TO>>, U1>: Div<N<TO>>,
    Quot<Diff<Sum<N<D>, N<TO>>, U1>, N<TO>>: ToSide,
{
    type Same = Eq<N<D>, N<TO>>;
    type Stride = <Quot<Diff<Sum<N<D>, N<TO>>, U1>, N<TO>> as ToSide>::Side;
}

/// The identity if all sides are equal, else `L`.
pub trait Choose<X: Tensor, L> {
    /// The chosen layer.
    type Shortcut: Layer<X>;
}

impl<X: Tensor, L> Choose<X, L> for B1 {
    type Shortcut = Identity;
}

impl<X: Tensor, L: Layer<X>> Choose<X, L> for B0 {
    type Shortcut = L;
}

/// The convolutions of single pixels or steps, without bias. `Self` is their stride.
pub trait Pointwise<const IN: usize, const OUT: usize, T> {
    /// On sequences.
    type Conv1d;
    /// On images.
    type Conv2d;
}

impl<const S: usize, const IN: usize, const OUT: usize, T: Real> Pointwise<IN, OUT, T> for Side<S> {
    type Conv1d = Conv1d<IN, OUT, 1, S, 0, T, NoBias>;
    type Conv2d = Conv2d<IN, OUT, 1, S, 0, T, NoBias>;
}

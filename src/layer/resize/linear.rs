use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::{HalfPixel, LinearCoordinates, Plane, resizes};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::place::at_input;
use crate::layer::{Backward, Layer, Mode, WorkspaceMut, check_lengths};
use crate::tensor::side::{Side, Sides, Times};
use crate::tensor::{Image, Sequence, Tensor};

/// Bilinear upsampling: multiplies the number of rows by `HEIGHT` and the number of columns by `WIDTH`.
///
/// Forward and backward as in [`Resize2d`](super::Resize2d), with the rule `C`: [`HalfPixel`], or
/// [`AlignCorners`](super::AlignCorners).
///
/// # Shapes
/// `Image<C, H, W>` to `Image<C, HEIGHT H, WIDTH W>`. `WIDTH` is `HEIGHT` by default.
///
/// # Gradient flow
/// Linear. The norm of the Jacobian is about √(`HEIGHT` `WIDTH`): the gradients of smooth images grow by this factor.
///
/// # Source
/// PyTorch's `nn.Upsample(scale_factor=.., mode="bilinear")`. With `AlignCorners`, it is `align_corners=True`, and
/// `nn.UpsamplingBilinear2d`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let row = Image([[[0.0, 4.0]]]);
/// let wider: Image<1, 1, 4> = UpsampleBilinear2d::<1, 2>::default().predict(&row)?;
/// assert_eq!(wider, Image([[[0.0, 1.0, 3.0, 4.0]]]));
/// let aligned: Image<1, 1, 4> = UpsampleBilinear2d::<1, 2, AlignCorners>::default().predict(&row)?;
/// approx::assert_relative_eq!(aligned, Image([[[0.0, 4.0 / 3.0, 8.0 / 3.0, 4.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("bilinear interpolation", "nn.UpsamplingBilinear2d"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "UpsampleBilinear2d<{HEIGHT}, {WIDTH}, {C}>")]
pub struct UpsampleBilinear2d<
    const HEIGHT: usize,
    const WIDTH: usize = HEIGHT,
    C: LinearCoordinates = HalfPixel,
> {
    #[parameter(skip)]
    coordinates: PhantomData<C>,
}

/// Linear upsampling: multiplies the number of steps by `FACTOR`.
///
/// Forward and backward as in [`Resize1d`](super::Resize1d), with the rule `C`: [`HalfPixel`], or
/// [`AlignCorners`](super::AlignCorners).
///
/// # Shapes
/// `Sequence<STEPS, FEATURES>` to `Sequence<FACTOR STEPS, FEATURES>`.
///
/// # Gradient flow
/// The same as [`UpsampleBilinear2d`], with √`FACTOR`.
///
/// # Source
/// PyTorch's `nn.Upsample(scale_factor=.., mode="linear")`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let more: Sequence<4, 1> = UpsampleLinear1d::<2>::default().predict(&Sequence([[0.0], [4.0]]))?;
/// assert_eq!(more, Sequence([[0.0], [1.0], [3.0], [4.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("linear interpolation", "nn.Upsample"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "UpsampleLinear1d<{FACTOR}, {C}>")]
pub struct UpsampleLinear1d<const FACTOR: usize, C: LinearCoordinates = HalfPixel> {
    #[parameter(skip)]
    coordinates: PhantomData<C>,
}

comparable!([const HEIGHT: usize, const WIDTH: usize, C: LinearCoordinates] UpsampleBilinear2d<HEIGHT, WIDTH, C>);
comparable!([const FACTOR: usize, C: LinearCoordinates] UpsampleLinear1d<FACTOR, C>);

at_input!([const FH: usize, const FW: usize, R: LinearCoordinates, const C: usize, const H: usize, const W: usize, T: Real] UpsampleBilinear2d<FH, FW, R>, Image<C, H, W, T>);
at_input!([const F: usize, R: LinearCoordinates, const STEPS: usize, const FEATURES: usize, T: Real] UpsampleLinear1d<F, R>, Sequence<STEPS, FEATURES, T>);

resizes!(
    [const FH: usize, const FW: usize, R: LinearCoordinates, const C: usize, const H: usize, const W: usize]
    UpsampleBilinear2d<FH, FW, R>,
    Image<C, H, W, T> => <(Side<C>, <Side<H> as Times<FH>>::Out, <Side<W> as Times<FW>>::Out) as Sides<T>>::Tensor,
    [
        Side<H>: Times<FH>,
        Side<W>: Times<FW>,
        (Side<C>, <Side<H> as Times<FH>>::Out, <Side<W> as Times<FW>>::Out): Sides<T>,
    ],
    R,
    [H, W],
    [FH * H, FW * W]
);
resizes!(
    [const F: usize, R: LinearCoordinates, const STEPS: usize, const FEATURES: usize] UpsampleLinear1d<F, R>,
    Sequence<STEPS, FEATURES, T> => <(<Side<STEPS> as Times<F>>::Out, Side<FEATURES>) as Sides<T>>::Tensor,
    [Side<STEPS>: Times<F>, (<Side<STEPS> as Times<F>>::Out, Side<FEATURES>): Sides<T>],
    R,
    [STEPS, FEATURES],
    [F * STEPS, FEATURES]
);

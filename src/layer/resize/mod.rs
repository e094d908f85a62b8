//! Layers that resize images and sequences: upsampling by a factor, and resizing to given sides.

mod coordinates;
mod linear;
mod plane;
mod upsample;

use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::compare::comparable;
use super::{Backward, Layer, Mode, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::tensor::{Image, Sequence, Tensor};

pub(crate) use coordinates::Rule;
pub use coordinates::{
    AlignCorners, Coordinates, HalfPixel, LinearCoordinates, Nearest, NearestBefore, NearestExact,
};
pub use linear::{UpsampleBilinear2d, UpsampleLinear1d};
use plane::Plane;
pub use upsample::{Upsample1d, Upsample2d};

/// Resizes an image to given sides, larger or smaller, with the interpolation rule `C`.
///
/// Forward `y[c, r, s] = Σ w(r, i) w'(s, j) x[c, i, j]`, where the rule gives at most two weights w for each row and at
/// most two weights w' for each column; backward `dx[c, i, j] = Σ w(r, i) w'(s, j) dy[c, r, s]`.
///
/// | rule | row of the input for row r of the output | in PyTorch | in ONNX |
/// |---|---|---|---|
/// | [`HalfPixel`] | (r + 1/2) H / OUT_H - 1/2 | `bilinear` | `linear`, `half_pixel` |
/// | [`AlignCorners`] | r (H - 1) / (OUT_H - 1) | `bilinear`, `align_corners=True` | `linear`, `align_corners` |
/// | [`Nearest`] | ⌊r H / OUT_H⌋ | `nearest` | `nearest`, `asymmetric`, `floor` |
/// | [`NearestExact`] | ⌊(r + 1/2) H / OUT_H⌋ | `nearest-exact` | `nearest`, `half_pixel`, `round_prefer_ceil` |
/// | [`NearestBefore`] | ⌈(r + 1/2) H / OUT_H⌉ - 1 | | `nearest`, `half_pixel`, `round_prefer_floor` |
///
/// If the image becomes smaller, pixels are left out, not averaged.
/// [`AdaptiveAvgPool2d`](crate::layer::AdaptiveAvgPool2d) averages.
///
/// # Shapes
/// `Image<C, H, W>` to `Image<C, OUT_H, OUT_W>`, with sides of any size. `OUT_W` is `OUT_H` by default.
///
/// # Gradient flow
/// Linear. Upsampling by a factor F multiplies gradients by up to F, as in [`Upsample2d`].
///
/// # Source
/// PyTorch's `nn.Upsample(size=..)` and `F.interpolate`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let row = Image([[[0.0, 4.0]]]);
/// let resized: Image<1, 1, 4> = Resize2d::<1, 4>::default().predict(&row)?;
/// assert_eq!(resized, Image([[[0.0, 1.0, 3.0, 4.0]]]));
/// let aligned: Image<1, 1, 3> = Resize2d::<1, 3, AlignCorners>::default().predict(&row)?;
/// assert_eq!(aligned, Image([[[0.0, 2.0, 4.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("interpolate", "nn.Upsample", "image resize"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "Resize2d<{OUT_H}, {OUT_W}, {C}>")]
pub struct Resize2d<const OUT_H: usize, const OUT_W: usize = OUT_H, C: Coordinates = HalfPixel> {
    #[parameter(skip)]
    coordinates: PhantomData<C>,
}

/// Resizes a sequence to a given number of steps, more or fewer, with the interpolation rule `C`.
///
/// Forward and backward as in [`Resize2d`], along the steps.
///
/// # Shapes
/// `Sequence<STEPS, FEATURES>` to `Sequence<OUT, FEATURES>`, for any numbers of steps.
///
/// # Gradient flow
/// The same as [`Resize2d`], with √F for a factor F.
///
/// # Source
/// PyTorch's `nn.Upsample(size=..)` with the modes `linear` and `nearest`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[0.0], [4.0], [8.0]]);
/// let fewer: Sequence<2, 1> = Resize1d::<2, AlignCorners>::default().predict(&steps)?;
/// assert_eq!(fewer, Sequence([[0.0], [8.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("interpolate", "resample"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "Resize1d<{OUT}, {C}>")]
pub struct Resize1d<const OUT: usize, C: Coordinates = HalfPixel> {
    #[parameter(skip)]
    coordinates: PhantomData<C>,
}

comparable!([const H: usize, const W: usize, C: Coordinates] Resize2d<H, W, C>);
comparable!([const OUT: usize, C: Coordinates] Resize1d<OUT, C>);

/// Implements a layer that resizes planes.
macro_rules! resizes {
    ([$($generics:tt)*] $layer:ty, $X:ty => $Y:ty, [$($bounds:tt)*], $coordinates:ty, $from:expr, $to:expr) => {
        impl<$($generics)*, T: Real> Layer<$X> for $layer
        where
            $($bounds)*
        {
            type Output = $Y;
            const PLAN: $crate::layer::Plan = $crate::layer::Plan::leaf::<$X, Self>()
                .form($crate::layer::onnx::Form::Resize(<$coordinates as $crate::layer::Coordinates>::RULE));

            fn forward(&self, input: &[$X], output: &mut [$Y], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                let plane = const { Plane { from: $from, to: $to } };
                plane.resize::<_, $coordinates>(Tensor::flat(input), Tensor::flat_mut(output));
            }

            fn backward(&self, pass: Backward<'_, $X, Self>) {
                pass.check_lengths();
                let Backward { output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                let plane = const { Plane { from: $from, to: $to } };
                plane.gradient::<_, $coordinates>(Tensor::flat(output_grad), Tensor::flat_mut(input_grad));
            }
        }
    };
}
use resizes;

resizes!(
    [const OH: usize, const OW: usize, R: Coordinates, const C: usize, const H: usize, const W: usize] Resize2d<OH, OW, R>,
    Image<C, H, W, T> => Image<C, OH, OW, T>, [], R, [H, W], [OH, OW]
);
resizes!(
    [const OUT: usize, R: Coordinates, const STEPS: usize, const FEATURES: usize] Resize1d<OUT, R>,
    Sequence<STEPS, FEATURES, T> => Sequence<OUT, FEATURES, T>, [], R, [STEPS, FEATURES], [OUT, FEATURES]
);

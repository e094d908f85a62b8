use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::general::{Norm, each, general_pool};
use super::lp::NO_POWER;
use super::macros::{Columns, Places, Rows, Steps, pixel_pool, step_pool};
use super::settings::{PixelSettings, StepSettings, axis, window};
use crate::kernel::Real;
use crate::layer::axis_at::AxesAt;
use crate::layer::compare::comparable;
use crate::layer::window_at::window_at;
use crate::layer::window_settings::{AxisNumbers, WindowFields, WindowSettings};
use crate::layer::{At, Backward, Layer, Mode, Plan, Reach, Then, Window, WorkspaceMut, check_lengths};
use crate::tensor::side::{Side, Sides, SlideAlong};
use crate::tensor::{Image, Sample, Sequence, Tensor};

/// An [`LpPool2d`](crate::layer::LpPool2d) with settings. Padding counts as zeros, which do not change a norm.
///
/// Forward and backward as in [`LpPool2d`](crate::layer::LpPool2d), over the windows of
/// [`MaxPool2dWith`](crate::layer::MaxPool2dWith).
///
/// # Settings
/// The settings of [`MaxPool2dWith`](crate::layer::MaxPool2dWith).
///
/// # Shapes
/// The shapes of [`MaxPool2dWith`](crate::layer::MaxPool2dWith).
///
/// # Gradient flow
/// The same as [`LpPool2d`](crate::layer::LpPool2d).
///
/// # Source
/// ONNX's `LpPool`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[3.0, 1.0, -4.0]]]);
/// let apart = LpPool2dWith::<2, (Kernel<1, 2>, Dilation<1, 2>)>::default().predict(&picture)?;
/// assert_eq!(apart, Image([[[5.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.LPPool2d", "L2 pooling"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "LpPool2dWith<{P}, {=Part::Name(&<S::Fields as WindowFields>::NAME)}>")]
pub struct LpPool2dWith<const P: u8, S: WindowSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// An [`LpPool1d`](crate::layer::LpPool1d) with settings. Padding counts as zeros, which do not change a norm.
///
/// Forward and backward as in [`LpPool1d`](crate::layer::LpPool1d), over the windows of
/// [`MaxPool1dWith`](crate::layer::MaxPool1dWith).
///
/// # Settings
/// The settings of [`MaxPool1dWith`](crate::layer::MaxPool1dWith).
///
/// # Shapes
/// The shapes of [`MaxPool1dWith`](crate::layer::MaxPool1dWith).
///
/// # Gradient flow
/// The same as [`LpPool1d`](crate::layer::LpPool1d).
///
/// # Source
/// ONNX's `LpPool`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[3.0], [-4.0]]);
/// let padded = LpPool1dWith::<2, (Kernel<2>, Stride<1>, Padding<1>)>::default().predict(&steps)?;
/// assert_eq!(padded, Sequence([[3.0], [5.0], [4.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.LPPool1d", "L2 pooling"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "LpPool1dWith<{P}, {=Part::Name(&<S::Fields as WindowFields>::NAME)}>")]
pub struct LpPool1dWith<const P: u8, S: WindowSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

pixel_pool!([const P: u8,] LpPool2dWith<P, S>, Norm<P>, .requires(P > 0, NO_POWER));
step_pool!([const P: u8,] LpPool1dWith<P, S>, Norm<P>, .requires(P > 0, NO_POWER));

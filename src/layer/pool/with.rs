use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::general::{Largest, each, general_pool};
use super::macros::{Columns, Places, Rows, Steps, pixel_pool, step_pool};
use super::settings::{MeanOf, PixelFields, PixelSettings, StepFields, StepSettings, axis, effect, window};
use crate::kernel::Real;
use crate::layer::axis_at::AxesAt;
use crate::layer::compare::comparable;
use crate::layer::window_at::window_at;
use crate::layer::window_settings::{AxisNumbers, WindowFields, WindowSettings};
use crate::layer::{At, Backward, Layer, Mode, Plan, Reach, Then, Window, WorkspaceMut, check_lengths};
use crate::tensor::side::{Side, Sides, SlideAlong};
use crate::tensor::{Image, Sample, Sequence, Tensor};

/// A [`MaxPool2d`](crate::layer::MaxPool2d) with settings: different windows for rows and columns, dilation, and other
/// kinds of padding.
///
/// Forward `y[c, r, s] = max x[c, S r + D m - P, S s + D n - P]` over the window, where S, D and P can differ between
/// the axes, and padding is never the maximum; backward `dx` = the sum of the `dy` of all windows in which this pixel
/// is the maximum. If several numbers are equal, the first one in memory counts. A NaN counts as larger than any
/// number.
///
/// # Settings
/// One setting, or a tuple of several in any order. Only the kernel has no default.
///
/// | setting | meaning | PyTorch | ONNX |
/// |---|---|---|---|
/// | [`Kernel<H, W>`](crate::layer::Kernel) | the window | `kernel_size` | `kernel_shape` |
/// | [`Stride<H, W>`](crate::layer::Stride) | the distance between windows, the sides of the window by default | `stride` | `strides` |
/// | [`Padding<H, W>`](crate::layer::Padding) | padding at both ends, none by default | `padding` | `pads` |
/// | [`PaddingEnds<TOP, BOTTOM, LEFT, RIGHT>`](crate::layer::PaddingEnds) | padding at each end | | `pads` |
/// | [`Same`](crate::layer::Same), [`SameLower`](crate::layer::SameLower) | the sides of the output are those of the input, divided by the stride | | `auto_pad` |
/// | [`Dilation<H, W>`](crate::layer::Dilation) | the distance between the pixels of a window, 1 by default | `dilation` | `dilations` |
/// | [`CeilMode`](crate::layer::CeilMode) | the number of windows is rounded up | `ceil_mode` | `ceil_mode` |
///
/// # Shapes
/// Input `Image<C, H, W>`; output `Image<C, ..>` with `(side + padding - D (K - 1) - 1) / S + 1` places along each
/// axis, rounded down. With `CeilMode` it is rounded up: the last window may extend beyond the padding, but must start
/// before its end. With `Same` there are `side / S` places, rounded up. The padding must be smaller than the window.
///
/// # Gradient flow
/// The same as [`MaxPool2d`](crate::layer::MaxPool2d): a selection, with norm 1 for windows that do not overlap.
///
/// # Source
/// PyTorch's `nn.MaxPool2d` and ONNX's `MaxPool`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0, 5.0], [4.0, 3.0, 8.0]]]);
/// let tall = MaxPool2dWith::<(Kernel<2, 1>, Stride<1>)>::default().predict(&picture)?;
/// assert_eq!(tall, Image([[[4.0, 3.0, 8.0]]]));
/// // The last column gets a separate window.
/// let all = MaxPool2dWith::<(Kernel<2>, CeilMode)>::default().predict(&picture)?;
/// assert_eq!(all, Image([[[4.0, 8.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.MaxPool2d", "ceil_mode", "dilated pooling"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "MaxPool2dWith<{=Part::Name(&<S::Fields as WindowFields>::NAME)}>")]
pub struct MaxPool2dWith<S: WindowSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// A [`MaxPool1d`](crate::layer::MaxPool1d) with settings: dilation, and other kinds of padding.
///
/// Forward and backward as in [`MaxPool2dWith`], along the steps.
///
/// # Settings
/// The settings of [`MaxPool2dWith`], with one number each, and [`Causal`](crate::layer::Causal): each window ends at
/// its step. `PaddingEnds<BEFORE, AFTER>` has two numbers.
///
/// # Shapes
/// Input `Sequence<STEPS, FEATURES>`; output `Sequence<.., FEATURES>`. The number of steps follows from the formula for
/// the places of [`MaxPool2dWith`].
///
/// # Gradient flow
/// The same as [`MaxPool2dWith`].
///
/// # Source
/// PyTorch's `nn.MaxPool1d` and ONNX's `MaxPool`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // The maximum of each step and the step before it.
/// let steps = Sequence([[1.0], [3.0], [2.0]]);
/// let largest = MaxPool1dWith::<(Kernel<2>, Stride<1>, Causal)>::default().predict(&steps)?;
/// assert_eq!(largest, Sequence([[1.0], [3.0], [3.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.MaxPool1d", "causal pooling"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "MaxPool1dWith<{=Part::Name(&<S::Fields as WindowFields>::NAME)}>")]
pub struct MaxPool1dWith<S: WindowSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// An [`AvgPool2d`](crate::layer::AvgPool2d) with settings: different windows for rows and columns, dilation, and other
/// kinds of padding.
///
/// Forward `y[c, r, s] = Σ x[c, S r + D m - P, S s + D n - P] / n` over the window, where S, D and P can differ between
/// the axes, and n is how many numbers of the window are inside the padded image; backward `dx = Σ dy / n` over all
/// windows that contain the pixel. Padding counts as zeros. The part of a window beyond the padding does not count.
/// With [`ExcludePadding`](crate::layer::ExcludePadding), n is how many numbers of the window are inside the image
/// itself.
///
/// # Settings
/// The settings of [`MaxPool2dWith`], and `ExcludePadding`: PyTorch's `count_include_pad=False`, and the default of
/// ONNX's `AveragePool`.
///
/// # Shapes
/// The shapes of [`MaxPool2dWith`].
///
/// # Gradient flow
/// The same as [`AvgPool2d`](crate::layer::AvgPool2d).
///
/// # Source
/// PyTorch's `nn.AvgPool2d` and ONNX's `AveragePool`, with the same divisors.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[4.0, 8.0]]]);
/// let zeros_count = AvgPool2dWith::<(Kernel<1, 2>, Padding<0, 1>)>::default().predict(&picture)?;
/// assert_eq!(zeros_count, Image([[[2.0, 4.0]]]));
/// let without = AvgPool2dWith::<(Kernel<1, 2>, Padding<0, 1>, ExcludePadding)>::default().predict(&picture)?;
/// assert_eq!(without, Image([[[4.0, 8.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.AvgPool2d", "count_include_pad"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "AvgPool2dWith<{=Part::Name(&<S::Fields as WindowFields>::NAME)}>")]
pub struct AvgPool2dWith<S: WindowSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// An [`AvgPool1d`](crate::layer::AvgPool1d) with settings: dilation, and other kinds of padding.
///
/// Forward and backward as in [`AvgPool2dWith`], along the steps.
///
/// # Settings
/// The settings of [`MaxPool1dWith`], and [`ExcludePadding`](crate::layer::ExcludePadding).
///
/// # Shapes
/// The shapes of [`MaxPool1dWith`].
///
/// # Gradient flow
/// The same as [`AvgPool1d`](crate::layer::AvgPool1d).
///
/// # Source
/// PyTorch's `nn.AvgPool1d` and ONNX's `AveragePool`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // A moving average that does not depend on later steps.
/// type MovingAverage = AvgPool1dWith<(Kernel<2>, Stride<1>, Causal, ExcludePadding)>;
/// let steps = Sequence([[1.0], [3.0], [2.0]]);
/// assert_eq!(MovingAverage::default().predict(&steps)?, Sequence([[1.0], [2.0], [2.5]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.AvgPool1d", "moving average"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "AvgPool1dWith<{=Part::Name(&<S::Fields as WindowFields>::NAME)}>")]
pub struct AvgPool1dWith<S: WindowSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

pixel_pool!([] MaxPool2dWith<S>, Largest, .effect(effect(&[Rows::<S>::NUMBERS, Columns::<S>::NUMBERS], false)));
step_pool!([] MaxPool1dWith<S>, Largest, .effect(effect(&[Steps::<S>::NUMBERS], false)));
pixel_pool!([] AvgPool2dWith<S>, MeanOf<<S::Is as PixelFields>::Counts>, .effect(effect(&[Rows::<S>::NUMBERS, Columns::<S>::NUMBERS], true)));
step_pool!([] AvgPool1dWith<S>, MeanOf<<S::Is as StepFields>::Counts>, .effect(effect(&[Steps::<S>::NUMBERS], true)));

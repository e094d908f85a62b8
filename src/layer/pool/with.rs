use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::general::{Largest, Norm, each, general_pool};
use super::lp::NO_POWER;
use super::settings::{MeanOf, PixelFields, PixelSettings, StepFields, StepSettings, axis, effect, window};
use crate::kernel::Real;
use crate::layer::axis_at::AxesAt;
use crate::layer::compare::comparable;
use crate::layer::window_at::window_at;
use crate::layer::window_settings::AxisNumbers;
use crate::layer::{At, Backward, Layer, Mode, Plan, Reach, Then, Window, WorkspaceMut, check_lengths};
use crate::tensor::side::{Side, Sides, SlideAlong};
use crate::tensor::{Image, Sample, Sequence, Tensor};

/// A [`MaxPool2d`](crate::layer::MaxPool2d) with settings: windows that differ by axis, dilation, and paddings of other
/// kinds.
///
/// Forward `y[c, r, s] = max x[c, S r + D m - P, S s + D n - P]` over the window, where each axis has its own S, D and P, and
/// padding is never the largest; backward `dx` = the sum of the `dy` of all windows in which this pixel is the largest. Of
/// equal numbers the first counts, in memory order. A NaN counts as larger than any number.
///
/// # Settings
/// One, or a tuple of several in any order. All but the kernel have a default.
///
/// | setting | | PyTorch | ONNX |
/// |---|---|---|---|
/// | [`Kernel<H, W>`](crate::layer::Kernel) | the window | `kernel_size` | `kernel_shape` |
/// | [`Stride<H, W>`](crate::layer::Stride) | from window to window; the window's sides by default | `stride` | `strides` |
/// | [`Padding<H, W>`](crate::layer::Padding) | at both ends, none by default | `padding` | `pads` |
/// | [`PaddingEnds<TOP, BOTTOM, LEFT, RIGHT>`](crate::layer::PaddingEnds) | at each end | | `pads` |
/// | [`Same`](crate::layer::Same), [`SameLower`](crate::layer::SameLower) | as much as gives the input's sides, divided by the stride | | `auto_pad` |
/// | [`Dilation<H, W>`](crate::layer::Dilation) | the distance between the pixels of a window, 1 by default | `dilation` | `dilations` |
/// | [`CeilMode`](crate::layer::CeilMode) | the number of windows is rounded up | `ceil_mode` | `ceil_mode` |
///
/// # Shapes
/// Input `Image<C, H, W>`; output `Image<C, ..>` with, along each axis, `(side + padding - D (K - 1) - 1) / S + 1` places,
/// rounded down, or up with `CeilMode`: then the last window may leave the padding, but starts before its end. With `Same`
/// there are `side / S` places, rounded up. The padding is smaller than the window.
///
/// # Gradient flow
/// As [`MaxPool2d`](crate::layer::MaxPool2d): a selection, of norm 1 for windows that do not overlap.
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
/// // The last column gets a window of its own.
/// let all = MaxPool2dWith::<(Kernel<2>, CeilMode)>::default().predict(&picture)?;
/// assert_eq!(all, Image([[[4.0, 8.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "MaxPool2dWith<{=Part::Name(&<S::Is as PixelFields>::NAME)}>")]
pub struct MaxPool2dWith<S: PixelSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// A [`MaxPool1d`](crate::layer::MaxPool1d) with settings: dilation, and paddings of other kinds.
///
/// Forward and backward as [`MaxPool2dWith`], along the steps.
///
/// # Settings
/// Those of [`MaxPool2dWith`], each with one number, and [`Causal`](crate::layer::Causal), whose windows end with their
/// step. `PaddingEnds<BEFORE, AFTER>` has two.
///
/// # Shapes
/// Input `Sequence<STEPS, FEATURES>`; output `Sequence<.., FEATURES>` with as many steps as [`MaxPool2dWith`] has places.
///
/// # Gradient flow
/// As [`MaxPool2dWith`].
///
/// # Source
/// PyTorch's `nn.MaxPool1d` and ONNX's `MaxPool`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // The largest number so far, of the last two.
/// let steps = Sequence([[1.0], [3.0], [2.0]]);
/// let largest = MaxPool1dWith::<(Kernel<2>, Stride<1>, Causal)>::default().predict(&steps)?;
/// assert_eq!(largest, Sequence([[1.0], [3.0], [3.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "MaxPool1dWith<{=Part::Name(&<S::Is as StepFields>::NAME)}>")]
pub struct MaxPool1dWith<S: StepSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// An [`AvgPool2d`](crate::layer::AvgPool2d) with settings: windows that differ by axis, dilation, and paddings of other
/// kinds.
///
/// Forward `y[c, r, s] = Σ x[c, S r + D m - P, S s + D n - P] / n` over the window, where each axis has its own S, D and P, and
/// n is how many numbers of the window are on the padded image; backward `dx = Σ dy / n` over all windows that cover the
/// pixel. Padding counts as zeros, and what a window has beyond the padding does not count. With
/// [`ExcludePadding`](crate::layer::ExcludePadding), n is how many numbers of the window are on the image itself.
///
/// # Settings
/// Those of [`MaxPool2dWith`], and `ExcludePadding`: PyTorch's `count_include_pad=False`, and the default of ONNX's
/// `AveragePool`.
///
/// # Shapes
/// Those of [`MaxPool2dWith`].
///
/// # Gradient flow
/// As [`AvgPool2d`](crate::layer::AvgPool2d).
///
/// # Source
/// PyTorch's `nn.AvgPool2d` and ONNX's `AveragePool`, also in what they divide by.
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
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "AvgPool2dWith<{=Part::Name(&<S::Is as PixelFields>::NAME)}>")]
pub struct AvgPool2dWith<S: PixelSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// An [`AvgPool1d`](crate::layer::AvgPool1d) with settings: dilation, and paddings of other kinds.
///
/// Forward and backward as [`AvgPool2dWith`], along the steps.
///
/// # Settings
/// Those of [`MaxPool1dWith`], and [`ExcludePadding`](crate::layer::ExcludePadding).
///
/// # Shapes
/// Those of [`MaxPool1dWith`].
///
/// # Gradient flow
/// As [`AvgPool1d`](crate::layer::AvgPool1d).
///
/// # Source
/// PyTorch's `nn.AvgPool1d` and ONNX's `AveragePool`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // A moving average that waits for no later step.
/// type MovingAverage = AvgPool1dWith<(Kernel<2>, Stride<1>, Causal, ExcludePadding)>;
/// let steps = Sequence([[1.0], [3.0], [2.0]]);
/// assert_eq!(MovingAverage::default().predict(&steps)?, Sequence([[1.0], [2.0], [2.5]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "AvgPool1dWith<{=Part::Name(&<S::Is as StepFields>::NAME)}>")]
pub struct AvgPool1dWith<S: StepSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// An [`LpPool2d`](crate::layer::LpPool2d) with settings. Padding counts as zeros, which a norm does not see.
///
/// Forward and backward as [`LpPool2d`](crate::layer::LpPool2d), over the windows of [`MaxPool2dWith`].
///
/// # Settings
/// Those of [`MaxPool2dWith`].
///
/// # Shapes
/// Those of [`MaxPool2dWith`].
///
/// # Gradient flow
/// As [`LpPool2d`](crate::layer::LpPool2d).
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
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "LpPool2dWith<{P}, {=Part::Name(&<S::Is as PixelFields>::NAME)}>")]
pub struct LpPool2dWith<const P: u8, S: PixelSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// An [`LpPool1d`](crate::layer::LpPool1d) with settings. Padding counts as zeros, which a norm does not see.
///
/// Forward and backward as [`LpPool1d`](crate::layer::LpPool1d), over the windows of [`MaxPool1dWith`].
///
/// # Settings
/// Those of [`MaxPool1dWith`].
///
/// # Shapes
/// Those of [`MaxPool1dWith`].
///
/// # Gradient flow
/// As [`LpPool1d`](crate::layer::LpPool1d).
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
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "LpPool1dWith<{P}, {=Part::Name(&<S::Is as StepFields>::NAME)}>")]
pub struct LpPool1dWith<const P: u8, S: StepSettings> {
    #[parameter(skip)]
    settings: PhantomData<S>,
}

/// The windows over rows, over columns, and over steps.
type Rows<S> = <<S as PixelSettings>::Is as PixelFields>::Rows;
type Columns<S> = <<S as PixelSettings>::Is as PixelFields>::Columns;
type Steps<S> = <<S as StepSettings>::Is as StepFields>::Steps;

/// How many windows are on a side.
type Places<const D: usize, A> = <Side<D> as SlideAlong<A>>::Out;

/// Implements a pool of images by a [`Pools`](super::general::Pools).
macro_rules! pixel_pool {
    ([$($generics:tt)*] $layer:ty, $pools:ty, $($plan:tt)*) => {
        comparable!([$($generics)* S: PixelSettings] $layer);

        impl<const PLACE: usize, Fitting, $($generics)* S: PixelSettings, const C: usize, const H: usize, const W: usize, T: Real>
            At<PLACE, Image<C, H, W, T>> for $layer
        where
            Image<C, H, W, T>: AxesAt<PLACE, Self, (Rows<S>, Columns<S>), Check = Fitting>,
            Fitting: Then<Image<C, H, W, T>, Self>,
        {
            window_at!(@items Image<C, H, W, T>, Fitting);
        }

        general_pool!(
            [$($generics)* S: PixelSettings, const C: usize, const H: usize, const W: usize] $layer,
            Image<C, H, W, T> => <(Side<C>, Places<H, Rows<S>>, Places<W, Columns<S>>) as Sides<T>>::Tensor,
            $pools,
            [
                axis::<Rows<S>>(H, <Self::Output as Sample>::SHAPE[1]),
                axis::<Columns<S>>(W, <Self::Output as Sample>::SHAPE[2]),
            ],
            [
                Side<H>: SlideAlong<Rows<S>>,
                Side<W>: SlideAlong<Columns<S>>,
                (Side<C>, Places<H, Rows<S>>, Places<W, Columns<S>>): Sides<T>,
            ],
            plan .window({
                let places = <Self::Output as Sample>::SHAPE;
                window([Rows::<S>::NUMBERS, Columns::<S>::NUMBERS], [H, W], [places[1], places[2]])
            })
            $($plan)*
        );
    };
}

/// Implements a pool of sequences.
macro_rules! step_pool {
    ([$($generics:tt)*] $layer:ty, $pools:ty, $($plan:tt)*) => {
        comparable!([$($generics)* S: StepSettings] $layer);

        impl<const PLACE: usize, Fitting, $($generics)* S: StepSettings, const STEPS: usize, const FEATURES: usize, T: Real>
            At<PLACE, Sequence<STEPS, FEATURES, T>> for $layer
        where
            Sequence<STEPS, FEATURES, T>: AxesAt<PLACE, Self, Steps<S>, Check = Fitting>,
            Fitting: Then<Sequence<STEPS, FEATURES, T>, Self>,
        {
            window_at!(@items Sequence<STEPS, FEATURES, T>, Fitting);
        }

        general_pool!(
            [$($generics)* S: StepSettings, const STEPS: usize, const FEATURES: usize] $layer,
            Sequence<STEPS, FEATURES, T> => <(Places<STEPS, Steps<S>>, Side<FEATURES>) as Sides<T>>::Tensor,
            $pools,
            [axis::<Steps<S>>(STEPS, <Self::Output as Sample>::SHAPE[0]), each(FEATURES)],
            [
                Side<STEPS>: SlideAlong<Steps<S>>,
                (Places<STEPS, Steps<S>>, Side<FEATURES>): Sides<T>,
            ],
            plan .window(Window::along([
                Steps::<S>::NUMBERS.reach(STEPS, <Self::Output as Sample>::SHAPE[0]),
                Reach::of_span(1, 1, 0),
            ]))
            $($plan)*
        );
    };
}

pixel_pool!([] MaxPool2dWith<S>, Largest, .effect(effect(&[Rows::<S>::NUMBERS, Columns::<S>::NUMBERS], false)));
step_pool!([] MaxPool1dWith<S>, Largest, .effect(effect(&[Steps::<S>::NUMBERS], false)));
pixel_pool!([] AvgPool2dWith<S>, MeanOf<<S::Is as PixelFields>::Counts>, .effect(effect(&[Rows::<S>::NUMBERS, Columns::<S>::NUMBERS], true)));
step_pool!([] AvgPool1dWith<S>, MeanOf<<S::Is as StepFields>::Counts>, .effect(effect(&[Steps::<S>::NUMBERS], true)));
pixel_pool!([const P: u8,] LpPool2dWith<P, S>, Norm<P>, .requires(P > 0, NO_POWER));
step_pool!([const P: u8,] LpPool1dWith<P, S>, Norm<P>, .requires(P > 0, NO_POWER));

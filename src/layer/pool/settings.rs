//! The settings of pools, and the windows that follow from them.

use core::marker::PhantomData;

use typenum::type_operators::IsLess;
use typenum::{B1, Le};

use super::general::Pools;
use crate::kernel::{GeneralPooling, PoolingAxis, PoolingWindows, Real};
use crate::layer::onnx::Pool;
use crate::layer::window_settings::{
    Axes, AxisNumbers, AxisOfSteps, ExcludePadding, Fields, OneWindow, Setting, Unset, WindowAxis,
    WindowSettings,
};
use crate::layer::{Effect, Window};
use crate::tensor::side::{Axis, Ends, Fitted, Known, Side};

type N<const SIDE: usize> = <Side<SIDE> as Known>::Number;

/// The windows along one axis of a pool. Their padding is smaller than the window.
pub trait PoolAxis: AxisNumbers {
    /// The padding after the side. `None` if the padding is not smaller than the span of the windows.
    const AFTER: Option<usize>;
}

impl<const K: usize, S, D, const BEFORE: usize, const AFTER: usize, R> PoolAxis
    for Axis<Side<K>, S, D, Ends<BEFORE, AFTER>, R>
where
    Self: AxisNumbers,
    Side<K>: Known,
    Side<BEFORE>: Known,
    Side<AFTER>: Known,
    N<BEFORE>: IsLess<N<K>>,
    N<AFTER>: IsLess<N<K>>,
    Le<N<BEFORE>, N<K>>: LeavesNumbers<K, BEFORE>,
    Le<N<AFTER>, N<K>>: LeavesNumbers<K, AFTER>,
{
    const AFTER: Option<usize> = Some(AFTER);
}

impl<K, S, D, M, R> PoolAxis for Axis<K, S, D, Fitted<M>, R>
where
    Self: AxisNumbers,
{
    const AFTER: Option<usize> = None;
}

/// Whether the padding is smaller than the window.
#[diagnostic::on_unimplemented(
    message = "a padding of {P} must be smaller than a pooling window of {K}",
    label = "windows at the border would contain only padding",
    note = "use less padding, or a larger window"
)]
pub trait LeavesNumbers<const K: usize, const P: usize> {}

impl<const K: usize, const P: usize> LeavesNumbers<K, P> for B1 {}

/// What the mean of a window includes.
pub trait Counts: Setting {
    /// Whether it includes the padding.
    const PADDING: bool;
}

impl Counts for Unset {
    const PADDING: bool = true;
}

impl Counts for ExcludePadding {
    const PADDING: bool = false;
}

/// The mean of a window.
pub(super) struct MeanOf<C>(PhantomData<C>);

impl<C: Counts> Pools for MeanOf<C> {
    const KIND: Pool = Pool::Mean { padding: C::PADDING };

    fn forward<T: Real>(pooling: &GeneralPooling, x: &[T], y: &mut [T]) {
        pooling.mean(C::PADDING, x, y);
    }

    fn backward<T: Real>(pooling: &GeneralPooling, _: &[T], _: &[T], dy: &[T], dx: &mut [T]) {
        pooling.mean_gradient(C::PADDING, dy, dx);
    }
}

/// The settings of pools. Groups and output padding are settings of convolutions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a setting of convolutions",
    label = "a pooling layer has neither groups nor an output padding",
    note = "a pooling layer pools each channel separately"
)]
pub trait OfPools: Setting {}

impl OfPools for Unset {}

/// The windows of a pool of images that follow from [`Fields`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of a pooling layer for images",
    label = "not settings of a pooling layer",
    note = "`Causal` is a setting for sequences, and `CeilMode` needs a `Padding` with numbers"
)]
pub trait PixelFields {
    /// The windows over rows.
    type Rows: PoolAxis;
    /// The windows over columns.
    type Columns: PoolAxis;
    /// What a mean includes.
    type Counts: Counts;
}

impl<K, S, P, D, G: OfPools, O: OfPools, R, C: Counts> PixelFields for Fields<K, S, P, D, G, O, R, C>
where
    Self: Axes<OneWindow, Rows: PoolAxis, Columns: PoolAxis>,
{
    type Rows = <Self as Axes<OneWindow>>::Rows;
    type Columns = <Self as Axes<OneWindow>>::Columns;
    type Counts = C;
}

/// The windows of a pool of sequences that follow from [`Fields`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of a pooling layer for sequences",
    label = "not settings of a pooling layer",
    note = "`CeilMode` needs a `Padding` with a number"
)]
pub trait StepFields {
    /// The windows over steps.
    type Steps: PoolAxis;
    /// What a mean includes.
    type Counts: Counts;
}

impl<K, S, P, D, G: OfPools, O: OfPools, R, C: Counts> StepFields for Fields<K, S, P, D, G, O, R, C>
where
    Self: AxisOfSteps<OneWindow, Steps: PoolAxis>,
{
    type Steps = <Self as AxisOfSteps<OneWindow>>::Steps;
    type Counts = C;
}

/// The settings of a pool of images: a [`Kernel`](crate::layer::Kernel), or a tuple with one.
pub trait PixelSettings: WindowSettings {
    /// The settings, each in its field.
    type Is: PixelFields;
}

impl<S: WindowSettings<Fields: PixelFields>> PixelSettings for S {
    type Is = S::Fields;
}

/// The settings of a pool of sequences: a [`Kernel`](crate::layer::Kernel), or a tuple with one.
pub trait StepSettings: WindowSettings {
    /// The settings, each in its field.
    type Is: StepFields;
}

impl<S: WindowSettings<Fields: StepFields>> StepSettings for S {
    type Is = S::Fields;
}

/// Returns the windows `A` at `places` places on a side of `side` numbers.
pub(super) const fn axis<A: PoolAxis>(side: usize, places: usize) -> PoolingAxis {
    let WindowAxis { kernel: window, stride, dilation, .. } = A::NUMBERS;
    let before = A::NUMBERS.before(side, places);
    let extent = places.saturating_sub(1).saturating_mul(stride).saturating_add(A::NUMBERS.span());
    let after = match A::AFTER {
        Some(after) => after,
        None => extent.saturating_sub(before.saturating_add(side)),
    };
    PoolingAxis {
        side,
        places,
        windows: PoolingWindows::Sliding { window, stride, dilation, padding: [before, after] },
    }
}

/// Returns the effect of windows that do not overlap. `share` is the share of each number in the gradient of its
/// window.
pub(super) const fn effect(axes: &[WindowAxis], is_mean: bool) -> Effect {
    let (mut numbers, mut at) = (1, 0);
    while at < axes.len() {
        if axes[at].stride < axes[at].span() {
            return Effect::Unknown;
        }
        numbers *= axes[at].kernel;
        at += 1;
    }
    Effect::Pool { gradient: if is_mean { 1.0 / numbers as f64 } else { 1.0 } }
}

/// Returns the window on an image, given the sides of input and output.
pub(super) const fn window(axes: [WindowAxis; 2], from: [usize; 2], to: [usize; 2]) -> Window {
    Window::along([axes[0].reach(from[0], to[0]), axes[1].reach(from[1], to[1])])
}

//! The settings of convolutions, and the weights that follow from them.

use bytemuck::Pod;

use crate::kernel::Real;
use crate::layer::window_settings::{
    Along, AlongSteps, Axes, AxisOfSteps, Fields, Groups, IsGiven, Kernel, OneStep, Or, OutputPadding,
    Setting, Unset, WindowAxis, WindowSettings,
};
use crate::tensor::side::{Side, SplitInto};

/// The kind of the layers that are not [`Transposed`].
#[derive(Debug)]
pub struct Plain;

/// The kind of transposed convolutions.
#[derive(Debug)]
pub struct Transposed;

/// The output padding of a convolution of this kind.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a setting of transposed convolutions",
    label = "this convolution is not transposed",
    note = "the output of a convolution follows from its window, stride, padding and dilation"
)]
pub trait MoreIn<Kind>: Setting {}

impl<Kind> MoreIn<Kind> for Unset {}
impl<const H: usize, const W: usize> MoreIn<Transposed> for OutputPadding<H, W> {}

/// A side as the length of an array.
pub trait Length {
    /// An array of this length.
    type Array<E: Pod + Send + Sync>: Pod + Send + Sync;
}

impl<const N: usize> Length for Side<N> {
    type Array<E: Pod + Send + Sync> = [E; N];
}

/// The sides of a window as arrays.
pub trait WindowArray {
    /// `[[E; W]; H]`.
    type Pixels<E: Pod + Send + Sync>: Pod + Send + Sync;
    /// `[E; H]`.
    type Steps<E: Pod + Send + Sync>: Pod + Send + Sync;
}

impl<const H: usize, const W: usize> WindowArray for Kernel<H, W> {
    type Pixels<E: Pod + Send + Sync> = [[E; W]; H];
    type Steps<E: Pod + Send + Sync> = [E; H];
}

/// Groups of the windows from `FROM` channels to `TO` channels.
pub trait GroupsOf<const FROM: usize, const TO: usize>: Setting {
    /// The channels of a group on the side of `FROM`.
    type PerGroup: Length;
    /// How many there are.
    const GROUPS: usize;
}

impl<const FROM: usize, const TO: usize> GroupsOf<FROM, TO> for Unset {
    type PerGroup = Side<FROM>;
    const GROUPS: usize = 1;
}

impl<const G: usize, const FROM: usize, const TO: usize> GroupsOf<FROM, TO> for Groups<G>
where
    Side<FROM>: SplitInto<G, Out: Length>,
    Side<TO>: SplitInto<G>,
{
    type PerGroup = <Side<FROM> as SplitInto<G>>::Out;
    const GROUPS: usize = G;
}

/// What [`Fields`] set for a convolution of images. `FROM` are the channels that the windows cover, and `TO` those
/// that they give: in a transposed convolution the output's and the input's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not set a convolution of images",
    label = "not the settings of a convolution",
    note = "`CeilMode` and `ExcludePadding` are settings of pools"
)]
pub trait PixelFields<Kind, const FROM: usize, const TO: usize> {
    /// The windows over rows.
    type Rows;
    /// The windows over columns.
    type Columns;
    /// The output padding of rows.
    type MoreRows;
    /// The output padding of columns.
    type MoreColumns;
    /// The weights: `[[[[T; W]; H]; FROM / GROUPS]; TO]`.
    type Weight<T: Real>: Pod + Send + Sync;
    /// The windows as numbers.
    const AXES: [WindowAxis; 2];
    /// The number of groups.
    const GROUPS: usize;
    /// How many weights a number of the output has.
    const TAPS: usize = FROM / Self::GROUPS * Self::AXES[0].kernel * Self::AXES[1].kernel;
    /// How many outputs a number of the input has, if all windows reach it.
    const FEEDS: usize = TO / Self::GROUPS * Self::AXES[0].kernel * Self::AXES[1].kernel;
    /// The sides of the weights.
    const SHAPE: &'static [usize] = &[TO, FROM / Self::GROUPS, Self::AXES[0].kernel, Self::AXES[1].kernel];
}

impl<Kind, K, S, P, D, G, O, const FROM: usize, const TO: usize> PixelFields<Kind, FROM, TO>
    for Fields<K, S, P, D, G, O>
where
    Self: Axes<OneStep>,
    K: IsGiven<Kernel: WindowArray>,
    G: GroupsOf<FROM, TO>,
    O: MoreIn<Kind> + Or<OutputPadding<0>, Is: Along>,
{
    type Rows = <Self as Axes<OneStep>>::Rows;
    type Columns = <Self as Axes<OneStep>>::Columns;
    type MoreRows = <O::Is as Along>::Rows;
    type MoreColumns = <O::Is as Along>::Columns;
    type Weight<T: Real> = [<G::PerGroup as Length>::Array<<K::Kernel as WindowArray>::Pixels<T>>; TO];
    const AXES: [WindowAxis; 2] = <Self as Axes<OneStep>>::AXES;
    const GROUPS: usize = G::GROUPS;
}

/// What [`Fields`] set for a convolution of sequences.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not set a convolution of sequences",
    label = "not the settings of a convolution",
    note = "`CeilMode` and `ExcludePadding` are settings of pools"
)]
pub trait StepFields<Kind, const FROM: usize, const TO: usize> {
    /// The windows over steps.
    type Steps;
    /// The output padding.
    type MoreSteps;
    /// The weights: `[[[T; TO]; FROM / GROUPS]; K]`.
    type Weight<T: Real>: Pod + Send + Sync;
    /// The windows as numbers.
    const AXIS: WindowAxis;
    /// The number of groups.
    const GROUPS: usize;
    /// How many weights a number of the output has.
    const TAPS: usize = FROM / Self::GROUPS * Self::AXIS.kernel;
    /// How many outputs a number of the input has, if all windows reach it.
    const FEEDS: usize = TO / Self::GROUPS * Self::AXIS.kernel;
    /// The sides of the weights.
    const SHAPE: &'static [usize] = &[Self::AXIS.kernel, FROM / Self::GROUPS, TO];
}

impl<Kind, K, S, P, D, G, O, const FROM: usize, const TO: usize> StepFields<Kind, FROM, TO>
    for Fields<K, S, P, D, G, O>
where
    Self: AxisOfSteps<OneStep>,
    K: IsGiven<Kernel: WindowArray>,
    G: GroupsOf<FROM, TO>,
    O: MoreIn<Kind> + Or<OutputPadding<0>, Is: AlongSteps>,
{
    type Steps = <Self as AxisOfSteps<OneStep>>::Steps;
    type MoreSteps = <O::Is as AlongSteps>::Steps;
    type Weight<T: Real> = <K::Kernel as WindowArray>::Steps<<G::PerGroup as Length>::Array<[T; TO]>>;
    const AXIS: WindowAxis = <Self as AxisOfSteps<OneStep>>::AXIS;
    const GROUPS: usize = G::GROUPS;
}

/// The settings of a convolution of images: [`WindowSettings`] whose groups divide both numbers of channels.
pub trait PixelSettings<Kind, const FROM: usize, const TO: usize>: WindowSettings {
    /// The settings, each in its place.
    type Is: PixelFields<Kind, FROM, TO>;
}

impl<Kind, S: WindowSettings<Fields: PixelFields<Kind, FROM, TO>>, const FROM: usize, const TO: usize>
    PixelSettings<Kind, FROM, TO> for S
{
    type Is = S::Fields;
}

/// The settings of a convolution of sequences: [`WindowSettings`] whose groups divide both numbers of features.
pub trait StepSettings<Kind, const FROM: usize, const TO: usize>: WindowSettings {
    /// The settings, each in its place.
    type Is: StepFields<Kind, FROM, TO>;
}

impl<Kind, S: WindowSettings<Fields: StepFields<Kind, FROM, TO>>, const FROM: usize, const TO: usize>
    StepSettings<Kind, FROM, TO> for S
{
    type Is = S::Fields;
}

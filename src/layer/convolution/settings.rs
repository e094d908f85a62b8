//! The settings of convolutions, and the types of weights that follow from them.

use bytemuck::Pod;
use chainrule_kernel::int8::Packed;

use crate::kernel::Real;
use crate::layer::window_settings::{
    Along, AlongSteps, Axes, AxisOfSteps, Fields, Groups, Kernel, OneStep, Or, OutputPadding, SetBeside,
    Setting, Twice, Unset, WindowAxis, WindowFields, WindowSettings,
};
use crate::tensor::side::{PartInto, Side, SplitInto};

/// The kind of convolutions that are not [`Transposed`].
#[derive(Debug)]
pub struct Plain;

/// The kind of transposed convolutions.
#[derive(Debug)]
pub struct Transposed;

/// The output padding that a convolution of this kind can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a setting of transposed convolutions",
    label = "this convolution is not transposed",
    note = "the size of the output follows from the window, stride, padding and dilation"
)]
pub trait MoreIn<Kind>: Setting {}

impl<Kind> MoreIn<Kind> for Unset {}
impl<const H: usize, const W: usize> MoreIn<Transposed> for OutputPadding<H, W> {}
impl<Kind, A: MoreIn<Kind>, B: Setting + SetBeside<A>> MoreIn<Kind> for Twice<A, B> {}

/// The settings of convolutions. The rounding and the kind of mean are settings of pools.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a setting of pooling layers",
    label = "not a setting of a convolution",
    note = "use `Same` or `PaddingEnds` if the windows must reach the end of the input"
)]
pub trait OfConvolutions: Setting {}

impl OfConvolutions for Unset {}

/// A side that can be the length of an array.
pub trait Length {
    /// An array of this length.
    type Array<E: Pod + Send + Sync>: Pod + Send + Sync;
    /// An array of packed data of this length.
    type Packed<E: Packed>: Packed;
}

impl<const N: usize> Length for Side<N> {
    type Array<E: Pod + Send + Sync> = [E; N];
    type Packed<E: Packed> = [E; N];
}

/// The arrays with the sides of a window. Without a kernel they are empty.
pub trait WindowArray {
    /// `[[E; W]; H]`.
    type Pixels<E: Pod + Send + Sync>: Pod + Send + Sync;
    /// `[E; H]`.
    type Steps<E: Pod + Send + Sync>: Pod + Send + Sync;
    /// `[[E; W]; H]` of packed data.
    type PackedPixels<E: Packed>: Packed;
    /// `[E; H]` of packed data.
    type PackedSteps<E: Packed>: Packed;
    /// The number of rows and columns.
    const SIDES: [usize; 2];
}

impl<const H: usize, const W: usize> WindowArray for Kernel<H, W> {
    type Pixels<E: Pod + Send + Sync> = [[E; W]; H];
    type Steps<E: Pod + Send + Sync> = [E; H];
    type PackedPixels<E: Packed> = [[E; W]; H];
    type PackedSteps<E: Packed> = [E; H];
    const SIDES: [usize; 2] = [H, W];
}

impl WindowArray for Unset {
    type Pixels<E: Pod + Send + Sync> = [[E; 0]; 0];
    type Steps<E: Pod + Send + Sync> = [E; 0];
    type PackedPixels<E: Packed> = [[E; 0]; 0];
    type PackedSteps<E: Packed> = [E; 0];
    const SIDES: [usize; 2] = [0, 0];
}

impl<A: WindowArray, B> WindowArray for Twice<A, B> {
    type Pixels<E: Pod + Send + Sync> = A::Pixels<E>;
    type Steps<E: Pod + Send + Sync> = A::Steps<E>;
    type PackedPixels<E: Packed> = A::PackedPixels<E>;
    type PackedSteps<E: Packed> = A::PackedSteps<E>;
    const SIDES: [usize; 2] = A::SIDES;
}

/// Groups of `FROM` channels. If the last group is not complete, it is left out.
pub trait GroupsOf<const FROM: usize> {
    /// The number of channels of a group.
    type PerGroup: Length;
    /// The number of groups.
    const GROUPS: usize;
}

impl<const FROM: usize> GroupsOf<FROM> for Unset {
    type PerGroup = Side<FROM>;
    const GROUPS: usize = 1;
}

impl<const G: usize, const FROM: usize> GroupsOf<FROM> for Groups<G>
where
    Side<FROM>: PartInto<G, Out: Length>,
{
    type PerGroup = <Side<FROM> as PartInto<G>>::Out;
    const GROUPS: usize = G;
}

impl<A: GroupsOf<FROM>, B, const FROM: usize> GroupsOf<FROM> for Twice<A, B> {
    type PerGroup = A::PerGroup;
    const GROUPS: usize = A::GROUPS;
}

/// A number of groups that divides both `FROM` and `TO` channels.
pub trait Divide<const FROM: usize, const TO: usize>: Setting {}

impl<const FROM: usize, const TO: usize> Divide<FROM, TO> for Unset {}

impl<const G: usize, const FROM: usize, const TO: usize> Divide<FROM, TO> for Groups<G>
where
    Side<FROM>: SplitInto<G>,
    Side<TO>: SplitInto<G>,
{
}

impl<A: Setting, B: Setting + SetBeside<A>, const FROM: usize, const TO: usize> Divide<FROM, TO>
    for Twice<A, B>
{
}

/// The weights of a convolution that follow from [`Fields`], for possible and for impossible windows. `FROM` is the
/// number of channels that the windows read, and `TO` the number of channels that they produce. In a transposed
/// convolution they are the channels of the output and of the input.
pub trait WeightFields<const FROM: usize, const TO: usize>: WindowFields {
    /// The weights of a convolution of images: `[[[[T; W]; H]; FROM / GROUPS]; TO]`.
    type OfPixels<T: Real>: Pod + Send + Sync;
    /// The weights of a convolution of sequences: `[[[T; TO]; FROM / GROUPS]; K]`.
    type OfSteps<T: Real>: Pod + Send + Sync;
    /// The weights of a convolution of images as 8-bit integers: `[[[[i8; W]; H]; FROM / GROUPS]; TO]`.
    type Int8OfPixels: Packed;
    /// The weights of a convolution of sequences as 8-bit integers: `[[[i8; FROM / GROUPS]; K]; TO]`.
    type Int8OfSteps: Packed;
    /// The number of rows and columns of the window.
    const SIDES: [usize; 2];
    /// The number of groups.
    const GROUPS: usize;
    /// The number of channels in a group of the `FROM` channels.
    const FROM_GROUP: usize = FROM / if Self::GROUPS == 0 { 1 } else { Self::GROUPS };
    /// The number of channels in a group of the `TO` channels.
    const TO_GROUP: usize = TO / if Self::GROUPS == 0 { 1 } else { Self::GROUPS };
}

impl<K, S, P, D, G, O, R, C, const FROM: usize, const TO: usize> WeightFields<FROM, TO>
    for Fields<K, S, P, D, G, O, R, C>
where
    Self: WindowFields,
    K: WindowArray,
    G: GroupsOf<FROM>,
{
    type OfPixels<T: Real> = [<G::PerGroup as Length>::Array<K::Pixels<T>>; TO];
    type OfSteps<T: Real> = K::Steps<<G::PerGroup as Length>::Array<[T; TO]>>;
    type Int8OfPixels = [<G::PerGroup as Length>::Packed<K::PackedPixels<i8>>; TO];
    type Int8OfSteps = [K::PackedSteps<<G::PerGroup as Length>::Packed<i8>>; TO];
    const SIDES: [usize; 2] = K::SIDES;
    const GROUPS: usize = G::GROUPS;
}

/// The settings of a convolution of images that its weights need. A layer has only this bound, so that impossible
/// settings give one error, at the place where an input arrives.
pub trait PixelWeights<const FROM: usize, const TO: usize>:
    WindowSettings<Fields: WeightFields<FROM, TO>>
{
    /// The number of groups.
    const GROUPS: usize = Self::Fields::GROUPS;
    /// How many inputs an output sums.
    const TAPS: usize = Self::Fields::FROM_GROUP * Self::Fields::SIDES[0] * Self::Fields::SIDES[1];
    /// How many outputs depend on an input, if all windows reach it.
    const FEEDS: usize = Self::Fields::TO_GROUP * Self::Fields::SIDES[0] * Self::Fields::SIDES[1];
    /// The sides of the weights.
    const SHAPE: &'static [usize] =
        &[TO, Self::Fields::FROM_GROUP, Self::Fields::SIDES[0], Self::Fields::SIDES[1]];
}

impl<S: WindowSettings<Fields: WeightFields<FROM, TO>>, const FROM: usize, const TO: usize>
    PixelWeights<FROM, TO> for S
{
}

/// The settings of a convolution of sequences that its weights need.
pub trait StepWeights<const FROM: usize, const TO: usize>:
    WindowSettings<Fields: WeightFields<FROM, TO>>
{
    /// The number of groups.
    const GROUPS: usize = Self::Fields::GROUPS;
    /// How many inputs an output sums.
    const TAPS: usize = Self::Fields::FROM_GROUP * Self::Fields::SIDES[0];
    /// How many outputs depend on an input, if all windows reach it.
    const FEEDS: usize = Self::Fields::TO_GROUP * Self::Fields::SIDES[0];
    /// The sides of the weights.
    const SHAPE: &'static [usize] = &[Self::Fields::SIDES[0], Self::Fields::FROM_GROUP, TO];
}

impl<S: WindowSettings<Fields: WeightFields<FROM, TO>>, const FROM: usize, const TO: usize>
    StepWeights<FROM, TO> for S
{
}

/// The windows of a convolution of images that follow from [`Fields`].
pub trait PixelFields<Kind, const FROM: usize, const TO: usize> {
    /// The windows over rows.
    type Rows;
    /// The windows over columns.
    type Columns;
    /// The output padding of rows.
    type MoreRows;
    /// The output padding of columns.
    type MoreColumns;
    /// The windows as numbers.
    const AXES: [WindowAxis; 2];
}

impl<Kind, K, S, P, D, G, O, R, C, const FROM: usize, const TO: usize> PixelFields<Kind, FROM, TO>
    for Fields<K, S, P, D, G, O, R, C>
where
    Self: Axes<OneStep>,
    G: Divide<FROM, TO>,
    O: MoreIn<Kind> + Or<OutputPadding<0>, Is: Along>,
    R: OfConvolutions,
    C: OfConvolutions,
{
    type Rows = <Self as Axes<OneStep>>::Rows;
    type Columns = <Self as Axes<OneStep>>::Columns;
    type MoreRows = <O::Is as Along>::Rows;
    type MoreColumns = <O::Is as Along>::Columns;
    const AXES: [WindowAxis; 2] = <Self as Axes<OneStep>>::AXES;
}

/// The windows of a convolution of sequences that follow from [`Fields`].
pub trait StepFields<Kind, const FROM: usize, const TO: usize> {
    /// The windows over steps.
    type Steps;
    /// The output padding.
    type MoreSteps;
    /// The windows as numbers.
    const AXIS: WindowAxis;
}

impl<Kind, K, S, P, D, G, O, R, C, const FROM: usize, const TO: usize> StepFields<Kind, FROM, TO>
    for Fields<K, S, P, D, G, O, R, C>
where
    Self: AxisOfSteps<OneStep>,
    G: Divide<FROM, TO>,
    O: MoreIn<Kind> + Or<OutputPadding<0>, Is: AlongSteps>,
    R: OfConvolutions,
    C: OfConvolutions,
{
    type Steps = <Self as AxisOfSteps<OneStep>>::Steps;
    type MoreSteps = <O::Is as AlongSteps>::Steps;
    const AXIS: WindowAxis = <Self as AxisOfSteps<OneStep>>::AXIS;
}

/// The settings of a convolution of images: [`WindowSettings`] whose number of groups divides both numbers of channels.
pub trait PixelSettings<Kind, const FROM: usize, const TO: usize>: PixelWeights<FROM, TO> {
    /// The settings, each in its field.
    type Is: PixelFields<Kind, FROM, TO>;
}

impl<Kind, S, const FROM: usize, const TO: usize> PixelSettings<Kind, FROM, TO> for S
where
    S: PixelWeights<FROM, TO> + WindowSettings<Fields: PixelFields<Kind, FROM, TO>>,
{
    type Is = S::Fields;
}

/// The settings of a convolution of sequences: [`WindowSettings`] whose number of groups divides both numbers of
/// features.
pub trait StepSettings<Kind, const FROM: usize, const TO: usize>: StepWeights<FROM, TO> {
    /// The settings, each in its field.
    type Is: StepFields<Kind, FROM, TO>;
}

impl<Kind, S, const FROM: usize, const TO: usize> StepSettings<Kind, FROM, TO> for S
where
    S: StepWeights<FROM, TO> + WindowSettings<Fields: StepFields<Kind, FROM, TO>>,
{
    type Is = S::Fields;
}

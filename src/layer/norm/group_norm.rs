use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::groups_at::ThenGroups;
use super::settings::{NOT_POSITIVE, Rest, epsilon, is_positive};
use super::{
    AffineOf, Epsilon, GainAndBias, NoAffine, NormSettings, Normal, add_sums, bias_at, gain_at, sums,
    sums_space,
};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::dense::Bias;
use crate::layer::onnx::Form;
use crate::layer::window_at::{ChannelsAt, window_at};
use crate::layer::{
    At, Backward, Effect, Layer, Mode, Normalized, Plan, Space, Then, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::side::{Side, SplitInto};
use crate::tensor::{Channels, Vector};

/// Normalizes equal groups of channels or features to mean 0 and variance 1: `GROUPS` groups of the channels of an
/// image, or of the features of a sequence or a vector.
///
/// Forward `x̂ᵢ = (xᵢ - μ) r`, `yᵢ = γ x̂ᵢ + β`, with r = 1 / √(σ² + ε), where μ and σ² are the mean and variance of
/// the n numbers in the group of xᵢ, and γ and β belong to the channel of xᵢ; backward
/// `dxᵢ = r (gᵢ - mean g - x̂ᵢ mean g x̂)` with g = γ dy and the means over the group, and `dγ = Σ dy x̂`, `dβ = Σ dy`
/// over the channel and the batch.
///
/// # Shapes
/// `Vector<CHANNELS>`, `Sequence<STEPS, CHANNELS>` or `Image<CHANNELS, H, W>`. The output has the same shape as the
/// input. A group contains the numbers of all steps or pixels. `GROUPS` must divide `CHANNELS`, which is at most 2048.
/// `gain` (γ) starts at 1, `bias` (β) at 0; both are `[CHANNELS]`. With one group it is a layer norm with a gain for
/// each channel. With `CHANNELS` groups it is an [`InstanceNorm`].
///
/// # Settings
/// `GroupNorm<GROUPS, CHANNELS, f32, S, A>`. S is ε, by default 1e-5 as in PyTorch. A is `GainAndBias` by default. With
/// [`NoBias`](crate::layer::NoBias) there is no β, with [`NoGain`](super::NoGain) no γ, and with [`NoAffine`] neither.
///
/// # Gradient flow
/// The same as [`LayerNorm`](crate::layer::LayerNorm), for each group: the norm of the Jacobian of x̂ is at most r. The
/// Jacobian removes the components along 1 and (up to ε) along x̂.
///
/// # Source
/// Wu, He, "Group normalization", ECCV 2018, eq. 1, 2, 6 and 7.
///
/// # Examples
/// ```
/// use approx::assert_abs_diff_eq;
/// use chainrule::prelude::*;
///
/// let norm = GroupNorm::<2, 4>::init(&mut rng(0));
/// let x = Image([[[1.0]], [[3.0]], [[-10.0]], [[-30.0]]]);
/// assert_abs_diff_eq!(norm.predict(&x)?, Image([[[-1.0]], [[1.0]], [[1.0]], [[-1.0]]]), epsilon = 1e-5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.GroupNorm", "group normalization"))]
#[derive(Clone, Parameters)]
#[parameters(
    place = own,
    name = "GroupNorm<{GROUPS}, {CHANNELS}{=Rest::<Vector<CHANNELS, T>, S, A, Epsilon, GainAndBias>::SCALAR}{=Rest::<Vector<CHANNELS, T>, S, A, Epsilon, GainAndBias>::PART}>"
)]
pub struct GroupNorm<
    const GROUPS: usize,
    const CHANNELS: usize,
    T: Real = f32,
    S: NormSettings = Epsilon,
    A: AffineOf<Vector<CHANNELS, T>> = GainAndBias,
> {
    /// γ: a factor for each channel.
    #[parameter(scale = 1.0, shape = &[CHANNELS], scalar = T)]
    pub gain: A::Gain,
    /// β: a bias for each channel.
    #[parameter(bias, shape = &[CHANNELS], scalar = T)]
    pub bias: A::Bias,
    #[parameter(setting = Self::EPSILON)]
    epsilon: PhantomData<S>,
}

/// Normalizes each channel of an image, or each feature of a sequence over its steps, to mean 0 and variance 1: a
/// [`GroupNorm`] with a group for each channel.
///
/// As in PyTorch's `InstanceNorm2d` and `InstanceNorm1d`, it has no gain and no bias by default. With `GainAndBias` as
/// A it has both.
///
/// # Source
/// Ulyanov, Vedaldi, Lempitsky, "Instance normalization: the missing ingredient for fast stylization" (2016),
/// arXiv:1607.08022, eq. 2.
///
/// # Examples
/// ```
/// use approx::assert_abs_diff_eq;
/// use chainrule::prelude::*;
///
/// let norm = InstanceNorm::<2>::init(&mut rng(0));
/// let x = Image([[[1.0, 3.0]], [[-10.0, -30.0]]]);
/// assert_abs_diff_eq!(norm.predict(&x)?, Image([[[-1.0, 1.0]], [[1.0, -1.0]]]), epsilon = 1e-5);
/// assert_eq!(<InstanceNorm<2>>::COUNT, 0);
/// assert_eq!(<InstanceNorm<2, f32, Epsilon, GainAndBias>>::COUNT, 4);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("InstanceNorm1d", "InstanceNorm2d", "instance normalization", "style transfer"))]
pub type InstanceNorm<const CHANNELS: usize, T = f32, S = Epsilon, A = NoAffine> =
    GroupNorm<CHANNELS, CHANNELS, T, S, A>;

impl<const GROUPS: usize, const CHANNELS: usize, T: Real, S: NormSettings, A: AffineOf<Vector<CHANNELS, T>>>
    GroupNorm<GROUPS, CHANNELS, T, S, A>
{
    /// ε, which is added to the variance.
    pub const EPSILON: f64 = epsilon::<S, T>();
}

impl<
    const PLACE: usize,
    X,
    Checked,
    Split,
    const GROUPS: usize,
    const CHANNELS: usize,
    T: Real,
    S: NormSettings,
    A: AffineOf<Vector<CHANNELS, T>>,
> At<PLACE, X> for GroupNorm<GROUPS, CHANNELS, T, S, A>
where
    X: ChannelsAt<PLACE, Self, CHANNELS, T, Check = Checked>,
    Checked: ThenGroups<PLACE, X, Self, CHANNELS, GROUPS, Check = Split>,
    Split: Then<X, Self>,
{
    window_at!(@items X, Split);
}

/// A group of `channels` consecutive channels, starting at `first`, in each row of a sample.
#[derive(Clone, Copy)]
struct Group {
    first: usize,
    channels: usize,
    /// How many numbers of a channel are next to each other, and how many numbers a row has.
    each: usize,
    row: usize,
}

impl Group {
    /// Returns the numbers of the group in each row.
    fn of<T>(self, sample: &[T]) -> impl Iterator<Item = &[T]> + Clone {
        let Self { first, channels, each, row } = self;
        sample.chunks_exact(row).map(move |row| &row[first * each..][..channels * each])
    }

    /// Returns each channel's numbers in each row.
    fn channels<T>(self, sample: &[T]) -> impl Iterator<Item = (usize, &[T])> {
        let Self { first, each, .. } = self;
        self.of(sample).flat_map(move |group| (first..).zip(group.chunks_exact(each)))
    }

    /// The same as [`channels`](Self::channels), mutable.
    fn channels_mut<T>(self, sample: &mut [T]) -> impl Iterator<Item = (usize, &mut [T])> {
        let Self { first, channels, each, row } = self;
        sample
            .chunks_exact_mut(row)
            .flat_map(move |row| (first..).zip(row[first * each..][..channels * each].chunks_exact_mut(each)))
    }
}

/// Returns group `at` of a sample.
const fn group<const GROUPS: usize, const CHANNELS: usize, X: Channels<CHANNELS>>(at: usize) -> Group {
    let channels = CHANNELS / GROUPS;
    Group { first: at * channels, channels, each: X::EACH, row: CHANNELS * X::EACH }
}

impl<
    const GROUPS: usize,
    const CHANNELS: usize,
    X: Channels<CHANNELS>,
    S: NormSettings,
    A: AffineOf<Vector<CHANNELS, X::Scalar>>,
> Layer<X> for GroupNorm<GROUPS, CHANNELS, X::Scalar, S, A>
where
    Side<CHANNELS>: SplitInto<GROUPS>,
{
    type Output = X;
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .saves(Space::per_sample::<Normal>(GROUPS))
        .backward_scratch(sums_space(2, CHANNELS))
        .window(Window::WHOLE)
        .requires(is_positive(Self::EPSILON), NOT_POSITIVE)
        .form(Form::GroupNorm { epsilon: Self::EPSILON, groups: GROUPS })
        .effect(
            // The variance of a single channel depends on how similar its pixels or steps are.
            if GROUPS < CHANNELS {
                Effect::Norm { of: Normalized::Sample, epsilon: Self::EPSILON }
            } else {
                Effect::Unknown
            },
        );

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        for (at, normal) in workspace.saved::<Normal>(input.len() * GROUPS).iter_mut().enumerate() {
            let (sample, group) = (at / GROUPS, group::<GROUPS, CHANNELS, X>(at % GROUPS));
            let (x, y) = (input[sample].as_slice(), output[sample].as_mut_slice());
            *normal = Normal::of_parts(group.of(x), Self::EPSILON);
            for ((channel, y), (_, x)) in group.channels_mut(y).zip(group.channels(x)) {
                let gain = gain_at(self.gain.as_numbers(), channel);
                let bias = bias_at(self.bias.as_numbers(), channel);
                for (y, x) in y.iter_mut().zip(x) {
                    *y = Real::from_f64(gain * normal.apply(x.to_f64()) + bias);
                }
            }
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, .. } = pass;
        let (dgain, dbias) = (workspace.scratch::<f64>(CHANNELS), workspace.scratch::<f64>(CHANNELS));
        dgain.fill(0.0);
        dbias.fill(0.0);
        for (at, &normal) in workspace.saved::<Normal>(input.len() * GROUPS).iter().enumerate() {
            let (sample, group) = (at / GROUPS, group::<GROUPS, CHANNELS, X>(at % GROUPS));
            let (x, dy) = (input[sample].as_slice(), output_grad[sample].as_slice());
            let [mut plain, mut along] = [0.0; 2];
            for ((channel, x), (_, dy)) in group.channels(x).zip(group.channels(dy)) {
                let [of_dy, of_dy_x] = sums([dy, x], |[dy, x]| [dy, dy * normal.apply(x)]);
                dbias[channel] += of_dy;
                dgain[channel] += of_dy_x;
                let gain = gain_at(self.gain.as_numbers(), channel);
                plain += gain * of_dy;
                along += gain * of_dy_x;
            }
            let Some(input_grad) = input_grad.as_deref_mut() else { continue };
            let [plain, along] = [plain, along].map(|sum| sum / (X::LEN / GROUPS) as f64);
            let numbers = group.channels(x).zip(group.channels(dy));
            for ((channel, dx), ((_, x), (_, dy))) in
                group.channels_mut(input_grad[sample].as_mut_slice()).zip(numbers)
            {
                let gain = gain_at(self.gain.as_numbers(), channel);
                for (dx, (x, dy)) in dx.iter_mut().zip(x.iter().zip(dy)) {
                    let across = gain * dy.to_f64() - plain - normal.apply(x.to_f64()) * along;
                    *dx = Real::from_f64(normal.factor * across);
                }
            }
        }
        add_sums(dgain, gradient.gain.as_numbers_mut());
        add_sums(dbias, gradient.bias.as_numbers_mut());
    }
}

comparable!([const GROUPS: usize, const CHANNELS: usize, T: Real, S: NormSettings, A: AffineOf<Vector<CHANNELS, T>>] GroupNorm<GROUPS, CHANNELS, T, S, A>);

use alloc::boxed::Box;
use core::fmt;

use super::{Normal, sums};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::{Cost, Field, Fields, Layer, Mode, Parameters, Probe};
use crate::tensor::side::{Side, SplitInto};
use crate::tensor::{Buffer, Image, Tensor, Vector, zeros};

/// Each of `GROUPS` equal groups of an image's channels brought to mean 0 and variance 1.
///
/// Forward `x̂ᵢ = (xᵢ - μ) r`, `yᵢ = γ x̂ᵢ + β`, with μ and σ² the mean and variance of the n numbers of xᵢ's group,
/// r = 1 / √(σ² + ε), ε = 1e-5, and γ and β those of xᵢ's channel; backward `dxᵢ = r (gᵢ - mean g - x̂ᵢ mean g x̂)` with
/// g = γ dy and the means over the group, and `dγ = Σ dy x̂`, `dβ = Σ dy` over the channel and the batch.
///
/// # Shapes
/// `Image<CHANNELS, H, W>` to itself; `GROUPS` must divide `CHANNELS`, which is at most 1024. `gain` (γ) starts at 1,
/// `bias` (β) at 0, both `[CHANNELS]`. One group is a layer norm with a gain a channel, `CHANNELS` groups an instance norm.
///
/// # Gradient flow
/// As [`LayerNorm`](crate::layer::LayerNorm), group by group: norm at most r, nothing along 1 and (but for ε) along x̂.
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
pub struct GroupNorm<const GROUPS: usize, const CHANNELS: usize, T: Real = f32> {
    /// γ: a factor for each channel.
    pub gain: Box<Vector<CHANNELS, T>>,
    /// β: what is added to each channel.
    pub bias: Box<Vector<CHANNELS, T>>,
}

impl<const GROUPS: usize, const CHANNELS: usize, T: Real> GroupNorm<GROUPS, CHANNELS, T> {
    /// ε, added to the variance.
    pub const EPSILON: f64 = 1e-5;
}

impl<const GROUPS: usize, const CHANNELS: usize, T: Real> Parameters for GroupNorm<GROUPS, CHANNELS, T> {
    const COUNT: usize = 2 * CHANNELS;

    fn zeros() -> Self {
        Self { gain: zeros(), bias: zeros() }
    }

    fn fields(fields: &mut impl Fields<Self>) {
        let gain = Field::scale("gain", &[CHANNELS], 1.0);
        fields.tensor(gain, |norm| norm.gain.as_slice(), |norm| norm.gain.as_mut_slice());
        let bias = Field::bias("bias", &[CHANNELS]);
        fields.tensor(bias, |norm| norm.bias.as_slice(), |norm| norm.bias.as_mut_slice());
    }
}

impl<const GROUPS: usize, const CHANNELS: usize, const H: usize, const W: usize, T: Real>
    Layer<Image<CHANNELS, H, W, T>> for GroupNorm<GROUPS, CHANNELS, T>
where
    Side<CHANNELS>: SplitInto<GROUPS>,
{
    type Output = Image<CHANNELS, H, W, T>;
    type Tape = Buffer<Normal>;
    const COST: Cost = Cost::FREE.keeping(GROUPS * size_of::<Normal>());

    fn forward(
        &self,
        input: &[Image<CHANNELS, H, W, T>],
        output: &mut [Image<CHANNELS, H, W, T>],
        tape: &mut Buffer<Normal>,
        _: &mut Mode<'_>,
    ) {
        let channels = CHANNELS / GROUPS;
        for (at, normal) in tape.take(input.len() * GROUPS).iter_mut().enumerate() {
            let (sample, first) = (at / GROUPS, at % GROUPS * channels);
            let group = &input[sample].0[first..first + channels];
            *normal = Normal::of(group.as_flattened().as_flattened(), Self::EPSILON);
            for channel in first..first + channels {
                let (gain, bias) = (self.gain[channel].to_f64(), self.bias[channel].to_f64());
                let y = output[sample].0[channel].as_flattened_mut();
                for (y, x) in y.iter_mut().zip(input[sample].0[channel].as_flattened()) {
                    *y = T::from_f64(gain * normal.apply(x.to_f64()) + bias);
                }
            }
        }
    }

    fn backward<P: Probe>(
        &self,
        input: &[Image<CHANNELS, H, W, T>],
        _: &[Image<CHANNELS, H, W, T>],
        output_grad: &[Image<CHANNELS, H, W, T>],
        mut input_grad: Option<&mut [Image<CHANNELS, H, W, T>]>,
        gradient: &mut Self,
        tape: &mut Buffer<Normal>,
        _: &mut P,
    ) {
        let channels = CHANNELS / GROUPS;
        gradient.bias.0.fill(T::zero());
        gradient.gain.0.fill(T::zero());
        for (at, &normal) in tape.get(input.len() * GROUPS).iter().enumerate() {
            let (sample, first) = (at / GROUPS, at % GROUPS * channels);
            let [mut plain, mut along] = [0.0; 2];
            for channel in first..first + channels {
                let (x, dy) = (&input[sample].0[channel], &output_grad[sample].0[channel]);
                let [dbias, dgain] =
                    sums([dy.as_flattened(), x.as_flattened()], |[dy, x]| [dy, dy * normal.apply(x)]);
                gradient.bias[channel] += T::from_f64(dbias);
                gradient.gain[channel] += T::from_f64(dgain);
                plain += self.gain[channel].to_f64() * dbias;
                along += self.gain[channel].to_f64() * dgain;
            }
            let Some(input_grad) = input_grad.as_deref_mut() else { continue };
            let [plain, along] = [plain, along].map(|sum| sum / (channels * H * W) as f64);
            for channel in first..first + channels {
                let (x, dy) = (&input[sample].0[channel], &output_grad[sample].0[channel]);
                let gain = self.gain[channel].to_f64();
                let dx = input_grad[sample].0[channel].as_flattened_mut().iter_mut();
                for (dx, (x, dy)) in dx.zip(x.as_flattened().iter().zip(dy.as_flattened())) {
                    let across = gain * dy.to_f64() - plain - normal.apply(x.to_f64()) * along;
                    *dx = T::from_f64(normal.factor * across);
                }
            }
        }
    }
}

comparable!([const GROUPS: usize, const CHANNELS: usize, T: Real] GroupNorm<GROUPS, CHANNELS, T>);

impl<const GROUPS: usize, const CHANNELS: usize, T: Real> Clone for GroupNorm<GROUPS, CHANNELS, T> {
    fn clone(&self) -> Self {
        crate::layer::compare::copy(self)
    }
}

impl<const GROUPS: usize, const CHANNELS: usize, T: Real> fmt::Debug for GroupNorm<GROUPS, CHANNELS, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupNorm({CHANNELS} channels in {GROUPS} groups)")
    }
}

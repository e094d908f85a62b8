use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::settings::{NOT_POSITIVE, Rest, epsilon, is_positive};
use super::{
    AffineOf, Epsilon, GainAndBias, NormSettings, add_at, bias_at, factor, gain_at, part_by_part, sums,
};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::dense::Bias;
use crate::layer::onnx::Form;
use crate::layer::{Backward, Effect, Layer, Mode, Normalized, Plan, Space, WorkspaceMut, check_lengths};
use crate::tensor::{Image, Sequence, Vector};

/// Normalizes each feature, or each channel of an image, to mean 0 and variance 1 over the batch.
///
/// Forward `x̂ = (x - μ) r`, `y = γ x̂ + β`, with r = 1 / √(σ² + ε). In training mode, μ and σ² are the mean and
/// variance of the feature's n numbers in the batch (n counts samples, and steps or pixels). In evaluation mode, they
/// are the running mean and variance. Backward in training mode `dx = γ r (dy - mean dy - x̂ mean dy x̂)`, in
/// evaluation mode `dx = γ r dy`; in both `dγ = Σ dy x̂`, `dβ = Σ dy`.
///
/// The running mean and variance are [buffers](crate::layer::Role::Buffer). Each training step moves them towards the μ
/// and the unbiased variance σ² n / (n - 1) of the batch, by the momentum times the distance. A feature with a single
/// number in the batch (n = 1) has the variance 0: the output is the bias, the input gets no gradient, and the running
/// variance does not change. Train with batches of several samples.
///
/// # Shapes
/// `Vector<FEATURES>`, `Sequence<STEPS, FEATURES>` or `Image<FEATURES, H, W>`. The output has the same shape as the
/// input. `gain` (γ), `bias` (β), `running_mean` and `running_variance` are `[FEATURES]` and start at 1, 0, 0 and 1.
///
/// # Settings
/// `BatchNorm<FEATURES, f32, S, A>`. S is ε, by default 1e-5 as in PyTorch, or a pair of ε and the momentum, by default
/// 0.1. Keras has `BatchNorm<16, f32, (Epsilon<1, 1000>, Momentum<1, 100>)>`. A is `GainAndBias` by default. With
/// [`NoBias`](crate::layer::NoBias) there is no β, with [`NoGain`](super::NoGain) no γ, and with
/// [`NoAffine`](super::NoAffine) neither.
///
/// In training mode, a frozen part of a network still normalizes by the batch. Wrap it in
/// [`Evaluate`](crate::stack::Evaluate) to use evaluation mode.
///
/// # Gradient flow
/// In training mode, the Jacobian of a feature is γ r (I - 1 1ᵀ/n - x̂ x̂ᵀ/n) over the batch: its norm is at most γ r,
/// and a gradient depends on all samples. Scaling x by s scales its gradient by 1/s. In evaluation mode the Jacobian is
/// the diagonal matrix γ r.
///
/// # Source
/// Ioffe, Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift", ICML
/// 2015, algorithms 1 and 2. The running mean and variance are exponential moving averages, as in PyTorch.
///
/// # Examples
/// ```
/// use approx::assert_abs_diff_eq;
/// use chainrule::prelude::*;
///
/// let norm = BatchNorm::<1>::init(&mut rng(0));
/// let batch = [Vector([4.0]), Vector([8.0])];
/// let mut y = [Vector::default(); 2];
/// let mut workspace = Workspace::default();
/// norm.forward(&batch, &mut y, workspace.prepare::<Vector<1>, BatchNorm<1>>(2), &mut Mode::Train(&mut rng(0)));
/// assert_abs_diff_eq!(y[0], Vector([-1.0]), epsilon = 1e-5); // the batch has mean 6 and variance 4
/// assert_abs_diff_eq!(norm.predict(&batch[0])?, Vector([4.0]), epsilon = 1e-4); // running: 0 and 1
///
/// let mut trainer = Trainer::new(norm, MeanSquaredError, Sgd::new(0.0), 0);
/// trainer.step(&batch, &batch)?;
/// assert_abs_diff_eq!(trainer.network.running_mean, Vector([0.6])); // 0.9 * 0 + 0.1 * 6
/// assert_abs_diff_eq!(trainer.network.running_variance, Vector([1.7])); // 0.9 * 1 + 0.1 * 4 * 2 / (2 - 1)
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("batch normalization", "BatchNorm1d", "BatchNorm2d", "BatchNormalization"))]
#[derive(Clone, Parameters)]
#[parameters(
    name = "BatchNorm<{FEATURES}{=Rest::<Vector<FEATURES, T>, S, A, Epsilon, GainAndBias>::SCALAR}{=Rest::<Vector<FEATURES, T>, S, A, Epsilon, GainAndBias>::PART}>"
)]
pub struct BatchNorm<
    const FEATURES: usize,
    T: Real = f32,
    S: NormSettings = Epsilon,
    A: AffineOf<Vector<FEATURES, T>> = GainAndBias,
> {
    /// γ: a factor for each feature.
    #[parameter(scale = 1.0, shape = &[FEATURES], scalar = T)]
    pub gain: A::Gain,
    /// β: a bias for each feature.
    #[parameter(bias, shape = &[FEATURES], scalar = T)]
    pub bias: A::Bias,
    /// The running mean of each feature.
    #[parameter(buffer = 0.0, momentum = Self::MOMENTUM)]
    pub running_mean: Vector<FEATURES, T>,
    /// The running variance of each feature.
    #[parameter(buffer = 1.0, momentum = Self::MOMENTUM)]
    pub running_variance: Vector<FEATURES, T>,
    #[parameter(setting = Self::EPSILON)]
    epsilon: PhantomData<S>,
    #[parameter(setting = Self::MOMENTUM)]
    momentum: PhantomData<S>,
}

impl<const FEATURES: usize, T: Real, S: NormSettings, A: AffineOf<Vector<FEATURES, T>>>
    BatchNorm<FEATURES, T, S, A>
{
    /// ε, which is added to the variance.
    pub const EPSILON: f64 = epsilon::<S, T>();
    /// The momentum: the running statistics move by this share of their distance to the batch's mean and variance.
    pub const MOMENTUM: f64 = S::MOMENTUM;
}

/// The mean and factor with which the last forward pass normalized each feature, saved in the workspace.
struct Moments<'a> {
    mean: &'a mut [f64],
    variance: &'a mut [f64],
    factor: &'a mut [f64],
    /// Scratch memory of the backward pass: Σ dy and Σ dy x̂.
    plain: &'a mut [f64],
    along: &'a mut [f64],
    /// 1 in training mode, where the mean and variance come from the batch; otherwise 0.
    measured: &'a mut f64,
}

impl<'a> Moments<'a> {
    /// How many numbers are saved for each feature.
    const EACH: usize = 5;

    const fn space(features: usize) -> Space {
        Space::per_batch::<f64>(Self::EACH * features + 1)
    }

    fn of(workspace: &mut WorkspaceMut<'a>, features: usize) -> Self {
        let mut rest = workspace.saved::<f64>(Self::EACH * features + 1);
        let mut next = |len| {
            let (next, left) = core::mem::take(&mut rest).split_at_mut(len);
            rest = left;
            next
        };
        let [mean, variance, factor, plain, along] = core::array::from_fn(|_| next(features));
        Self { mean, variance, factor, plain, along, measured: &mut next(1)[0] }
    }

    /// Computes the mean and the biased variance of each feature. The mean is computed first, because subtracting sums
    /// of squares would lose precision by cancellation.
    fn measure<const FEATURES: usize, const H: usize, const W: usize, T: Real>(
        &mut self,
        batch: &[Image<FEATURES, H, W, T>],
    ) {
        let Self { mean, variance, .. } = self;
        let count = (batch.len() * H * W) as f64;
        mean.fill(0.0);
        for x in batch {
            for f in 0..FEATURES {
                let [sum] = sums([x.0[f].as_flattened()], |[x]| [x]);
                mean[f] += sum;
            }
        }
        mean.iter_mut().for_each(|mean| *mean /= count);
        variance.fill(0.0);
        for x in batch {
            for f in 0..FEATURES {
                let mean = mean[f];
                let [squares] = sums([x.0[f].as_flattened()], |[x]| [(x - mean) * (x - mean)]);
                variance[f] += squares;
            }
        }
        variance.iter_mut().for_each(|variance| *variance /= count);
    }
}

impl<
    const FEATURES: usize,
    const H: usize,
    const W: usize,
    T: Real,
    S: NormSettings,
    A: AffineOf<Vector<FEATURES, T>>,
> Layer<Image<FEATURES, H, W, T>> for BatchNorm<FEATURES, T, S, A>
{
    type Output = Image<FEATURES, H, W, T>;
    const PLAN: Plan = Plan::leaf::<Image<FEATURES, H, W, T>, Self>()
        .saves(Moments::space(FEATURES))
        .requires(is_positive(Self::EPSILON), NOT_POSITIVE)
        .form(Form::BatchNorm { epsilon: Self::EPSILON, momentum: Self::MOMENTUM })
        .effect(Effect::Norm { of: Normalized::Batch, epsilon: Self::EPSILON });

    fn forward(
        &self,
        input: &[Image<FEATURES, H, W, T>],
        output: &mut [Image<FEATURES, H, W, T>],
        mut workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let mut moments = Moments::of(&mut workspace, FEATURES);
        let measured = matches!(mode, Mode::Train(_));
        *moments.measured = f64::from(u8::from(measured));
        if measured {
            moments.measure(input);
        } else {
            for f in 0..FEATURES {
                moments.mean[f] = self.running_mean[f].to_f64();
                moments.variance[f] = self.running_variance[f].to_f64();
            }
        }
        for f in 0..FEATURES {
            moments.factor[f] = factor(moments.variance[f], Self::EPSILON);
        }
        for (x, y) in input.iter().zip(output) {
            for f in 0..FEATURES {
                let (mean, scale) = (moments.mean[f], moments.factor[f] * gain_at(self.gain.as_numbers(), f));
                let bias = bias_at(self.bias.as_numbers(), f);
                for (y, x) in y.0[f].as_flattened_mut().iter_mut().zip(x.0[f].as_flattened()) {
                    *y = T::from_f64((x.to_f64() - mean) * scale + bias);
                }
            }
        }
    }

    fn backward(&self, pass: Backward<'_, Image<FEATURES, H, W, T>, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, input_grad, gradient, mut workspace, .. } = pass;
        let Moments { mean, variance, factor, plain, along, measured } =
            Moments::of(&mut workspace, FEATURES);
        let measured = *measured != 0.0;
        let count = (input.len() * H * W) as f64;
        plain.fill(0.0);
        along.fill(0.0);
        for (x, dy) in input.iter().zip(output_grad) {
            for f in 0..FEATURES {
                let (mean, factor) = (mean[f], factor[f]);
                let [dbias, dgain] = sums([dy.0[f].as_flattened(), x.0[f].as_flattened()], |[dy, x]| {
                    [dy, dy * (x - mean) * factor]
                });
                plain[f] += dbias;
                along[f] += dgain;
            }
        }
        for f in 0..FEATURES {
            add_at(gradient.bias.as_numbers_mut(), f, plain[f]);
            add_at(gradient.gain.as_numbers_mut(), f, along[f]);
            let distance = |measured, running: T, batch: f64| {
                if measured { T::from_f64(running.to_f64() - batch) } else { T::zero() }
            };
            let unbiased = variance[f] * (count / (count - 1.0));
            gradient.running_mean[f] += distance(measured && count > 0.0, self.running_mean[f], mean[f]);
            gradient.running_variance[f] +=
                distance(measured && count > 1.0, self.running_variance[f], unbiased);
        }
        let Some(input_grad) = input_grad else { return };
        // In evaluation mode the mean and the variance are constants, which have no gradient.
        let share = if measured { 1.0 / count } else { 0.0 };
        for ((x, dy), dx) in input.iter().zip(output_grad).zip(input_grad) {
            for f in 0..FEATURES {
                let (mean, factor) = (mean[f], factor[f]);
                let (plain, along) = (plain[f] * share, along[f] * share);
                let scale = factor * gain_at(self.gain.as_numbers(), f);
                let pairs = x.0[f].as_flattened().iter().zip(dy.0[f].as_flattened());
                for (dx, (x, dy)) in dx.0[f].as_flattened_mut().iter_mut().zip(pairs) {
                    let across = dy.to_f64() - plain - (x.to_f64() - mean) * factor * along;
                    *dx = T::from_f64(scale * across);
                }
            }
        }
    }
}

part_by_part!(
    [const FEATURES: usize, T: Real, S: NormSettings, A: AffineOf<Vector<FEATURES, T>>]
    BatchNorm<FEATURES, T, S, A>: Vector<FEATURES, T>, as Image<FEATURES, 1, 1, T>
);
part_by_part!(
    [const STEPS: usize, const FEATURES: usize, T: Real, S: NormSettings, A: AffineOf<Vector<FEATURES, T>>]
    BatchNorm<FEATURES, T, S, A>: Sequence<STEPS, FEATURES, T>, as Image<FEATURES, 1, 1, T>
);

comparable!([const FEATURES: usize, T: Real, S: NormSettings, A: AffineOf<Vector<FEATURES, T>>] BatchNorm<FEATURES, T, S, A>);

use chainrule_derive::Parameters;

use super::compare::comparable;
use super::dense::Bias;
use super::norm::Rest;
use super::window_at::window_at;
use super::{
    AffineOf, Backward, Effect, Epsilon, GainAndBias, Layer, Mode, Onnx, OnnxInput, OnnxNode, Plan, Space,
    WorkspaceMut, check_lengths,
};
use crate::kernel::Real;
use crate::tensor::{Channels, Vector, by_channel, by_channel_mut};

/// Multiplies each feature or channel by a trained factor and adds a trained number.
///
/// Forward `y = γ x + β`, with the γ and β of the channel of x; backward `dx = γ dy`, `dγ = Σ x dy`, `dβ = Σ dy`.
///
/// # Shapes
/// `Vector<CHANNELS>`, `Sequence<STEPS, CHANNELS>` or `Image<CHANNELS, H, W>`; the output has the shape of the input.
/// `gain` (γ) and `bias` (β) are `[CHANNELS]` and start at 1 and 0.
///
/// # Settings
/// `Affine<CHANNELS, f32, A>`. A is [`GainAndBias`] by default, [`NoBias`](super::NoBias) for a factor only and
/// [`NoGain`](super::NoGain) for a summand only.
///
/// # Gradient flow
/// The Jacobian is diag(γ): a new layer does not change the gradient.
///
/// # Source
/// Ioffe, Szegedy, "Batch normalization", ICML 2015, algorithm 1, last line. Touvron et al., "Going deeper with image
/// transformers", ICCV 2021, eq. 2 (only a factor). In ONNX: `Mul` and `Add` with an initializer.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let mut layer = Affine::<2>::init(&mut rng(0));
/// (layer.gain, layer.bias) = (Vector([2.0, 3.0]), Vector([0.5, 0.0]));
/// assert_eq!(layer.predict(&Image([[[1.0, 2.0]], [[1.0, 2.0]]]))?, Image([[[2.5, 4.5]], [[3.0, 6.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("LayerScale", "scale and shift", "elementwise affine"))]
#[derive(Clone, Parameters)]
#[parameters(
    place = own,
    name = "Affine<{CHANNELS}{=Rest::<Vector<CHANNELS, T>, Epsilon, A, Epsilon, GainAndBias>::AFFINE_SCALAR}{=Rest::<Vector<CHANNELS, T>, Epsilon, A, Epsilon, GainAndBias>::AFFINE_PART}>"
)]
pub struct Affine<const CHANNELS: usize, T: Real = f32, A: AffineOf<Vector<CHANNELS, T>> = GainAndBias> {
    /// γ: a factor for each channel.
    #[parameter(scale = 1.0, shape = &[CHANNELS], scalar = T)]
    pub gain: A::Gain,
    /// β: a summand for each channel.
    #[parameter(bias, shape = &[CHANNELS], scalar = T)]
    pub bias: A::Bias,
}

impl<const CHANNELS: usize, X: Channels<CHANNELS>, A: AffineOf<Vector<CHANNELS, X::Scalar>>> Layer<X>
    for Affine<CHANNELS, X::Scalar, A>
{
    type Output = X;
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .effect(Effect::Unchanged)
        .onnx(Onnx::nodes(&[
            OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::PerChannel("gain")]),
            OnnxNode::new("Add", &[OnnxInput::Output(0), OnnxInput::PerChannel("bias")]),
        ]))
        .backward_scratch(Space::per_batch::<f64>(CHANNELS))
        .backward_scratch(Space::per_batch::<f64>(CHANNELS));

    fn forward(&self, input: &[X], output: &mut [X], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        let (gain, bias) = (self.gain.as_numbers(), self.bias.as_numbers());
        for ((channel, x), (_, y)) in by_channel(input).zip(by_channel_mut(output)) {
            let (gain, bias) =
                (gain.map_or(X::Scalar::one(), |gain| gain[channel]), bias.map(|bias| bias[channel]));
            match bias {
                Some(bias) => y.iter_mut().zip(x).for_each(|(y, &x)| *y = gain * x + bias),
                None => y.iter_mut().zip(x).for_each(|(y, &x)| *y = gain * x),
            }
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, input_grad, gradient, mut workspace, .. } = pass;
        // In `f64`, so that rounding errors do not grow with the batch.
        let (dgain, dbias) = (workspace.scratch::<f64>(CHANNELS), workspace.scratch::<f64>(CHANNELS));
        dgain.fill(0.0);
        dbias.fill(0.0);
        for ((channel, x), (_, dy)) in by_channel(input).zip(by_channel(output_grad)) {
            for (x, dy) in x.iter().zip(dy) {
                dgain[channel] += x.to_f64() * dy.to_f64();
                dbias[channel] += dy.to_f64();
            }
        }
        let add = |to: Option<&mut [X::Scalar]>, sums: &[f64]| {
            to.into_iter().flatten().zip(sums).for_each(|(to, &sum)| *to += X::Scalar::from_f64(sum));
        };
        add(gradient.gain.as_numbers_mut(), dgain);
        add(gradient.bias.as_numbers_mut(), dbias);
        let (Some(input_grad), gain) = (input_grad, self.gain.as_numbers()) else { return };
        for ((channel, dx), (_, dy)) in by_channel_mut(input_grad).zip(by_channel(output_grad)) {
            let gain = gain.map_or(X::Scalar::one(), |gain| gain[channel]);
            dx.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx = gain * dy);
        }
    }
}

window_at!(
    @channels [const CHANNELS: usize, T: Real, A: AffineOf<Vector<CHANNELS, T>>] Affine<CHANNELS, T, A>, CHANNELS, T
);
comparable!([const CHANNELS: usize, T: Real, A: AffineOf<Vector<CHANNELS, T>>] Affine<CHANNELS, T, A>);

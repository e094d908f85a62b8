use chainrule_derive::Parameters;

use super::compare::comparable;
use super::window_at::window_at;
use super::{
    Backward, Effect, Factor, Layer, Mode, Moments, Onnx, OnnxInput, OnnxNode, Plan, Space, WorkspaceMut,
    check_lengths,
};
use crate::kernel::Real;
use crate::tensor::{Channels, Tensor, Vector, by_channel, by_channel_mut};

/// A leaky ReLU with one trained slope below zero for the whole layer. [`ChannelPRelu`] has one slope for each channel.
///
/// Forward `y = x` for x > 0, otherwise `y = a x`; backward `dx = dy` or `dx = a dy`, and `da = Σ x dy` over x ≤ 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input. `slope` is `[1]` and starts at 0.25.
///
/// # Gradient flow
/// The factor is 1 or a. No unit is dead unless training sets a to 0.
///
/// # Source
/// He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015, eq. 1 (channel-shared form) and 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let layer = <PRelu>::init(&mut rng(0));
/// assert_eq!(layer.predict(&Vector([-4.0, 4.0]))?, Vector([-1.0, 4.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.PReLU", "parametric ReLU", "leaky"))]
#[derive(Clone, Parameters)]
#[parameters(infer = own, name = "PRelu")]
pub struct PRelu<T: Real = f32> {
    /// a, the slope below zero.
    #[parameter(scale = START, shape = &[1], scalar = T)]
    pub slope: T,
}

/// The slope below zero of a new layer.
const START: f64 = 0.25;

impl<X: Tensor> Layer<X> for PRelu<X::Scalar> {
    type Output = X;
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .factor(Factor::Activation { max_derivative: 1.0 })
        .effect(Effect::Activation(Moments::Slopes { above: 1.0, below: START }))
        .onnx(Onnx::nodes(&[OnnxNode::new("PRelu", &[OnnxInput::Input, OnnxInput::Field("slope")])]));

    fn forward(&self, input: &[X], output: &mut [X], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        let (a, zero) = (self.slope, X::Scalar::default());
        for (y, &x) in X::flat_mut(output).iter_mut().zip(X::flat(input)) {
            *y = if x > zero { x } else { a * x };
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, input_grad, gradient, .. } = pass;
        let (a, zero) = (self.slope, X::Scalar::default());
        // In `f64`, so that rounding errors do not grow with the batch.
        let below = X::flat(input).iter().zip(X::flat(output_grad)).filter(|(x, _)| **x <= zero);
        gradient.slope += X::Scalar::from_f64(below.map(|(x, dy)| x.to_f64() * dy.to_f64()).sum());
        if let Some(input_grad) = input_grad {
            for ((dx, &x), &dy) in
                X::flat_mut(input_grad).iter_mut().zip(X::flat(input)).zip(X::flat(output_grad))
            {
                *dx = if x > zero { dy } else { a * dy };
            }
        }
    }
}

comparable!([T: Real] PRelu<T>);

/// A leaky ReLU with a trained slope below zero for each feature or channel: PyTorch's `nn.PReLU(num_parameters=C)`.
///
/// Forward `y = x` for x > 0, otherwise `y = a x` with the a of the channel of x; backward `dx = dy` or `dx = a dy`,
/// and `da = Σ x dy` over the numbers x ≤ 0 of the channel.
///
/// # Shapes
/// `Vector<CHANNELS>`, `Sequence<STEPS, CHANNELS>` or `Image<CHANNELS, H, W>`; the output has the shape of the input.
/// `slope` is `[CHANNELS]` and starts at 0.25.
///
/// # Gradient flow
/// The same as [`PRelu`].
///
/// # Source
/// He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015, eq. 1 and 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let mut layer = ChannelPRelu::<2>::init(&mut rng(0));
/// layer.slope = Vector([0.5, -1.0]);
/// assert_eq!(layer.predict(&Sequence([[-4.0, -4.0], [4.0, 4.0]]))?, Sequence([[-2.0, 4.0], [4.0, 4.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.PReLU", "parametric ReLU"))]
#[derive(Clone, Parameters)]
#[parameters(place = own, name = "ChannelPRelu<{CHANNELS}{:T}>")]
pub struct ChannelPRelu<const CHANNELS: usize, T: Real = f32> {
    /// a, the slope below zero of each channel.
    #[parameter(scale = START)]
    pub slope: Vector<CHANNELS, T>,
}

impl<const CHANNELS: usize, X: Channels<CHANNELS>> Layer<X> for ChannelPRelu<CHANNELS, X::Scalar> {
    type Output = X;
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .factor(Factor::Activation { max_derivative: 1.0 })
        .effect(Effect::Activation(Moments::Slopes { above: 1.0, below: START }))
        .onnx(Onnx::nodes(&[OnnxNode::new("PRelu", &[OnnxInput::Input, OnnxInput::PerChannel("slope")])]))
        .backward_scratch(Space::per_batch::<f64>(CHANNELS));

    fn forward(&self, input: &[X], output: &mut [X], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        let zero = X::Scalar::default();
        for ((channel, x), (_, y)) in by_channel(input).zip(by_channel_mut(output)) {
            let a = self.slope[channel];
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = if x > zero { x } else { a * x });
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, input_grad, gradient, mut workspace, .. } = pass;
        let zero = X::Scalar::default();
        // In `f64`, so that rounding errors do not grow with the batch.
        let sums = workspace.scratch::<f64>(CHANNELS);
        sums.fill(0.0);
        for ((channel, x), (_, dy)) in by_channel(input).zip(by_channel(output_grad)) {
            let below = x.iter().zip(dy).filter(|(x, _)| **x <= zero);
            sums[channel] += below.map(|(x, dy)| x.to_f64() * dy.to_f64()).sum::<f64>();
        }
        gradient.slope.0.iter_mut().zip(&*sums).for_each(|(da, &sum)| *da += X::Scalar::from_f64(sum));
        let Some(input_grad) = input_grad else { return };
        let numbers = by_channel(input).zip(by_channel(output_grad));
        for ((channel, dx), ((_, x), (_, dy))) in by_channel_mut(input_grad).zip(numbers) {
            let a = self.slope[channel];
            for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
                *dx = if x > zero { dy } else { a * dy };
            }
        }
    }
}

window_at!(@channels [const CHANNELS: usize, T: Real] ChannelPRelu<CHANNELS, T>, CHANNELS, T);
comparable!([const CHANNELS: usize, T: Real] ChannelPRelu<CHANNELS, T>);

use super::{Activation, activation, alone, moments};
use crate::kernel::elementary::{sigmoid, softplus};
use crate::kernel::{Level, Real};
use crate::layer::{Effect, Moments, Onnx, OnnxInput, OnnxNode};
use chainrule_derive::Parameters;

/// A smooth rectifier.
///
/// Forward `y = ln(1 + exp(x))`; backward `dx = σ(x) dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is the sigmoid: 1/2 at zero, near 1 far above zero, and falling like exp(x) far below zero.
///
/// # Source
/// Dugas, Bengio, Bélisle, Nadeau, Garcia, "Incorporating second-order functional knowledge", NIPS 2000.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
/// assert_relative_eq!(Softplus.predict(&Vector([-1e4, 0.0, 1e4]))?, Vector([0.0, 2.0_f32.ln(), 1e4]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Softplus", "smooth relu"))]
#[derive(Clone, Copy, Parameters)]
pub struct Softplus;

impl Activation for Softplus {
    const EFFECT: Effect = Effect::Activation(moments::SOFTPLUS);
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Softplus")]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        softplus::<L, T>(x)
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        sigmoid::<L, T>(x)
    }
}
activation!(Softplus);

/// A sigmoid with polynomial tails and values from -1 to 1.
///
/// Forward `y = x / (1 + |x|)`; backward `dx = dy / (1 + |x|)²`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' has the maximum 1 at x = 0 and falls like 1/x²: it saturates later than tanh.
///
/// # Source
/// Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, section
/// 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Softsign.predict(&Vector([-3.0, 0.0, 1.0]))?, Vector([-0.75, 0.0, 0.5]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Softsign"))]
#[derive(Clone, Copy, Parameters)]
pub struct Softsign;

impl Activation for Softsign {
    const EFFECT: Effect = Effect::Activation(moments::SOFTSIGN);
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Softsign")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x / (T::one() + x.abs())
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        let d = T::one() / (T::one() + x.abs());
        d * d
    }
}
activation!(Softsign);

/// The logarithm of the [sigmoid](super::Sigmoid), computed without underflow.
///
/// Forward `y = ln σ(x) = -ln(1 + exp(-x))`; backward `dx = σ(-x) dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is σ(-x): near 1 far below zero, 1/2 at zero, and falling like exp(-x) far above zero.
///
/// # Source
/// Rumelhart, Hinton, Williams, Nature 323 (1986), eq. 2, in logarithms.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
/// assert_relative_eq!(LogSigmoid.predict(&Vector([-1e4, 0.0, 1e4]))?, Vector([-1e4, -2.0_f32.ln(), 0.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.LogSigmoid"))]
#[derive(Clone, Copy, Parameters)]
pub struct LogSigmoid;

impl Activation for LogSigmoid {
    // -softplus(-x)
    const EFFECT: Effect = Effect::Activation(Moments::Scaled { by: -1.0, of: &moments::SOFTPLUS });
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::of_input("Neg"),
        OnnxNode::new("Softplus", &[OnnxInput::Output(0)]),
        OnnxNode::new("Neg", &[OnnxInput::Output(1)]),
    ]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        -softplus::<L, T>(-x)
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        sigmoid::<L, T>(-x)
    }
}
activation!(LogSigmoid);

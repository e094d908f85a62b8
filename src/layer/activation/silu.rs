use super::{Activation, activation, alone, moments};
use crate::kernel::elementary::{exp_below_0, sigmoid};
use crate::kernel::{Level, Real};
use crate::layer::{Effect, Onnx, OnnxInput, OnnxNode};
use chainrule_derive::Parameters;

/// The sigmoid linear unit, also called swish.
///
/// Forward `y = x σ(x)`; backward `dx = σ(x) (1 + x (1 - σ(x))) dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' goes smoothly from 0 to 1, with values between -0.10 and 1.10. Far below zero a unit is dead.
///
/// # Source
/// Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units", Neural Networks 107 (2018), eq. 4 and 5.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Silu.predict(&Vector([-1e4, 0.0, 1e4]))?, Vector([0.0, 0.0, 1e4]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("swish", "nn.SiLU"))]
#[derive(Clone, Copy, Parameters)]
pub struct Silu;

impl Activation for Silu {
    const MAX_DERIVATIVE: f64 = 1.099_839_320 /* at x = 2.39936 */;
    const EFFECT: Effect = Effect::Activation(moments::SILU);
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::of_input("Sigmoid"),
        OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Output(0)]),
    ]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        x * sigmoid::<L, T>(x)
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        let s = sigmoid::<L, T>(x);
        s * (T::one() + x * sigmoid::<L, T>(-x))
    }
}
activation!(Silu);

/// A self-regularized non-monotonic activation.
///
/// Forward `y = x t` with `t = tanh(ln(1 + exp(x)))`; backward `dx = (t + x (1 - t²) σ(x)) dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' goes smoothly from 0 to 1, with values between -0.11 and 1.09. Far below zero a unit is dead.
///
/// # Source
/// Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020, eq. 1.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Mish.predict(&Vector([-1e4, 0.0, 1e4]))?, Vector([0.0, 0.0, 1e4]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Mish"))]
#[derive(Clone, Copy, Parameters)]
pub struct Mish;

impl Mish {
    /// Computes t = a / (a + 2) with a = (1 + exp(x))² - 1. Above 0, a and 2 are both multiplied by exp(-2x), so that
    /// nothing overflows.
    #[inline(always)]
    fn tanh_of_softplus<L: Level, T: Real>(x: T) -> T {
        let (one, two) = (T::one(), T::from_f64(2.0));
        let e = exp_below_0::<L, T>(-x.abs());
        let a = if x > T::zero() { one + two * e } else { e * (e + two) };
        let b = if x > T::zero() { two * e * e } else { two };
        a / (a + b)
    }
}

impl Activation for Mish {
    const MAX_DERIVATIVE: f64 = 1.088_498_161 /* at x = 1.49057 */;
    const EFFECT: Effect = Effect::Activation(moments::MISH);
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::of_input("Softplus"),
        OnnxNode::new("Tanh", &[OnnxInput::Output(0)]),
        OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Output(1)]),
    ]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        x * Self::tanh_of_softplus::<L, T>(x)
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        let t = Self::tanh_of_softplus::<L, T>(x);
        t + x * (T::one() - t * t) * sigmoid::<L, T>(x)
    }
}
activation!(Mish);

use chainrule_derive::Parameters;
use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

use super::{Activation, Silu, activation, alone, moments};
use crate::kernel::elementary::{normal_cdf, normal_pdf, sigmoid, tanh};
use crate::kernel::{Level, Real};
use crate::layer::{Effect, Moments, Onnx, OnnxInput, OnnxNode};

/// The Gaussian error linear unit.
///
/// Forward `y = x Φ(x)`; backward `dx = (Φ(x) + x φ(x)) dy`, where Φ is the distribution function and φ the density of
/// the standard normal distribution.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' goes smoothly from 0 to 1, with a minimum of -0.13 and a maximum of 1.13. Far below zero a unit is dead.
///
/// # Source
/// Hendrycks, Gimpel, "Gaussian error linear units", arXiv 1606.08415, section 2.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
/// assert_relative_eq!(Gelu.predict(&Vector([1.0, -1e4]))?, Vector([0.841_344_746_068_542_9, 0.0])); // Φ(1)
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.GELU", "Gaussian error linear unit"))]
#[derive(Clone, Copy, Parameters)]
pub struct Gelu;

impl Activation for Gelu {
    const MAX_DERIVATIVE: f64 = 1.128_904_145 /* at x = √2 */;
    const EFFECT: Effect = Effect::Activation(moments::GELU);
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::new("Div", &[OnnxInput::Input, OnnxInput::Number(SQRT_2)]),
        OnnxNode::new("Erf", &[OnnxInput::Output(0)]),
        OnnxNode::new("Add", &[OnnxInput::Output(1), OnnxInput::Number(1.0)]),
        OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Output(2)]),
        OnnxNode::new("Mul", &[OnnxInput::Output(3), OnnxInput::Number(0.5)]),
    ]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        x * normal_cdf::<L, T>(x)
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        normal_cdf::<L, T>(x) + x * normal_pdf::<L, T>(x)
    }
}
activation!(Gelu);

/// The tanh approximation of [`Gelu`], used in GPT-2 and BERT.
///
/// Forward `y = x/2 (1 + t)` with `t = tanh(u)`, `u = √(2/π) (x + 0.044715 x³)`;
/// backward `dx = ((1 + t)/2 + x/2 (1 - t²) u') dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The same as [`Gelu`], with differences of at most 0.001.
///
/// # Source
/// Hendrycks, Gimpel, arXiv 1606.08415, section 2.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
/// assert_relative_eq!(GeluTanh.predict(&Vector([1.0, -1e4]))?, Vector([0.841_192, 0.0]), epsilon = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("gelu_new", "GPT-2"))]
#[derive(Clone, Copy, Parameters)]
pub struct GeluTanh;

impl GeluTanh {
    const CUBIC: f64 = 0.044_715;
    const SLOPE: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

    /// Limits x to ±30. Beyond that the function is a straight line in every scalar type, and x³ could overflow.
    #[inline(always)]
    fn bend<T: Real>(x: T) -> T {
        let end = T::from_f64(30.0);
        if x > end {
            end
        } else if x < -end {
            -end
        } else {
            x
        }
    }

    #[inline(always)]
    fn tanh<L: Level, T: Real>(x: T) -> T {
        let x = Self::bend(x);
        tanh::<L, T>(T::from_f64(Self::SLOPE) * (x + T::from_f64(Self::CUBIC) * x * x * x))
    }
}

impl Activation for GeluTanh {
    const MAX_DERIVATIVE: f64 = 1.128_993_069 /* at x = 1.41850 */;
    const EFFECT: Effect = Effect::Activation(moments::GELU_TANH);
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Input]),
        OnnxNode::new("Mul", &[OnnxInput::Output(0), OnnxInput::Input]),
        OnnxNode::new("Mul", &[OnnxInput::Output(1), OnnxInput::Number(Self::CUBIC)]),
        OnnxNode::new("Add", &[OnnxInput::Input, OnnxInput::Output(2)]),
        OnnxNode::new("Mul", &[OnnxInput::Output(3), OnnxInput::Number(Self::SLOPE)]),
        OnnxNode::new("Tanh", &[OnnxInput::Output(4)]),
        OnnxNode::new("Add", &[OnnxInput::Output(5), OnnxInput::Number(1.0)]),
        OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Output(6)]),
        OnnxNode::new("Mul", &[OnnxInput::Output(7), OnnxInput::Number(0.5)]),
    ]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        T::from_f64(0.5) * x * (T::one() + Self::tanh::<L, T>(x))
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        let (x, t, half) = (Self::bend(x), Self::tanh::<L, T>(x), T::from_f64(0.5));
        let du = T::from_f64(Self::SLOPE) * (T::one() + T::from_f64(3.0 * Self::CUBIC) * x * x);
        half * (T::one() + t) + half * x * (T::one() - t * t) * du
    }
}
activation!(GeluTanh);

/// The sigmoid approximation of [`Gelu`], used in CLIP.
///
/// Forward `y = x σ(1.702 x)`; backward `dx = s (1 + 1.702 x (1 - s)) dy` with `s = σ(1.702 x)`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The same as [`Silu`](super::Silu) at 1.702 x: g' is between -0.10 and 1.10.
///
/// # Source
/// Hendrycks, Gimpel, arXiv 1606.08415, section 2.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
/// assert_relative_eq!(QuickGelu.predict(&Vector([1.0, -1e4]))?, Vector([0.845_796, 0.0]), epsilon = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("quick_gelu", "CLIP"))]
#[derive(Clone, Copy, Parameters)]
pub struct QuickGelu;

impl QuickGelu {
    const FACTOR: f64 = 1.702;
}

impl Activation for QuickGelu {
    const MAX_DERIVATIVE: f64 = Silu::MAX_DERIVATIVE;
    const EFFECT: Effect = Effect::Activation(Moments::Scaled { by: 1.0 / Self::FACTOR, of: &moments::SILU });
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Number(Self::FACTOR)]),
        OnnxNode::new("Sigmoid", &[OnnxInput::Output(0)]),
        OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Output(1)]),
    ]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        x * sigmoid::<L, T>(T::from_f64(Self::FACTOR) * x)
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        let z = T::from_f64(Self::FACTOR) * x;
        Silu::derivative_at::<L, T>(z, z)
    }
}
activation!(QuickGelu);

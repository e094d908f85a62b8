use super::{Activation, activation, alone, moments};
use crate::kernel::elementary::tanh;
use crate::kernel::{Level, Real};
use crate::layer::{Effect, Onnx, OnnxNode};
use chainrule_derive::Parameters;

/// The hyperbolic tangent, with values from -1 to 1.
///
/// Forward `y = tanh x`; backward `dx = (1 - y²) dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' has the maximum 1 at x = 0 and falls like 4 exp(-2|x|): gradients vanish only where units saturate. In `f32`, g'
/// is exactly 0 above |x| = 9.1.
///
/// # Source
/// LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998), section 4.4.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Tanh.predict(&Vector([0.0, 1e4, -1e4]))?, Vector([0.0, 1.0, -1.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("hyperbolic tangent", "nn.Tanh"))]
#[derive(Clone, Copy, Parameters)]
pub struct Tanh;

impl Activation for Tanh {
    const EFFECT: Effect = Effect::Activation(moments::TANH);
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Tanh")]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        tanh::<L, T>(x)
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(_: T, y: T) -> T {
        T::one() - y * y
    }
}
activation!(Tanh);

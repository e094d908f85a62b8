use super::{Activation, activation, alone, moments};
use crate::kernel::elementary::sigmoid;
use crate::kernel::{Level, Real};
use crate::layer::{Effect, Onnx, OnnxNode};
use chainrule_derive::Parameters;

/// The logistic function, with values from 0 to 1.
///
/// Forward `y = 1 / (1 + exp(-x))`; backward `dx = y (1 - y) dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' has the maximum 1/4 at x = 0 and falls like exp(-|x|). Each of these layers multiplies the gradient by at most
/// 1/4, so it vanishes with depth (Hochreiter 1991; Bengio, Simard, Frasconi 1994). In `f32`, g' is exactly 0 above x =
/// 17.
///
/// # Source
/// Rumelhart, Hinton, Williams, Nature 323 (1986), eq. 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Sigmoid.predict(&Vector([0.0, 1e4, -1e4]))?, Vector([0.5, 1.0, 0.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("logistic", "nn.Sigmoid", "expit"))]
#[derive(Clone, Copy, Parameters)]
pub struct Sigmoid;

impl Activation for Sigmoid {
    const MAX_DERIVATIVE: f64 = 0.25;
    const EFFECT: Effect = Effect::Activation(moments::SIGMOID);
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Sigmoid")]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        sigmoid::<L, T>(x)
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(_: T, y: T) -> T {
        y * (T::one() - y)
    }
}
activation!(Sigmoid);

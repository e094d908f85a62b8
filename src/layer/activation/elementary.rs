//! Elementary functions. They are rarely activations, but parts of larger formulas and of ONNX graphs.
//!
//! For functions whose g' has no upper limit, gradient flow counts a unit as saturated if g' is below 0.05.

use core::f64::consts::{FRAC_2_SQRT_PI, SQRT_2};

use super::{Activation, activation, alone, moments};
use crate::kernel::elementary::{exp, normal_cdf};
use crate::kernel::{Level, Real};
use crate::layer::{Effect, Moments, Onnx, OnnxInput, OnnxNode, Piece};
use chainrule_derive::Parameters;

/// Returns the absolute values.
///
/// Forward `y = |x|`; backward `dx = dy` for x > 0, `-dy` for x < 0, 0 at x = 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or -1: the length of a gradient does not change.
///
/// # Source
/// In PyTorch: `torch.abs`. In ONNX: `Abs`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Abs.predict(&Vector([-2.0, 3.0]))?, Vector([2.0, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("absolute value", "torch.abs"))]
#[derive(Clone, Copy, Parameters)]
pub struct Abs;

impl Activation for Abs {
    const EFFECT: Effect = Effect::Activation(Moments::Slopes { above: 1.0, below: -1.0 });
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Abs")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x.abs()
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        if x == T::zero() { x } else { T::one().copysign(x) }
    }
}
activation!(Abs);

/// Returns the negated numbers.
///
/// Forward `y = -x`; backward `dx = -dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is the negated identity.
///
/// # Source
/// In PyTorch: `torch.neg`. In ONNX: `Neg`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Neg.predict(&Vector([-2.0, 3.0]))?, Vector([2.0, -3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("negate", "torch.neg"))]
#[derive(Clone, Copy, Parameters)]
pub struct Neg;

impl Activation for Neg {
    const EFFECT: Effect = Effect::Activation(Moments::Line { start: 0.0, slope: -1.0 });
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Neg")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        -x
    }
    #[inline(always)]
    fn derivative<T: Real>(_: T, _: T) -> T {
        -T::one()
    }
}
activation!(Neg);

/// Returns the squares of the numbers.
///
/// Forward `y = x²`; backward `dx = 2 x dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 2 x, which has no bound. In a deep stack the gradient vanishes for x below 1/2 and explodes above.
///
/// # Source
/// In PyTorch: `torch.square`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Square.predict(&Vector([-2.0, 3.0]))?, Vector([4.0, 9.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("x^2", "torch.square"))]
#[derive(Clone, Copy, Parameters)]
pub struct Square;

impl Activation for Square {
    const EFFECT: Effect = Effect::Activation(Moments::Pieces(&[Piece {
        from: f64::NEG_INFINITY,
        coefficients: [0.0, 0.0, 1.0],
    }]));
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Input])]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x * x
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        x + x
    }
}
activation!(Square);

/// Returns the sines of the numbers.
///
/// Forward `y = sin x`; backward `dx = cos x dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// |g'| is at most 1.
///
/// # Source
/// Sitzmann et al., "Implicit neural representations with periodic activation functions", NeurIPS 2020, eq. 1.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Sin.predict(&Vector([0.0, 1.0]))?, Vector([0.0, 1.0_f32.sin()]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("sine", "SIREN", "periodic activation"))]
#[derive(Clone, Copy, Parameters)]
pub struct Sin;

impl Activation for Sin {
    const EFFECT: Effect = Effect::Activation(Moments::Sine);
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Sin")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x.sin()
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        x.cos()
    }
}
activation!(Sin);

/// Returns the cosines of the numbers.
///
/// Forward `y = cos x`; backward `dx = -sin x dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// |g'| is at most 1, and is 0 at zero.
///
/// # Source
/// Rahimi, Recht, "Random features for large-scale kernel machines", NIPS 2007, algorithm 1.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Cos.predict(&Vector([0.0, 1.0]))?, Vector([1.0, 1.0_f32.cos()]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("cosine", "random Fourier features"))]
#[derive(Clone, Copy, Parameters)]
pub struct Cos;

impl Activation for Cos {
    const EFFECT: Effect = Effect::Activation(Moments::Cosine);
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Cos")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x.cos()
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        -x.sin()
    }
}
activation!(Cos);

/// The error function, with values from -1 to 1.
///
/// Forward `y = erf x = 2/√π ∫ exp(-t²) dt` from 0 to x; backward `dx = 2/√π exp(-x²) dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' has the maximum 1.128 at x = 0 and falls like exp(-x²): it saturates earlier than tanh.
///
/// # Source
/// In PyTorch: `torch.erf`. In ONNX: `Erf`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// approx::assert_relative_eq!(Erf.predict(&Vector([0.0, 1.0]))?, Vector([0.0, 0.842_700_792_949_714_9]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("error function", "torch.erf"))]
#[derive(Clone, Copy, Parameters)]
pub struct Erf;

impl Activation for Erf {
    const MAX_DERIVATIVE: f64 = FRAC_2_SQRT_PI;
    const EFFECT: Effect = Effect::Activation(moments::ERF);
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Erf")]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        // Near zero: the power series. Elsewhere: 1 - erfc(|x|), whose terms do not cancel there.
        let square = x * x;
        let mut sum = T::zero();
        for c in Erf::SERIES {
            sum = sum * square + T::from_f64(c);
        }
        let two = T::from_f64(2.0);
        let far = T::one() - two * normal_cdf::<L, T>(-T::from_f64(SQRT_2) * x.abs());
        if square < T::from_f64(0.25) { x * sum } else { far.copysign(x) }
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        T::from_f64(FRAC_2_SQRT_PI) * exp::<L, T>(-x * x)
    }
}
activation!(Erf);

impl Erf {
    /// The coefficients of erf(x) / x in powers of x², with the highest power first: 2/√π (-1)ⁿ / (n! (2n + 1)).
    const SERIES: [f64; 13] = {
        let (mut series, mut factorial, mut n) = ([0.0; 13], 1.0, 0);
        while n < 13 {
            series[12 - n] = FRAC_2_SQRT_PI / (factorial * (2 * n + 1) as f64);
            n += 1;
            factorial *= -(n as f64);
        }
        series
    };
}

//! Elementary functions that are not defined for all numbers, or that overflow. They are parts of larger formulas and
//! of ONNX graphs. Their effect on a random signal is not stated: half of the numbers of a normal input are negative,
//! and the mean square of exp(x) is exp(2q).

use super::{Activation, activation, alone};
use crate::kernel::elementary::exp;
use crate::kernel::{Level, Real};
use crate::layer::{Onnx, OnnxNode};
use chainrule_derive::Parameters;

/// Returns eˣ. It overflows above 88.7 in `f32` and above 709 in `f64`.
///
/// Forward `y = exp x`; backward `dx = y dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is y, which has no bound.
///
/// # Source
/// In PyTorch: `torch.exp`. In ONNX: `Exp`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Exp.predict(&Vector([-1e4, 0.0]))?, Vector([0.0, 1.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("exponential", "torch.exp"))]
#[derive(Clone, Copy, Parameters)]
pub struct Exp;

impl Activation for Exp {
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Exp")]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        exp::<L, T>(x)
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(_: T, y: T) -> T {
        y
    }
}
activation!(Exp);

/// Returns the natural logarithms: NaN for a negative number, and minus infinity for 0.
///
/// Forward `y = ln x`; backward `dx = dy / x`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1/x, which has no bound.
///
/// # Source
/// In PyTorch: `torch.log`. In ONNX: `Log`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Log.predict(&Vector([1.0, 2.0]))?, Vector([0.0, 2.0_f32.ln()]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("logarithm", "torch.log"))]
#[derive(Clone, Copy, Parameters)]
pub struct Log;

impl Activation for Log {
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Log")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x.ln()
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        T::one() / x
    }
}
activation!(Log);

/// Returns the square roots: NaN for a negative number.
///
/// Forward `y = √x`; backward `dx = dy / (2 y)`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 / (2 √x), which has no bound near 0.
///
/// # Source
/// In PyTorch: `torch.sqrt`. In ONNX: `Sqrt`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Sqrt.predict(&Vector([0.0, 9.0]))?, Vector([0.0, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("square root", "torch.sqrt"))]
#[derive(Clone, Copy, Parameters)]
pub struct Sqrt;

impl Activation for Sqrt {
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Sqrt")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x.sqrt()
    }
    #[inline(always)]
    fn derivative<T: Real>(_: T, y: T) -> T {
        T::from_f64(0.5) / y
    }
}
activation!(Sqrt);

/// Returns 1 / x: infinity for 0.
///
/// Forward `y = 1 / x`; backward `dx = -y² dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is -1/x², which has no bound near 0.
///
/// # Source
/// In PyTorch: `torch.reciprocal`. In ONNX: `Reciprocal`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Reciprocal.predict(&Vector([-2.0, 4.0]))?, Vector([-0.5, 0.25]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("inverse", "torch.reciprocal", "1/x"))]
#[derive(Clone, Copy, Parameters)]
pub struct Reciprocal;

impl Activation for Reciprocal {
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Reciprocal")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        T::one() / x
    }
    #[inline(always)]
    fn derivative<T: Real>(_: T, y: T) -> T {
        -(y * y)
    }
}
activation!(Reciprocal);

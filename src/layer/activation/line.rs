//! Straight lines: multiplication by a constant, and addition of a constant.

use super::{Activation, activation};
use crate::kernel::Real;
use crate::layer::{Effect, Moments, Onnx, OnnxInput, OnnxNode};
use chainrule_derive::Parameters;
use chainrule_parameters::Part;

/// Multiplies each number by the constant c = `NUM / DEN`. [`Affine`](crate::layer::Affine) has trained factors.
///
/// Forward `y = c x`; backward `dx = c dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is c times the identity.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.2.1, which scales by 1/√d. In ONNX: `Mul` by a
/// constant.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Scale::<-3, 2>.predict(&Vector([4.0, 1.0]))?, Vector([-6.0, -1.5]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("multiply by constant", "rescale"))]
#[derive(Clone, Copy, Parameters)]
pub struct Scale<const NUM: i64, const DEN: u64 = 1>;

impl<const NUM: i64, const DEN: u64> Scale<NUM, DEN> {
    const FACTOR: f64 = NUM as f64 / DEN as f64;
}

impl<const NUM: i64, const DEN: u64> Activation for Scale<NUM, DEN> {
    const MAX_DERIVATIVE: f64 = if Self::FACTOR < 0.0 { -Self::FACTOR } else { Self::FACTOR };
    const EFFECT: Effect = Effect::Activation(Moments::Line { start: 0.0, slope: Self::FACTOR });
    const FAULT: &'static [Part] = if NUM != 0 && DEN > 0 {
        &[]
    } else {
        &[
            Part::Text("has the factor "),
            Part::Signed(NUM),
            Part::Text(" / "),
            Part::Number(DEN),
            Part::Text(": neither of the two may be 0"),
        ]
    };
    const ONNX: Onnx =
        Onnx::nodes(&[OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Number(Self::FACTOR)])]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        T::from_f64(Self::FACTOR) * x
    }
    #[inline(always)]
    fn derivative<T: Real>(_: T, _: T) -> T {
        T::from_f64(Self::FACTOR)
    }
}
activation!([const NUM: i64, const DEN: u64] Scale<NUM, DEN>);

/// Adds the constant c = `NUM / DEN` to each number. [`Affine`](crate::layer::Affine) has trained summands.
///
/// Forward `y = x + c`; backward `dx = dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is the identity.
///
/// # Source
/// In ONNX: `Add` of a constant.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Shift::<-3, 2>.predict(&Vector([4.0, 1.0]))?, Vector([2.5, -0.5]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("add constant", "offset"))]
#[derive(Clone, Copy, Parameters)]
pub struct Shift<const NUM: i64, const DEN: u64 = 1>;

impl<const NUM: i64, const DEN: u64> Shift<NUM, DEN> {
    const SUMMAND: f64 = NUM as f64 / DEN as f64;
}

impl<const NUM: i64, const DEN: u64> Activation for Shift<NUM, DEN> {
    const EFFECT: Effect = Effect::Activation(Moments::Line { start: Self::SUMMAND, slope: 1.0 });
    const FAULT: &'static [Part] = if DEN > 0 {
        &[]
    } else {
        &[Part::Text("has the summand "), Part::Signed(NUM), Part::Text(" / 0: DEN must be at least 1")]
    };
    const ONNX: Onnx =
        Onnx::nodes(&[OnnxNode::new("Add", &[OnnxInput::Input, OnnxInput::Number(Self::SUMMAND)])]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x + T::from_f64(Self::SUMMAND)
    }
    #[inline(always)]
    fn derivative<T: Real>(_: T, _: T) -> T {
        T::one()
    }
}
activation!([const NUM: i64, const DEN: u64] Shift<NUM, DEN>);

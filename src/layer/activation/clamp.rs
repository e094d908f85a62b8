use super::{Activation, activation};
use crate::kernel::Real;
use crate::layer::{Effect, Moments, Onnx, OnnxInput, OnnxNode, Piece};
use chainrule_derive::Parameters;
use chainrule_parameters::{Part, TypeName};

/// Returns `x`, limited to the range from `low` to `high`. A NaN stays a NaN.
#[inline(always)]
pub(super) fn clamp<T: Real>(x: T, low: T, high: T) -> T {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

/// Returns 1 strictly between `low` and `high`, otherwise 0.
#[inline(always)]
pub(super) fn inside<T: Real>(x: T, low: T, high: T) -> T {
    if x > low && x < high { T::one() } else { T::zero() }
}

/// Limits each number to the range from `LOW / DEN` to `HIGH / DEN`.
///
/// Forward `y = max(low, min(high, x))`; backward `dx = dy` for low < x < high, otherwise 0. There is no lower limit if
/// `LOW` is `i32::MIN`, and no upper limit if `HIGH` is `i32::MAX`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or 0: a number at or beyond a limit stops the gradient.
///
/// # Source
/// In PyTorch: `torch.clamp`. In ONNX: `Clip`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Clamp::<-1, 3, 2>.predict(&Vector([-4.0, 0.5, 4.0]))?, Vector([-0.5, 0.5, 1.5]));
/// assert_eq!(Clamp::<{ i32::MIN }, 1>.predict(&Vector([-4.0, 0.5, 4.0]))?, Vector([-4.0, 0.5, 1.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("Clip", "torch.clamp", "clamp_min"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "Clamp<{LOW}, {HIGH}{=Self::DENOMINATOR}>")]
pub struct Clamp<const LOW: i32, const HIGH: i32, const DEN: u32 = 1>;

impl<const LOW: i32, const HIGH: i32, const DEN: u32> Clamp<LOW, HIGH, DEN> {
    const LOWEST: f64 = if LOW == i32::MIN { f64::NEG_INFINITY } else { LOW as f64 / DEN as f64 };
    const HIGHEST: f64 = if HIGH == i32::MAX { f64::INFINITY } else { HIGH as f64 / DEN as f64 };
    const LOW_INPUT: OnnxInput =
        if LOW == i32::MIN { OnnxInput::Absent } else { OnnxInput::Number(Self::LOWEST) };
    const HIGH_INPUT: OnnxInput =
        if HIGH == i32::MAX { OnnxInput::Absent } else { OnnxInput::Number(Self::HIGHEST) };
    const DENOMINATOR: Part = if DEN == 1 {
        Part::Text("")
    } else {
        Part::Name(&TypeName { parts: &[Part::Text(", "), Part::Number(DEN as u64)] })
    };
    // A missing limit has no piece, because no number is beyond it.
    const PIECES: [Piece; 3] = [
        Piece::line(f64::NEG_INFINITY, if LOW == i32::MIN { 0.0 } else { Self::LOWEST }, 0.0),
        Piece::line(Self::LOWEST, 0.0, 1.0),
        Piece::line(Self::HIGHEST, if HIGH == i32::MAX { 0.0 } else { Self::HIGHEST }, 0.0),
    ];
}

impl<const LOW: i32, const HIGH: i32, const DEN: u32> Activation for Clamp<LOW, HIGH, DEN> {
    const EFFECT: Effect =
        Effect::Activation(if Self::LOWEST == -Self::HIGHEST && Self::HIGHEST < f64::INFINITY {
            Moments::Clamp { start: 0.0, scale: Self::HIGHEST, width: Self::HIGHEST }
        } else {
            Moments::Pieces(&Self::PIECES)
        });
    const FAULT: &'static [Part] = if DEN > 0 && Self::LOWEST < Self::HIGHEST {
        &[]
    } else {
        &[
            Part::Text("has the limits "),
            Part::Signed(LOW as i64),
            Part::Text(" / "),
            Part::Number(DEN as u64),
            Part::Text(" and "),
            Part::Signed(HIGH as i64),
            Part::Text(" / "),
            Part::Number(DEN as u64),
            Part::Text(": the first must be the smaller one, and DEN at least 1"),
        ]
    };
    const ONNX: Onnx =
        Onnx::nodes(&[OnnxNode::new("Clip", &[OnnxInput::Input, Self::LOW_INPUT, Self::HIGH_INPUT])]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        clamp(x, T::from_f64(Self::LOWEST), T::from_f64(Self::HIGHEST))
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        inside(x, T::from_f64(Self::LOWEST), T::from_f64(Self::HIGHEST))
    }
}
activation!([const LOW: i32, const HIGH: i32, const DEN: u32] Clamp<LOW, HIGH, DEN>);

/// A piecewise linear tanh with values from -1 to 1, or from `LOW / DEN` to `HIGH / DEN`.
///
/// Forward `y = max(-1, min(1, x))`; backward `dx = dy` for |x| < 1, otherwise 0. It computes the same as [`Clamp`].
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or 0: a saturated unit stops the gradient.
///
/// # Source
/// Collobert, "Large scale machine learning" (2004), chapter 6.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(<HardTanh>::default().predict(&Vector([-3.0, 0.5, 3.0]))?, Vector([-1.0, 0.5, 1.0]));
/// assert_eq!(HardTanh::<0, 5, 2>.predict(&Vector([-3.0, 0.5, 3.0]))?, Vector([0.0, 0.5, 2.5]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Hardtanh", "hard_tanh"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "HardTanh{=Self::SETTINGS}")]
pub struct HardTanh<const LOW: i32 = -1, const HIGH: i32 = 1, const DEN: u32 = 1>;

impl<const LOW: i32, const HIGH: i32, const DEN: u32> HardTanh<LOW, HIGH, DEN> {
    const SETTINGS: Part = if LOW == -1 && HIGH == 1 && DEN == 1 {
        Part::Text("")
    } else {
        Part::Name(&TypeName {
            parts: &[
                Part::Text("<"),
                Part::Signed(LOW as i64),
                Part::Text(", "),
                Part::Signed(HIGH as i64),
                Part::Text(", "),
                Part::Number(DEN as u64),
                Part::Text(">"),
            ],
        })
    };
}

impl<const LOW: i32, const HIGH: i32, const DEN: u32> Activation for HardTanh<LOW, HIGH, DEN> {
    const EFFECT: Effect = <Clamp<LOW, HIGH, DEN> as Activation>::EFFECT;
    const FAULT: &'static [Part] = <Clamp<LOW, HIGH, DEN> as Activation>::FAULT;
    const ONNX: Onnx = <Clamp<LOW, HIGH, DEN> as Activation>::ONNX;

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        Clamp::<LOW, HIGH, DEN>::apply(x)
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, y: T) -> T {
        Clamp::<LOW, HIGH, DEN>::derivative(x, y)
    }
}
activation!([const LOW: i32, const HIGH: i32, const DEN: u32] HardTanh<LOW, HIGH, DEN>);

/// A rectifier with the upper limit 6.
///
/// Forward `y = max(0, min(6, x))`; backward `dx = dy` for 0 < x < 6, otherwise 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The same as [`Relu`](super::Relu), except that a unit above 6 also stops the gradient.
///
/// # Source
/// Krizhevsky, "Convolutional deep belief networks on CIFAR-10" (2010), section 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Relu6.predict(&Vector([-3.0, 0.5, 30.0]))?, Vector([0.0, 0.5, 6.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.ReLU6", "clipped relu"))]
#[derive(Clone, Copy, Parameters)]
pub struct Relu6;

impl Activation for Relu6 {
    const EFFECT: Effect = <HardTanh<0, 6> as Activation>::EFFECT;
    const ONNX: Onnx = <HardTanh<0, 6> as Activation>::ONNX;

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        HardTanh::<0, 6>::apply(x)
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, y: T) -> T {
        HardTanh::<0, 6>::derivative(x, y)
    }
}
activation!(Relu6);

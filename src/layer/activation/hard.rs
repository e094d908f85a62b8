use super::clamp::{clamp, inside};
use super::{Activation, activation};
use crate::kernel::Real;
use crate::layer::{Effect, Moments, Onnx, OnnxAttribute, OnnxNode, Piece};
use chainrule_derive::Parameters;
use chainrule_parameters::{Part, TypeName};

/// A piecewise linear sigmoid, with the slope a = `NUM / DEN` and the value b = `START / OF` at zero. The defaults are
/// 1/6 and 1/2, as in PyTorch.
///
/// Forward `y = max(0, min(1, a x + b))`; backward `dx = a dy` for 0 < a x + b < 1, otherwise 0. ONNX and Keras have
/// `HardSigmoid<1, 5>`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is a or 0. 1/6 is less than the 1/4 of the sigmoid at zero.
///
/// # Source
/// Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(<HardSigmoid>::default().predict(&Vector([-4.0, 0.0, 4.0]))?, Vector([0.0, 0.5, 1.0]));
/// assert_eq!(HardSigmoid::<1, 4, 3, 4>.predict(&Vector([-4.0, -1.0, 4.0]))?, Vector([0.0, 0.5, 1.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Hardsigmoid", "hard_sigmoid"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "HardSigmoid{=Self::SETTINGS}")]
pub struct HardSigmoid<const NUM: u32 = 1, const DEN: u32 = 6, const START: i32 = 1, const OF: u32 = 2>;

impl<const NUM: u32, const DEN: u32, const START: i32, const OF: u32> HardSigmoid<NUM, DEN, START, OF> {
    const SLOPE: f64 = NUM as f64 / DEN as f64;
    const AT_ZERO: f64 = START as f64 / OF as f64;
    /// The x at which y becomes 0, and the x at which it becomes 1.
    const LOW: f64 = -Self::AT_ZERO * DEN as f64 / NUM as f64;
    const HIGH: f64 = (1.0 - Self::AT_ZERO) * DEN as f64 / NUM as f64;
    const SETTINGS: Part = if NUM == 1 && DEN == 6 && START == 1 && OF == 2 {
        Part::Text("")
    } else {
        Part::Name(&TypeName {
            parts: &[
                Part::Text("<"),
                Part::Number(NUM as u64),
                Part::Text(", "),
                Part::Number(DEN as u64),
                Part::Text(", "),
                Part::Signed(START as i64),
                Part::Text(", "),
                Part::Number(OF as u64),
                Part::Text(">"),
            ],
        })
    };
    const PIECES: [Piece; 3] = [
        Piece::line(f64::NEG_INFINITY, 0.0, 0.0),
        Piece::line(Self::LOW, Self::AT_ZERO, Self::SLOPE),
        Piece::line(Self::HIGH, 1.0, 0.0),
    ];
}

impl<const NUM: u32, const DEN: u32, const START: i32, const OF: u32> Activation
    for HardSigmoid<NUM, DEN, START, OF>
{
    const MAX_DERIVATIVE: f64 = Self::SLOPE;
    const EFFECT: Effect = Effect::Activation(if Self::AT_ZERO == 0.5 {
        Moments::Clamp { start: 0.5, scale: 0.5, width: Self::HIGH }
    } else {
        Moments::Pieces(&Self::PIECES)
    });
    const FAULT: &'static [Part] = if NUM > 0 && DEN > 0 && OF > 0 {
        &[]
    } else {
        &[
            Part::Text("has the slope "),
            Part::Number(NUM as u64),
            Part::Text(" / "),
            Part::Number(DEN as u64),
            Part::Text(" and is "),
            Part::Signed(START as i64),
            Part::Text(" / "),
            Part::Number(OF as u64),
            Part::Text(" at zero: NUM, DEN and OF must be at least 1"),
        ]
    };
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("HardSigmoid").with(&[
        ("alpha", OnnxAttribute::Float(Self::SLOPE)),
        ("beta", OnnxAttribute::Float(Self::AT_ZERO)),
    ])]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        let line = x * T::from_f64(NUM.into()) / T::from_f64(DEN.into()) + T::from_f64(Self::AT_ZERO);
        clamp(line, T::zero(), T::one())
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        inside(x, T::from_f64(Self::LOW), T::from_f64(Self::HIGH)) * T::from_f64(Self::SLOPE)
    }
}
activation!(
    [const NUM: u32, const DEN: u32, const START: i32, const OF: u32] HardSigmoid<NUM, DEN, START, OF>
);

/// A piecewise quadratic [`Silu`](super::Silu).
///
/// Forward `y = x max(0, min(1, x/6 + 1/2))`; backward `dx = dy` for x ≥ 3, `(x/3 + 1/2) dy` for -3 < x < 3, and 0 for
/// x ≤ -3.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' rises from -1/2 at -3 to 3/2 at 3. Below -3 a unit is dead. Above 3 it passes the gradient on unchanged.
///
/// # Source
/// Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(HardSwish.predict(&Vector([-4.0, 1.5, 4.0]))?, Vector([0.0, 1.125, 4.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Hardswish", "MobileNetV3"))]
#[derive(Clone, Copy, Parameters)]
pub struct HardSwish;

impl Activation for HardSwish {
    const MAX_DERIVATIVE: f64 = 1.5;
    const EFFECT: Effect = Effect::Activation(Moments::Pieces(&[
        Piece::line(f64::NEG_INFINITY, 0.0, 0.0),
        Piece { from: -3.0, coefficients: [0.0, 0.5, 1.0 / 6.0] },
        Piece::line(3.0, 0.0, 1.0),
    ]));
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("HardSwish")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x * <HardSigmoid>::apply(x)
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        let three = T::from_f64(3.0);
        let middle = x / three + T::from_f64(0.5);
        if x >= three {
            T::one()
        } else if x <= -three {
            T::zero()
        } else {
            middle
        }
    }
}
activation!(HardSwish);

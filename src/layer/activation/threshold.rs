use super::{Activation, activation};
use crate::kernel::Real;
use crate::layer::{Effect, Moments, Onnx, OnnxAttribute, OnnxInput, OnnxNode, Piece};
use chainrule_derive::Parameters;
use chainrule_parameters::Part;

/// A rectifier with the threshold a = `NUM / DEN`, by default 1.
///
/// Forward `y = x` for x > a, otherwise 0; backward `dx = dy` or 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or 0, as for [`Relu`](super::Relu), but more than half of the units stop a gradient.
///
/// # Source
/// Konda, Memisevic, Krueger, "Zero-bias autoencoders and the benefits of co-adapting features", ICLR 2015, eq. 9.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(ThresholdedRelu::<1, 2>.predict(&Vector([-2.0, 0.5, 3.0]))?, Vector([0.0, 0.0, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("ThresholdedReLU"))]
#[derive(Clone, Copy, Parameters)]
pub struct ThresholdedRelu<const NUM: u32 = 1, const DEN: u32 = 1>;

impl<const NUM: u32, const DEN: u32> ThresholdedRelu<NUM, DEN> {
    const START: f64 = NUM as f64 / DEN as f64;
    const PIECES: [Piece; 2] = [Piece::line(f64::NEG_INFINITY, 0.0, 0.0), Piece::line(Self::START, 0.0, 1.0)];
}

impl<const NUM: u32, const DEN: u32> Activation for ThresholdedRelu<NUM, DEN> {
    const EFFECT: Effect = Effect::Activation(Moments::Pieces(&Self::PIECES));
    const FAULT: &'static [Part] = if DEN > 0 {
        &[]
    } else {
        &[
            Part::Text("has the threshold "),
            Part::Number(NUM as u64),
            Part::Text(" / 0: DEN must be at least 1"),
        ]
    };
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::of_input("ThresholdedRelu").with(&[("alpha", OnnxAttribute::Float(Self::START))])
    ]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        if x <= T::from_f64(Self::START) { T::zero() } else { x }
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        if x > T::from_f64(Self::START) { T::one() } else { T::zero() }
    }
}
activation!([const NUM: u32, const DEN: u32] ThresholdedRelu<NUM, DEN>);

/// Replaces the numbers up to `AT / DEN` by `VALUE / DEN`.
///
/// Forward `y = x` for x > a, otherwise v, with a = `AT / DEN` and v = `VALUE / DEN`; backward `dx = dy` or 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or 0.
///
/// # Source
/// In PyTorch: `nn.Threshold`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Threshold::<1, -4, 2>.predict(&Vector([-2.0, 0.5, 3.0]))?, Vector([-2.0, -2.0, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Threshold"))]
#[derive(Clone, Copy, Parameters)]
pub struct Threshold<const AT: i32, const VALUE: i32, const DEN: u32 = 1>;

impl<const AT: i32, const VALUE: i32, const DEN: u32> Threshold<AT, VALUE, DEN> {
    const START: f64 = AT as f64 / DEN as f64;
    const BELOW: f64 = VALUE as f64 / DEN as f64;
    const PIECES: [Piece; 2] =
        [Piece::line(f64::NEG_INFINITY, Self::BELOW, 0.0), Piece::line(Self::START, 0.0, 1.0)];
}

impl<const AT: i32, const VALUE: i32, const DEN: u32> Activation for Threshold<AT, VALUE, DEN> {
    const EFFECT: Effect = Effect::Activation(Moments::Pieces(&Self::PIECES));
    const FAULT: &'static [Part] = if DEN > 0 {
        &[]
    } else {
        &[
            Part::Text("has the threshold "),
            Part::Signed(AT as i64),
            Part::Text(" / 0: DEN must be at least 1"),
        ]
    };
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::new("Greater", &[OnnxInput::Input, OnnxInput::Number(Self::START)]),
        OnnxNode::new("Where", &[OnnxInput::Output(0), OnnxInput::Input, OnnxInput::Number(Self::BELOW)]),
    ]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        if x <= T::from_f64(Self::START) { T::from_f64(Self::BELOW) } else { x }
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        if x > T::from_f64(Self::START) { T::one() } else { T::zero() }
    }
}
activation!([const AT: i32, const VALUE: i32, const DEN: u32] Threshold<AT, VALUE, DEN>);

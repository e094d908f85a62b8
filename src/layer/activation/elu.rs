use super::{Activation, activation, alone};
use crate::kernel::elementary::{exp, exp_m1};
use crate::kernel::{Level, Real};
use crate::layer::{Effect, Moments, Onnx, OnnxAttribute, OnnxInput, OnnxNode};
use chainrule_derive::Parameters;
use chainrule_parameters::Part;

/// The exponential linear unit, with a = `NUM / DEN`, by default 1.
///
/// Forward `y = x` for x > 0, otherwise `a (exp(x) - 1)`; backward `dx = dy` or `a exp(x) dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 above zero and falls like a exp(x) below zero: a unit saturates gradually.
///
/// # Source
/// Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by exponential linear units",
/// ICLR 2016, eq. 15.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(<Elu>::default().predict(&Vector([-1e4, 3.0]))?, Vector([-1.0, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.ELU", "exponential linear unit"))]
#[derive(Clone, Copy, Parameters)]
pub struct Elu<const NUM: u32 = 1, const DEN: u32 = 1>;

impl<const NUM: u32, const DEN: u32> Elu<NUM, DEN> {
    const A: f64 = NUM as f64 / DEN as f64;
}

impl<const NUM: u32, const DEN: u32> Activation for Elu<NUM, DEN> {
    const MAX_DERIVATIVE: f64 = if Self::A > 1.0 { Self::A } else { 1.0 };
    const EFFECT: Effect = Effect::Activation(Moments::Exponential { above: 1.0, below: Self::A });
    const FAULT: &'static [Part] = if DEN > 0 {
        &[]
    } else {
        &[Part::Text("has the scale "), Part::Number(NUM as u64), Part::Text(" / 0: DEN must be at least 1")]
    };
    const ONNX: Onnx =
        Onnx::nodes(&[OnnxNode::of_input("Elu").with(&[("alpha", OnnxAttribute::Float(Self::A))])]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        if x > T::zero() { x } else { T::from_f64(Self::A) * exp_m1::<L, T>(x) }
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        if x > T::zero() { T::one() } else { T::from_f64(Self::A) * exp::<L, T>(x) }
    }
}
activation!([const NUM: u32, const DEN: u32] Elu<NUM, DEN>);

/// The self-normalizing exponential linear unit.
///
/// Forward `y = λ x` for x > 0, otherwise `λ a (exp(x) - 1)`; backward `dx = λ dy` or `λ a exp(x) dy`. The constants
/// are λ = 1.0507 and a = 1.6733. With them, mean 0 and variance 1 are a fixed point from layer to layer under
/// [LeCun's initialization](crate::init::Initializer::lecun_normal).
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// At that fixed point, each layer multiplies the squared norm of a gradient by 1.07. The gradient does not vanish or
/// explode within some tens of layers.
///
/// # Source
/// Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks", NIPS 2017, eq. 2 and 14.
///
/// For other constants, as in ONNX, use a pair of layers: `(Elu<2>, Scale<3>)` has a = 2 and λ = 3.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// approx::assert_relative_eq!(Selu.predict(&Vector([-1e4_f32, 1.0]))?, Vector([-1.758_099_3, 1.050_701]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.SELU", "self-normalizing"))]
#[derive(Clone, Copy, Parameters)]
pub struct Selu;

impl Selu {
    const LAMBDA: f64 = 1.050_700_987_355_480_5;
    const A: f64 = 1.673_263_242_354_377_2;
}

impl Activation for Selu {
    const MAX_DERIVATIVE: f64 = Self::LAMBDA * Self::A;
    const EFFECT: Effect =
        Effect::Activation(Moments::Exponential { above: Self::LAMBDA, below: Self::LAMBDA * Self::A });
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Selu")
        .with(&[("alpha", OnnxAttribute::Float(Self::A)), ("gamma", OnnxAttribute::Float(Self::LAMBDA))])]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        let lambda = T::from_f64(Self::LAMBDA);
        if x > T::zero() { lambda * x } else { lambda * T::from_f64(Self::A) * exp_m1::<L, T>(x) }
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        let lambda = T::from_f64(Self::LAMBDA);
        if x > T::zero() { lambda } else { lambda * T::from_f64(Self::A) * exp::<L, T>(x) }
    }
}
activation!(Selu);

/// The continuously differentiable exponential linear unit, with a = `NUM / DEN`, by default 1.
///
/// Forward `y = x` for x > 0, otherwise `a (exp(x / a) - 1)`; backward `dx = dy` or `exp(x / a) dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 above zero and falls like exp(x / a) below zero. In contrast to [`Elu`], g' has no jump at zero for any a.
///
/// # Source
/// Barron, "Continuously differentiable exponential linear units", arXiv 1704.07483, eq. 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Celu::<1, 2>.predict(&Vector([-1e4, 3.0]))?, Vector([-0.5, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.CELU"))]
#[derive(Clone, Copy, Parameters)]
pub struct Celu<const NUM: u32 = 1, const DEN: u32 = 1>;

impl<const NUM: u32, const DEN: u32> Celu<NUM, DEN> {
    const A: f64 = NUM as f64 / DEN as f64;
}

impl<const NUM: u32, const DEN: u32> Activation for Celu<NUM, DEN> {
    const EFFECT: Effect = Effect::Activation(Moments::Scaled {
        by: Self::A,
        of: &Moments::Exponential { above: 1.0, below: 1.0 },
    });
    const FAULT: &'static [Part] = if NUM > 0 && DEN > 0 {
        &[]
    } else {
        &[
            Part::Text("has the scale "),
            Part::Number(NUM as u64),
            Part::Text(" / "),
            Part::Number(DEN as u64),
            Part::Text(": both must be at least 1"),
        ]
    };
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::new("Div", &[OnnxInput::Input, OnnxInput::Number(Self::A)]),
        OnnxNode::new("Elu", &[OnnxInput::Output(0)]),
        OnnxNode::new("Mul", &[OnnxInput::Output(1), OnnxInput::Number(Self::A)]),
    ]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        let a = T::from_f64(Self::A);
        if x > T::zero() { x } else { a * exp_m1::<L, T>(x / a) }
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        if x > T::zero() { T::one() } else { exp::<L, T>(x / T::from_f64(Self::A)) }
    }
}
activation!([const NUM: u32, const DEN: u32] Celu<NUM, DEN>);

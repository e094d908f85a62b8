use super::{Activation, activation};
use crate::kernel::Real;
use crate::layer::{Effect, Moments, Onnx, OnnxAttribute, OnnxNode};
use chainrule_derive::Parameters;
use chainrule_parameters::Part;

/// The rectified linear unit.
///
/// Forward `y = max(x, 0)`; backward `dx = dy` for x > 0, otherwise 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or 0. In a new network, half of the units pass a gradient on unchanged, and half stop it. A unit that is
/// below 0 for every input is dead: it gets no gradient and stops learning.
///
/// # Source
/// Nair, Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Relu.predict(&Vector([-2.0, 3.0]))?, Vector([0.0, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("rectifier", "rectified linear unit", "nn.ReLU"))]
#[derive(Clone, Copy, Parameters)]
pub struct Relu;

impl Activation for Relu {
    const EFFECT: Effect = Effect::Activation(Moments::Slopes { above: 1.0, below: 0.0 });
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Relu")]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        // Not `max`, which would not return a NaN.
        if x < T::zero() { T::zero() } else { x }
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        if x > T::zero() { T::one() } else { T::zero() }
    }
}
activation!(Relu);

/// A rectifier with the slope `NUM / DEN` below zero, by default 1/100.
///
/// Forward `y = x` for x > 0, otherwise `a x` with a = `NUM / DEN`; backward `dx = dy` or `a dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or a, and never 0: no unit is dead.
///
/// # Source
/// Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(LeakyRelu::<1, 4>.predict(&Vector([-2.0, 3.0]))?, Vector([-0.5, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.LeakyReLU", "leaky rectifier"))]
#[derive(Clone, Copy, Parameters)]
pub struct LeakyRelu<const NUM: u32 = 1, const DEN: u32 = 100>;

impl<const NUM: u32, const DEN: u32> LeakyRelu<NUM, DEN> {
    const SLOPE: f64 = NUM as f64 / DEN as f64;
}

impl<const NUM: u32, const DEN: u32> Activation for LeakyRelu<NUM, DEN> {
    const MAX_DERIVATIVE: f64 = if Self::SLOPE > 1.0 { Self::SLOPE } else { 1.0 };
    const EFFECT: Effect = Effect::Activation(Moments::Slopes { above: 1.0, below: Self::SLOPE });
    const FAULT: &'static [Part] = if DEN > 0 {
        &[]
    } else {
        &[Part::Text("has the slope "), Part::Number(NUM as u64), Part::Text(" / 0: DEN must be at least 1")]
    };
    const ONNX: Onnx =
        Onnx::nodes(&[OnnxNode::of_input("LeakyRelu").with(&[("alpha", OnnxAttribute::Float(Self::SLOPE))])]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        if x > T::zero() { x } else { T::from_f64(Self::SLOPE) * x }
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        if x > T::zero() { T::one() } else { T::from_f64(Self::SLOPE) }
    }
}
activation!([const NUM: u32, const DEN: u32] LeakyRelu<NUM, DEN>);

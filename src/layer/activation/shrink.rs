use super::{Activation, activation, alone, moments};
use crate::kernel::elementary::tanh;
use crate::kernel::{Level, Real};
use crate::layer::{Effect, Moments, Onnx, OnnxAttribute, OnnxInput, OnnxNode, Piece};
use chainrule_derive::Parameters;
use chainrule_parameters::Part;

/// Returns why the width `NUM / DEN` is not a number. Empty if it is a number.
macro_rules! width_fault {
    ($num:ident, $den:ident) => {
        if $den > 0 {
            &[]
        } else {
            &[
                Part::Text("has the width "),
                Part::Number($num as u64),
                Part::Text(" / 0: DEN must be at least 1"),
            ]
        }
    };
}

/// Sets numbers near zero to zero, up to the width w = `NUM / DEN`, by default 1/2.
///
/// Forward `y = x` for |x| > w, otherwise 0; backward `dx = dy` or 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or 0: a unit near zero stops the gradient.
///
/// # Source
/// Donoho, Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81 (1994), section 1: hard
/// thresholding.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(HardShrink::<1, 2>.predict(&Vector([-0.75, 0.25, 3.0]))?, Vector([-0.75, 0.0, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Hardshrink", "hard thresholding"))]
#[derive(Clone, Copy, Parameters)]
pub struct HardShrink<const NUM: u32 = 1, const DEN: u32 = 2>;

impl<const NUM: u32, const DEN: u32> HardShrink<NUM, DEN> {
    const WIDTH: f64 = NUM as f64 / DEN as f64;
    const PIECES: [Piece; 3] = [
        Piece::line(f64::NEG_INFINITY, 0.0, 1.0),
        Piece::line(-Self::WIDTH, 0.0, 0.0),
        Piece::line(Self::WIDTH, 0.0, 1.0),
    ];
}

impl<const NUM: u32, const DEN: u32> Activation for HardShrink<NUM, DEN> {
    const EFFECT: Effect = Effect::Activation(Moments::Pieces(&Self::PIECES));
    const FAULT: &'static [Part] = width_fault!(NUM, DEN);
    const ONNX: Onnx =
        Onnx::nodes(&[OnnxNode::of_input("Shrink").with(&[("lambd", OnnxAttribute::Float(Self::WIDTH))])]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        let w = T::from_f64(Self::WIDTH);
        if x >= -w && x <= w { T::zero() } else { x }
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        let w = T::from_f64(Self::WIDTH);
        if x >= -w && x <= w { T::zero() } else { T::one() }
    }
}
activation!([const NUM: u32, const DEN: u32] HardShrink<NUM, DEN>);

/// Moves each number towards zero by w = `NUM / DEN`, by default 1/2, but not past zero.
///
/// Forward `y = x - w` for x > w, `x + w` for x < -w, otherwise 0; backward `dx = dy` where |x| > w, otherwise 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or 0: a unit near zero stops the gradient.
///
/// # Source
/// Donoho, "De-noising by soft-thresholding", IEEE Transactions on Information Theory 41 (1995), eq. 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(SoftShrink::<1, 2>.predict(&Vector([-0.75, 0.25, 3.0]))?, Vector([-0.25, 0.0, 2.5]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Softshrink", "soft thresholding"))]
#[derive(Clone, Copy, Parameters)]
pub struct SoftShrink<const NUM: u32 = 1, const DEN: u32 = 2>;

impl<const NUM: u32, const DEN: u32> SoftShrink<NUM, DEN> {
    const WIDTH: f64 = NUM as f64 / DEN as f64;
    const PIECES: [Piece; 3] = [
        Piece::line(f64::NEG_INFINITY, Self::WIDTH, 1.0),
        Piece::line(-Self::WIDTH, 0.0, 0.0),
        Piece::line(Self::WIDTH, -Self::WIDTH, 1.0),
    ];
}

impl<const NUM: u32, const DEN: u32> Activation for SoftShrink<NUM, DEN> {
    const EFFECT: Effect = Effect::Activation(Moments::Pieces(&Self::PIECES));
    const FAULT: &'static [Part] = width_fault!(NUM, DEN);
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("Shrink")
        .with(&[("bias", OnnxAttribute::Float(Self::WIDTH)), ("lambd", OnnxAttribute::Float(Self::WIDTH))])]);

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        let w = T::from_f64(Self::WIDTH);
        let moved = if x > T::zero() { x - w } else { x + w };
        if x >= -w && x <= w { T::zero() } else { moved }
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, y: T) -> T {
        HardShrink::<NUM, DEN>::derivative(x, y)
    }
}
activation!([const NUM: u32, const DEN: u32] SoftShrink<NUM, DEN>);

/// The difference between x and tanh x.
///
/// Forward `y = x - tanh x`; backward `dx = tanh² x dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' rises from 0 at zero to 1. For small inputs it is x², so a gradient vanishes where the signal is small.
///
/// # Source
/// In PyTorch: `nn.Tanhshrink`.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
/// let y = TanhShrink.predict(&Vector([1e-4_f64, 1e4]))?;
/// assert_relative_eq!(y, Vector([1e-12 / 3.0, 9999.0]), max_relative = 1e-8);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Tanhshrink"))]
#[derive(Clone, Copy, Parameters)]
pub struct TanhShrink;

impl Activation for TanhShrink {
    const EFFECT: Effect = Effect::Activation(moments::TANH_SHRINK);
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::of_input("Tanh"),
        OnnxNode::new("Sub", &[OnnxInput::Input, OnnxInput::Output(0)]),
    ]);

    alone!();
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        // For x up to 2, x and tanh x cancel. Lambert's continued fraction tanh x = x / (1 + c), with c = x² / (3 + x²
        // / (5 + ..)), gives x - tanh x = x c / (1 + c). All its terms are positive.
        let square = x * x;
        let mut tail = T::from_f64(25.0);
        for odd in [23.0, 21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
            tail = T::from_f64(odd) + square / tail;
        }
        let c = square / tail;
        if x.abs() < T::from_f64(2.0) { x * (c / (T::one() + c)) } else { x - tanh::<L, T>(x) }
    }
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, _: T) -> T {
        let t = tanh::<L, T>(x);
        t * t
    }
}
activation!(TanhShrink);

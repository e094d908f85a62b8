//! A = g(Z): layers that apply a function to each number. Their derivative g'(Z) is one of the two kinds of factors in
//! the chain rule's product.
//!
//! An activation is two functions, `apply` and `derivative`. The macro [`activation_layer!`](crate::activation_layer)
//! makes a layer of them.

mod clamp;
mod each;
mod elementary;
mod elu;
mod gelu;
mod hard;
mod line;
mod moments;
mod partial;
mod relu;
mod shrink;
mod sigmoid;
mod silu;
mod softplus;
mod tanh;
mod threshold;

use chainrule_parameters::Part;

use super::{Effect, Onnx};
use crate::kernel::{Level, Real};

pub use clamp::{Clamp, HardTanh, Relu6};
#[doc(hidden)]
pub use each::{apply_each, differentiate_each};
pub use elementary::{Abs, Cos, Erf, Neg, Sin, Square};
pub use elu::{Celu, Elu, Selu};
pub use gelu::{Gelu, GeluTanh, QuickGelu};
pub use hard::{HardSigmoid, HardSwish};
pub use line::{Scale, Shift};
pub(crate) use moments::EXPONENTIAL;
pub use partial::{Exp, Log, Reciprocal, Sqrt};
pub use relu::{LeakyRelu, Relu};
pub use shrink::{HardShrink, SoftShrink, TanhShrink};
pub use sigmoid::Sigmoid;
pub use silu::{Mish, Silu};
pub use softplus::{LogSigmoid, Softplus, Softsign};
pub use tanh::Tanh;
pub use threshold::{Threshold, ThresholdedRelu};

/// A function g of one number, and its derivative. [`activation_layer!`](crate::activation_layer) makes a layer of it.
///
/// The compiler vectorizes the layer's loops if `apply` and `derivative` contain no branch and no call:
///
/// * Use `if` only to select one of two numbers that are already computed.
/// * Take `exp`, `tanh` and similar functions from [`elementary`](crate::elementary).
/// * Mark both functions `#[inline(always)]`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::{activation_layer, layer::Activation, Real};
///
/// /// g(x) = x³.
/// #[derive(Clone, Copy, Default, Parameters)]
/// struct Cube;
///
/// impl Activation for Cube {
///     #[inline(always)]
///     fn apply<T: Real>(x: T) -> T {
///         x * x * x
///     }
///     #[inline(always)]
///     fn derivative<T: Real>(x: T, _: T) -> T {
///         T::from_f64(3.0) * x * x
///     }
/// }
/// activation_layer!(Cube);
///
/// type Net = (Linear<4, 8>, Cube, Linear<8, 2>);
/// # let _ = Net::init(&mut rng(0));
/// ```
#[doc(alias("activation function", "nonlinearity", "elementwise"))]
pub trait Activation {
    /// The largest |g'(x)|. Gradient flow measures saturation relative to it. The default is 1.
    const MAX_DERIVATIVE: f64 = 1.0;

    /// The effect on a random signal: [`Effect::Activation`], with its moments. `chainrule::theory::moments::<Self>()`
    /// computes them. By default the effect is not known.
    const EFFECT: Effect = Effect::Unknown;

    /// Why the function is not defined for the constants in its type, as in
    /// [`Plan::requires`](crate::layer::Plan::requires). Empty by default.
    const FAULT: &'static [Part] = &[];

    /// The form in ONNX. By default it is not known.
    const ONNX: Onnx = Onnx::UNKNOWN;

    /// Computes g(x).
    fn apply<T: Real>(x: T) -> T;

    /// Computes g'(x). `y` is g(x), for formulas that are shorter with it. At a kink, returns one of the one-sided
    /// derivatives.
    fn derivative<T: Real>(x: T, y: T) -> T;

    /// Computes g(x) in a kernel that is compiled for `L`. An activation with elementary functions uses the versions
    /// with the fused multiply-adds of `L`.
    #[doc(hidden)]
    #[inline(always)]
    fn apply_at<L: Level, T: Real>(x: T) -> T {
        Self::apply(x)
    }

    /// Computes g'(x) in a kernel that is compiled for `L`.
    #[doc(hidden)]
    #[inline(always)]
    fn derivative_at<L: Level, T: Real>(x: T, y: T) -> T {
        Self::derivative(x, y)
    }
}

/// Implements the functions without a level for an activation that is written for any level.
macro_rules! alone {
    () => {
        #[inline(always)]
        fn apply<T: Real>(x: T) -> T {
            Self::apply_at::<crate::kernel::Portable, T>(x)
        }
        #[inline(always)]
        fn derivative<T: Real>(x: T, y: T) -> T {
            Self::derivative_at::<crate::kernel::Portable, T>(x, y)
        }
    };
}
use alone;

/// Implements [`Layer`](crate::layer::Layer), for input and output of any shape, and [`Stream`](crate::stream::Stream)
/// for an [`Activation`](crate::layer::Activation) with `#[derive(Parameters)]`. See the example of
/// [`Activation`](crate::layer::Activation).
///
/// Write `activation_layer!(Cube)`, or with generics `activation_layer!([const N: u32] Power<N>)`.
///
/// A blanket `impl<A: Activation> Layer<X> for A` would do the same, but the compiler's messages would be unreadable:
/// see [how the messages are made](crate::guide::design).
#[macro_export]
macro_rules! activation_layer {
    ([$($generics:tt)*] $activation:ty) => {
        impl<X: $crate::tensor::Tensor, $($generics)*> $crate::layer::Layer<X> for $activation {
            type Output = X;
            const PLAN: $crate::layer::Plan =
                $crate::layer::Plan::leaf::<X, Self>().factor($crate::layer::Factor::Activation {
                    max_derivative: <Self as $crate::layer::Activation>::MAX_DERIVATIVE,
                }).effect(<Self as $crate::layer::Activation>::EFFECT)
                .onnx(<Self as $crate::layer::Activation>::ONNX)
                .requires(<Self as $crate::layer::Activation>::FAULT.is_empty(), <Self as $crate::layer::Activation>::FAULT);

            fn forward(&self, input: &[X], output: &mut [X], _: $crate::layer::WorkspaceMut<'_>, _: &mut $crate::layer::Mode<'_>) {
                $crate::layer::apply_each::<Self, X::Scalar>(X::flat(input), X::flat_mut(output));
            }

            fn backward(&self, pass: $crate::layer::Backward<'_, X, Self>) {
                let $crate::layer::Backward { input, output, output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                $crate::layer::differentiate_each::<Self, X::Scalar>(
                    X::flat(input),
                    X::flat(output),
                    X::flat(output_grad),
                    X::flat_mut(input_grad),
                );
            }
        }

        impl<X: $crate::tensor::Tensor, $($generics)*> $crate::stream::Stream<X> for $activation {
            type Output = X;
            type State = ();

            #[inline]
            fn start(&self) {}

            #[inline]
            fn step_into(&self, input: &X, output: &mut X, _: &mut ()) {
                $crate::layer::apply_each::<Self, X::Scalar>(input.as_slice(), output.as_mut_slice());
            }
        }
    };
    ($activation:ty) => {
        $crate::activation_layer!([] $activation);
    };
}

/// Implements an activation of this crate as a layer, with the comparison traits.
macro_rules! activation {
    ([$($generics:tt)*] $activation:ty) => {
        $crate::activation_layer!([$($generics)*] $activation);
        $crate::layer::compare::comparable!([$($generics)*] $activation);
    };
    ($activation:ty) => {
        activation!([] $activation);
    };
}
use activation;

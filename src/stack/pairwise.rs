//! Layers that combine the halves of a pair elementwise. [`Sum`](super::Sum) is another one.

use chainrule_derive::Parameters;

use super::PairedOperand;
use super::place::at_if;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::compare::comparable;
use crate::layer::{
    Backward, Layer, Mode, Onnx, OnnxInput, OnnxNode, Plan, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::{Pair, SameSample, Tensor};

/// A function of two numbers, and its derivatives times dy.
trait Combine {
    fn apply<T: Real>(a: T, b: T) -> T;
    fn differentiate<T: Real>(a: T, b: T, dy: T) -> [T; 2];
}

/// Returns dy for the first number or for the second, or half of dy for each.
#[inline(always)]
fn split<T: Real>(first: bool, both: bool, dy: T) -> [T; 2] {
    let half = T::from_f64(0.5) * dy;
    let [one, other] = if first { [dy, T::zero()] } else { [T::zero(), dy] };
    if both { [half, half] } else { [one, other] }
}

macro_rules! pairwise {
    ($layer:ident, $operator:literal) => {
        comparable!([] $layer);

        at_if!(
            [A: Tensor, B: Tensor] $layer, Pair<A, B>, <A as PairedOperand<PLACE, Self, B>>::Check,
            where A: PairedOperand<PLACE, Self, B>
        );

        impl<A: Tensor, B: Tensor + SameSample<A>> Layer<Pair<A, B>> for $layer {
            type Output = A;
            const PLAN: Plan = Plan::leaf::<Pair<A, B>, Self>()
                .window(Window::POINTWISE)
                .onnx(Onnx::nodes(&[OnnxNode::new($operator, &[OnnxInput::First, OnnxInput::Second])]));

            fn forward(
                &self,
                input: &[Pair<A, B>],
                output: &mut [A],
                _: WorkspaceMut<'_>,
                _: &mut Mode<'_>,
            ) {
                check_lengths(input.len(), output.len());
                for (y, &Pair(a, b)) in output.iter_mut().zip(input) {
                    elementwise(self, [a.as_slice(), b.cast_one().as_slice()], [y.as_mut_slice()]);
                }
            }

            fn backward(&self, pass: Backward<'_, Pair<A, B>, Self>) {
                pass.check_lengths();
                let Backward { input, output_grad, input_grad, .. } = pass;
                let samples = input.iter().zip(output_grad);
                for (dx, (&Pair(a, b), dy)) in input_grad.into_iter().flatten().zip(samples) {
                    let (mut da, mut db) = (A::zeroed(), B::zeroed());
                    let read = [a.as_slice(), b.cast_one().as_slice(), dy.as_slice()];
                    elementwise(self, read, [da.as_mut_slice(), db.cast_one_mut().as_mut_slice()]);
                    *dx = Pair(da, db);
                }
            }
        }

        impl<T: Real> Elementwise<T, 2, 1> for $layer {
            #[inline(always)]
            fn apply(&self, [a, b]: [T; 2], _: [T; 1]) -> [T; 1] {
                [<Self as Combine>::apply(a, b)]
            }
        }

        impl<T: Real> Elementwise<T, 3, 2> for $layer {
            #[inline(always)]
            fn apply(&self, [a, b, dy]: [T; 3], _: [T; 2]) -> [T; 2] {
                <Self as Combine>::differentiate(a, b, dy)
            }
        }
    };
}

/// Multiplies the halves of a pair elementwise.
///
/// Forward `y = a ⊗ b`; backward `da = b dy`, `db = a dy`.
///
/// # Shapes
/// Input `Pair<X, X>`, output `X`, any tensor. To multiply the outputs of two layers on one input, use `(Duplicate,
/// Parallel<F, G>, Product)`.
///
/// # Gradient flow
/// The gradient of each half is multiplied by the other half. So a gate of 0 stops the gradient.
///
/// # Source
/// Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9 (1997), section 4: a gate multiplies a
/// signal.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Product.predict(&Pair(Vector([1.0, 2.0]), Vector([10.0, 20.0])))?, Vector([10.0, 40.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("Mul", "multiply", "Hadamard product", "gate"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct Product;

impl Combine for Product {
    #[inline(always)]
    fn apply<T: Real>(a: T, b: T) -> T {
        a * b
    }
    #[inline(always)]
    fn differentiate<T: Real>(a: T, b: T, dy: T) -> [T; 2] {
        [b * dy, a * dy]
    }
}
pairwise!(Product, "Mul");

/// Subtracts the second half of a pair from the first.
///
/// Forward `y = a - b`; backward `da = dy`, `db = -dy`.
///
/// # Shapes
/// Input `Pair<X, X>`, output `X`, any tensor. To subtract the outputs of two layers on one input, use `(Duplicate,
/// Parallel<F, G>, Difference)`.
///
/// # Gradient flow
/// The gradient of the first half is unchanged. The gradient of the second half has the opposite sign.
///
/// # Source
/// In PyTorch `torch.sub`, in ONNX `Sub`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Difference.predict(&Pair(Vector([1.0, 2.0]), Vector([10.0, 20.0])))?, Vector([-9.0, -18.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("Sub", "subtract"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct Difference;

impl Combine for Difference {
    #[inline(always)]
    fn apply<T: Real>(a: T, b: T) -> T {
        a - b
    }
    #[inline(always)]
    fn differentiate<T: Real>(_: T, _: T, dy: T) -> [T; 2] {
        [dy, -dy]
    }
}
pairwise!(Difference, "Sub");

/// Divides the first half of a pair by the second, elementwise. Division by 0 gives an infinity, and 0 / 0 gives NaN.
///
/// Forward `y = a / b`; backward `da = dy / b`, `db = -(a / b) dy / b`.
///
/// # Shapes
/// Input `Pair<X, X>`, output `X`, any tensor. To divide the outputs of two layers on one input, use `(Duplicate,
/// Parallel<F, G>, Quotient)`.
///
/// # Gradient flow
/// Both gradients are divided by b, so they are large if b is small.
///
/// # Source
/// In PyTorch `torch.div`, in ONNX `Div`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Quotient.predict(&Pair(Vector([1.0, 2.0]), Vector([10.0, 20.0])))?, Vector([0.1, 0.1]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("Div", "divide"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct Quotient;

impl Combine for Quotient {
    #[inline(always)]
    fn apply<T: Real>(a: T, b: T) -> T {
        a / b
    }
    #[inline(always)]
    fn differentiate<T: Real>(a: T, b: T, dy: T) -> [T; 2] {
        [dy / b, -(a / b) * (dy / b)]
    }
}
pairwise!(Quotient, "Div");

/// Returns the elementwise maximum of the halves of a pair. If one of two numbers is NaN, the result is NaN.
///
/// Forward `y = max(a, b)`; backward: the larger number gets `dy`. If both are equal, each gets half of it.
///
/// # Shapes
/// Input `Pair<X, X>`, output `X`, any tensor. For the maximum of the outputs of two layers on one input, use
/// `(Duplicate, Parallel<F, G>, Maximum)`.
///
/// # Gradient flow
/// Each number of the gradient goes to one of the halves, unchanged.
///
/// # Source
/// Goodfellow, Warde-Farley, Mirza, Courville, Bengio, "Maxout networks", ICML 2013, eq. 1. In ONNX `Max`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Maximum.predict(&Pair(Vector([1.0, 2.0]), Vector([10.0, 20.0])))?, Vector([10.0, 20.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("max", "Maxout", "torch.maximum"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct Maximum;

impl Combine for Maximum {
    #[inline(always)]
    fn apply<T: Real>(a: T, b: T) -> T {
        if a > b || a.is_nan() { a } else { b }
    }
    #[inline(always)]
    fn differentiate<T: Real>(a: T, b: T, dy: T) -> [T; 2] {
        split(a > b, a == b, dy)
    }
}
pairwise!(Maximum, "Max");

/// Returns the elementwise minimum of the halves of a pair. If one of two numbers is NaN, the result is NaN.
///
/// Forward `y = min(a, b)`; backward: the smaller number gets `dy`. If both are equal, each gets half of it.
///
/// # Shapes
/// Input `Pair<X, X>`, output `X`, any tensor. For the minimum of the outputs of two layers on one input, use
/// `(Duplicate, Parallel<F, G>, Minimum)`.
///
/// # Gradient flow
/// Each number of the gradient goes to one of the halves, unchanged.
///
/// # Source
/// In PyTorch `torch.minimum`, in ONNX `Min`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Minimum.predict(&Pair(Vector([1.0, 2.0]), Vector([10.0, 20.0])))?, Vector([1.0, 2.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("min", "torch.minimum"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct Minimum;

impl Combine for Minimum {
    #[inline(always)]
    fn apply<T: Real>(a: T, b: T) -> T {
        if a < b || a.is_nan() { a } else { b }
    }
    #[inline(always)]
    fn differentiate<T: Real>(a: T, b: T, dy: T) -> [T; 2] {
        split(a < b, a == b, dy)
    }
}
pairwise!(Minimum, "Min");

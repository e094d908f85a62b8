use super::compare::comparable;
use super::{
    Backward, Layer, Mode, Onnx, OnnxAttribute, OnnxInput, OnnxNode, Plan, WorkspaceMut, check_lengths,
};
use crate::kernel::elementary::exp_below_0;
use crate::kernel::{
    Elementwise, Level, Portable, Real, elementwise, exp_below_largest, exp_each, maximum, sum,
};
use crate::tensor::{Sequence, Tensor, Vector};
use chainrule_derive::Parameters;

/// Converts scores (logits) to probabilities, which are positive and have the sum 1.
///
/// Forward `yᵢ = exp(xᵢ) / Σ exp(xⱼ)`; backward `dxᵢ = yᵢ (dyᵢ - Σ yⱼ dyⱼ)`.
///
/// # Shapes
/// A `Vector`, or a `Sequence` (over the features of each step); the output has the shape of the input.
///
/// # Gradient flow
/// The norm of the Jacobian is at most 1/2, and approaches 0 as one probability approaches 1. To train a classifier,
/// leave this layer out and pass the scores to [`CrossEntropy`](crate::loss::CrossEntropy). The gradient of that loss
/// does not vanish there.
///
/// # Source
/// Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990), eq. 6.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Softmax.predict(&Vector([1e4, 1e4, -1e4]))?, Vector([0.5, 0.5, 0.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Softmax", "normalized exponential", "logits"))]
#[derive(Clone, Copy, Parameters)]
pub struct Softmax;

/// The logarithm of [`Softmax`], computed without underflow.
///
/// Forward `yᵢ = xᵢ - ln Σ exp(xⱼ)`; backward `dxᵢ = dyᵢ - exp(yᵢ) Σ dyⱼ`.
///
/// # Shapes
/// A `Vector`, or a `Sequence` (over the features of each step); the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is I - 1 pᵀ, where p are the probabilities. It does not vanish as one probability approaches 1.
///
/// # Source
/// Bridle (1990), eq. 6, in logarithms.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
/// let half = 0.5_f64.ln();
/// assert_relative_eq!(LogSoftmax.predict(&Vector([1e4, 1e4, -1e4]))?, Vector([half, half, -2e4 + half]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.LogSoftmax", "log probabilities"))]
#[derive(Clone, Copy, Parameters)]
pub struct LogSoftmax;

/// [`Softmax`] of the negated numbers: the smallest number gets the largest probability.
///
/// Forward `yᵢ = exp(-xᵢ) / Σ exp(-xⱼ)`; backward `dxᵢ = -yᵢ (dyᵢ - Σ yⱼ dyⱼ)`.
///
/// # Shapes
/// A `Vector`, or a `Sequence` (over the features of each step); the output has the shape of the input.
///
/// # Gradient flow
/// The same as [`Softmax`].
///
/// # Source
/// Bridle (1990), eq. 6, of -x. In PyTorch: `nn.Softmin`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Softmin.predict(&Vector([1e4, -1e4, -1e4]))?, Vector([0.0, 0.5, 0.5]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Softmin"))]
#[derive(Clone, Copy, Parameters)]
pub struct Softmin;

comparable!([] Softmax);
comparable!([] LogSoftmax);
comparable!([] Softmin);

/// Implements each layer by its functions of rows, which have this number of columns.
trait Rows {
    /// The form in ONNX.
    const ONNX: Onnx;

    fn forward<T: Real>(x: &[T], y: &mut [T], columns: usize);
    fn backward<T: Real>(y: &[T], dy: &[T], dx: &mut [T], columns: usize);
}

impl Rows for Softmax {
    const ONNX: Onnx =
        Onnx::nodes(&[OnnxNode::of_input("Softmax").with(&[("axis", OnnxAttribute::Int(-1))])]);

    fn forward<T: Real>(x: &[T], y: &mut [T], columns: usize) {
        exp_below_largest(x, columns, y);
        for y in y.chunks_exact_mut(columns) {
            let total = sum(y);
            y.iter_mut().for_each(|y| *y /= total);
        }
    }
    fn backward<T: Real>(y: &[T], dy: &[T], dx: &mut [T], columns: usize) {
        let rows = y.chunks_exact(columns).zip(dy.chunks_exact(columns));
        for (dx, (y, dy)) in dx.chunks_exact_mut(columns).zip(rows) {
            let mean = y.iter().zip(dy).fold(T::zero(), |sum, (&y, &dy)| sum + y * dy);
            dx.iter_mut().zip(y).zip(dy).for_each(|((dx, &y), &dy)| *dx = y * (dy - mean));
        }
    }
}

impl Rows for Softmin {
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::of_input("Neg"),
        OnnxNode::new("Softmax", &[OnnxInput::Output(0)]).with(&[("axis", OnnxAttribute::Int(-1))]),
    ]);

    fn forward<T: Real>(x: &[T], y: &mut [T], columns: usize) {
        for (y, x) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = -x);
            let largest = maximum(y);
            elementwise(&ExpBelow(largest), [], [&mut *y]);
            let total = sum(y);
            y.iter_mut().for_each(|y| *y /= total);
        }
    }
    fn backward<T: Real>(y: &[T], dy: &[T], dx: &mut [T], columns: usize) {
        <Softmax as Rows>::backward(y, dy, dx, columns);
        dx.iter_mut().for_each(|dx| *dx = -*dx);
    }
}

/// Replaces y by exp(y - the number).
struct ExpBelow<T>(T);

impl<T: Real> Elementwise<T, 0, 1> for ExpBelow<T> {
    #[inline(always)]
    fn apply(&self, read: [T; 0], write: [T; 1]) -> [T; 1] {
        self.apply_at::<Portable>(read, write)
    }

    #[inline(always)]
    fn apply_at<L: Level>(&self, []: [T; 0], [y]: [T; 1]) -> [T; 1] {
        [exp_below_0::<L, T>(y - self.0)]
    }
}

impl Rows for LogSoftmax {
    const ONNX: Onnx =
        Onnx::nodes(&[OnnxNode::of_input("LogSoftmax").with(&[("axis", OnnxAttribute::Int(-1))])]);

    fn forward<T: Real>(x: &[T], y: &mut [T], columns: usize) {
        exp_below_largest(x, columns, y);
        for (y, x) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
            let (largest, log_sum) = (maximum(x), sum(y).ln());
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - largest) - log_sum);
        }
    }
    fn backward<T: Real>(y: &[T], dy: &[T], dx: &mut [T], columns: usize) {
        exp_each(y, dx);
        for (dx, dy) in dx.chunks_exact_mut(columns).zip(dy.chunks_exact(columns)) {
            let total = sum(dy);
            dx.iter_mut().zip(dy).for_each(|(dx, &dy)| *dx = dy - *dx * total);
        }
    }
}

macro_rules! over_rows {
    ($layer:ty, [$($generics:tt)*] $tensor:ty, $columns:ident) => {
        impl<$($generics)*, T: Real> Layer<$tensor> for $layer {
            type Output = $tensor;
            const PLAN: Plan = Plan::leaf::<$tensor, Self>().onnx(<$layer as Rows>::ONNX);

            fn forward(&self, input: &[$tensor], output: &mut [$tensor], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                <$layer as Rows>::forward(<$tensor>::flat(input), <$tensor>::flat_mut(output), $columns);
            }

            fn backward(&self, pass: Backward<'_, $tensor, Self>) {
                pass.check_lengths();
                let Backward { output, output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                let (y, dy) = (<$tensor>::flat(output), <$tensor>::flat(output_grad));
                <$layer as Rows>::backward(y, dy, <$tensor>::flat_mut(input_grad), $columns);
            }
        }
    };
}
over_rows!(Softmax, [const N: usize] Vector<N, T>, N);
over_rows!(Softmax, [const STEPS: usize, const FEATURES: usize] Sequence<STEPS, FEATURES, T>, FEATURES);
over_rows!(LogSoftmax, [const N: usize] Vector<N, T>, N);
over_rows!(LogSoftmax, [const STEPS: usize, const FEATURES: usize] Sequence<STEPS, FEATURES, T>, FEATURES);
over_rows!(Softmin, [const N: usize] Vector<N, T>, N);
over_rows!(Softmin, [const STEPS: usize, const FEATURES: usize] Sequence<STEPS, FEATURES, T>, FEATURES);

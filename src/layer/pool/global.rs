use crate::kernel::{Accumulate, Real, sum, sum_rows};
use crate::layer::compare::comparable;
use crate::layer::reduce::{Along, Largest};
use crate::layer::{
    Backward, Effect, Layer, Mode, Onnx, OnnxAttribute, OnnxNode, Plan, WorkspaceMut, check_lengths,
};
use crate::tensor::{Image, Sequence, Tensor, Vector};
use chainrule_derive::Parameters;

/// The mean of each channel over the whole image, or of each feature over all steps.
///
/// Forward `y[c] = Σ x[c, r, s] / (H W)`, backward `dx[c, r, s] = dy[c] / (H W)`; for a sequence,
/// `y[f] = Σ x[t, f] / STEPS` and `dx[t, f] = dy[f] / STEPS`.
///
/// # Shapes
/// `Image<C, H, W>` to `Vector<C>`, `Sequence<STEPS, FEATURES>` to `Vector<FEATURES>`, with sides of any size.
///
/// # Gradient flow
/// Linear. The norm of the Jacobian is 1 / √(H W), or 1 / √STEPS: every pixel or step gets the same small share of the
/// gradient.
///
/// # Source
/// Lin, Chen, Yan, "Network in network", ICLR 2014, section 3.2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, 4.0]]]);
/// assert_eq!(GlobalAvgPool.predict(&picture)?, Vector([3.0, 1.0]));
/// let steps = Sequence([[1.0, 20.0], [3.0, 40.0]]);
/// assert_eq!(GlobalAvgPool.predict(&steps)?, Vector([2.0, 30.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("global average pooling", "GlobalAveragePooling2D", "GAP", "MeanPooling"))]
#[derive(Clone, Copy, Parameters)]
pub struct GlobalAvgPool;

/// The maximum of each channel over the whole image, or of each feature over all steps.
///
/// Forward `y[c] = max x[c, r, s]`, or `y[f] = max x[t, f]`; backward `dx = dy` for the first pixel or step (in memory
/// order) with the maximum, otherwise 0. A NaN counts as larger than any number.
///
/// # Shapes
/// `Image<C, H, W>` to `Vector<C>`, `Sequence<STEPS, FEATURES>` to `Vector<FEATURES>`, with sides of any size.
///
/// # Gradient flow
/// The Jacobian is a selection, with norm 1: each gradient goes unchanged to one number, and the others get none.
///
/// # Source
/// Oquab, Bottou, Laptev, Sivic, "Is object localization for free? Weakly-supervised learning with convolutional
/// neural networks", CVPR 2015, section 3.2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, 4.0]]]);
/// assert_eq!(GlobalMaxPool.predict(&picture)?, Vector([6.0, 4.0]));
/// let steps = Sequence([[1.0, 40.0], [3.0, 20.0]]);
/// assert_eq!(GlobalMaxPool.predict(&steps)?, Vector([3.0, 40.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("global max pooling", "GlobalMaxPooling2D"))]
#[derive(Clone, Copy, Parameters)]
pub struct GlobalMaxPool;

comparable!([] GlobalAvgPool);
comparable!([] GlobalMaxPool);

/// How many consecutive pixels are summed in the scalar type of the layer.
const BLOCK: usize = 256;

impl<const C: usize, const H: usize, const W: usize, T: Real> Layer<Image<C, H, W, T>> for GlobalAvgPool {
    type Output = Vector<C, T>;
    const PLAN: Plan = Plan::leaf::<Image<C, H, W, T>, Self>()
        .effect(Effect::Pool { gradient: 1.0 / (H * W) as f64 })
        .onnx(Onnx::nodes(&[OnnxNode::of_input("ReduceMean")
            .with(&[("axes", OnnxAttribute::Ints(&[2, 3])), ("keepdims", OnnxAttribute::Int(0))])]));

    fn forward(
        &self,
        input: &[Image<C, H, W, T>],
        output: &mut [Vector<C, T>],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let channels = Tensor::flat(input).chunks_exact(H * W);
        for (y, x) in Vector::flat_mut(output).iter_mut().zip(channels) {
            // The sums of blocks are added in `f64`, so that rounding errors do not grow with the size of the image.
            let total: f64 = x.chunks(BLOCK).map(|block| sum(block).to_f64()).sum();
            *y = T::from_f64(total / (H * W) as f64);
        }
    }

    fn backward(&self, pass: Backward<'_, Image<C, H, W, T>, Self>) {
        pass.check_lengths();
        let Backward { output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        let channels = Tensor::flat_mut(input_grad).chunks_exact_mut(H * W);
        for (dx, &dy) in channels.zip(Vector::flat(output_grad)) {
            dx.fill(dy / T::from_f64((H * W) as f64));
        }
    }
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> Layer<Sequence<STEPS, FEATURES, T>>
    for GlobalAvgPool
{
    type Output = Vector<FEATURES, T>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, FEATURES, T>, Self>()
        .effect(Effect::Pool { gradient: 1.0 / STEPS as f64 })
        .onnx(Onnx::nodes(&[OnnxNode::of_input("ReduceMean")
            .with(&[("axes", OnnxAttribute::Ints(&[1])), ("keepdims", OnnxAttribute::Int(0))])]));

    fn forward(
        &self,
        input: &[Sequence<STEPS, FEATURES, T>],
        output: &mut [Vector<FEATURES, T>],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        for (y, x) in output.iter_mut().zip(input) {
            sum_rows(x.0.as_flattened(), Accumulate::Overwrite, &mut y.0);
            y.0.iter_mut().for_each(|y| *y /= T::from_f64(STEPS as f64));
        }
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let Backward { output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        for (dx, dy) in input_grad.iter_mut().zip(output_grad) {
            for step in &mut dx.0 {
                step.iter_mut().zip(&dy.0).for_each(|(dx, &dy)| *dx = dy / T::from_f64(STEPS as f64));
            }
        }
    }
}

/// Implements a [`GlobalMaxPool`] over an axis.
macro_rules! global_max_pool {
    ([$($generics:tt)*] $layer:ty, $X:ty => $Y:ty, $along:expr, $axes:expr) => {
        impl<$($generics)*, T: Real> Layer<$X> for $layer {
            type Output = $Y;
            const PLAN: Plan = Plan::leaf::<$X, Self>().effect(Effect::Pool { gradient: 1.0 }).onnx(Onnx::nodes(&[
                OnnxNode::of_input("ReduceMax")
                    .with(&[("axes", OnnxAttribute::Ints($axes)), ("keepdims", OnnxAttribute::Int(0))]),
            ]));

            fn forward(&self, input: &[$X], output: &mut [$Y], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                $along.reduce::<_, Largest>(Tensor::flat(input), Tensor::flat_mut(output));
            }

            fn backward(&self, pass: Backward<'_, $X, Self>) {
                pass.check_lengths();
                let Backward { input, output, output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                let (x, y, dy) = (Tensor::flat(input), Tensor::flat(output), Tensor::flat(output_grad));
                $along.gradient::<_, Largest>(x, y, dy, Tensor::flat_mut(input_grad));
            }
        }
    };
}

global_max_pool!(
    [const C: usize, const H: usize, const W: usize] GlobalMaxPool,
    Image<C, H, W, T> => Vector<C, T>,
    Along { before: C, len: H * W, after: 1, rows: 1 },
    &[2, 3]
);
global_max_pool!(
    [const STEPS: usize, const FEATURES: usize] GlobalMaxPool,
    Sequence<STEPS, FEATURES, T> => Vector<FEATURES, T>,
    Along { before: 1, len: STEPS, after: FEATURES, rows: 1 },
    &[1]
);

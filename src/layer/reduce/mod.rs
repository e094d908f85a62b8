//! Layers that reduce one axis of a sample to a number: the mean, the sum, the maximum or the minimum.

mod along;
mod axis;

use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::Named;

use super::compare::comparable;
use super::onnx::Form;
use super::place::at_input;
use super::{Backward, Effect, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::tensor::{Padded, Tensor, Vector, len};

pub(crate) use along::Along;
pub(super) use along::{Largest, Mean, Reduction, Smallest, Total};
pub use axis::{Channels, Features, HasAxis, Height, Steps, Width};

/// The mean over one axis, such as `MeanOver<Steps>`.
///
/// Forward `y[i] = Σ x[i, k] / n` over the n places k of the axis; backward `dx[i, k] = dy[i] / n`.
///
/// # Shapes
/// | input | axis | output | in PyTorch |
/// |---|---|---|---|
/// | `Vector<N>` | [`Features`] | `Vector<1>` | `x.mean(1, keepdim=True)` |
/// | `Sequence<STEPS, FEATURES>` | [`Steps`] | `Vector<FEATURES>` | `x.mean(1)` of `[batch, steps, features]` |
/// | | [`Features`] | `Vector<STEPS>` | `x.mean(2)` |
/// | `Image<C, H, W>` | [`Channels`] | `Image<1, H, W>` | `x.mean(1, keepdim=True)` |
/// | | [`Height`] | `Sequence<W, C>`, with a step for each column | `x.mean(2)` |
/// | | [`Width`] | `Sequence<H, C>`, with a step for each row | `x.mean(3)` |
///
/// [`GlobalAvgPool`](crate::layer::GlobalAvgPool) computes the mean over the rows and columns of an image.
///
/// # Gradient flow
/// Linear. The norm of the Jacobian is 1 / √n: every number gets the same small share of the gradient.
///
/// # Source
/// PyTorch's `torch.mean` and ONNX's `ReduceMean` over one axis.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0, 20.0], [3.0, 40.0]]);
/// assert_eq!(MeanOver::<Steps>::default().predict(&steps)?, Vector([2.0, 30.0]));
/// assert_eq!(MeanOver::<Features>::default().predict(&steps)?, Vector([10.5, 21.5]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("torch.mean", "ReduceMean", "reduce_mean"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "MeanOver<{A}>")]
pub struct MeanOver<A: Named + Copy + Send + Sync + 'static> {
    #[parameter(skip)]
    axis: PhantomData<A>,
}

/// The sum over one axis, such as `SumOver<Channels>`.
///
/// Forward `y[i] = Σ x[i, k]` over the n places k of the axis; backward `dx[i, k] = dy[i]`.
///
/// # Shapes
/// The same as [`MeanOver`].
///
/// # Gradient flow
/// Linear. The norm of the Jacobian is √n: long axes make values and gradients grow.
///
/// # Source
/// PyTorch's `torch.sum` and ONNX's `ReduceSum` over one axis.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0]], [[3.0, 4.0]]]);
/// assert_eq!(SumOver::<Channels>::default().predict(&picture)?, Image([[[4.0, 6.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("torch.sum", "ReduceSum", "reduce_sum"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "SumOver<{A}>")]
pub struct SumOver<A: Named + Copy + Send + Sync + 'static> {
    #[parameter(skip)]
    axis: PhantomData<A>,
}

/// The maximum over one axis, such as `MaxOver<Steps>`.
///
/// Forward `y[i] = max x[i, k]` over the places k of the axis; backward `dx[i, k] = dy[i]` for the first k with the
/// maximum, otherwise 0. A NaN counts as larger than any number.
///
/// # Shapes
/// The same as [`MeanOver`]. [`GlobalMaxPool`](crate::layer::GlobalMaxPool) computes the maximum over the rows and
/// columns of an image.
///
/// # Gradient flow
/// The Jacobian is a selection, with norm 1: each gradient goes unchanged to one number, and the others get none.
///
/// # Source
/// PyTorch's `torch.max` over one axis, whose gradient goes to one number (the gradient of `torch.amax` is divided
/// among equal numbers), and ONNX's `ReduceMax`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0, 40.0], [3.0, 20.0]]);
/// assert_eq!(MaxOver::<Steps>::default().predict(&steps)?, Vector([3.0, 40.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("torch.max", "ReduceMax", "amax"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "MaxOver<{A}>")]
pub struct MaxOver<A: Named + Copy + Send + Sync + 'static> {
    #[parameter(skip)]
    axis: PhantomData<A>,
}

/// The minimum over one axis, such as `MinOver<Steps>`.
///
/// Forward `y[i] = min x[i, k]` over the places k of the axis; backward `dx[i, k] = dy[i]` for the first k with the
/// minimum, otherwise 0. A NaN counts as smaller than any number.
///
/// # Shapes
/// The same as [`MeanOver`].
///
/// # Gradient flow
/// The same as [`MaxOver`]: a selection, with norm 1.
///
/// # Source
/// PyTorch's `torch.min` over one axis, and ONNX's `ReduceMin`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0, 40.0], [3.0, 20.0]]);
/// assert_eq!(MinOver::<Features>::default().predict(&steps)?, Vector([1.0, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("torch.min", "ReduceMin", "amin"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "MinOver<{A}>")]
pub struct MinOver<A: Named + Copy + Send + Sync + 'static> {
    #[parameter(skip)]
    axis: PhantomData<A>,
}

/// Implements a layer that reduces an axis by a [`Reduction`].
macro_rules! reduces {
    ($layer:ident by $reduction:ty) => {
        comparable!([A: Named + Copy + Send + Sync + 'static] $layer<A>);
        at_input!([A: Named + Copy + Send + Sync + 'static, X: Tensor] $layer<A>, X);

        impl<A: Named + Copy + Send + Sync + 'static, X: HasAxis<A>> Layer<X> for $layer<A> {
            type Output = X::Rest;
            const PLAN: Plan = Plan::leaf::<X, Self>().effect(effect::<X, A, $reduction>()).form(Form::Reduce {
                operator: <$reduction as Reduction>::OPERATOR,
                along: <X as HasAxis<A>>::ALONG,
            });

            fn forward(&self, input: &[X], output: &mut [X::Rest], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                <X as HasAxis<A>>::ALONG.reduce::<_, $reduction>(X::flat(input), Tensor::flat_mut(output));
            }

            fn backward(&self, pass: Backward<'_, X, Self>) {
                pass.check_lengths();
                let Backward { input, output, output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                <X as HasAxis<A>>::ALONG.gradient::<_, $reduction>(
                    X::flat(input),
                    Tensor::flat(output),
                    Tensor::flat(output_grad),
                    X::flat_mut(input_grad),
                );
            }
        }
    };
}

reduces!(MeanOver by Mean);
reduces!(SumOver by Total);
reduces!(MaxOver by Largest);
reduces!(MinOver by Smallest);

/// Returns the effect: a gradient of length 1 becomes n numbers of `share`, or remains one number.
const fn effect<X: HasAxis<A>, A, R: Reduction>() -> Effect {
    let n = len::<X>() / if len::<X::Rest>() > 0 { len::<X::Rest>() } else { 1 };
    let share = if R::IS_MEAN { 1.0 / n as f64 } else { 1.0 };
    Effect::Pool { gradient: if R::SELECTS { 1.0 } else { n as f64 * share * share } }
}

at_input!([const STEPS: usize, const FEATURES: usize, T: Real] MeanOver<Steps>, Padded<STEPS, FEATURES, T>);

/// Computes the mean of the steps before the padding.
impl<const STEPS: usize, const FEATURES: usize, T: Real> Layer<Padded<STEPS, FEATURES, T>>
    for MeanOver<Steps>
{
    type Output = Vector<FEATURES, T>;
    const PLAN: Plan = Plan::leaf::<Padded<STEPS, FEATURES, T>, Self>()
        .form(Form::MeanStep)
        .effect(Effect::Pool { gradient: 1.0 / STEPS as f64 })
        .window(Window::WHOLE);

    fn forward(
        &self,
        input: &[Padded<STEPS, FEATURES, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        for (padded, y) in input.iter().zip(output) {
            y.0 = [T::zero(); FEATURES];
            for step in padded.steps() {
                y.0.iter_mut().zip(step).for_each(|(sum, x)| *sum += x);
            }
            let count = T::from_f64(padded.length().max(1) as f64);
            y.0.iter_mut().for_each(|mean| *mean /= count);
        }
    }

    fn backward(&self, pass: Backward<'_, Padded<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let grads = pass.input_grad.into_iter().flatten().zip(pass.output_grad);
        for (padded, (dx, dy)) in pass.input.iter().zip(grads) {
            let count = T::from_f64(padded.length().max(1) as f64);
            let (steps, padding) = dx.0.split_at_mut(padded.length());
            steps.fill(dy.0.map(|dy| dy / count));
            padding.as_flattened_mut().fill(T::zero());
        }
    }
}

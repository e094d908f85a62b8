use bytemuck::{must_cast_slice, must_cast_slice_mut};
use chainrule_derive::Parameters;
use chainrule_parameters::{Named, Parameters};

use super::StepAt;
use super::place::at_if;
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::recurrent::on_padded::on_padded;
use crate::layer::{At, Backward, BackwardHook, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::tensor::{Padded, Sequence, Tensor, Vector};

/// Applies one layer to each step of a sequence, with the same parameters at all steps.
///
/// Forward `y_t = F(x_t)` for each step t; backward `dx_t = J_F(x_t)' dy_t`. The gradients with respect to the
/// parameters are added over the steps.
///
/// # Shapes
/// F maps `Vector<IN>` to `Vector<OUT>`. Then `PerStep<F>` maps `Sequence<STEPS, IN>` to `Sequence<STEPS, OUT>`. The
/// parameters and their paths are those of F. F gets each step as a separate sample of the batch.
///
/// # Gradient flow
/// The Jacobian of each step is that of F. Steps do not affect one another.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.3: position-wise feed-forward networks. In
/// PyTorch, a `Linear` on a tensor of the shape `[.., features]`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// type FeedForward = PerStep<(Linear<4, 16>, Relu, Linear<16, 4>)>;
/// let net = FeedForward::init(&mut rng(1));
/// let y = net.predict(&Sequence([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]]))?;
/// let second: Vector<4> = net.layer.predict(&Vector([0.5, 0.6, 0.7, 0.8]))?;
/// approx::assert_relative_eq!(Vector(y.0[1]), second, max_relative = 1e-5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("TimeDistributed", "position-wise", "pointwise"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "PerStep<{F}>")]
pub struct PerStep<F> {
    /// F, the layer.
    #[parameter(flatten)]
    pub layer: F,
}

/// The output of a layer for one step, and the output for all steps of a sequence.
#[doc(hidden)]
pub trait Step: Tensor {
    type Steps<const STEPS: usize>: Tensor<Scalar = Self::Scalar>;
}

impl<const N: usize, T: Real> Step for Vector<N, T> {
    type Steps<const STEPS: usize> = Sequence<STEPS, N, T>;
}

type Steps<const STEPS: usize, Y> = <Y as Step>::Steps<STEPS>;

impl<const STEPS: usize, const IN: usize, T: Real, F: Layer<Vector<IN, T>, Output: Step>>
    Layer<Sequence<STEPS, IN, T>> for PerStep<F>
{
    type Output = Steps<STEPS, F::Output>;
    // The plan of F, with the same children, for STEPS samples of F in each sample.
    const PLAN: Plan = {
        let leaf = Plan::leaf::<Sequence<STEPS, IN, T>, Self>();
        Plan {
            name: <Self as Named>::NAME,
            parameters: &<Self as Parameters>::DESCRIPTION,
            input: leaf.input,
            output: leaf.output,
            window: Window::POINTWISE,
            ..F::PLAN.for_steps(STEPS).form(Form::PerStep(&F::PLAN))
        }
    };
    const OVERWRITES: bool = F::OVERWRITES;

    fn forward(
        &self,
        input: &[Sequence<STEPS, IN, T>],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        self.layer.forward(must_cast_slice(input), must_cast_slice_mut(output), workspace, mode);
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, IN, T>, Self>) {
        pass.check_lengths();
        self.layer.backward(steps(pass));
    }

    fn backward_with_hook(
        &self,
        pass: Backward<'_, Sequence<STEPS, IN, T>, Self>,
        hook: Option<&mut dyn BackwardHook>,
    ) {
        self.layer.backward_with_hook(steps(pass), hook);
    }
}

/// Returns the backward pass of the layer, with one sample for each step.
fn steps<const STEPS: usize, const IN: usize, T: Real, F: Layer<Vector<IN, T>, Output: Step>>(
    pass: Backward<'_, Sequence<STEPS, IN, T>, PerStep<F>>,
) -> Backward<'_, Vector<IN, T>, F> {
    let Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate } = pass;
    Backward {
        input: must_cast_slice(input),
        output: must_cast_slice(output),
        output_grad: must_cast_slice(output_grad),
        input_grad: input_grad.map(must_cast_slice_mut),
        gradient: &mut gradient.layer,
        workspace,
        accumulate,
    }
}

on_padded!(
    [const STEPS: usize, const IN: usize, const OUT: usize, T: Real, F: Layer<Vector<IN, T>, Output = Vector<OUT, T>>]
    PerStep<F>: IN => OUT
);

at_if!(
    [const STEPS: usize, const IN: usize, T: Real, F: At<PLACE, Vector<IN, T>>] PerStep<F>, Padded<STEPS, IN, T>,
    <F::Output as StepAt<PLACE>>::Check,
    where F::Output: StepAt<PLACE>
);

at_if!(
    [const STEPS: usize, const IN: usize, T: Real, F: At<PLACE, Vector<IN, T>>] PerStep<F>, Sequence<STEPS, IN, T>,
    <F::Output as StepAt<PLACE>>::Check,
    where F::Output: StepAt<PLACE>
);

comparable!([F: Parameters] PerStep<F>);

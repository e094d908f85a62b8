use chainrule_derive::Parameters;

use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::{
    Backward, Effect, Layer, Mode, Onnx, OnnxAttribute, OnnxInput, OnnxNode, Plan, Window, WorkspaceMut,
    check_lengths,
};
use crate::tensor::{Padded, Sequence, Vector};

/// Returns the last step of a sequence.
///
/// Forward `y = x(STEPS - 1)`; backward `dx(STEPS - 1) = dy`, and 0 for the other steps.
///
/// # Shapes
/// `Sequence<STEPS, FEATURES>` to `Vector<FEATURES>`, for at least one step.
/// [`GlobalAvgPool`](crate::layer::GlobalAvgPool) returns the mean over the steps.
///
/// # Gradient flow
/// Only the last step gets a gradient. After a recurrent layer, the gradient reaches the earlier steps only through
/// time.
///
/// # Source
/// In PyTorch: `output[:, -1]`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// assert_eq!(LastStep.predict(&Sequence([[1.0, 2.0], [3.0, 4.0]]))?, Vector([3.0, 4.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("return_sequences=False", "last hidden state"))]
#[derive(Clone, Copy, Parameters)]
pub struct LastStep;

comparable!([] LastStep);

impl<const STEPS: usize, const FEATURES: usize, T: Real> Layer<Sequence<STEPS, FEATURES, T>> for LastStep {
    type Output = Vector<FEATURES, T>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, FEATURES, T>, Self>()
        .onnx(Onnx::nodes(&[
            OnnxNode::new("Gather", &[OnnxInput::Input, OnnxInput::Integers(&[-1])])
                .with(&[("axis", OnnxAttribute::Int(1))]),
            OnnxNode::new("Reshape", &[OnnxInput::Output(0), OnnxInput::OutputShape]),
        ]))
        .effect(Effect::LastStep)
        .window(Window::WHOLE)
        .requires(
            STEPS > 0,
            &[chainrule_parameters::Part::Text("takes the last step, but the sequence has no steps")],
        );

    fn forward(
        &self,
        input: &[Sequence<STEPS, FEATURES, T>],
        output: &mut [Vector<FEATURES, T>],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        for (x, y) in input.iter().zip(output) {
            if let Some(last) = x.0.last() {
                y.0 = *last;
            }
        }
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        for (dx, dy) in pass.input_grad.into_iter().flatten().zip(pass.output_grad) {
            dx.0.as_flattened_mut().fill(T::zero());
            if let Some(last) = dx.0.last_mut() {
                *last = dy.0;
            }
        }
    }
}

/// Returns the last step before the padding.
impl<const STEPS: usize, const FEATURES: usize, T: Real> Layer<Padded<STEPS, FEATURES, T>> for LastStep {
    type Output = Vector<FEATURES, T>;
    const PLAN: Plan = Plan::leaf::<Padded<STEPS, FEATURES, T>, Self>()
        .form(Form::LastStep)
        .effect(Effect::LastStep)
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
            y.0 = padded.steps().last().unwrap_or([T::zero(); FEATURES]);
        }
    }

    fn backward(&self, pass: Backward<'_, Padded<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let grads = pass.input_grad.into_iter().flatten().zip(pass.output_grad);
        for (padded, (dx, dy)) in pass.input.iter().zip(grads) {
            dx.0.as_flattened_mut().fill(T::zero());
            if let Some(last) = dx.0[..padded.length()].last_mut() {
                *last = dy.0;
            }
        }
    }
}

use chainrule_derive::Parameters;

use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::{Backward, Effect, Layer, Mode, Plan, Space, Window, WorkspaceMut, check_lengths};
use crate::tensor::{Padded, Sequence};

/// Reverses the order of the steps of a sequence.
///
/// Forward `y(t) = x(STEPS - 1 - t)`; backward `dx(t) = dy(STEPS - 1 - t)`.
///
/// # Shapes
/// `Sequence<STEPS, FEATURES>`; the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is a permutation: its norm is 1.
///
/// # Source
/// Schuster, Paliwal, "Bidirectional recurrent neural networks", IEEE Transactions on Signal Processing 45 (1997): see
/// [`Bidirectional`](crate::stack::Bidirectional).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// assert_eq!(Reverse.predict(&Sequence([[1.0], [2.0], [3.0]]))?, Sequence([[3.0], [2.0], [1.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("flip", "go_backwards"))]
#[derive(Clone, Copy, Parameters)]
pub struct Reverse;

comparable!([] Reverse);

impl<const STEPS: usize, const FEATURES: usize, T: Real> Layer<Sequence<STEPS, FEATURES, T>> for Reverse {
    type Output = Sequence<STEPS, FEATURES, T>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, FEATURES, T>, Self>()
        .form(Form::Reverse)
        .effect(Effect::Unchanged)
        .window(Window::WHOLE);

    fn forward(
        &self,
        input: &[Sequence<STEPS, FEATURES, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        output.copy_from_slice(input);
        output.iter_mut().for_each(|y| y.0.reverse());
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let Some(dx) = pass.input_grad else { return };
        dx.copy_from_slice(pass.output_grad);
        dx.iter_mut().for_each(|dx| dx.0.reverse());
    }
}

/// Reverses the steps, and leaves the padding after them.
impl<const STEPS: usize, const FEATURES: usize, T: Real> Layer<Padded<STEPS, FEATURES, T>> for Reverse {
    type Output = Padded<STEPS, FEATURES, T>;
    const PLAN: Plan = Plan::leaf::<Padded<STEPS, FEATURES, T>, Self>()
        .form(Form::Reverse)
        .effect(Effect::Unchanged)
        .window(Window::WHOLE)
        .forward_scratch(Space::per_batch::<Sequence<STEPS, FEATURES, T>>(1));

    fn forward(
        &self,
        input: &[Padded<STEPS, FEATURES, T>],
        output: &mut [Self::Output],
        mut workspace: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let [steps] = workspace.scratch(1) else { return };
        for (padded, output) in input.iter().zip(output) {
            padded.write_to(steps);
            steps.0[..padded.length()].reverse();
            output.set(steps, padded.length());
        }
    }

    fn backward(&self, pass: Backward<'_, Padded<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let Some(dx) = pass.input_grad else { return };
        dx.copy_from_slice(pass.output_grad);
        for (padded, dx) in pass.input.iter().zip(dx) {
            let (steps, padding) = dx.0.split_at_mut(padded.length());
            steps.reverse();
            padding.as_flattened_mut().fill(T::zero());
        }
    }
}

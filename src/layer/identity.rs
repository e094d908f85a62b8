use super::compare::comparable;
use super::{Backward, Layer, Mode, Plan, WorkspaceMut, check_lengths};
use crate::tensor::Sample;
use bytemuck::Pod;
use chainrule_derive::Parameters;

/// Returns its input.
///
/// Forward `y = x`, backward `dx = dy`. The skip path of a plain [`Residual`](crate::stack::Residual) block.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is the identity: gradients pass unchanged through any number of these layers.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Identity.predict(&Vector([1.0, -2.0]))?, Vector([1.0, -2.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Identity", "no-op", "linear activation"))]
#[derive(Clone, Copy, Parameters)]
pub struct Identity;

comparable!([] Identity);

impl<X: Sample + Pod> Layer<X> for Identity {
    type Output = X;
    const PLAN: Plan = Plan::leaf::<X, Self>().identity();

    fn forward(&self, input: &[X], output: &mut [X], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        output.copy_from_slice(input);
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { output_grad, input_grad, .. } = pass;
        if let Some(input_grad) = input_grad {
            input_grad.copy_from_slice(output_grad);
        }
    }
}

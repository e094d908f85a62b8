use super::parameters::nothing_to_train;
use super::{Layer, Mode, Probe};
use crate::tensor::Tensor;

/// Gives its input back.
///
/// Forward `y = x`, backward `dx = dy`. The plain skip of a [`Residual`](crate::stack::Residual) block.
///
/// # Shapes
/// Any to itself.
///
/// # Gradient flow
/// The Jacobian is the identity: gradients pass exactly, however many of these stand in a row.
///
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Identity.predict(&Vector([1.0, -2.0]))?, Vector([1.0, -2.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity;

nothing_to_train!([] Identity);

impl<X: Tensor> Layer<X> for Identity {
    type Output = X;
    type Tape = ();
    const IS_IDENTITY: bool = true;

    fn forward(&self, input: &[X], output: &mut [X], _: &mut (), _: &mut Mode<'_>) {
        X::flat_mut(output).copy_from_slice(X::flat(input));
    }

    fn backward<P: Probe>(
        &self,
        _: &[X],
        _: &[X],
        output_grad: &[X],
        input_grad: Option<&mut [X]>,
        _: &mut Self,
        _: &mut (),
        _: &mut P,
    ) {
        if let Some(input_grad) = input_grad {
            X::flat_mut(input_grad).copy_from_slice(X::flat(output_grad));
        }
    }
}

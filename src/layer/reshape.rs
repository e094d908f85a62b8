use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::compare::comparable;
use super::{Backward, Effect, Layer, Mode, Plan, Window, WorkspaceMut};
use crate::kernel::Real;
use crate::tensor::Tensor;

/// The same numbers in another shape.
///
/// Forward `y = x`, backward `dx = dy`, in memory order.
///
/// # Shapes
/// Any shape to `To`, which must have as many numbers, of any size. If the numbers differ, the program does not
/// compile. The type checker cannot multiply sides of any size, so this error comes from `cargo build`, or from
/// `cargo check` if the network is checked by `shapes` or `network!`.
///
/// # Gradient flow
/// The Jacobian is the identity.
///
/// # Source
/// The memory order is row-major, as in C, NumPy and PyTorch.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Reshape::<Image<1, 2, 3>>::default().predict(&Vector([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))?;
/// assert_eq!(picture, Image([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Parameters)]
#[parameters(name = "Reshape<{To}>")]
pub struct Reshape<To: Tensor> {
    #[parameter(skip)]
    to: PhantomData<To>,
}

impl<To: Tensor> Reshape<To> {
    /// The check, which is evaluated wherever the layer is used with an `X`.
    const fn same_numbers_as<X: Tensor>() {
        crate::error::require(
            X::LEN == To::LEN,
            "a tensor can only be reshaped to one of as many numbers: the product of the sides must stay the same",
        );
    }
}

impl<T: Real, X: Tensor<Scalar = T>, To: Tensor<Scalar = T>> Layer<X> for Reshape<To> {
    type Output = To;
    // Evaluated here too, so that a constant with a network's cost or plan, such as that of `shapes`, reports it in
    // `cargo check` and not only in `cargo build`.
    const PLAN: Plan = {
        Self::same_numbers_as::<X>();
        let plan = Plan::leaf::<X, Self>().effect(Effect::Unchanged);
        match (X::SHAPE, To::SHAPE) {
            // Several steps become one.
            ([steps, _], [fewer, _]) if *fewer > 0 && *steps % *fewer == 0 => {
                plan.window(Window::of(*steps / *fewer, *steps / *fewer, 0))
            }
            _ => plan,
        }
    };

    fn forward(&self, input: &[X], output: &mut [To], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        To::flat_mut(output).copy_from_slice(X::flat(input));
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        let Backward { output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        X::flat_mut(input_grad).copy_from_slice(To::flat(output_grad));
    }
}

comparable!([To: Tensor] Reshape<To>);

// By hand, because derived impls would have the same bound on `To`.
impl<To: Tensor> Clone for Reshape<To> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<To: Tensor> Copy for Reshape<To> {}

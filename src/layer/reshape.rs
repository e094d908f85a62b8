use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::compare::comparable;
use super::{Backward, Effect, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::tensor::{Tensor, len};

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

impl<T: Real, X: Tensor<Scalar = T>, To: Tensor<Scalar = T>> Layer<X> for Reshape<To> {
    type Output = To;
    const PLAN: Plan =
        Plan::leaf::<X, Self>().effect(Effect::Unchanged).window(window(X::SHAPE, To::SHAPE)).requires(
            len::<X>() == len::<To>(),
            &[
                Part::Text("takes "),
                Part::Number(len::<X>() as u64),
                Part::Text(" numbers, of the sides ["),
                Part::Sides(X::SHAPE),
                Part::Text("], and gives "),
                Part::Number(len::<To>() as u64),
                Part::Text(", of the sides ["),
                Part::Sides(To::SHAPE),
                Part::Text("]: a tensor can only be reshaped to one of as many numbers"),
            ],
        );

    fn forward(&self, input: &[X], output: &mut [To], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        To::flat_mut(output).copy_from_slice(X::flat(input));
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        X::flat_mut(input_grad).copy_from_slice(To::flat(output_grad));
    }
}

/// Several steps become one; any other change mixes them.
const fn window(from: &[usize], to: &[usize]) -> Window {
    match (from, to) {
        ([steps, _], [fewer, _]) if *fewer > 0 && *steps % *fewer == 0 => {
            Window::of(*steps / *fewer, *steps / *fewer, 0)
        }
        _ => Window::guess(from, to),
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

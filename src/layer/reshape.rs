use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::compare::comparable;
use super::onnx::Form;
use super::{Backward, Effect, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::tensor::{Tensor, len};

/// Converts a tensor to another shape with the same numbers.
///
/// Forward `y = x`, backward `dx = dy`. The numbers of an image are in the order channels, rows, columns. If only one
/// of input and output is a sequence, its numbers are in the order features, steps, as in [`Flatten`](super::Flatten).
/// From sequence to sequence they are in the order of steps, so that several steps become one.
///
/// # Shapes
/// Any shape to `To`, which must have the same number of elements; both can be of any size. If the numbers differ, the
/// program does not compile. The type checker cannot multiply sides of any size, so this error comes from
/// `cargo build`. It comes from `cargo check` if the network is checked by `shapes` or `network!`.
///
/// # Gradient flow
/// The Jacobian is the identity.
///
/// # Source
/// The order is that of PyTorch's `reshape`, if sequences are `[features, steps]` as after `nn.Conv1d`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Reshape::<Image<1, 2, 3>>::default().predict(&Vector([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))?;
/// assert_eq!(picture, Image([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]));
///
/// // The two channels of an image become the two features of a sequence.
/// let steps = Reshape::<Sequence<3, 2>>::default().predict(&Image([[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]))?;
/// assert_eq!(steps, Sequence([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]));
/// // Two steps of two features become one of four.
/// let joined = Reshape::<Sequence<1, 4>>::default().predict(&Sequence([[1.0, 2.0], [3.0, 4.0]]))?;
/// assert_eq!(joined, Sequence([[1.0, 2.0, 3.0, 4.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("view", "Unflatten"))]
#[derive(Parameters)]
#[parameters(name = "Reshape<{To}>", flattens)]
pub struct Reshape<To: Tensor> {
    #[parameter(skip)]
    to: PhantomData<To>,
}

impl<T: Real, X: Tensor<Scalar = T>, To: Tensor<Scalar = T>> Layer<X> for Reshape<To> {
    type Output = To;
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .effect(Effect::Unchanged)
        .form(Form::Reshape)
        .window(window(X::SHAPE, To::SHAPE))
        .requires(
            len::<X>() == len::<To>(),
            &[
                Part::Text("takes "),
                Part::Number(len::<X>() as u64),
                Part::Text(" elements, of the shape ["),
                Part::Sides(X::SHAPE),
                Part::Text("], and gives "),
                Part::Number(len::<To>() as u64),
                Part::Text(", of the shape ["),
                Part::Sides(To::SHAPE),
                Part::Text("]: the number of elements must stay the same"),
            ],
        );

    fn forward(&self, input: &[X], output: &mut [To], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        reorder(input, output);
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        reorder(output_grad, input_grad);
    }
}

/// Copies the numbers of `from` to tensors of another shape. If only one of the shapes is a sequence, which has two
/// sides, it is read or written feature by feature.
pub(super) fn reorder<X: Tensor<Scalar = T>, Y: Tensor<Scalar = T>, T: Real>(from: &[X], to: &mut [Y]) {
    match (X::SHAPE, Y::SHAPE) {
        ([_, _], [_, _]) => Y::flat_mut(to).copy_from_slice(X::flat(from)),
        ([steps, features], _) => transpose(X::flat(from), [*steps, *features], Y::flat_mut(to)),
        (_, [steps, features]) => transpose(X::flat(from), [*features, *steps], Y::flat_mut(to)),
        _ => Y::flat_mut(to).copy_from_slice(X::flat(from)),
    }
}

/// Transposes matrices with this many rows and columns, one after another.
pub(crate) fn transpose<T: Copy>(from: &[T], [rows, columns]: [usize; 2], to: &mut [T]) {
    let Some(len) = rows.checked_mul(columns).filter(|len| *len > 0) else { return };
    for (from, to) in from.chunks_exact(len).zip(to.chunks_exact_mut(len)) {
        for (column, to) in to.chunks_exact_mut(rows).enumerate() {
            to.iter_mut().zip(from.chunks_exact(columns)).for_each(|(y, row)| *y = row[column]);
        }
    }
}

/// Returns the window of a change of shape: one step can be several steps of the input. All other changes mix the
/// steps.
const fn window(from: &[usize], to: &[usize]) -> Window {
    match (from, to) {
        ([steps, _], [fewer, _]) if *fewer > 0 && *steps % *fewer == 0 => {
            Window::of(*steps / *fewer, *steps / *fewer, 0)
        }
        _ => Window::guess(from, to),
    }
}

comparable!([To: Tensor] Reshape<To>);

// Written by hand, because a derive would add the same bound to `To`.
impl<To: Tensor> Clone for Reshape<To> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<To: Tensor> Copy for Reshape<To> {}

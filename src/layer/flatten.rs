use super::compare::comparable;
use super::onnx::Form;
use super::place::at_input;
use super::reshape::reorder;
use super::{Backward, Effect, Layer, Mode, Plan, WorkspaceMut, check_lengths};
use crate::tensor::{Flattened, Tensor};
use chainrule_derive::Parameters;

/// Converts an image or a sequence to a vector with the same numbers.
///
/// Forward `y = x`, backward `dx = dy`. An image is flattened channel by channel and row by row, a sequence feature by
/// feature.
///
/// # Shapes
/// `Image<C, H, W>` to `Vector<C H W>`, `Sequence<STEPS, FEATURES>` to `Vector<STEPS FEATURES>`, both up to 2048
/// numbers; a `Vector` to itself. A linear layer needs no flattening:
/// [`Dense<Image<3, 32, 32>, Vector<10>>`](super::Dense) takes images of any size.
///
/// # Gradient flow
/// The Jacobian is the identity.
///
/// # Source
/// The order is that of PyTorch's `nn.Flatten`. PyTorch has images as `[channels, height, width]`, and sequences after
/// `nn.Conv1d` as `[features, steps]`. In memory, a [`Sequence`](crate::tensor::Sequence) is stored step by step. To
/// flatten step by step, write `(Reshape<Sequence<1, LEN>>, Flatten)`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]);
/// assert_eq!(Flatten.predict(&picture)?, Vector([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]));
/// let steps = Sequence([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]);
/// assert_eq!(Flatten.predict(&steps)?, Vector([1.0, 2.0, 3.0, 10.0, 20.0, 30.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Flatten", "ravel"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, flattens)]
pub struct Flatten;

at_input!([X: Tensor] Flatten, X);

comparable!([] Flatten);

impl<X: Flattened> Layer<X> for Flatten {
    type Output = X::Vector;
    const PLAN: Plan = Plan::leaf::<X, Self>().effect(Effect::Unchanged).form(Form::Reshape);

    fn forward(&self, input: &[X], output: &mut [X::Vector], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
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

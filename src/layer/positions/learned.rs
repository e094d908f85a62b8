use chainrule_derive::Parameters;
use typenum::type_operators::IsLessOrEqual;
use typenum::{B1, LeEq};

use super::AddPosition;
use crate::kernel::{Real, elementwise};
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::place::at_input;
use crate::layer::recurrent::on_padded;
use crate::layer::{Backward, Effect, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::tensor::side::{Known, Side};
use crate::tensor::{Aligned, Padded, Sequence, Tensor, Vector};

/// Adds a trained vector to each step of a sequence, so that the layers after it can distinguish the steps.
///
/// Forward `y_t = x_t + P[t]`; backward `dx = dy`, and `dP[t] = dy_t`, summed over the batch.
///
/// # Shapes
/// `Sequence<N, WIDTH>` or `Padded<N, WIDTH>` with N up to `STEPS`; the output has the shape of the input. `weight` (P)
/// is `[STEPS, WIDTH]`. A shorter sequence uses its first rows. In PyTorch it is the table of an
/// `nn.Embedding(STEPS, WIDTH)` for the indices of the steps. It is initialized like the table of an
/// [`Embedding`](crate::Embedding).
///
/// In a [stream](crate::stream) it counts the steps. After `STEPS` of them it returns
/// [`Error::StreamEnd`](crate::Error::StreamEnd).
///
/// # Gradient flow
/// The Jacobian is the identity.
///
/// # Source
/// Gehring, Auli, Grangier, Yarats, Dauphin, "Convolutional sequence to sequence learning", ICML 2017, section 3.1.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut layer = LearnedPositions::<3, 2>::zeros();
/// *layer.weight = [[0.5, 0.0].into(), [0.0, 0.25].into(), [9.0, 9.0].into()];
/// assert_eq!(layer.predict(&Sequence([[1.0, 2.0], [3.0, 4.0]]))?, Sequence([[1.5, 2.0], [3.0, 4.25]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("positional encoding", "position embedding", "positional embedding"))]
#[derive(Clone, Parameters)]
#[parameters(place = own, name = "LearnedPositions<{STEPS}, {WIDTH}{:T}>")]
pub struct LearnedPositions<const STEPS: usize, const WIDTH: usize, T: Real = f32> {
    /// P: a row for each step of a sequence.
    #[parameter(weight, fan_in = WIDTH, fan_out = WIDTH, layout = OutputsFirst, shape = &[STEPS, WIDTH], scalar = T)]
    pub weight: Aligned<[Vector<WIDTH, T>; STEPS]>,
}

/// A number of steps that is at most `MOST`, the number of positions.
pub trait HasPositions<const MOST: usize> {}

impl<const STEPS: usize, const MOST: usize> HasPositions<MOST> for Side<STEPS>
where
    Side<STEPS>: Known,
    Side<MOST>: Known,
    <Side<STEPS> as Known>::Number: IsLessOrEqual<<Side<MOST> as Known>::Number>,
    LeEq<<Side<STEPS> as Known>::Number, <Side<MOST> as Known>::Number>: Longest<STEPS, MOST>,
{
}

/// Whether there are enough positions for all steps.
#[diagnostic::on_unimplemented(
    message = "a sequence of {STEPS} steps is longer than the {MOST} learned positions",
    label = "the steps from {MOST} on have no learned position",
    note = "use `LearnedPositions<{STEPS}, WIDTH>`, or `SinusoidalPositions`, which take a sequence of any length",
    note = "a shorter sequence is allowed: it uses the first positions"
)]
pub trait Longest<const STEPS: usize, const MOST: usize> {}

impl<const STEPS: usize, const MOST: usize> Longest<STEPS, MOST> for B1 {}

impl<const MOST: usize, const WIDTH: usize, const STEPS: usize, T: Real> Layer<Sequence<STEPS, WIDTH, T>>
    for LearnedPositions<MOST, WIDTH, T>
where
    Side<STEPS>: HasPositions<MOST>,
{
    type Output = Sequence<STEPS, WIDTH, T>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, WIDTH, T>, Self>()
        .effect(Effect::AddedTable)
        .window(Window::POINTWISE)
        .form(Form::Positions { learned: true });

    fn forward(
        &self,
        input: &[Sequence<STEPS, WIDTH, T>],
        output: &mut [Sequence<STEPS, WIDTH, T>],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let positions = &bytemuck::must_cast_slice(&*self.weight)[..STEPS * WIDTH];
        for (x, y) in input.iter().zip(output) {
            elementwise(&AddPosition, [x.as_slice(), positions], [y.as_mut_slice()]);
        }
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, WIDTH, T>, Self>) {
        pass.check_lengths();
        for dy in pass.output_grad {
            for (sum, dy) in pass.gradient.weight.iter_mut().zip(&dy.0) {
                sum.0.iter_mut().zip(dy).for_each(|(sum, &dy)| *sum += dy);
            }
        }
        if let Some(input_grad) = pass.input_grad {
            input_grad.copy_from_slice(pass.output_grad);
        }
    }
}

impl<const MOST: usize, const WIDTH: usize, const STEPS: usize, T: Real> Layer<Padded<STEPS, WIDTH, T>>
    for LearnedPositions<MOST, WIDTH, T>
where
    Side<STEPS>: HasPositions<MOST>,
{
    type Output = Padded<STEPS, WIDTH, T>;
    const PLAN: Plan =
        on_padded::plan::<STEPS, WIDTH, WIDTH, T>(<Self as Layer<Sequence<STEPS, WIDTH, T>>>::PLAN);

    fn forward(
        &self,
        input: &[Padded<STEPS, WIDTH, T>],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        on_padded::forward(self, input, output, workspace, mode);
    }

    fn backward(&self, pass: Backward<'_, Padded<STEPS, WIDTH, T>, Self>) {
        on_padded::backward(self, pass, None);
    }
}

at_input!(
    [const MOST: usize, const WIDTH: usize, const STEPS: usize, T: Real] LearnedPositions<MOST, WIDTH, T>,
    Sequence<STEPS, WIDTH, T>
);
at_input!(
    [const MOST: usize, const WIDTH: usize, const STEPS: usize, T: Real] LearnedPositions<MOST, WIDTH, T>,
    Padded<STEPS, WIDTH, T>
);
comparable!([const STEPS: usize, const WIDTH: usize, T: Real] LearnedPositions<STEPS, WIDTH, T>);

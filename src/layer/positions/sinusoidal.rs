use chainrule_derive::Parameters;

use super::AddPosition;
use crate::kernel::{Real, elementwise};
use crate::layer::onnx::Form;
use crate::layer::recurrent::on_padded::on_padded;
use crate::layer::{Backward, Layer, Mode, Plan, Space, Window, WorkspaceMut, check_lengths};
use crate::tensor::{Sequence, Tensor};

/// Adds sines and cosines of the step number to the features of each step, so that the layers after it can distinguish
/// the steps.
///
/// Forward `y_t = x_t + p_t`, where `p_t[2i] = sin(t / 10000^(2i / WIDTH))` and `p_t[2i + 1]` is the cosine of the same
/// angle; backward `dx = dy`. The sines and cosines are computed in `f64` and rounded once.
///
/// # Shapes
/// `Sequence<STEPS, WIDTH>` or `Padded<STEPS, WIDTH>` of any length; the output has the shape of the input. The layer
/// has no parameters. If `WIDTH` is odd, the last feature gets a sine.
///
/// # Gradient flow
/// The Jacobian is the identity. The mean square of `p_t` is 1/2.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.5.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let y: Sequence<2, 2> = SinusoidalPositions.predict(&Sequence([[10.0, 10.0], [10.0, 10.0]]))?;
/// approx::assert_relative_eq!(y, Sequence([[10.0, 11.0], [10.0 + 1_f32.sin(), 10.0 + 1_f32.cos()]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("positional encoding", "positional embedding", "PositionalEncoding"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Parameters)]
pub struct SinusoidalPositions;

/// Returns the angle of a feature at step 1. Features 2i and 2i + 1 have the same angle.
pub(crate) fn frequency(feature: usize, width: usize) -> f64 {
    libm::pow(10000.0, -((feature / 2 * 2) as f64 / width as f64))
}

/// Writes the sines and cosines of a step. `frequency` returns the angle of a feature at step 1. (A recurrence for the
/// sines and cosines of a sum would save time, but would lose bits with each step.)
pub(crate) fn fill<T: Real>(step: u64, frequency: impl Fn(usize) -> f64, position: &mut [T]) {
    for (i, pair) in position.chunks_mut(2).enumerate() {
        let (sin, cos) = libm::sincos(step as f64 * frequency(2 * i));
        pair[0] = T::from_f64(sin);
        if let Some(second) = pair.get_mut(1) {
            *second = T::from_f64(cos);
        }
    }
}

impl<const WIDTH: usize, const STEPS: usize, T: Real> Layer<Sequence<STEPS, WIDTH, T>>
    for SinusoidalPositions
{
    type Output = Sequence<STEPS, WIDTH, T>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, WIDTH, T>, Self>()
        .window(Window::POINTWISE)
        .forward_scratch(Space::per_batch::<T>(STEPS * WIDTH))
        .forward_scratch(Space::per_batch::<f64>(WIDTH))
        .form(Form::Positions { learned: false });

    fn forward(
        &self,
        input: &[Sequence<STEPS, WIDTH, T>],
        output: &mut [Sequence<STEPS, WIDTH, T>],
        mut workspace: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let (positions, frequencies) =
            (workspace.scratch::<T>(STEPS * WIDTH), workspace.scratch::<f64>(WIDTH));
        frequencies.iter_mut().enumerate().for_each(|(at, to)| *to = frequency(at, WIDTH));
        for (step, position) in positions.chunks_mut(WIDTH).enumerate() {
            fill(step as u64, |at| frequencies[at], position);
        }
        for (x, y) in input.iter().zip(output) {
            elementwise(&AddPosition, [x.as_slice(), positions], [y.as_mut_slice()]);
        }
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, WIDTH, T>, Self>) {
        pass.check_lengths();
        if let Some(input_grad) = pass.input_grad {
            input_grad.copy_from_slice(pass.output_grad);
        }
    }
}

on_padded!(
    [const WIDTH: usize, const STEPS: usize, T: Real] SinusoidalPositions: WIDTH => WIDTH
);

//! Shared by the transformers among the examples: trained positions.

use chainrule::prelude::*;

/// Adds a trained vector to each step.
#[derive(Parameters)]
pub(crate) struct LearnedPositions<const STEPS: usize, const WIDTH: usize> {
    #[parameter(weight, fan_in = WIDTH, fan_out = WIDTH)]
    weight: Sequence<STEPS, WIDTH>,
}

impl<const STEPS: usize, const WIDTH: usize> Layer<Sequence<STEPS, WIDTH>>
    for LearnedPositions<STEPS, WIDTH>
{
    type Output = Sequence<STEPS, WIDTH>;

    fn forward(&self, x: &[Self::Output], y: &mut [Self::Output], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        x.iter().zip(y).for_each(|(x, y)| *y = *x + self.weight);
    }

    fn backward(&self, pass: Backward<'_, Self::Output, Self>) {
        pass.output_grad.iter().for_each(|dy| pass.gradient.weight += dy);
        if let Some(input_grad) = pass.input_grad {
            input_grad.copy_from_slice(pass.output_grad);
        }
    }
}

//! A layer whose input has no gradient.

use chainrule::prelude::*;

/// A vector for each class: its input is not a number, and has no gradient.
#[derive(Clone, Copy, Parameters)]
pub(crate) struct Embedding<const CLASSES: usize, const N: usize> {
    #[parameter(weight, fan_in = 1, fan_out = N)]
    pub(crate) weight: [[f64; N]; CLASSES],
}

impl<const CLASSES: usize, const N: usize> Layer<Label<CLASSES>> for Embedding<CLASSES, N> {
    type Output = Vector<N, f64>;

    fn forward(
        &self,
        input: &[Label<CLASSES>],
        output: &mut [Vector<N, f64>],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        for (y, label) in output.iter_mut().zip(input) {
            y.0 = self.weight[label.index()];
        }
    }

    fn backward(&self, pass: Backward<'_, Label<CLASSES>, Self>) {
        // `pass.input_grad` is a slice of `NoGrad`, which is not read.
        for (label, dy) in pass.input.iter().zip(pass.output_grad) {
            let row = &mut pass.gradient.weight[label.index()];
            row.iter_mut().zip(&dy.0).for_each(|(sum, dy)| *sum += dy);
        }
    }
}

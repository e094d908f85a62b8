use alloc::vec::Vec;

use super::batch::Batch;
use crate::layer::{AnyLayer, Space, Workspace};
use crate::tensor::Numbers;

/// The memory of the passes that compute a Jacobian together, which limits their number of rows.
const MEMORY: usize = 1 << 26;
const ROWS: usize = 256;

/// A layer whose passes run on numbers in the scalar type of `like`.
pub(super) struct Passes<'a> {
    layer: &'a dyn AnyLayer,
    pub(super) like: &'a Numbers<'a>,
    /// The number of elements of an input.
    pub(super) inputs: usize,
    /// The number of elements of an output.
    pub(super) outputs: usize,
    workspace: Workspace,
}

impl<'a> Passes<'a> {
    pub(super) fn new(layer: &'a dyn AnyLayer, like: &'a Numbers<'a>) -> Self {
        let [inputs, outputs] = [layer.plan().input, layer.plan().output].map(|shape| shape.iter().product());
        Self { layer, like, inputs, outputs, workspace: Workspace::default() }
    }

    /// Computes the outputs of the layer for these inputs. `None` if its input is not plain data.
    pub(super) fn forward(&mut self, input: &Batch, samples: usize) -> Option<Batch> {
        let mut output = Batch::zeros(self.like, samples * self.outputs);
        let workspace = self.workspace.reserve(self.layer.plan(), Space::NONE, samples);
        self.layer.forward(input.bytes(), output.bytes_mut(), workspace).then_some(output)
    }

    /// Computes the product of a cotangent of each sample with the Jacobian at `at`. `at` is one input, or 0 if it has
    /// no numbers.
    fn rows(&mut self, at: &Numbers<'_>, output_grad: &Batch, samples: usize) -> Batch {
        let input = match at {
            Numbers::None => Batch::zeros(self.like, samples * self.inputs),
            at => Batch::new(self.like, samples * self.inputs, |number| at.get(number % self.inputs)),
        };
        let mut input_grad = Batch::zeros(self.like, samples * self.inputs);
        if let Some(output) = self.forward(&input, samples) {
            let workspace = self.workspace.reserve(self.layer.plan(), Space::NONE, samples);
            let dx = input_grad.bytes_mut();
            self.layer.backward(input.bytes(), output.bytes(), output_grad.bytes(), dx, workspace);
        }
        input_grad
    }

    /// Computes Jᵀ u, with the Jacobian J at this input.
    pub(super) fn back(&mut self, at: &Numbers<'_>, u: &[f64]) -> Vec<f64> {
        let output_grad = Batch::new(self.like, u.len(), |at| u[at]);
        self.rows(at, &output_grad, 1).numbers().iter().collect()
    }

    /// Computes the Jacobian at this input, with a row for each output.
    pub(super) fn jacobian(&mut self, at: &Numbers<'_>) -> Vec<f64> {
        let (plan, outputs) = (self.layer.plan(), self.outputs);
        let space = plan.saved.and(plan.forward_scratch.or(plan.backward_scratch)).per_sample;
        let sample = space.saturating_add(16 * (self.inputs + outputs));
        let most = (MEMORY / sample.max(1)).clamp(1, ROWS);
        let mut matrix = Vec::with_capacity(outputs * self.inputs);
        for start in (0..outputs).step_by(most) {
            let rows = most.min(outputs - start);
            let units = Batch::new(self.like, rows * outputs, |at| {
                f64::from(u8::from(at % outputs == start + at / outputs))
            });
            matrix.extend(self.rows(at, &units, rows).numbers().iter());
        }
        matrix
    }
}

//! Layers of tokens and of their positions.

use chainrule_parameters::Segment;

use super::ExportError;
use super::value::Value;
use super::writer::Writer;
use crate::layer::Plan;
use crate::layer::positions::{fill, frequency};

impl Writer {
    /// Writes the lookup of the row of each token.
    pub(super) fn embedding(&mut self, plan: &Plan, input: Value) -> Result<Value, ExportError> {
        let (tokens, lengths) = self.sequence(plan, input)?;
        let table = self.table(plan)?;
        let y = self.graph.node("Gather", &[&table, &tokens], &[]);
        Ok(self.of_steps(plan, y, lengths))
    }

    fn table(&mut self, plan: &Plan) -> Result<super::graph::Name, ExportError> {
        let table = self.graph.parameter("weight", |array| array);
        table.ok_or_else(|| self.wrong(plan, "it has no parameter `weight`"))
    }

    /// Adds the positions of the steps to a sequence.
    pub(super) fn positions(
        &mut self,
        plan: &Plan,
        learned: bool,
        input: Value,
    ) -> Result<Value, ExportError> {
        let (x, lengths) = self.sequence(plan, input)?;
        let &[steps, width] = plan.input else { return Err(self.wrong(plan, "its input is not a sequence")) };
        let positions = if learned {
            self.graph.parameter("weight", |array| array.take(&(0..steps).collect::<Vec<_>>()))
        } else {
            let mut numbers = vec![0.0; steps * width];
            for (step, position) in numbers.chunks_mut(width).enumerate() {
                fill(step as u64, |feature| frequency(feature, width), position);
            }
            Some(self.graph.constant("positions", &[steps, width], numbers))
        };
        let positions = positions.ok_or_else(|| self.wrong(plan, "it has no parameter `weight`"))?;
        let y = self.graph.node("Add", &[&x, &positions], &[]);
        Ok(self.of_steps(plan, y, lengths))
    }

    /// Writes the embedding, the body, and the product with the embedding's table.
    pub(super) fn tied(&mut self, plan: &Plan, input: Value) -> Result<Value, ExportError> {
        let embedded = self.child(&plan.children[0], 0, input)?;
        let hidden = self.child(&plan.children[1], 0, embedded)?;
        let hidden = self.one(plan, hidden)?;
        let outside = self.graph.path.clone();
        self.graph.enter(Segment::Name("embedding"));
        let table = self.table(plan);
        self.graph.path = outside;
        let transposed = self.graph.transpose(&table?, &[1, 0]);
        let y = self.graph.node("MatMul", &[&hidden, &transposed], &[]);
        Ok(self.output(plan, y))
    }
}

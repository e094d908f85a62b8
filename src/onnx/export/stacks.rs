//! Layers that contain layers, and layers on pairs.

use super::ExportError;
use super::graph::{Attribute, Name};
use super::recurrent::{Direction, directions, reversed};
use super::shapes::{axis, kept};
use super::value::Value;
use super::writer::Writer;
use crate::layer::Plan;
use crate::layer::onnx::Form;

impl Writer {
    /// Writes layers one after the other. A recurrent layer between two layers that reverse the steps is a single node.
    pub(super) fn in_order(&mut self, plan: &Plan, input: Value) -> Result<Value, ExportError> {
        if let Some((child, kind)) = reversed(plan) {
            let outside = self.graph.path.clone();
            let (x, lengths) = self.sequence(plan, input)?;
            self.graph.enter(child.name);
            let y = self.recurrent(child.plan, kind, Direction::Reverse, &x, lengths.as_deref())?;
            self.graph.path = outside;
            return Ok(self.of_steps(plan, y, lengths));
        }
        let mut value = input;
        for child in plan.children {
            for at in 0..child.copies {
                value = self.child(child, at, value)?;
            }
        }
        Ok(value)
    }

    /// Writes layers with the same input, and concatenates their outputs. A recurrent layer in both directions is a
    /// single node.
    pub(super) fn branches(&mut self, plan: &Plan, input: Value) -> Result<Value, ExportError> {
        if let Some(both) = directions(plan) {
            let x = self.one(plan, input)?;
            let y = self.bidirectional(plan, &both, &x)?;
            return Ok(self.output(plan, y));
        }
        let mut outputs = Vec::new();
        for child in plan.children {
            let output = self.child(child, 0, input.clone())?;
            outputs.push(self.one(plan, output)?);
        }
        let outputs: Vec<&str> = outputs.iter().map(|output| &output[..]).collect();
        let joined = self.graph.concat(&outputs, channel_axis(plan));
        Ok(self.output(plan, joined))
    }

    /// Writes layers on the halves of a pair.
    pub(super) fn parallel(&mut self, plan: &Plan, input: Value) -> Result<Value, ExportError> {
        let [f, g] = plan.children else { return Err(self.wrong(plan, "it does not contain two layers")) };
        let [first, second] = self.halves(plan, input)?;
        let (first, second) = (self.child(f, 0, first)?, self.child(g, 0, second)?);
        Ok(Value::Pair(Box::new(first), Box::new(second)))
    }

    /// Returns the halves of a pair.
    pub(super) fn halves(&self, plan: &Plan, input: Value) -> Result<[Value; 2], ExportError> {
        let Value::Pair(first, second) = input else {
            return Err(self.wrong(plan, "its input is not a pair"));
        };
        Ok([*first, *second])
    }

    /// Writes a layer on the first half of a pair.
    pub(super) fn on_first(&mut self, plan: &Plan, layer: &Plan, input: Value) -> Result<Value, ExportError> {
        let [first, second] = self.halves(plan, input)?;
        Ok(Value::Pair(Box::new(self.layer(layer, first)?), Box::new(second)))
    }

    /// Writes a layer on a pair, and adds its output to the first half.
    pub(super) fn residual_with_memory(&mut self, plan: &Plan, input: Value) -> Result<Value, ExportError> {
        let [branch] = plan.children else { return Err(self.wrong(plan, "it has no branch")) };
        let output = self.child(branch, 0, input.clone())?;
        let [first, second] = self.halves(plan, input)?;
        let sum = match first {
            Value::Padded(x, lengths, sides, kind) => {
                let (y, _) = self.sequence(plan, output)?;
                Value::Padded(self.graph.node("Add", &[&y, &x], &[]), lengths, sides, kind)
            }
            Value::One(x, sides, kind) => {
                let y = self.one(plan, output)?;
                Value::One(self.graph.node("Add", &[&y, &x], &[]), sides, kind)
            }
            Value::Pair(..) => return Err(self.wrong(plan, "the first half of its input is a pair")),
        };
        Ok(Value::Pair(Box::new(sum), Box::new(second)))
    }

    /// Writes a layer on each step of a sequence: the steps of all samples become one batch.
    pub(super) fn per_step(&mut self, plan: &Plan, step: &Plan, x: &str) -> Result<Name, ExportError> {
        let shape = self.graph.integers(&[-1, plan.input[1] as i64]);
        let steps = self.graph.node("Reshape", &[x, &shape], &[]);
        let input = Value::One(steps, step.input, super::array::element_type(self.graph.scalar));
        let output = self.layer(step, input)?;
        let y = self.one(plan, output)?;
        let shape = self.graph.integers(&[-1, plan.output[0] as i64, plan.output[1] as i64]);
        Ok(self.graph.node("Reshape", &[&y, &shape], &[]))
    }

    /// Writes a layer that computes one value from two.
    pub(super) fn compare(&mut self, plan: &Plan, sides: &[usize], a: &str, b: &str) -> Name {
        let graph = &mut self.graph;
        match plan.onnx.0 {
            Form::Cosine { along, smallest } => {
                let axis = axis(sides, along, plan.output);
                let product = graph.node("Mul", &[a, b], &[]);
                let axes = graph.integers(&[axis as i64]);
                let product = graph.node("ReduceSum", &[&product, &axes], &[kept(sides, plan.output)]);
                let smallest = graph.number(smallest);
                let norms = [a, b].map(|x| {
                    let axes = [axis as i64];
                    let attributes = &[("axes", Attribute::Ints(&axes)), kept(sides, plan.output)];
                    let norm = graph.node("ReduceL2", &[x], attributes);
                    graph.node("Max", &[&norm, &smallest], &[])
                });
                let norms = graph.node("Mul", &[&norms[0], &norms[1]], &[]);
                let y = graph.node("Div", &[&product, &norms], &[]);
                self.rest(plan, sides, y)
            }
            Form::Distance { along, power, added } => {
                let axis = axis(sides, along, plan.output);
                let difference = graph.node("Sub", &[a, b], &[]);
                let added = graph.number(added);
                let difference = graph.node("Add", &[&difference, &added], &[]);
                let size = graph.node("Abs", &[&difference], &[]);
                let [power, root] =
                    [f64::from(power), 1.0 / f64::from(power)].map(|power| graph.number(power));
                let powers = graph.node("Pow", &[&size, &power], &[]);
                let axes = graph.integers(&[axis as i64]);
                let sum = graph.node("ReduceSum", &[&powers, &axes], &[kept(sides, plan.output)]);
                let y = graph.node("Pow", &[&sum, &root], &[]);
                self.rest(plan, sides, y)
            }
            _ => graph.concat(&[a, b], channel_axis(plan)),
        }
    }
}

/// Returns the axis of the features or the channels of a layer's output.
fn channel_axis(plan: &Plan) -> usize {
    if plan.output.len() == 2 { 2 } else { 1 }
}

//! Sequences of different lengths.

use super::ExportError;
use super::array::{Array, element_type};
use super::graph::{Attribute, Name};
use super::value::Value;
use super::writer::Writer;
use crate::layer::Plan;
use crate::layer::onnx::Form;

impl Writer {
    /// Returns a sequence, and its lengths if it is padded.
    pub(super) fn sequence(&self, plan: &Plan, value: Value) -> Result<(Name, Option<Name>), ExportError> {
        match value {
            Value::Padded(x, lengths, ..) => Ok((x, Some(lengths))),
            value => Ok((self.one(plan, value)?, None)),
        }
    }

    /// Returns the output of a layer of steps. The numbers after the length of a sequence become 0.
    pub(super) fn of_steps(&mut self, plan: &Plan, y: Name, lengths: Option<Name>) -> Value {
        let Some(lengths) = lengths else { return self.output(plan, y) };
        let y = self.only_steps(plan.output[0], &y, &lengths);
        Value::Padded(y, lengths, plan.output, element_type(self.graph.scalar))
    }

    /// Writes a layer on padded sequences.
    pub(super) fn padded(
        &mut self,
        plan: &Plan,
        form: &Form,
        x: &str,
        lengths: &str,
    ) -> Result<Value, ExportError> {
        let graph = &mut self.graph;
        let y = match form {
            Form::Reverse => {
                let axes = &[("batch_axis", Attribute::Int(0)), ("time_axis", Attribute::Int(1))];
                let y = graph.node("ReverseSequence", &[x, lengths], axes);
                return Ok(Value::Padded(y, lengths.into(), plan.output, element_type(graph.scalar)));
            }
            Form::LastStep => {
                let one = graph.integers(&[1]);
                let last = graph.node("Sub", &[lengths, &one], &[]);
                let last = graph.node("Unsqueeze", &[&last, &one], &[]);
                graph.node("GatherND", &[x, &last], &[("batch_dims", Attribute::Int(1))])
            }
            Form::MeanStep => {
                let x = self.only_steps(plan.input[0], x, lengths);
                let graph = &mut self.graph;
                let one = graph.integers(&[1]);
                let sum = graph.node("ReduceSum", &[&x, &one], &[("keepdims", Attribute::Int(0))]);
                let count = graph.node("Unsqueeze", &[lengths, &one], &[]);
                let scalar = element_type(graph.scalar).into();
                let count = graph.node("Cast", &[&count], &[("to", Attribute::Int(scalar))]);
                graph.node("Div", &[&sum, &count], &[])
            }
            _ => return Err(self.wrong(plan, "it does not support padded sequences")),
        };
        Ok(self.output(plan, y))
    }

    /// Returns the sequences with 0 after their lengths.
    fn only_steps(&mut self, steps: usize, x: &str, lengths: &str) -> Name {
        let graph = &mut self.graph;
        let places: Vec<i64> = (0..steps as i64).collect();
        let places = graph.initializer("steps", Array::integers(&places).reshape(&[1, steps, 1]));
        let axes = graph.integers(&[1, 2]);
        let lengths = graph.node("Unsqueeze", &[lengths, &axes], &[]);
        let inside = graph.node("Less", &[&places, &lengths], &[]);
        let zero = graph.number(0.0);
        graph.node("Where", &[&inside, x, &zero], &[])
    }
}

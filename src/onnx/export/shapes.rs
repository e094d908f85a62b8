//! Linear maps, reductions, and layers that move numbers.

use super::ExportError;
use super::graph::{Attribute, Name};
use super::writer::Writer;
use crate::layer::onnx::Form;
use crate::layer::pad::{Ends, Fill, Plane};
use crate::layer::{Along, Onnx, Plan};

/// Returns the axis of a reduction, for a value with the batch and these sides.
pub(super) fn axis(sides: &[usize], along: Along, output: &[usize]) -> usize {
    if output.len() == 3 {
        return 1; // the channels of an image, which stays one
    }
    let first = usize::from(sides.len() == 3);
    let fits = |axis: &usize| {
        let axis = *axis;
        sides[axis] == along.len && sides[..axis].iter().product::<usize>() == along.before
    };
    (first..sides.len()).find(fits).unwrap_or(first) + 1
}

/// Returns whether a reduction keeps its axis, with length 1.
pub(super) fn kept(sides: &[usize], output: &[usize]) -> (&'static str, Attribute<'static>) {
    ("keepdims", Attribute::Int(i64::from(sides.len() == output.len())))
}

impl Writer {
    /// Writes the product of all numbers of a sample with a matrix.
    pub(super) fn dense(&mut self, plan: &Plan, x: &str) -> Name {
        let graph = &mut self.graph;
        let [inputs, outputs] = [plan.input, plan.output].map(|sides| sides.iter().product::<usize>());
        let flat = if plan.input.len() == 1 { x.into() } else { graph.reshape(x, &[inputs]) };
        let weight = graph.parameter("weight", |array| array.reshape(&[inputs, outputs]));
        let bias = graph.parameter("bias", |array| array.reshape(&[outputs]));
        let inputs = [Some(flat), weight, bias];
        let inputs: Vec<&str> = inputs.iter().flatten().map(|input| &input[..]).collect();
        let y = graph.node("Gemm", &inputs, &[]);
        if plan.output.len() == 1 { y } else { graph.reshape(&y, plan.output) }
    }

    /// Writes a reshape. The numbers of a sequence are in the order of features.
    pub(super) fn reshape(&mut self, plan: &Plan, x: &str) -> Name {
        let graph = &mut self.graph;
        match (plan.input, plan.output) {
            ([_, _], [_, _]) => graph.reshape(x, plan.output),
            ([_, _], _) => {
                let x = graph.transpose(x, &[0, 2, 1]);
                graph.reshape(&x, plan.output)
            }
            (_, &[steps, features]) => {
                let x = graph.reshape(x, &[features, steps]);
                graph.transpose(&x, &[0, 2, 1])
            }
            (input, output) if input == output => x.into(),
            _ => graph.reshape(x, plan.output),
        }
    }

    /// Writes a reshape to these sides, and then a transpose to this order of axes.
    pub(super) fn reorder(&mut self, plan: &Plan, sides: &[usize], axes: &[usize], x: &str) -> Name {
        let graph = &mut self.graph;
        let x = if sides == plan.input { x.into() } else { graph.reshape(x, sides) };
        let order: Vec<usize> = std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)).collect();
        let y = graph.transpose(&x, &order);
        let moved: Vec<usize> = axes.iter().map(|&axis| sides[axis]).collect();
        if moved == plan.output { y } else { graph.reshape(&y, plan.output) }
    }

    /// Writes a reduction along an axis.
    pub(super) fn reduce(&mut self, plan: &Plan, operator: &str, along: Along, x: &str) -> Name {
        let axis = axis(plan.input, along, plan.output) as i64;
        let is_sum = operator == "ReduceSum"; // since opset 13, its axes are an input
        let axes = if is_sum { self.graph.integers(&[axis]) } else { Name::new() };
        let keep = kept(plan.input, plan.output);
        let y = if is_sum {
            self.graph.node(operator, &[x, &axes], &[keep])
        } else {
            self.graph.node(operator, &[x], &[("axes", Attribute::Ints(&[axis])), keep])
        };
        self.rest(plan, plan.input, y)
    }

    /// Converts the result of a reduction to the layer's output: an image without its rows or columns becomes a
    /// sequence, with the channels last.
    pub(super) fn rest(&mut self, plan: &Plan, sides: &[usize], y: Name) -> Name {
        if (sides.len(), plan.output.len()) == (3, 2) { self.graph.transpose(&y, &[0, 2, 1]) } else { y }
    }

    /// Reverses the order of the steps.
    pub(super) fn reverse(&mut self, x: &str) -> Name {
        let [last, before, axis] = [-1, i64::MIN + 1, 1].map(|number| self.graph.integers(&[number]));
        self.graph.node("Slice", &[x, &last, &before, &axis, &last], &[])
    }

    /// Multiplies the first half of the channels by a function of the second half.
    pub(super) fn gated(&mut self, plan: &Plan, gate: &'static Onnx, x: &str) -> Result<Name, ExportError> {
        let Form::Nodes(nodes) = gate.0 else {
            return Err(self.wrong(plan, "its gate is not a list of nodes"));
        };
        let at = if plan.input.len() == 2 { 1 } else { 0 };
        let (half, whole) = (plan.output[at] as i64, plan.input[at] as i64);
        let a = self.graph.slice(x, at + 1, [0, half]);
        let b = self.graph.slice(x, at + 1, [half, whole]);
        let gate = self.nodes(plan, nodes, b.into())?;
        let gate = self.one(plan, gate)?;
        Ok(self.graph.node("Mul", &[&a, &gate], &[]))
    }

    /// Adds a border around the plane of an image, or before and after the steps of a sequence.
    pub(super) fn pad(&mut self, plan: &Plan, plane: Plane, fill: Fill, x: &str) -> Name {
        // The axes of the plane. The features of a sequence have no border.
        let first = if plan.input.len() == 3 { 2 } else { 1 };
        let ends = [(first, plane.rows), (first + 1, plane.columns)];
        let graph = &mut self.graph;
        let mode = match fill {
            Fill::Constant(_) => "constant",
            Fill::Reflect => "reflect",
            Fill::Replicate => "edge",
            Fill::Circular => {
                // Opset 19 is the first with this mode. In this opset, the numbers of the other end are concatenated.
                return ends.into_iter().fold(x.into(), |x, (axis, ends)| self.wrap(&x, axis, ends));
            }
        };
        let mut pads = vec![0; 2 * (plan.input.len() + 1)];
        for (axis, ends) in ends {
            (pads[axis], pads[plan.input.len() + 1 + axis]) = (ends.before as i64, ends.after as i64);
        }
        let pads = graph.integers(&pads);
        let mode = &[("mode", Attribute::Text(mode))];
        match fill {
            Fill::Constant(number) => {
                let number = graph.number(number);
                graph.node("Pad", &[x, &pads, &number], mode)
            }
            _ => graph.node("Pad", &[x, &pads], mode),
        }
    }

    /// Concatenates the numbers of the other end before and after an axis.
    fn wrap(&mut self, x: &str, axis: usize, ends: Ends) -> Name {
        let Ends { side, before, after } = ends;
        let (side, before, after) = (side as i64, before as i64, after as i64);
        let mut parts = vec![];
        if before > 0 {
            parts.push(self.graph.slice(x, axis, [side - before, side]));
        }
        parts.push(x.into());
        if after > 0 {
            parts.push(self.graph.slice(x, axis, [0, after]));
        }
        if parts.len() == 1 {
            return x.into();
        }
        let parts: Vec<&str> = parts.iter().map(|part| &part[..]).collect();
        self.graph.concat(&parts, axis)
    }
}

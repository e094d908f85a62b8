//! Norms.

use super::graph::{Attribute, Name};
use super::writer::Writer;
use crate::layer::Plan;

impl Writer {
    /// Returns a parameter as a list. If there is none, returns a list of `len` times the number `otherwise`.
    fn list(&mut self, field: &str, len: usize, otherwise: f64) -> Name {
        match self.graph.parameter(field, |array| array) {
            Some(name) => name,
            None => self.graph.constant(field, &[len], std::iter::repeat_n(otherwise, len)),
        }
    }

    pub(super) fn batch_norm(&mut self, plan: &Plan, epsilon: f64, momentum: f64, x: &str) -> Name {
        let of_steps = plan.input.len() == 2;
        let channels = plan.input[usize::from(of_steps)];
        let x = if of_steps { self.graph.transpose(x, &[0, 2, 1]) } else { x.into() };
        let numbers = [("gain", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_variance", 1.0)];
        let [gain, bias, mean, variance] = numbers.map(|(field, other)| self.list(field, channels, other));
        let inputs = [&x[..], &gain, &bias, &mean, &variance];
        // ONNX's momentum is the weight of the old statistics.
        let settings =
            [("epsilon", Attribute::Float(epsilon)), ("momentum", Attribute::Float(1.0 - momentum))];
        let y = self.graph.node("BatchNormalization", &inputs, &settings);
        if of_steps { self.graph.transpose(&y, &[0, 2, 1]) } else { y }
    }

    pub(super) fn layer_norm(
        &mut self,
        plan: &Plan,
        epsilon: f64,
        rank: usize,
        centered: bool,
        x: &str,
    ) -> Name {
        let sides = &plan.input[plan.input.len() - rank..];
        let gain = self.graph.parameter("gain", |array| array);
        if centered {
            let len = sides.iter().product();
            let gain =
                gain.unwrap_or_else(|| self.graph.constant("gain", sides, std::iter::repeat_n(1.0, len)));
            let bias = self.graph.parameter("bias", |array| array);
            let all = [x, &gain, bias.as_deref().unwrap_or_default()];
            let inputs = if bias.is_some() { &all[..] } else { &all[..2] };
            let attributes =
                [("axis", Attribute::Int(-(rank as i64))), ("epsilon", Attribute::Float(epsilon))];
            return self.graph.node("LayerNormalization", inputs, &attributes);
        }
        let axes: Vec<i64> = (0..rank).map(|axis| axis as i64 - rank as i64).collect();
        let graph = &mut self.graph;
        let square = graph.node("Mul", &[x, x], &[]);
        let mean = graph.node("ReduceMean", &[&square], &[("axes", Attribute::Ints(&axes))]);
        let epsilon = graph.number(epsilon);
        let sum = graph.node("Add", &[&mean, &epsilon], &[]);
        let root = graph.node("Sqrt", &[&sum], &[]);
        let y = graph.node("Div", &[x, &root], &[]);
        gain.map_or(y.clone(), |gain| graph.node("Mul", &[&y, &gain], &[]))
    }

    /// Writes a group norm. Each group becomes one channel of an instance norm.
    pub(super) fn group_norm(&mut self, plan: &Plan, epsilon: f64, groups: usize, x: &str) -> Name {
        let of_steps = plan.input.len() == 2;
        let len: usize = plan.input.iter().product();
        let channels_first = if of_steps { vec![plan.input[1], plan.input[0]] } else { plan.input.to_vec() };
        let graph = &mut self.graph;
        let x = if of_steps { graph.transpose(x, &[0, 2, 1]) } else { x.into() };
        let grouped = graph.reshape(&x, &[groups, len / groups]);
        let [gain, bias] = [("group_gain", 1.0), ("group_bias", 0.0)]
            .map(|(name, number)| graph.constant(name, &[groups], std::iter::repeat_n(number, groups)));
        let epsilon = &[("epsilon", Attribute::Float(epsilon))];
        let y = graph.node("InstanceNormalization", &[&grouped, &gain, &bias], epsilon);
        let mut y = graph.reshape(&y, &channels_first);
        if of_steps {
            y = graph.transpose(&y, &[0, 2, 1]);
        }
        for (operator, field) in [("Mul", "gain"), ("Add", "bias")] {
            if let Some(numbers) = self.channels(plan, field) {
                y = self.graph.node(operator, &[&y, &numbers], &[]);
            }
        }
        y
    }

    pub(super) fn local_response(
        &mut self,
        plan: &Plan,
        size: usize,
        [alpha, beta, offset]: [f64; 3],
        x: &str,
    ) -> Name {
        let of_steps = plan.input.len() == 2;
        if !of_steps && !size.is_multiple_of(2) {
            let attributes = [
                ("size", Attribute::Int(size as i64)),
                ("alpha", Attribute::Float(alpha)),
                ("beta", Attribute::Float(beta)),
                ("bias", Attribute::Float(offset)),
            ];
            return self.graph.node("LRN", &[x], &attributes);
        }
        // The sums over the neighbors of each channel are a product with a matrix.
        let channels = plan.input[usize::from(of_steps)];
        let share = alpha / size as f64;
        let (before, after) = (size / 2, size.saturating_sub(1) / 2);
        let near = (0..channels * channels).map(|at| {
            let (row, column) = (at / channels, at % channels);
            let (channel, other) = if of_steps { (column, row) } else { (row, column) };
            if channel <= other + before && other <= channel + after { share } else { 0.0 }
        });
        let near = self.graph.constant("near", &[channels, channels], near);
        let graph = &mut self.graph;
        let square = graph.node("Mul", &[x, x], &[]);
        let sum = if of_steps {
            graph.node("MatMul", &[&square, &near], &[])
        } else {
            let flat = graph.reshape(&square, &[channels, plan.input[1] * plan.input[2]]);
            let sum = graph.node("MatMul", &[&near, &flat], &[]);
            graph.reshape(&sum, plan.input)
        };
        let [offset, beta] = [offset, beta].map(|number| graph.number(number));
        let d = graph.node("Add", &[&sum, &offset], &[]);
        let d = graph.node("Pow", &[&d, &beta], &[]);
        graph.node("Div", &[x, &d], &[])
    }
}

//! Attention as matrix products and a softmax.

use super::ExportError;
use super::array::Array;
use super::graph::{Attribute, Graph, Name};
use super::value::Value;
use super::writer::Writer;
use crate::kernel::Reach;
use crate::layer::onnx::Heads;
use crate::layer::{Child, Plan};

impl Writer {
    /// Writes attention between the steps of a sequence, or from its steps to those of the second half of a pair.
    pub(super) fn attention(
        &mut self,
        plan: &Plan,
        heads: &Heads,
        input: Value,
    ) -> Result<Value, ExportError> {
        let [query, key, value, output] = plan.children else {
            return Err(self.wrong(plan, "it does not contain four linear maps"));
        };
        let (queries, memory) = match input {
            Value::Pair(queries, memory) => (*queries, *memory),
            input => (input.clone(), input),
        };
        let (x, lengths) = self.sequence(plan, queries)?;
        let (memory, key_lengths) = self.sequence(plan, memory)?;
        let [q, k, v] = [(query, &x), (key, &memory), (value, &memory)].map(|(child, x)| self.map(child, x));
        let graph = &mut self.graph;
        let (q, k, v) = (heads.split_queries(graph, &q), heads.split(graph, &k), heads.split(graph, &v));
        let (q, k) = (heads.rotate(graph, &q, heads.steps[0]), heads.rotate(graph, &k, heads.steps[1]));
        let scale = graph.number(1.0 / (heads.head as f64).sqrt());
        let q = graph.node("Mul", &[&q, &scale], &[]);
        let k = heads.transpose(graph, &k);
        let scores = graph.node("MatMul", &[&q, &k], &[]);
        let scores = heads.mask(graph, scores, key_lengths.as_deref());
        let weights = graph.node("Softmax", &[&scores], &[("axis", Attribute::Int(-1))]);
        let means = graph.node("MatMul", &[&weights, &v], &[]);
        let means = heads.join(graph, &means);
        let y = self.map(output, &means);
        Ok(self.of_steps(plan, y, lengths))
    }

    /// Writes a linear map of each step.
    fn map(&mut self, child: &Child, x: &str) -> Name {
        let outside = self.graph.path.clone();
        self.graph.enter(child.name);
        let sides = [child.plan.input[0], child.plan.output[0]];
        let weight = self.graph.parameter("weight", |array| array.reshape(&sides));
        let bias = self.graph.parameter("bias", |array| array.reshape(&sides[1..]));
        let mut y = self.graph.node("MatMul", &[x, &weight.unwrap_or_default()], &[]);
        if let Some(bias) = bias {
            y = self.graph.node("Add", &[&y, &bias], &[]);
        }
        self.graph.path = outside;
        y
    }
}

impl Heads {
    /// Returns the number of query heads that share a head of keys and values.
    fn group(&self) -> usize {
        self.queries / self.keys
    }

    /// Converts steps and features to heads, then steps. Query heads that share a key head are a separate axis.
    fn split_queries(&self, graph: &mut Graph, x: &str) -> Name {
        if self.group() == 1 {
            return self.split(graph, x);
        }
        let x = graph.reshape(x, &[self.steps[0], self.keys, self.group(), self.head]);
        graph.transpose(&x, &[0, 2, 3, 1, 4])
    }

    /// Does the same for keys or values. In place of the axis of the heads that share them, there is an axis of length
    /// 1.
    fn split(&self, graph: &mut Graph, x: &str) -> Name {
        let x = graph.reshape(x, &[0, self.keys, self.head]); // 0: the steps, as they are
        let x = graph.transpose(&x, &[0, 2, 1, 3]);
        if self.group() == 1 {
            return x;
        }
        let axis = graph.integers(&[2]);
        graph.node("Unsqueeze", &[&x, &axis], &[])
    }

    /// Swaps the last two axes.
    fn transpose(&self, graph: &mut Graph, x: &str) -> Name {
        graph.transpose(x, if self.group() == 1 { &[0, 1, 3, 2] } else { &[0, 1, 2, 4, 3] })
    }

    /// Converts heads and steps to steps and features.
    fn join(&self, graph: &mut Graph, x: &str) -> Name {
        let axes: &[usize] = if self.group() == 1 { &[0, 2, 1, 3] } else { &[0, 3, 1, 2, 4] };
        let x = graph.transpose(x, axes);
        graph.reshape(&x, &[self.steps[0], self.queries * self.head])
    }

    /// Rotates the numbers i and i + d/2 of each head by angles that depend on the step: x cos + (-x₂, x₁) sin.
    fn rotate(&self, graph: &mut Graph, x: &str, steps: usize) -> Name {
        let Some(base) = self.rotary else { return x.into() };
        let half = self.head / 2;
        let angle = |at: usize| {
            let (step, pair) = (at / self.head, at % self.head % half);
            step as f64 * f64::from(base).powf(-2.0 * pair as f64 / self.head as f64)
        };
        let sides = [steps, self.head];
        let [cosines, sines] = [("cosines", f64::cos as fn(f64) -> f64), ("sines", f64::sin)]
            .map(|(name, of)| graph.constant(name, &sides, (0..steps * self.head).map(|at| of(angle(at)))));
        let axis = if self.group() == 1 { 3 } else { 4 };
        let [first, second] =
            [[0, half], [half, self.head]].map(|ends| graph.slice(x, axis, ends.map(|end| end as i64)));
        let second = graph.node("Neg", &[&second], &[]);
        let turned = graph.concat(&[&second, &first], axis);
        let [a, b] = [(x, &cosines), (&turned[..], &sines)].map(|(x, by)| graph.node("Mul", &[x, by], &[]));
        graph.node("Add", &[&a, &b], &[])
    }

    /// Sets the scores of keys that are masked for a query to -∞.
    fn mask(&self, graph: &mut Graph, mut scores: Name, lengths: Option<&str>) -> Name {
        let [queries, keys] = self.steps;
        if let Reach::Before { window } = self.reach {
            let hidden = |at: usize| {
                let (query, key) = (at / keys, at % keys);
                key > query || query - key >= window
            };
            let numbers = (0..queries * keys).map(|at| if hidden(at) { f64::NEG_INFINITY } else { 0.0 });
            let mask = graph.constant("mask", &[queries, keys], numbers);
            scores = graph.node("Add", &[&scores, &mask], &[]);
        }
        let Some(lengths) = lengths else { return scores };
        let places: Vec<i64> = (0..keys as i64).collect();
        let places = graph.initializer("keys", Array::integers(&places));
        let axes: &[i64] = if self.group() == 1 { &[1, 2, 3] } else { &[1, 2, 3, 4] };
        let axes = graph.integers(axes);
        let lengths = graph.node("Unsqueeze", &[lengths, &axes], &[]);
        let inside = graph.node("Less", &[&places, &lengths], &[]);
        let never = graph.constant("hidden", &[], [f64::NEG_INFINITY]);
        graph.node("Where", &[&inside, &scores, &never], &[])
    }
}

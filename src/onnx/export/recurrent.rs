//! Recurrent layers, in one direction or in both.

use super::ExportError;
use super::array::Array;
use super::graph::{Attribute, Name};
use super::writer::Writer;
use crate::layer::onnx::{Form, Operator, Recurrent};
use crate::layer::{Child, OnnxAttribute, Plan};

/// The order in which a recurrent layer processes the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Reverse,
}

/// If a stack is a recurrent layer between two layers that reverse the steps, returns the recurrent layer.
pub(super) fn reversed(plan: &Plan) -> Option<(&'static Child, Recurrent)> {
    let [first, middle, last] = plan.children else { return None };
    let Form::Recurrent(kind) = middle.plan.onnx.0 else { return None };
    let reverses = |child: &Child| matches!(child.plan.onnx.0, Form::Reverse);
    (reverses(first) && reverses(last)).then_some((middle, kind))
}

/// A forward recurrent layer, and a backward one of the same kind.
pub(super) struct Both {
    kind: Recurrent,
    /// The forward layer, the stack that contains the backward layer, and the backward layer.
    children: [&'static Child; 3],
}

/// Returns the two directions, if a concatenation consists of them.
pub(super) fn directions(plan: &Plan) -> Option<Both> {
    let [forwards, backwards] = plan.children else { return None };
    let Form::Recurrent(kind) = forwards.plan.onnx.0 else { return None };
    if !matches!(backwards.plan.onnx.0, Form::InOrder) {
        return None;
    }
    let (inside, _) = reversed(backwards.plan)?;
    // The same type means the same kind, sizes and activation.
    (inside.plan.name == forwards.plan.name).then_some(Both { kind, children: [forwards, backwards, inside] })
}

/// The weights and initial states of one direction in ONNX's order.
struct Weights {
    input: Array,
    hidden: Array,
    biases: Array,
    states: Vec<Option<Array>>,
}

impl Recurrent {
    fn operator(self) -> &'static str {
        match self {
            Self::Rnn(_) => "RNN",
            Self::Lstm => "LSTM",
            Self::Gru => "GRU",
        }
    }

    /// Returns the indices of this crate's gates in ONNX's order: i, o, f, c for an LSTM, and z, r, h for a GRU.
    fn gates(self) -> &'static [usize] {
        match self {
            Self::Rnn(_) => &[0],
            Self::Lstm => &[0, 3, 1, 2],
            Self::Gru => &[1, 0, 2],
        }
    }
}

impl Writer {
    pub(super) fn recurrent(
        &mut self,
        plan: &Plan,
        kind: Recurrent,
        direction: Direction,
        x: &str,
        lengths: Option<&str>,
    ) -> Result<Name, ExportError> {
        let Some(weights) = self.weights(kind, plan.input[1], plan.output[1]) else {
            return Err(self.wrong(plan, "its weights are missing"));
        };
        self.steps(plan, kind, direction, weights, [x, lengths.unwrap_or_default()])
    }

    /// Writes a forward and a backward layer, and concatenates their outputs.
    pub(super) fn bidirectional(&mut self, plan: &Plan, both: &Both, x: &str) -> Result<Name, ExportError> {
        let [forwards, backwards, inside] = both.children;
        let (inputs, outputs) = (forwards.plan.input[1], forwards.plan.output[1]);
        let outside = self.graph.path.clone();
        self.graph.enter(forwards.name);
        let first = self.weights(both.kind, inputs, outputs);
        self.graph.path.clone_from(&outside);
        self.graph.enter(backwards.name);
        self.graph.enter(inside.name);
        let second = self.weights(both.kind, inputs, outputs);
        self.graph.path = outside;
        let (Some(first), Some(second)) = (first, second) else {
            return Err(self.wrong(plan, "its weights are missing"));
        };
        let states = first.states.into_iter().zip(second.states);
        let joined = Weights {
            input: first.input.join(&second.input),
            hidden: first.hidden.join(&second.hidden),
            biases: first.biases.join(&second.biases),
            states: states.map(|(first, second)| Some(first?.join(&second?))).collect(),
        };
        self.steps(forwards.plan, both.kind, Direction::Forward, joined, [x, ""])
    }

    /// Returns the weights of the layer at the path.
    fn weights(&self, kind: Recurrent, inputs: usize, hidden: usize) -> Option<Weights> {
        let gates = kind.gates();
        // The order is `[from, gates, hidden]` in this crate, and `[1, gates * hidden, from]` in ONNX.
        let matrix = |field, from| {
            let array = self.graph.numbers(field)?.reshape(&[from, gates.len(), hidden]);
            Some(array.transpose(&[1, 2, 0]).take(gates).reshape(&[1, gates.len() * hidden, from]))
        };
        let bias = |field| Some(self.graph.numbers(field)?.reshape(&[gates.len(), hidden]).take(gates));
        let biases = bias("bias_ih")?.join(&bias("bias_hh")?).reshape(&[1, 2 * gates.len() * hidden]);
        let state = |field| self.graph.numbers(field).map(|array| array.reshape(&[1, 1, hidden]));
        let states = if let Recurrent::Lstm = kind {
            vec![state("initial_hidden"), state("initial_cell")]
        } else {
            vec![state("initial_hidden")]
        };
        Some(Weights {
            input: matrix("weight_ih", inputs)?,
            hidden: matrix("weight_hh", hidden)?,
            biases,
            states,
        })
    }

    /// Writes the operator. Its first axis is the steps, and its second axis the batch.
    fn steps(
        &mut self,
        plan: &Plan,
        kind: Recurrent,
        direction: Direction,
        weights: Weights,
        [x, lengths]: [&str; 2],
    ) -> Result<Name, ExportError> {
        let directions = weights.input.sides[0];
        let hidden = plan.output[1];
        let x = self.graph.transpose(x, &[1, 0, 2]);
        let mut inputs = vec![
            x.clone(),
            self.graph.initializer("W", weights.input),
            self.graph.initializer("R", weights.hidden),
            self.graph.initializer("B", weights.biases),
        ];
        if !lengths.is_empty() {
            let int32 = &[("to", Attribute::Int(6))];
            inputs.push(self.graph.node("Cast", &[lengths], int32));
        }
        for (state, name) in weights.states.into_iter().zip(["initial_hidden", "initial_cell"]) {
            let Some(state) = state else { continue };
            if inputs.len() == 4 {
                inputs.push(Name::new()); // the lengths of the sequences
            }
            let state = self.graph.initializer(name, state);
            inputs.push(self.for_batch(&x, directions, hidden, &state));
        }
        let inputs: Vec<&str> = inputs.iter().map(|input| &input[..]).collect();
        let direction = match (directions, direction) {
            (2, _) => "bidirectional",
            (_, Direction::Forward) => "forward",
            (_, Direction::Reverse) => "reverse",
        };
        let mut attributes =
            vec![("hidden_size", Attribute::Int(hidden as i64)), ("direction", Attribute::Text(direction))];
        let (mut names, mut alphas, mut betas) = (vec![], vec![], vec![]);
        match kind {
            Recurrent::Gru => attributes.push(("linear_before_reset", Attribute::Int(1))),
            Recurrent::Rnn(activation) => {
                let Some((name, alpha, beta)) = activation_of(activation.0) else {
                    let reason = "the operator `RNN` has no such activation";
                    return Err(self.impossible(plan, reason));
                };
                (names, alphas, betas) =
                    (vec![name; directions], vec![alpha; directions], vec![beta; directions]);
            }
            Recurrent::Lstm => {}
        }
        let list =
            |numbers: Vec<Option<f64>>| numbers.into_iter().collect::<Option<Vec<f64>>>().unwrap_or_default();
        let [alphas, betas] = [alphas, betas].map(list);
        if !names.is_empty() {
            attributes.push(("activations", Attribute::Texts(&names)));
        }
        for (name, numbers) in [("activation_alpha", &alphas), ("activation_beta", &betas)] {
            if !numbers.is_empty() {
                attributes.push((name, Attribute::Floats(numbers)));
            }
        }
        let y = self.graph.node(kind.operator(), &inputs, &attributes);
        // [steps, directions, batch, hidden]
        let y = self.graph.transpose(&y, &[2, 0, 1, 3]);
        Ok(self.graph.reshape(&y, &[plan.output[0], directions * hidden]))
    }

    /// Repeats an initial state for each sample of the batch.
    fn for_batch(&mut self, x: &str, directions: usize, hidden: usize, state: &str) -> Name {
        let graph = &mut self.graph;
        let shape = graph.node("Shape", &[x], &[]);
        let batch = graph.slice(&shape, 0, [1, 2]);
        let [first, last] = [directions, hidden].map(|side| graph.integers(&[side as i64]));
        let shape = graph.concat(&[&first, &batch, &last], 0);
        graph.node("Expand", &[state, &shape], &[])
    }
}

/// Returns the name of an activation in the operator `RNN`, with its attributes.
fn activation_of(form: Form) -> Option<(&'static str, Option<f64>, Option<f64>)> {
    let Form::Nodes([node]) = form else { return None };
    let Operator::Named(
        name @ ("Relu" | "Tanh" | "Sigmoid" | "LeakyRelu" | "ThresholdedRelu" | "HardSigmoid" | "Elu"
        | "Softsign" | "Softplus"),
    ) = node.operator
    else {
        return None;
    };
    let number = |wanted| {
        node.attributes.iter().find_map(|(name, value)| match value {
            OnnxAttribute::Float(number) if *name == wanted => Some(*number),
            _ => None,
        })
    };
    Some((name, number("alpha"), number("beta")))
}

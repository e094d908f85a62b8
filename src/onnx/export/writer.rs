//! The walk over a plan.

use chainrule_parameters::{Node, Segment};

use super::ExportError;
use super::array::element_type;
use super::graph::{Attribute, Graph, Name};
use super::recurrent::Direction;
use super::value::Value;
use crate::layer::onnx::{Form, Operator};
use crate::layer::{Child, OnnxAttribute, OnnxInput, OnnxNode, Plan};

/// Writes the nodes of layers.
pub(super) struct Writer {
    pub(super) graph: Graph,
}

impl Writer {
    /// Writes the layer at `graph.path`. Returns its output.
    pub(super) fn layer(&mut self, plan: &Plan, input: Value) -> Result<Value, ExportError> {
        let output = match plan.onnx.0 {
            Form::Unknown => {
                let (layer, path) = self.place(plan);
                return Err(ExportError::Unknown { layer, path });
            }
            Form::Impossible(reason) => return Err(self.impossible(plan, reason)),
            Form::InOrder => return self.in_order(plan, input),
            Form::Concat => return self.branches(plan, input),
            Form::Parallel => return self.parallel(plan, input),
            Form::OnFirst(first) => return self.on_first(plan, first, input),
            Form::ResidualWithMemory => return self.residual_with_memory(plan, input),
            Form::Half(at) => {
                let [first, second] = self.halves(plan, input)?;
                return Ok(if at == 0 { first } else { second });
            }
            Form::PerStep(step) => {
                let (x, lengths) = self.sequence(plan, input)?;
                let y = self.per_step(plan, step, &x)?;
                return Ok(self.of_steps(plan, y, lengths));
            }
            Form::Recurrent(kind) => {
                let (x, lengths) = self.sequence(plan, input)?;
                let y = self.recurrent(plan, kind, Direction::Forward, &x, lengths.as_deref())?;
                return Ok(self.of_steps(plan, y, lengths));
            }
            Form::Embedding => return self.embedding(plan, input),
            Form::Positions { learned } => return self.positions(plan, learned, input),
            Form::Tied => return self.tied(plan, input),
            Form::Attention(heads) => return self.attention(plan, &heads, input),
            Form::Duplicate => return Ok(Value::Pair(Box::new(input.clone()), Box::new(input))),
            Form::Nodes(nodes) => {
                let lengths =
                    if let Value::Padded(_, lengths, ..) = &input { Some(lengths.clone()) } else { None };
                match self.nodes(plan, nodes, input)? {
                    Value::One(name, ..) => return Ok(self.of_steps(plan, name, lengths)),
                    other => return Ok(other),
                }
            }
            Form::Join | Form::Cosine { .. } | Form::Distance { .. } => {
                let Value::Pair(first, second) = input else {
                    return Err(self.wrong(plan, "its input is not a pair"));
                };
                let (Value::One(a, sides, _), Value::One(b, ..)) = (*first, *second) else {
                    return Err(self.wrong(plan, "its input is a pair of pairs"));
                };
                self.compare(plan, sides, &a, &b)
            }
            form => {
                if let Value::Padded(x, lengths, ..) = &input {
                    return self.padded(plan, &form, x, lengths);
                }
                let input = self.one(plan, input)?;
                return self.leaf(plan, &form, &input).map(|name| self.output(plan, name));
            }
        };
        Ok(self.output(plan, output))
    }

    /// Writes a layer that contains no other layers. Returns the name of its output.
    fn leaf(&mut self, plan: &Plan, form: &Form, x: &str) -> Result<Name, ExportError> {
        Ok(match *form {
            Form::Dense => self.dense(plan, x),
            Form::Convolution { axes, groups, transposed } => {
                self.convolution(plan, axes, groups, transposed, x)
            }
            Form::Pool { kind, axes } => self.pool(plan, kind, axes, x),
            Form::Resize(rule) => self.resize(plan, rule, x),
            Form::Pad { plane, fill } => self.pad(plan, plane, fill, x),
            Form::Reshape => self.reshape(plan, x),
            Form::Reorder { sides, axes, rank } => self.reorder(plan, &sides[..rank], &axes[..rank], x),
            Form::Reduce { operator, along } => self.reduce(plan, operator, along, x),
            Form::BatchNorm { epsilon, momentum } => self.batch_norm(plan, epsilon, momentum, x),
            Form::LayerNorm { epsilon, rank, centered } => self.layer_norm(plan, epsilon, rank, centered, x),
            Form::GroupNorm { epsilon, groups } => self.group_norm(plan, epsilon, groups, x),
            Form::LocalResponse { size, alpha, beta, offset } => {
                self.local_response(plan, size, [alpha, beta, offset], x)
            }
            Form::Gated(gate) => return self.gated(plan, gate, x),
            Form::Reverse => self.reverse(x),
            _ => return Err(self.wrong(plan, "it is not a layer by itself")),
        })
    }

    /// Writes the nodes of a list.
    pub(super) fn nodes(
        &mut self,
        plan: &Plan,
        nodes: &[OnnxNode],
        input: Value,
    ) -> Result<Value, ExportError> {
        let mut values: Vec<Value> = Vec::new();
        for node in nodes {
            let value = match node.operator {
                Operator::Child(at) => {
                    let Some(child) = plan.children.get(at) else {
                        return Err(self.wrong(plan, format!("it has no layer {at} inside")));
                    };
                    let value = self.value(plan, &node.inputs[0], &input, &values)?;
                    self.child(child, 0, value)?
                }
                Operator::Named(operator) => {
                    let mut inputs = Vec::new();
                    let mut left_out = false;
                    for input_of_node in node.inputs {
                        match self.argument(plan, input_of_node, &input, &values)? {
                            Some(name) => inputs.push(name),
                            None => left_out = true,
                        }
                    }
                    if inputs.is_empty() {
                        return Err(self.wrong(plan, format!("its node `{operator}` has no input")));
                    }
                    if left_out {
                        inputs.swap_remove(0)
                    } else {
                        let attributes: Vec<_> = node.attributes.iter().map(attribute).collect();
                        let inputs: Vec<&str> = inputs.iter().map(|input| &input[..]).collect();
                        self.graph.node(operator, &inputs, &attributes)
                    }
                    .into()
                }
            };
            values.push(value);
        }
        Ok(values.pop().unwrap_or(input))
    }

    /// Returns the value of an input of a node.
    fn value(
        &self,
        plan: &Plan,
        input: &OnnxInput,
        layer: &Value,
        values: &[Value],
    ) -> Result<Value, ExportError> {
        match (*input, layer) {
            (OnnxInput::Input, _) => Ok(layer.clone()),
            (OnnxInput::First, Value::Pair(first, _)) => Ok((**first).clone()),
            (OnnxInput::Second, Value::Pair(_, second)) => Ok((**second).clone()),
            (OnnxInput::Output(at), _) if at < values.len() => Ok(values[at].clone()),
            (OnnxInput::Output(at), _) => {
                Err(self.wrong(plan, format!("node {at} is not before the one that reads it")))
            }
            (OnnxInput::First | OnnxInput::Second, _) => Err(self.wrong(plan, "its input is not a pair")),
            _ => Err(self.wrong(plan, "the input of a layer inside is a value")),
        }
    }

    /// Returns the name of an input of an operator; `None` for a parameter without numbers.
    fn argument(
        &mut self,
        plan: &Plan,
        input: &OnnxInput,
        layer: &Value,
        values: &[Value],
    ) -> Result<Option<Name>, ExportError> {
        Ok(match *input {
            OnnxInput::Field(field) => {
                self.check_field(plan, field)?;
                self.graph.parameter(field, |array| array)
            }
            OnnxInput::PerChannel(field) => {
                self.check_field(plan, field)?;
                self.channels(plan, field)
            }
            OnnxInput::Number(number) => Some(self.graph.number(number)),
            OnnxInput::Integers(numbers) => Some(self.graph.integers(numbers)),
            OnnxInput::OutputShape => {
                let sides = plan.output.iter().map(|&side| side as i64);
                let shape: Vec<i64> = std::iter::once(0).chain(sides).collect();
                Some(self.graph.integers(&shape))
            }
            OnnxInput::Absent => Some(Name::new()),
            _ => {
                let value = self.value(plan, input, layer, values)?;
                Some(self.sequence(plan, value)?.0)
            }
        })
    }

    /// Returns a parameter with one number for each channel, in a shape that is broadcast to the layer's input.
    pub(super) fn channels(&mut self, plan: &Plan, field: &str) -> Option<Name> {
        let image = plan.input.len() == 3;
        self.graph.parameter(field, |array| {
            let sides = [array.sides.iter().product(), 1, 1];
            array.reshape(if image { &sides } else { &sides[..1] })
        })
    }

    /// Checks that the layer has this field.
    fn check_field(&self, plan: &Plan, field: &str) -> Result<(), ExportError> {
        if has_field(plan.parameters, field) {
            return Ok(());
        }
        Err(self.wrong(plan, format!("it has no parameter `{field}`")))
    }

    /// Writes the copy `at` of a layer inside.
    pub(super) fn child(&mut self, child: &Child, at: usize, input: Value) -> Result<Value, ExportError> {
        let outside = self.graph.path.clone();
        match child.name {
            Segment::Repeated(_) if child.shared => {}
            Segment::Repeated(_) => self.graph.enter(Segment::Index(at)),
            name => self.graph.enter(name),
        }
        let output = self.layer(child.plan, input);
        self.graph.path = outside;
        output
    }

    /// Returns the name of a value that is not a pair.
    pub(super) fn one(&self, plan: &Plan, value: Value) -> Result<Name, ExportError> {
        match value {
            Value::One(name, ..) => Ok(name),
            Value::Padded(..) => Err(self.wrong(plan, "the input of an operator is a padded sequence")),
            Value::Pair(..) => Err(self.wrong(plan, "the input of an operator is a pair")),
        }
    }

    /// Returns the output of a layer.
    pub(super) fn output(&self, plan: &Plan, name: Name) -> Value {
        Value::One(name, plan.output, element_type(self.graph.scalar))
    }

    fn place(&self, plan: &Plan) -> (String, String) {
        (plan.name.to_string(), self.graph.path.clone())
    }

    pub(super) fn impossible(&self, plan: &Plan, reason: &'static str) -> ExportError {
        let (layer, path) = self.place(plan);
        ExportError::Impossible { layer, path, reason }
    }

    pub(super) fn wrong(&self, plan: &Plan, reason: impl Into<String>) -> ExportError {
        let (layer, path) = self.place(plan);
        ExportError::WrongForm { layer, path, reason: reason.into() }
    }
}

impl From<Name> for Value {
    /// A value inside a layer, whose sides are not used.
    fn from(name: Name) -> Self {
        Self::One(name, &[], 0)
    }
}

fn attribute((name, value): &(&'static str, OnnxAttribute)) -> (&'static str, Attribute<'static>) {
    let value = match *value {
        OnnxAttribute::Int(number) => Attribute::Int(number),
        OnnxAttribute::Float(number) => Attribute::Float(number),
        OnnxAttribute::Ints(numbers) => Attribute::Ints(numbers),
        OnnxAttribute::Text(text) => Attribute::Text(text),
    };
    (name, value)
}

/// Returns whether a layer has this field, even if the field has no numbers.
fn has_field(node: &Node, name: &str) -> bool {
    let Node::Fields(fields) = node else { return false };
    fields.iter().any(|field| match field.name {
        Segment::Name(field) => field == name,
        Segment::Flattened => has_field(field.node, name),
        _ => false,
    })
}

//! The graph of a file while it is written.

use std::collections::BTreeMap;

use chainrule_parameters::{Parameter, Scalar, Segment, View, Visitor, visit};

use super::ExportError;
use super::array::Array;
use crate::onnx::proto::{AttributeProto, AttributeType, GraphProto, NodeProto};

/// The name of a value of the graph.
pub(super) type Name = String;

/// An attribute of a node.
pub(super) enum Attribute<'a> {
    Int(i64),
    Float(f64),
    Ints(&'a [i64]),
    Text(&'a str),
    Texts(&'a [&'a str]),
    Floats(&'a [f64]),
}

/// The nodes and initializers that have been written so far.
pub(super) struct Graph {
    pub(super) scalar: Scalar,
    /// The path of the layer whose nodes are being written.
    pub(super) path: String,
    proto: GraphProto,
    parameters: BTreeMap<String, Array>,
    /// The number of values with each name.
    names: BTreeMap<Name, usize>,
    /// The initializers, by the name that was requested for them.
    stored: BTreeMap<Name, Vec<(Array, Name)>>,
}

impl Graph {
    pub(super) fn new(scalar: Scalar, network: View<'_>) -> Result<Self, ExportError> {
        let mut parameters = Collect { arrays: BTreeMap::new(), error: None };
        visit([network], [], &mut parameters);
        match parameters.error {
            Some(error) => Err(error),
            None => Ok(Self {
                scalar,
                path: String::new(),
                proto: GraphProto::default(),
                parameters: parameters.arrays,
                names: BTreeMap::new(),
                stored: BTreeMap::new(),
            }),
        }
    }

    /// Continues with a layer inside the present one.
    pub(super) fn enter(&mut self, segment: Segment) {
        self.path = self.here(&segment.to_string());
    }

    /// Returns `path.name` for the layer whose nodes are being written.
    fn here(&self, name: &str) -> Name {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    /// Returns a name that no value has: this one, or this one with a number after it.
    pub(super) fn unique(&mut self, name: Name) -> Name {
        let count = self.names.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 {
            return name;
        }
        let other = format!("{name}_{count}");
        self.unique(other)
    }

    /// Adds a node with one output. Returns the name of the output.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> Name {
        let name = self.here(operator);
        let output = self.unique(name);
        let attribute = attributes.iter().map(|(name, value)| proto(name, value)).collect();
        self.proto.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.into()).collect(),
            output: vec![output.clone()],
            name: Some(output.clone()),
            op_type: Some(operator.into()),
            attribute,
            domain: None,
        });
        output
    }

    /// Adds an initializer, or finds an equal one. Returns its name.
    pub(super) fn initializer(&mut self, name: &str, array: Array) -> Name {
        let wanted = self.here(name);
        self.stored(wanted, array)
    }

    fn stored(&mut self, wanted: Name, array: Array) -> Name {
        let same = self.stored.get(&wanted).and_then(|all| all.iter().find(|(stored, _)| *stored == array));
        if let Some((_, name)) = same {
            return name.clone();
        }
        let name = self.unique(wanted.clone());
        self.proto.initializer.push(array.clone().into_proto(name.clone()));
        self.stored.entry(wanted).or_default().push((array, name.clone()));
        name
    }

    /// Returns the numbers of a parameter of the layer, or `None` if there are none.
    pub(super) fn numbers(&self, field: &str) -> Option<Array> {
        self.parameters.get(&self.here(field)).cloned()
    }

    /// Adds a parameter of the layer, converted by `change`. Returns its name, or `None` if it has no numbers.
    pub(super) fn parameter(&mut self, field: &str, change: impl FnOnce(Array) -> Array) -> Option<Name> {
        let array = change(self.numbers(field)?);
        Some(self.initializer(field, array))
    }

    /// Adds a single number without sides. Returns its name.
    pub(super) fn number(&mut self, number: f64) -> Name {
        let array = Array::of(self.scalar, &[], [number]);
        self.stored(format!("number_{number}"), array)
    }

    /// Adds numbers in the network's scalar. Returns their name.
    pub(super) fn constant(
        &mut self,
        name: &str,
        sides: &[usize],
        numbers: impl IntoIterator<Item = f64>,
    ) -> Name {
        let array = Array::of(self.scalar, sides, numbers);
        self.initializer(name, array)
    }

    /// Adds a list of `f32` numbers, for networks of any scalar. Returns its name.
    pub(super) fn floats(&mut self, name: &str, numbers: &[f32]) -> Name {
        let array = Array::of(Scalar::F32, &[numbers.len()], numbers.iter().map(|&number| number.into()));
        self.initializer(name, array)
    }

    /// Adds a list of whole numbers. Returns its name.
    pub(super) fn integers(&mut self, numbers: &[i64]) -> Name {
        let list: Vec<String> = numbers.iter().map(i64::to_string).collect();
        self.stored(format!("integers_{}", list.join("_")), Array::integers(numbers))
    }

    /// Reshapes a value to the batch and these sides.
    pub(super) fn reshape(&mut self, value: &str, sides: &[usize]) -> Name {
        let shape: Vec<i64> = std::iter::once(0).chain(sides.iter().map(|&side| side as i64)).collect();
        let shape = self.integers(&shape);
        self.node("Reshape", &[value, &shape], &[])
    }

    /// Transposes a value to this order of axes. The axis 0 is the batch.
    pub(super) fn transpose(&mut self, value: &str, axes: &[usize]) -> Name {
        let axes: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
        self.node("Transpose", &[value], &[("perm", Attribute::Ints(&axes))])
    }

    /// Returns the numbers from `start` to `end` (exclusive) along an axis.
    pub(super) fn slice(&mut self, value: &str, axis: usize, [start, end]: [i64; 2]) -> Name {
        let [start, end, axis] = [start, end, axis as i64].map(|number| self.integers(&[number]));
        self.node("Slice", &[value, &start, &end, &axis], &[])
    }

    /// Concatenates values along an axis.
    pub(super) fn concat(&mut self, values: &[&str], axis: usize) -> Name {
        self.node("Concat", values, &[("axis", Attribute::Int(axis as i64))])
    }

    /// Returns the graph. Each element of `outputs` is the name of a value and its name in the file.
    pub(super) fn finish(mut self, outputs: &[(Name, Name)]) -> GraphProto {
        self.path.clear();
        for (value, name) in outputs {
            let read = self.proto.node.iter().any(|node| node.input.contains(value))
                || outputs.iter().filter(|(other, _)| other == value).count() > 1;
            let made = self.proto.node.iter().position(|node| node.output[0] == *value);
            if made.is_none() || read {
                self.node("Identity", &[value], &[]);
            }
            let at = made.filter(|_| !read).unwrap_or(self.proto.node.len() - 1);
            self.proto.node[at].output[0].clone_from(name);
        }
        self.proto
    }
}

fn proto(name: &str, value: &Attribute<'_>) -> AttributeProto {
    let mut proto = AttributeProto { name: Some(name.into()), ..AttributeProto::default() };
    let kind = match *value {
        Attribute::Int(number) => {
            proto.i = Some(number);
            AttributeType::Int
        }
        Attribute::Float(number) => {
            proto.f = Some(number as f32);
            AttributeType::Float
        }
        Attribute::Ints(numbers) => {
            proto.ints = numbers.to_vec();
            AttributeType::Ints
        }
        Attribute::Text(text) => {
            proto.s = Some(text.into());
            AttributeType::String
        }
        Attribute::Texts(texts) => {
            proto.strings = texts.iter().map(|&text| text.into()).collect();
            AttributeType::Strings
        }
        Attribute::Floats(numbers) => {
            proto.floats = numbers.iter().map(|&number| number as f32).collect();
            AttributeType::Floats
        }
    };
    proto.kind = Some(kind.into());
    proto
}

/// The parameters of a network, by path.
struct Collect {
    arrays: BTreeMap<String, Array>,
    error: Option<ExportError>,
}

impl Collect {
    fn add(&mut self, parameter: &Parameter<'_>, numbers: impl Iterator<Item = f64> + Clone) {
        let name = parameter.path.to_string();
        if let Some((element, value)) = numbers.clone().enumerate().find(|(_, number)| !number.is_finite()) {
            self.error.get_or_insert(ExportError::NonFinite { parameter: name.clone(), element, value });
        }
        self.arrays.insert(name, Array::of(parameter.scalar, parameter.shape, numbers));
    }
}

impl Visitor<1, 0> for Collect {
    fn visit_f32(&mut self, parameter: &Parameter<'_>, [numbers]: [&[f32]; 1], []: [&mut [f32]; 0]) {
        self.add(parameter, numbers.iter().map(|&number| number.into()));
    }

    fn visit_f64(&mut self, parameter: &Parameter<'_>, [numbers]: [&[f64]; 1], []: [&mut [f64]; 0]) {
        self.add(parameter, numbers.iter().copied());
    }
}

//! Reads a file, and checks its graph.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use prost::Message;

use super::node::{Attribute, Node};
use super::tensor::Tensor;
use super::wire;
use crate::onnx::OnnxError;
use crate::onnx::proto::{AttributeProto, AttributeType, GraphProto, ModelProto, NodeProto, ValueInfoProto};

/// A protobuf message has at most 2 GB.
const LARGEST: u64 = i32::MAX as u64;

/// The supported versions of ONNX's operators.
const OPSETS: [i64; 2] = [9, 28];

/// An ONNX model: the checked graph of a file.
///
/// Every value that a node uses is defined before it, and every tensor has the number of elements that follows from its
/// dimensions. [`source`](super::source) and [`load`](super::load) find the layers of the nodes. The example of
/// [`source`](super::source) opens a model.
#[doc(alias = "onnxruntime")]
#[derive(Clone, Debug)]
pub struct Model {
    /// The file, for error messages.
    pub(super) file: String,
    pub(super) graph: Graph,
}

/// A graph whose values are identified by numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    /// The names of the values.
    pub(super) names: Vec<String>,
    pub(super) constants: BTreeMap<usize, Tensor>,
    pub(super) inputs: Vec<Input>,
    pub(super) nodes: Vec<Node>,
    pub(super) outputs: Vec<usize>,
    pub(super) opset: i64,
}

/// An input of the graph.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) value: usize,
    pub(super) kind: i32,
    /// Its dimensions. A symbolic dimension is its name. `None` if the file does not contain them.
    pub(super) dims: Option<Vec<Result<usize, String>>>,
}

/// Data that are needed while a file is read.
pub(super) struct Reader<'a> {
    pub(super) file: String,
    /// The folder of external data.
    pub(super) folder: Option<&'a Path>,
    /// The number of bytes that have been read of each external file.
    pub(super) read: BTreeMap<PathBuf, u64>,
    opset: i64,
}

impl Model {
    /// Reads a file. Its tensors may be in other files in the same folder.
    ///
    /// # Errors
    /// [`OnnxError`] for a file that is not an ONNX model, that is damaged, or that uses features which this crate does
    /// not read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OnnxError> {
        let path = path.as_ref();
        let read = |source| OnnxError::Read { path: path.into(), source };
        let file = path.display().to_string();
        let data = fs::metadata(path).map_err(read)?;
        // A device or a pipe may have no end.
        if !data.is_file() {
            return Err(read(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
        }
        if data.len() > LARGEST {
            return Err(OnnxError::TooLarge { file, bytes: data.len() });
        }
        let mut bytes = Vec::new();
        File::open(path).map_err(read)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(read)?;
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        Self::read(&bytes, file, Some(folder))
    }

    /// Reads the bytes of a file, without external data.
    ///
    /// # Errors
    /// The same as [`open`](Model::open).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OnnxError> {
        Self::read(bytes, "the bytes".into(), None)
    }

    fn read(bytes: &[u8], file: String, folder: Option<&Path>) -> Result<Self, OnnxError> {
        if bytes.len() as u64 > LARGEST {
            return Err(OnnxError::TooLarge { file, bytes: bytes.len() as u64 });
        }
        let not_onnx = |reason: String| OnnxError::NotOnnx { file: file.clone(), reason };
        if let Some(reason) = wire::too_short(bytes) {
            return Err(not_onnx(reason));
        }
        let model = ModelProto::decode(bytes).map_err(|error| not_onnx(error.to_string()))?;
        let graph = model.graph.ok_or_else(|| not_onnx("it has no graph".into()))?;
        let own = |domain: &Option<String>| matches!(domain.as_deref(), None | Some("" | "ai.onnx"));
        let opset =
            model.opset_import.iter().find(|opset| own(&opset.domain)).and_then(|opset| opset.version);
        let found =
            opset.ok_or_else(|| not_onnx("it does not contain the version of its operators".into()))?;
        let [oldest, newest] = OPSETS;
        if !(oldest..=newest).contains(&found) {
            return Err(OnnxError::Opset { file, found, oldest, newest });
        }
        let mut reader = Reader { file: file.clone(), folder, read: BTreeMap::new(), opset: found };
        let graph = reader.graph(graph)?;
        Ok(Self { file, graph })
    }
}

impl Reader<'_> {
    fn not_onnx(&self, reason: String) -> OnnxError {
        OnnxError::NotOnnx { file: self.file.clone(), reason }
    }

    fn graph(&mut self, proto: GraphProto) -> Result<Graph, OnnxError> {
        if !proto.sparse_initializer.is_empty() {
            return Err(self.not_onnx("it has sparse tensors, which are not read".into()));
        }
        let mut values = Values::default();
        let mut graph = Graph { opset: self.opset, ..Graph::default() };
        for mut tensor in proto.initializer {
            let name = tensor.name.take().unwrap_or_default();
            let value = values.define(&self.file, &name)?;
            graph.constants.insert(value, Tensor::read(self, &name, tensor)?);
        }
        for input in &proto.input {
            let name = input.name.clone().unwrap_or_default();
            // In old files, the weights are among the inputs too.
            if !values.of_name.contains_key(&name) {
                let value = values.define(&self.file, &name)?;
                graph.inputs.push(self.input(value, &name, input)?);
            }
        }
        let later: BTreeSet<String> =
            proto.node.iter().flat_map(|node| node.output.iter().cloned()).collect();
        for (at, node) in proto.node.into_iter().enumerate() {
            graph.nodes.push(self.node(at, node, &mut values, &later)?);
        }
        for output in &proto.output {
            let name = output.name.clone().unwrap_or_default();
            let value = values.of_name.get(&name).ok_or_else(|| OnnxError::Undefined {
                file: self.file.clone(),
                node: "the output".into(),
                value: name,
            })?;
            graph.outputs.push(*value);
        }
        graph.names = values.names;
        Ok(graph)
    }

    fn input(&self, value: usize, name: &str, proto: &ValueInfoProto) -> Result<Input, OnnxError> {
        let Some(kind) = proto.kind.as_ref().and_then(|kind| kind.tensor_type.as_ref()) else {
            return Err(self.not_onnx(format!("its input `{name}` is not a tensor")));
        };
        let mut dims = None;
        if let Some(shape) = &kind.shape {
            let mut known = Vec::new();
            for (axis, dim) in shape.dim.iter().enumerate() {
                known.push(match (dim.dim_value, &dim.dim_param) {
                    (Some(dim), _) => Ok(usize::try_from(dim).map_err(|_| OnnxError::Dimension {
                        file: self.file.clone(),
                        value: name.into(),
                        axis,
                        found: dim.to_string(),
                    })?),
                    (None, name) => Err(name.clone().unwrap_or_default()),
                });
            }
            dims = Some(known);
        }
        Ok(Input { value, kind: kind.elem_type.unwrap_or(0), dims })
    }

    fn node(
        &mut self,
        at: usize,
        proto: NodeProto,
        values: &mut Values,
        later: &BTreeSet<String>,
    ) -> Result<Node, OnnxError> {
        let name = match proto.name {
            Some(name) if !name.is_empty() => name,
            _ => format!("number {at}"),
        };
        let operator = proto.op_type.unwrap_or_default();
        if operator.is_empty() {
            return Err(self.not_onnx(format!("node `{name}` has no operator")));
        }
        match proto.domain {
            Some(domain) if !matches!(&domain[..], "" | "ai.onnx") => {
                return Err(OnnxError::Domain { file: self.file.clone(), node: name, operator, domain });
            }
            _ => {}
        }
        let mut inputs = Vec::with_capacity(proto.input.len());
        for value in proto.input {
            let file = self.file.clone();
            match values.of_name.get(&value) {
                _ if value.is_empty() => inputs.push(None),
                Some(&value) => inputs.push(Some(value)),
                None if later.contains(&value) => return Err(OnnxError::Order { file, node: name, value }),
                None => return Err(OnnxError::Undefined { file, node: name, value }),
            }
        }
        let mut attributes = BTreeMap::new();
        for attribute in proto.attribute {
            let (key, attribute) = self.attribute(&name, attribute)?;
            attributes.insert(key, attribute);
        }
        let mut outputs = Vec::with_capacity(proto.output.len());
        for value in proto.output {
            let defined = if value.is_empty() { None } else { Some(values.define(&self.file, &value)?) };
            outputs.push(defined);
        }
        Ok(Node { name, operator, inputs, outputs, attributes })
    }

    fn attribute(&mut self, node: &str, proto: AttributeProto) -> Result<(String, Attribute), OnnxError> {
        let kind = proto.kind();
        let name = proto.name.unwrap_or_default();
        let attribute = match kind {
            AttributeType::Int => Attribute::Int(proto.i.unwrap_or(0)),
            AttributeType::Float => Attribute::Float(proto.f.unwrap_or(0.0)),
            AttributeType::String => {
                Attribute::Text(String::from_utf8_lossy(&proto.s.unwrap_or_default()).into_owned())
            }
            AttributeType::Ints => Attribute::Ints(proto.ints),
            AttributeType::Floats => Attribute::Floats(proto.floats),
            AttributeType::Strings => {
                let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
                Attribute::Strings(proto.strings.iter().map(text).collect())
            }
            AttributeType::Tensor => {
                let tensor = proto.t.ok_or_else(|| self.not_onnx(format!("node `{node}` has no value")))?;
                Attribute::Tensor(Tensor::read(self, node, tensor)?)
            }
            _ => Attribute::Other,
        };
        Ok((name, attribute))
    }
}

/// The values that are defined so far.
#[derive(Default)]
struct Values {
    names: Vec<String>,
    of_name: BTreeMap<String, usize>,
}

impl Values {
    fn define(&mut self, file: &str, name: &str) -> Result<usize, OnnxError> {
        let value = self.names.len();
        if self.of_name.insert(name.into(), value).is_some() {
            return Err(OnnxError::Redefined { file: file.into(), value: name.into() });
        }
        self.names.push(name.into());
        Ok(value)
    }
}

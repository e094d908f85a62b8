//! Loads weights by their names in PyTorch.

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::model::Model;
use super::tensor::Numbers;
use crate::checkpoint::{CheckpointError, Format, Origin};
use crate::layer::{Owned, Parameters};

/// The names of parameters and buffers in PyTorch's modules. Other tensors of a file are parts of a graph.
const NAMES: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];
const RECURRENT: [&str; 4] = ["weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"];

impl Model {
    /// Loads a network by the names that its parameters have in PyTorch. The graph is ignored.
    ///
    /// [`load`](Model::load) needs no names. Prefer it if it supports the graph. `load_named` is for a network with
    /// operators that do not correspond to layers of this crate, for which you write the layers yourself. The names are
    /// those of [`Format::pytorch`], with renamings. If an exporter computes a tensor from several others, such as a
    /// convolution merged with the norm after it, it removes the name or changes the numbers.
    ///
    /// ```
    /// use chainrule::checkpoint::Format;
    /// use chainrule::{onnx, prelude::*};
    ///
    /// let model = onnx::Model::open("tests/onnx_import/models/mlp.onnx")?;
    /// let named = model.load_named::<(Linear<4, 8>, Relu, Linear<8, 3>)>(&Format::pytorch())?;
    /// let by_layers = model.load::<(Linear<4, 8>, Tanh, Linear<8, 3>)>()?;
    /// assert_eq!(named.2.weight, by_layers.2.weight);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The same as [`Format::load`]: for example [`CheckpointError::Mismatch`], which lists all missing names.
    pub fn load_named<N: Parameters>(&self, format: &Format) -> Result<Owned<N>, CheckpointError> {
        let mut tensors = Vec::new();
        for (value, tensor) in &self.graph.constants {
            let name = &self.graph.names[*value];
            let field = name.rsplit('.').next().unwrap_or(name);
            if !NAMES.contains(&field) && !RECURRENT.iter().any(|start| field.starts_with(start)) {
                continue;
            }
            let (dtype, bytes): (_, Vec<u8>) = match &tensor.numbers {
                Numbers::F32(numbers) => (Dtype::F32, numbers.iter().flat_map(|x| x.to_le_bytes()).collect()),
                Numbers::F64(numbers) => (Dtype::F64, numbers.iter().flat_map(|x| x.to_le_bytes()).collect()),
                _ => continue,
            };
            tensors.push((name, dtype, tensor.dims.clone(), bytes));
        }
        let broken = |reason: String| CheckpointError::Broken {
            origin: Origin::File(self.file.clone().into()),
            reason,
        };
        let views = tensors.iter().map(|(name, dtype, dims, bytes)| {
            TensorView::new(*dtype, dims.clone(), bytes).map(|view| (name.as_str(), view))
        });
        let views: Vec<_> = views.collect::<Result<_, _>>().map_err(|error| broken(error.to_string()))?;
        let bytes = safetensors::serialize(views, None).map_err(|error| broken(error.to_string()))?;
        format.from_bytes(&bytes)
    }
}

//! Weights by the names that PyTorch has for them.

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::model::Model;
use super::tensor::Numbers;
use crate::checkpoint::{CheckpointError, Format, Origin};
use crate::layer::{Owned, Parameters};

/// What PyTorch's modules call their parameters and buffers. Other tensors of a file are parts of a graph.
const NAMES: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];
const RECURRENT: [&str; 4] = ["weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"];

impl Model {
    /// Loads a network by the names that the parameters have in PyTorch, whatever the graph is.
    ///
    /// [`load`](Model::load) needs no names, and is the one to use where it understands the graph. This is for a
    /// network with operators that are no layers of this crate, whose layers you write yourself. The names are those
    /// of [`Format::pytorch`], with renamings. An exporter that computes a tensor anew, such as that of a
    /// convolution with the norm behind it, drops its name or changes its numbers.
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
    /// As [`Format::load`], such as [`CheckpointError::Mismatch`] with all names that are missing.
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

//! Writing networks as ONNX files: a walk over the plan of the network and its parameters. It is compiled once, not for
//! each network.

mod array;
mod attention;
mod error;
mod graph;
mod norms;
mod padded;
mod pools;
mod recurrent;
mod shapes;
mod stacks;
#[cfg(test)]
mod tests;
mod tokens;
mod value;
mod windows;
mod writer;

use std::path::Path;

use chainrule_parameters::{AsNetwork, View};
use prost::Message;

use super::proto::{ModelProto, OperatorSetIdProto};
use crate::checkpoint::write_file;
use crate::layer::{Checked, Layer, Plan};
use crate::tensor::{Contents, Sample};

pub use error::ExportError;
use graph::Graph;
use value::{declare, scalar};
use writer::Writer;

/// The version of ONNX's operators in the files.
const OPERATORS: i64 = 17;

/// The version of ONNX's file format that was released with these operators.
const FORMAT: i64 = 8;

/// Writes a network with inputs of type `X` as an ONNX file, atomically: the file is always either the old one or the
/// new one.
///
/// ```
/// use chainrule::onnx;
/// use chainrule::prelude::*;
///
/// type Net = (Linear<64, 32>, Relu, Linear<32, 10>, Softmax);
/// let net = Net::init(&mut rng(1));
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("model.onnx");
/// onnx::save::<Vector<64>, _>(&net, &path)?;
/// # Ok::<(), onnx::ExportError>(())
/// ```
///
/// # Errors
/// The same as [`to_bytes`]. Also an error of the file system if the file cannot be written. The old file is then
/// unchanged.
#[doc(alias = "export")]
#[doc(alias = "torch.onnx.export")]
#[doc(alias = "onnxruntime")]
pub fn save<X, A>(network: &A, path: impl AsRef<Path>) -> Result<(), ExportError>
where
    X: Sample,
    A: AsNetwork<Network: Layer<X>>,
{
    Ok(write_file(path.as_ref(), &to_bytes::<X, A>(network)?)?)
}

/// Returns the bytes of the file that [`save`] writes. The example of [`onnx`](super) calls it.
///
/// # Errors
/// [`ExportError::Unknown`] and [`ExportError::Impossible`] for a layer that has no form in ONNX,
/// [`ExportError::WrongForm`] for a form that does not fit its layer, [`ExportError::Input`] for a sample type that
/// ONNX does not have, [`ExportError::NonFinite`] for a network with a NaN or an infinity, [`ExportError::TooLarge`]
/// for 2 GB and more.
pub fn to_bytes<X, A>(network: &A) -> Result<Vec<u8>, ExportError>
where
    X: Sample,
    A: AsNetwork<Network: Layer<X>>,
{
    let output = <<A::Network as Layer<X>>::Output as Sample>::CONTENTS;
    let network = View::of(network.as_network());
    write(Checked::<X, A::Network>::PLAN, network, &X::CONTENTS, &output, &X::NAME.to_string())
}

/// Writes the file of a network with this plan.
fn write(
    plan: &Plan,
    network: View<'_>,
    input: &Contents,
    output: &Contents,
    sample: &str,
) -> Result<Vec<u8>, ExportError> {
    let scalar = scalar(input).or(scalar(output)).unwrap_or(chainrule_parameters::Scalar::F32);
    let mut graph = Graph::new(scalar, network)?;
    let Some((value, inputs)) = declare(&mut graph, input) else {
        return Err(ExportError::Input { sample: sample.into() });
    };
    let mut writer = Writer { graph };
    let value = writer.layer(plan, value)?;
    let Writer { mut graph } = writer;
    let outputs = value.named("output", &mut |name| graph.unique(name));
    let (names, infos) = outputs.into_iter().map(|(value, name, info)| ((value, name), info)).unzip();
    let names: Vec<_> = names;
    let mut proto = graph.finish(&names);
    (proto.input, proto.output) = (inputs, infos);
    proto.name = Some(plan.name.to_string());
    let model = ModelProto {
        ir_version: Some(FORMAT),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(OPERATORS) }],
        producer_name: Some("chainrule".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        graph: Some(proto),
        ..ModelProto::default()
    };
    let bytes = model.encoded_len();
    if bytes > i32::MAX as usize {
        return Err(ExportError::TooLarge { bytes });
    }
    Ok(model.encode_to_vec())
}

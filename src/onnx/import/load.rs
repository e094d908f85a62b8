//! Loads the weights of a file into a network with the same layers.

use std::path::Path;

use chainrule_parameters::{AsNetwork, Named, Node, Scalar, describe};

use super::layer::{Flattened, Kind, Layer};
use super::model::Model;
use super::tensor::Tensor;
use super::tokens::{Token, of_network};
use super::tree::{Understood, understand};
use crate::kernel::Real;
use crate::layer::{Owned, Parameter, Parameters, ViewMut, Visitor, visit};
use crate::onnx::{Difference, OnnxError};

/// Loads a network from an ONNX file: see [`Model::load`].
///
/// ```
/// use chainrule::{onnx, prelude::*};
///
/// type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);
/// let net = onnx::load::<Net>("tests/onnx_import/models/mlp.onnx")?;
/// let y: Vector<3> = net.predict(&Vector([0.1, 0.2, 0.3, 0.4]))?;
///
/// let wrong = onnx::load::<(Linear<4, 8>, Tanh, Linear<8, 2>)>("tests/onnx_import/models/mlp.onnx");
/// let message = wrong.err().unwrap().to_string();
/// assert!(message.contains("weight: [8, 3] in the file, [8, 2] in the network"), "{message}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The same as [`Model::open`] and [`Model::load`].
#[doc(alias = "import")]
pub fn load<N: Parameters>(path: impl AsRef<Path>) -> Result<Owned<N>, OnnxError> {
    Model::open(path)?.load()
}

/// Loads the weights of an ONNX file into an existing network.
///
/// ```
/// use chainrule::{onnx, prelude::*};
///
/// let mut net = <(Linear<4, 8>, Tanh, Linear<8, 3>)>::init(&mut rng(1));
/// onnx::load_into(&mut net, "tests/onnx_import/models/mlp.onnx")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The same as [`load`]. After an error the network has not changed.
pub fn load_into(network: &mut impl AsNetwork, path: impl AsRef<Path>) -> Result<(), OnnxError> {
    Model::open(path)?.load_into(network)
}

impl Model {
    /// Returns the model as a network.
    ///
    /// The network must have the layers of the file, in their order: the layers that [`source`](super::source) writes.
    /// It does not matter how they are nested in tuples, arrays and structs. Layers that do nothing in evaluation mode,
    /// such as `Dropout`, are ignored. `Dense<Image<..>, Vector<..>>` and `(Flatten, Linear<..>)` are equal, and so are
    /// two names of a layer, such as `MeanOver<Steps>` and `GlobalAvgPool` of a sequence. Numbers are rounded to the
    /// network's scalar: a network of `f32` loads a file of `double`.
    ///
    /// # Errors
    /// [`OnnxError::Differs`] contains the first layer that differs. [`OnnxError::Operator`] contains a node without a
    /// corresponding layer. [`OnnxError::NonFinite`] contains a weight that is NaN or infinite.
    pub fn load<N: Parameters>(&self) -> Result<Owned<N>, OnnxError> {
        let understood = understand(self)?;
        let tensors = tensors(self, &understood, &N::DESCRIPTION, <N as Named>::NAME.to_string())?;
        let mut network = Owned::zeros(); // only after the file has been checked
        visit([], [ViewMut::of(&mut *network)], &mut Fill(tensors.iter()));
        Ok(network)
    }

    /// Copies the weights of the model to a network.
    ///
    /// # Errors
    /// The same as [`load`](Model::load). After an error the network has not changed.
    pub fn load_into(&self, network: &mut impl AsNetwork) -> Result<(), OnnxError> {
        let network = ViewMut::of(network.as_network_mut());
        let understood = understand(self)?;
        let tensors = tensors(self, &understood, network.description(), network.name().to_string())?;
        visit([], [network], &mut Fill(tensors.iter()));
        Ok(())
    }
}

/// The tensors of a network, in its order.
struct Fill<'a>(std::slice::Iter<'a, Tensor>);

impl Visitor<0, 1> for Fill<'_> {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [numbers]: [&mut [T]; 1]) {
        let Some(tensor) = self.0.next() else { return };
        numbers.iter_mut().enumerate().for_each(|(at, number)| *number = T::from_f64(tensor.at(at)));
    }
}

/// Returns the tensors of the file in the network's order, after all checks.
fn tensors(model: &Model, file: &Understood, network: &Node, name: String) -> Result<Vec<Tensor>, OnnxError> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    of_network(network, &name, "", &mut ours);
    of_file(&file.layers, file.double, &mut theirs);
    let (mut ours, mut theirs) = (ours.iter().peekable(), theirs.iter().peekable());
    let mut scalars = Vec::new();
    describe(network, &mut |parameter| scalars.push(parameter.scalar));
    let mut scalars = scalars.iter();
    let mut all = Vec::new();
    loop {
        let (our, their) = (ours.next(), theirs.next());
        let found: Vec<(&'static str, Tensor)> = match (our, their) {
            (None, None) => return Ok(all),
            (Some(Token::Leaf(our)), Some(Token::Leaf(their))) => {
                let (layer, shapes) = (their.layer, &our.tensors);
                let tensors: Vec<_> = layer
                    .into_iter()
                    .flat_map(Layer::tensors)
                    .map(|(name, tensor)| (name, tensor.clone()))
                    .collect();
                if our.name == their.name
                    && tensors
                        .iter()
                        .map(|(_, tensor)| &tensor.dims[..])
                        .eq(shapes.iter().map(|(_, dims)| &dims[..]))
                {
                    tensors
                } else if let Some(Token::Leaf(linear)) = ours.peek()
                    && let Some(tensors) = layer.and_then(|layer| flattened(layer, &our.name, &linear.name))
                {
                    ours.next();
                    tensors
                } else {
                    return Err(difference(
                        model,
                        name,
                        Some(&Token::Leaf(our.clone())),
                        Some(&Token::Leaf(their.clone())),
                    ));
                }
            }
            (Some(our), Some(their)) if our.same_bracket(their) => Vec::new(),
            (our, their) => return Err(difference(model, name, our, their)),
        };
        for (field, tensor) in found {
            let double = scalars.next() == Some(&Scalar::F64);
            let node = match their {
                Some(Token::Leaf(leaf)) => leaf.layer.map_or("", |layer| &layer.node),
                _ => "",
            };
            check_numbers(model, node, field, &tensor, double)?;
            all.push(tensor);
        }
    }
}

fn check_numbers(
    model: &Model,
    node: &str,
    tensor: &'static str,
    numbers: &Tensor,
    double: bool,
) -> Result<(), OnnxError> {
    let is_finite = |number: f64| number.is_finite() && (double || (number as f32).is_finite());
    match (0..numbers.len()).find(|&at| !is_finite(numbers.at(at))) {
        None => Ok(()),
        Some(element) => {
            let (file, node, value) = (model.file.clone(), node.into(), numbers.at(element));
            Err(OnnxError::NonFinite { file, node, tensor, element, value })
        }
    }
}

/// Converts the tensors of a dense layer of the file to the `(Flatten, Linear)` of the network.
fn flattened(layer: &Layer, flatten: &str, linear: &str) -> Option<Vec<(&'static str, Tensor)>> {
    let Kind::Weighted { weight, bias, outputs, from: Some(Flattened { sides, features_first }), .. } =
        &layer.kind
    else {
        return None;
    };
    let inputs: usize = sides.iter().product();
    let wanted = format!("Linear<{inputs}, {outputs}{}>", if bias.is_some() { "" } else { ", NoBias" });
    let flattens = flatten == "Flatten" || flatten == format!("Reshape<Vector<{inputs}>>");
    if !flattens || wanted != linear {
        return None;
    }
    let weight = match sides[..] {
        [steps, features] if *features_first => weight
            .clone()
            .reshaped(vec![steps, features, *outputs])
            .permuted(&[1, 0, 2])
            .reshaped(vec![inputs, *outputs]),
        // `Flatten` has the features of a sequence first, but the file has the steps first.
        [_, _] => return None,
        _ => weight.clone(),
    };
    let mut tensors = vec![("weight", weight)];
    tensors.extend(bias.iter().map(|bias| ("bias", bias.clone())));
    Some(tensors)
}

fn difference(
    model: &Model,
    network: String,
    our: Option<&Token<'_>>,
    their: Option<&Token<'_>>,
) -> OnnxError {
    let mut tensor = None;
    if let (Some(Token::Leaf(our)), Some(Token::Leaf(their))) = (our, their) {
        let tensors: Vec<(&str, &Tensor)> = their.layer.into_iter().flat_map(Layer::tensors).collect();
        let pairs = tensors.iter().zip(&our.tensors);
        let differ = pairs.into_iter().find(|((_, tensor), (_, dims))| tensor.dims != *dims);
        tensor =
            differ.map(|((name, tensor), (_, dims))| (name.to_string(), tensor.dims.clone(), dims.clone()));
    }
    let layer = |token: Option<&Token<'_>>| token.map(Token::shown);
    Box::new(Difference {
        file: model.file.clone(),
        network,
        node: their.map(|token| token.node().to_owned()),
        in_file: layer(their),
        path: our.map(|token| token.path().to_owned()),
        in_network: layer(our),
        tensor,
    })
    .into()
}

/// Lists the layers of a file.
fn of_file<'a>(layers: &'a [Layer], double: bool, tokens: &mut Vec<Token<'a>>) {
    for layer in layers {
        match &layer.kind {
            Kind::Residual(branch, shortcut) => {
                tokens.push(Token::open("Residual", "", Some(layer)));
                of_file(branch, double, tokens);
                tokens.push(Token::Next);
                of_file(shortcut, double, tokens);
                tokens.push(Token::Close);
            }
            Kind::Concat(branches) => {
                tokens.push(Token::open("Concat", "", Some(layer)));
                for branch in branches {
                    of_file(branch, double, tokens);
                    tokens.push(Token::Next);
                }
                tokens.push(Token::Close);
            }
            Kind::Pair(pairing, one, other, _) => {
                tokens.push(Token::leaf("Duplicate", Some(layer)));
                tokens.push(Token::open("Parallel", "", Some(layer)));
                of_file(one, double, tokens);
                tokens.push(Token::Next);
                of_file(other, double, tokens);
                tokens.push(Token::Close);
                tokens.push(Token::leaf(pairing.name(), Some(layer)));
            }
            Kind::Plain(name) if name == "Identity" => {}
            _ => tokens.push(Token::leaf(&layer.name(double).unwrap_or_default(), Some(layer))),
        }
    }
}

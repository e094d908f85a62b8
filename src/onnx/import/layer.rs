//! The layers of a graph, with their numbers in this crate's order.

use super::ratio::ratio;
use super::tensor::Tensor;

/// A layer, and the node from which it was created.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) node: String,
    pub(super) kind: Kind,
}

/// How the outputs of two branches are combined, number by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairing {
    Sum,
    Difference,
    Product,
    Quotient,
    Maximum,
    Minimum,
}

/// The kind of a layer, with its numbers.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A layer without numbers, given by its type.
    Plain(String),
    /// A constant factor.
    Scale(f64),
    /// A constant summand.
    Shift(f64),
    /// Another order of sides, without numbers.
    Reshape(Vec<usize>),
    /// A weight, and a bias for each of `outputs`. The type is `head`, the further parameters, and `>`.
    Weighted { head: Head, weight: Tensor, bias: Option<Tensor>, outputs: usize, from: Option<Flattened> },
    /// A factor and a summand for each channel.
    Affine { channels: usize, gain: Option<Tensor>, bias: Option<Tensor> },
    /// A norm: `BatchNorm<4`, `LayerNorm<Vector<4>`.
    Norm {
        head: Head,
        epsilon: f64,
        momentum: f64,
        gain: Option<Tensor>,
        bias: Option<Tensor>,
        running: Vec<Tensor>,
    },
    /// A layer that has all its tensors: a recurrent layer, or `PRelu`.
    Whole { head: Head, tensors: Vec<(&'static str, Tensor)> },
    /// `F(x) + x`, or `F(x) + S(x)`.
    Residual(Vec<Layer>, Vec<Layer>),
    /// Branches whose outputs are concatenated.
    Concat(Vec<Vec<Layer>>),
    /// Two branches with the same input. `Err` is the reason why their outputs have different shapes.
    Pair(Pairing, Vec<Layer>, Vec<Layer>, Result<(), String>),
}

/// The input of a `Dense` before it is flattened: a network may have `(Flatten, Linear)` in place of the `Dense`.
#[derive(Clone, Debug)]
pub(super) struct Flattened {
    pub(super) sides: Vec<usize>,
    /// Whether the file has the features of a sequence before its steps.
    pub(super) features_first: bool,
}

/// The name of a type with its parameters, up to the scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// `Linear<3, 4`.
    pub(super) text: String,
    /// Whether the scalar follows. Otherwise it is in the text, as in `LayerNorm<Vector<4, f64>`.
    pub(super) has_scalar: bool,
    /// Whether the layer is inside a `PerStep`.
    pub(super) per_step: bool,
}

impl Head {
    pub(super) fn new(text: String) -> Self {
        Self { text, has_scalar: true, per_step: false }
    }

    pub(super) fn without_scalar(text: String) -> Self {
        Self { text, has_scalar: false, per_step: false }
    }

    /// Returns the type with these additional parameters.
    fn finish(&self, double: bool, rest: &[&str]) -> String {
        let mut text = self.text.clone();
        if self.has_scalar && (double || !rest.is_empty()) {
            text += if double { ", f64" } else { ", f32" };
        }
        for part in rest {
            text += ", ";
            text += part;
        }
        if text.contains('<') {
            text.push('>');
        }
        text
    }
}

impl Kind {
    pub(super) fn plain(name: &str) -> Self {
        Self::Plain(name.into())
    }

    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self, Self::Plain(plain) if plain == name)
    }
}

/// Returns the type of a sample with these sides.
pub(super) fn sample(sides: &[usize], double: bool) -> String {
    let kind = match sides.len() {
        1 => "Vector",
        2 => "Sequence",
        _ => "Image",
    };
    let sides: Vec<String> = sides.iter().map(usize::to_string).collect();
    format!("{kind}<{}{}>", sides.join(", "), if double { ", f64" } else { "" })
}

impl Layer {
    pub(super) fn new(node: &str, kind: Kind) -> Self {
        Self { node: node.into(), kind }
    }

    /// Returns the type of a layer that contains no other layers, as its [`NAME`](crate::layer::Parameters::NAME) is
    /// printed, without `PerStep`. The error is the reason why no layer has these settings.
    pub(super) fn name(&self, double: bool) -> Result<String, String> {
        let fraction = |name: &str, number: f64| match ratio(number) {
            Some((numerator, denominator)) => Ok(format!("{name}<{numerator}, {denominator}>")),
            None => Err(format!("{number} is not a ratio of integers that fits in a type")),
        };
        Ok(match &self.kind {
            Kind::Plain(name) => name.clone(),
            Kind::Scale(factor) if *factor == 0.0 => return Err("a factor of 0".into()),
            Kind::Scale(factor) => fraction("Scale", *factor)?,
            Kind::Shift(summand) => fraction("Shift", *summand)?,
            Kind::Reshape(sides) => format!("Reshape<{}>", sample(sides, double)),
            Kind::Weighted { head, bias, .. } => {
                head.finish(double, if bias.is_some() { &[] } else { &["NoBias"] })
            }
            Kind::Affine { channels, gain, bias } => {
                let rest: &[&str] = match (gain, bias) {
                    (_, None) => &["NoBias"],
                    (None, _) => &["NoGain"],
                    _ => &[],
                };
                Head::new(format!("Affine<{channels}")).finish(double, rest)
            }
            Kind::Norm { head, epsilon, momentum, gain, bias, .. } => {
                let root = head.text.starts_with("RmsNorm");
                let affine = match (gain, bias) {
                    (Some(_), Some(_)) => None,
                    (Some(_), None) if root => None,
                    (Some(_), None) => Some("NoBias"),
                    (None, Some(_)) => Some("NoGain"),
                    (None, None) => Some("NoAffine"),
                };
                // `MachineEpsilon`, the default of `RmsNorm`.
                let smallest = if double { f64::EPSILON } else { f32::EPSILON.into() };
                if root && *epsilon == smallest {
                    return Ok(head.finish(double, affine.as_slice()));
                }
                let mut settings = fraction("Epsilon", *epsilon)?;
                if ratio(*momentum) != Some((1, 10)) {
                    settings = format!("({settings}, {})", fraction("Momentum", *momentum)?);
                }
                if !root && affine.is_none() && settings == "Epsilon<1, 100000>" {
                    head.finish(double, &[])
                } else {
                    head.finish(double, &[&[&settings[..]][..], affine.as_slice()].concat())
                }
            }
            Kind::Whole { head, .. } => head.finish(double, &[]),
            Kind::Residual(..) | Kind::Concat(_) | Kind::Pair(..) => String::new(),
        })
    }

    /// Returns the tensors, in the order of the layer's description.
    pub(super) fn tensors(&self) -> Vec<(&'static str, &Tensor)> {
        let mut tensors = Vec::new();
        match &self.kind {
            Kind::Weighted { weight, bias, .. } => {
                tensors.push(("weight", weight));
                tensors.extend(bias.iter().map(|bias| ("bias", bias)));
            }
            Kind::Affine { gain, bias, .. } => {
                tensors.extend(gain.iter().map(|gain| ("gain", gain)));
                tensors.extend(bias.iter().map(|bias| ("bias", bias)));
            }
            Kind::Norm { gain, bias, running, .. } => {
                tensors.extend(gain.iter().map(|gain| ("gain", gain)));
                tensors.extend(bias.iter().map(|bias| ("bias", bias)));
                tensors.extend(["running_mean", "running_variance"].into_iter().zip(running));
            }
            Kind::Whole { tensors: all, .. } => {
                tensors.extend(all.iter().map(|(name, tensor)| (*name, tensor)))
            }
            _ => {}
        }
        tensors
    }
}

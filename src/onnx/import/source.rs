//! The Rust source of a network's type.

use std::path::Path;

use super::layer::{Kind, Layer, Pairing};
use super::model::Model;
use super::short::short;
use super::tree::understand;
use crate::onnx::OnnxError;

/// The largest number of layers in a tuple.
const LONGEST: usize = 16;

/// The largest width of a line.
const WIDTH: usize = 110;

/// The largest length of a block inside a tuple. A longer block gets its own name.
const INLINE: usize = 70;

/// Returns the Rust source of a model's network: the types `Net`, `Input` and `Output`.
///
/// The source needs only this crate. It has no weights: [`load`](super::load) reads them from the file.
///
/// ```
/// use chainrule::onnx;
///
/// let model = onnx::Model::open("tests/onnx_import/models/mlp.onnx")?;
/// let source = onnx::source(&model)?;
/// assert!(source.contains("pub type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);"), "{source}");
/// # Ok::<(), onnx::OnnxError>(())
/// ```
///
/// # Errors
/// [`OnnxError::Operator`] contains the first node without a corresponding layer in this crate, and its operator.
/// [`OnnxError::Interface`] if the graph does not have exactly one input and one output.
#[doc(alias = "code generation")]
#[doc(alias = "convert ONNX")]
pub fn source(model: &Model) -> Result<String, OnnxError> {
    let network = understand(model)?;
    let mut writer = Writer { double: network.double, types: Vec::new(), names: Vec::new() };
    let layers = writer.layers(&network.layers);
    let nodes = with_parameters(&network.layers, "");
    // Only the name, because the whole path would differ between machines.
    let file = match Path::new(&model.file).file_name() {
        Some(name) if model.file != "the bytes" => format!("`{}`", name.to_string_lossy().escape_debug()),
        _ => "an ONNX model".into(),
    };
    let mut sections = vec![
        format!("// Written by `chainrule::onnx::source` from {file}.\nuse chainrule::prelude::*;\n"),
        sample("Input", &network.axes[0], &network.input),
        sample("Output", &network.axes[1], &network.output),
    ];
    sections.extend(writer.types);
    let mut net = format!("/// The network of {file}, whose weights `chainrule::onnx::load::<Net>` reads.\n");
    if !nodes.is_empty() {
        net += "///\n/// | layer | node |\n/// |---|---|\n";
        net.extend(nodes.iter().map(|(path, node)| format!("/// | `{path}` | `{}` |\n", shown(node))));
    }
    sections.push(net + &definition("Net", &layers));
    sections.push("const _: () = chainrule::shapes::<Net, Input, Output>();\n".into());
    Ok(sections.join("\n"))
}

/// Returns the type of the input or output, with its axes in the file.
fn sample(name: &str, axes: &str, kind: &str) -> String {
    format!("/// A sample of the {}, in the file `{axes}`.\npub type {name} = {kind};\n", name.to_lowercase())
}

/// Returns a name of a file for a table in a comment: on one line, without characters that end a column.
fn shown(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && !matches!(c, '|' | '`') { c } else { '?' };
    name.chars().take(80).map(plain).collect()
}

/// Returns the path and the node of each layer with parameters.
fn with_parameters(layers: &[Layer], above: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (at, layer) in layers.iter().enumerate() {
        let path = match (above, layers.len()) {
            ("", _) if layers.len() > LONGEST => format!("{}.{}", at / LONGEST, at % LONGEST),
            ("", _) => at.to_string(),
            (_, 1) => above.to_owned(),
            _ if layers.len() > LONGEST => format!("{above}.{}.{}", at / LONGEST, at % LONGEST),
            _ => format!("{above}.{at}"),
        };
        match &layer.kind {
            Kind::Residual(one, other) => {
                all.extend(with_parameters(one, &format!("{path}.branch")));
                all.extend(with_parameters(other, &format!("{path}.shortcut")));
            }
            Kind::Concat(branches) => {
                for (at, branch) in branches.iter().enumerate() {
                    all.extend(with_parameters(branch, &format!("{path}.{at}")));
                }
            }
            Kind::Pair(_, one, other, _) => {
                all.extend(with_parameters(one, &format!("{path}.1.first")));
                all.extend(with_parameters(other, &format!("{path}.1.second")));
            }
            _ if layer.tensors().is_empty() => {}
            _ => all.push((path, layer.node.clone())),
        }
    }
    all
}

/// Returns `pub type NAME = ..;` in rustfmt's style.
fn definition(name: &str, items: &Items) -> String {
    let text = items.on_one_line();
    let line = format!("pub type {name} = {text};\n");
    match items {
        _ if line.len() <= WIDTH + 1 => line,
        Items::Tuple(items) if text.len() + "    ;".len() > WIDTH => {
            let lines: Vec<String> = items.iter().map(|item| format!("    {item},\n")).collect();
            format!("pub type {name} = (\n{});\n", lines.concat())
        }
        _ => format!("pub type {name} =\n    {text};\n"),
    }
}

/// A type: a tuple, or another type.
enum Items {
    Tuple(Vec<String>),
    One(String),
}

impl Items {
    fn on_one_line(&self) -> String {
        match self {
            Self::One(item) => item.clone(),
            Self::Tuple(items) if items.len() == 1 => format!("({},)", items[0]),
            Self::Tuple(items) => format!("({})", items.join(", ")),
        }
    }
}

/// The types that have been written so far.
struct Writer {
    double: bool,
    /// The definitions of parts.
    types: Vec<String>,
    names: Vec<(String, String)>,
}

impl Writer {
    /// Returns the layers as one tuple. Long parts of it get names.
    fn layers(&mut self, layers: &[Layer]) -> Items {
        if layers.len() <= LONGEST {
            return Items::Tuple(layers.iter().map(|layer| self.layer(layer)).collect());
        }
        let parts: Vec<String> = layers
            .chunks(LONGEST)
            .map(|part| {
                let items = Items::Tuple(part.iter().map(|layer| self.layer(layer)).collect());
                self.named("Part", items)
            })
            .collect();
        Items::Tuple(parts)
    }

    /// Returns the name of a type. Each type is written once.
    fn named(&mut self, kind: &str, items: Items) -> String {
        let text = items.on_one_line();
        if let Some((_, name)) = self.names.iter().find(|(known, _)| *known == text) {
            return name.clone();
        }
        let number = self.names.iter().filter(|(_, name)| name.starts_with(kind)).count() + 1;
        let name = format!("{kind}{number}");
        self.types.push(format!("/// A part of the network.\n{}", definition(&name, &items)));
        self.names.push((text, name.clone()));
        name
    }

    /// Returns a branch: a single layer, or a tuple of several layers. A tuple gets a name if it is longer than `most`.
    fn branch(&mut self, layers: &[Layer], most: usize) -> String {
        match layers {
            [] => "Identity".into(),
            [one] => self.layer(one),
            layers => {
                let items = self.layers(layers);
                let text = items.on_one_line();
                if text.len() > most { self.named("Branch", items) } else { text }
            }
        }
    }

    fn layer(&mut self, layer: &Layer) -> String {
        let (branches, open, close): (Vec<&[Layer]>, _, _) = match &layer.kind {
            Kind::Residual(branch, shortcut) if shortcut.is_empty() => (vec![branch], "Residual<", ">"),
            Kind::Residual(branch, shortcut) => (vec![branch, shortcut], "Residual<", ">"),
            Kind::Concat(branches) => {
                if let Some(text) = self.bidirectional(branches) {
                    return text;
                }
                (branches.iter().map(|branch| &branch[..]).collect(), "Concat<(", ")>")
            }
            Kind::Pair(_, one, other, _) => (vec![one, other], "Parallel<", ">"),
            _ => return self.leaf(layer),
        };
        // Short branches are written in the line, if the line does not become too long.
        let mut text = String::new();
        for most in [INLINE, 0] {
            let before = (self.types.len(), self.names.len());
            let texts: Vec<String> = branches.iter().map(|branch| self.branch(branch, most)).collect();
            text = format!("{open}{}{close}", texts.join(", "));
            if text.len() <= WIDTH - 20 {
                break;
            }
            if most > 0 {
                self.types.truncate(before.0);
                self.names.truncate(before.1);
            }
        }
        let Kind::Pair(pairing, ..) = &layer.kind else {
            return if text.len() > INLINE { self.named("Block", Items::One(text)) } else { text };
        };
        let items = Items::Tuple(vec!["Duplicate".into(), text, pairing.name().into()]);
        let text = items.on_one_line();
        if text.len() > INLINE { self.named("Block", items) } else { text }
    }

    /// Returns `Bidirectional<F>` if these are its branches.
    fn bidirectional(&self, branches: &[Vec<Layer>]) -> Option<String> {
        let [one, other] = branches else { return None };
        let ([forward], [first, backward, last]) = (&one[..], &other[..]) else { return None };
        let same = match (&forward.kind, &backward.kind) {
            (Kind::Whole { head, .. }, Kind::Whole { head: other, .. }) => head == other,
            _ => false,
        };
        (same && first.kind.is("Reverse") && last.kind.is("Reverse"))
            .then(|| format!("Bidirectional<{}>", self.leaf(forward)))
    }

    fn leaf(&self, layer: &Layer) -> String {
        let text = short(&layer.name(self.double).unwrap_or_default());
        match &layer.kind {
            Kind::Weighted { head, .. } if head.per_step => format!("PerStep<{text}>"),
            Kind::Whole { head, .. } if head.text == "PRelu" && self.double => "PRelu<f64>".into(),
            _ => text,
        }
    }
}

impl Pairing {
    /// Returns the layer that combines a pair.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Difference => "Difference",
            Self::Product => "Product",
            Self::Quotient => "Quotient",
            Self::Maximum => "Maximum",
            Self::Minimum => "Minimum",
        }
    }
}

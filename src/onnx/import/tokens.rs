//! A network as a list: its layers in order, with brackets around branches.

use chainrule_parameters::{Field, Node, Segment, describe};

use super::layer::{Kind, Layer};

/// An element of the list.
#[derive(Clone, Debug)]
pub(super) enum Token<'a> {
    /// The start of a combinator, and its path or node for error messages.
    Open {
        name: &'static str,
        path: String,
        node: String,
    },
    /// The end of a branch.
    Next,
    Close,
    Leaf(Leaf<'a>),
}

/// A layer that contains no other layers.
#[derive(Clone, Debug)]
pub(super) struct Leaf<'a> {
    /// Its type, without the scalar.
    pub(super) name: String,
    pub(super) path: String,
    /// The names and sides of its tensors in the network.
    pub(super) tensors: Vec<(String, Vec<usize>)>,
    /// The layer of the file.
    pub(super) layer: Option<&'a Layer>,
}

impl<'a> Token<'a> {
    pub(super) fn open(name: &'static str, path: &str, layer: Option<&Layer>) -> Self {
        Self::Open {
            name,
            path: path.into(),
            node: layer.map_or_else(String::new, |layer| layer.node.clone()),
        }
    }

    /// A layer of a file.
    pub(super) fn leaf(name: &str, layer: Option<&'a Layer>) -> Self {
        let has_parameters = |layer: &&Layer| !matches!(layer.kind, Kind::Pair(..));
        let path = layer.map_or_else(String::new, |layer| layer.node.clone());
        Self::Leaf(Leaf {
            name: normal(name),
            path,
            tensors: Vec::new(),
            layer: layer.filter(has_parameters),
        })
    }

    pub(super) fn same_bracket(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Open { name, .. }, Self::Open { name: other, .. }) => name == other,
            (Self::Next, Self::Next) | (Self::Close, Self::Close) => true,
            _ => false,
        }
    }

    /// Returns the token as text for an error message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Open { name, .. } => format!("{name}<..>"),
            Self::Next => "the end of a branch".into(),
            Self::Close => "the end of the branches".into(),
            Self::Leaf(leaf) => leaf.name.clone(),
        }
    }

    pub(super) fn path(&self) -> &str {
        match self {
            Self::Open { path, .. } | Self::Leaf(Leaf { path, .. }) => path,
            _ => "",
        }
    }

    pub(super) fn node(&self) -> &str {
        match self {
            Self::Open { node, .. } => node,
            Self::Leaf(leaf) => &leaf.path,
            _ => "",
        }
    }
}

/// Returns a type without its scalar. If a layer has several names, returns the same name for all of them.
fn normal(name: &str) -> String {
    let name = name.replace(", f64", "").replace(", f32", "");
    if let Some(sides) = name.strip_prefix("Dense<Vector<")
        && let Some((inputs, rest)) = sides.split_once(">, Vector<")
        && let Some((outputs, bias)) = rest.split_once('>')
    {
        return format!("Linear<{inputs}, {outputs}{bias}");
    }
    let name = match name.strip_prefix("HardTanh<") {
        Some(limits) => format!("Clamp<{limits}").replace(", 1>", ">"),
        None => name,
    };
    match (&name[..], name.split_once("With<")) {
        ("Clamp<-1, 1>", _) => "HardTanh".into(),
        ("Clamp<0, 6>", _) => "Relu6".into(),
        ("Celu<1, 1>", _) => "Elu<1, 1>".into(),
        ("MeanOver<Steps>", _) => "GlobalAvgPool".into(),
        ("MaxOver<Steps>", _) => "GlobalMaxPool".into(),
        (_, Some((kind, _))) if kind.contains("Conv") => name.replace(", Stride<1>", ""),
        _ => name,
    }
}

/// Returns whether a layer does nothing in evaluation mode.
fn does_nothing(name: &str) -> bool {
    let kind = name.split('<').next().unwrap_or(name);
    matches!(
        kind,
        "Identity"
            | "Dropout"
            | "Dropout1d"
            | "Dropout2d"
            | "AlphaDropout"
            | "GaussianNoise"
            | "GaussianDropout"
    )
}

/// Appends the layers among the fields. The layers of a flattened field are appended as if they were fields too.
fn layers<'a>(fields: &'a [Field], all: &mut Vec<&'a Field>) {
    for field in fields {
        match (field.name, field.node, field.layer) {
            (Segment::Flattened, Node::Fields(fields), _) => layers(fields, all),
            (_, _, Some(_)) => all.push(field),
            _ => {}
        }
    }
}

/// Lists the layers of a network. `name` is the name of its type.
pub(super) fn of_network(node: &Node, name: &str, path: &str, tokens: &mut Vec<Token<'_>>) {
    let below = |segment: &dyn std::fmt::Display| {
        if path.is_empty() { segment.to_string() } else { format!("{path}.{segment}") }
    };
    // The description of the single layer of a wrapper.
    let inside = || match node {
        Node::Fields([Field { name: Segment::Flattened, node, .. }]) => *node,
        node => node,
    };
    for wrapper in ["PerStep<", "Evaluate<"] {
        if let Some(layer) = name.strip_prefix(wrapper) {
            return of_network(inside(), layer.strip_suffix('>').unwrap_or(layer), path, tokens);
        }
    }
    if let Node::Repeat { count, of, layer, .. } = node {
        let name = layer.to_string();
        (0..*count).for_each(|at| of_network(of, &name, &below(&at), tokens));
        return;
    }
    let mut children = Vec::new();
    if let Node::Fields(fields) = node {
        layers(fields, &mut children);
    }
    let each = |child: &Field, tokens: &mut Vec<Token<'_>>| {
        let name = child.layer.map_or_else(String::new, ToString::to_string);
        of_network(child.node, &name, &below(&child.name), tokens);
    };
    let bracket = ["Residual", "Concat", "Parallel"];
    let bracket =
        bracket.into_iter().find(|kind| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('<')));
    match bracket {
        Some(kind) => {
            tokens.push(Token::open(kind, path, None));
            let last = if kind == "Concat" { children.len() } else { children.len().saturating_sub(1) };
            for (at, child) in children.into_iter().enumerate() {
                each(child, tokens);
                if at < last {
                    tokens.push(Token::Next);
                }
            }
            tokens.push(Token::Close);
        }
        None if !children.is_empty() && !name.starts_with("Highway<") => {
            children.into_iter().for_each(|child| each(child, tokens));
        }
        None if does_nothing(name) => {}
        None => {
            let mut tensors = Vec::new();
            describe(node, &mut |parameter| {
                tensors.push((parameter.path.to_string(), parameter.shape.to_vec()))
            });
            tokens.push(Token::Leaf(Leaf { name: normal(name), path: path.into(), tensors, layer: None }));
        }
    }
}

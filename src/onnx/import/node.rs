//! The nodes of a graph.

use std::collections::BTreeMap;

use super::tensor::Tensor;

/// An operator, applied to values. A name that is empty in the file is `None`.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) operator: String,
    pub(super) inputs: Vec<Option<usize>>,
    pub(super) outputs: Vec<Option<usize>>,
    pub(super) attributes: BTreeMap<String, Attribute>,
}

/// A setting of an operator.
#[derive(Clone, Debug)]
pub(super) enum Attribute {
    Int(i64),
    Float(f32),
    Text(String),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Strings(Vec<String>),
    Tensor(Tensor),
    /// An attribute of another kind, such as a graph.
    Other,
}

impl Node {
    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        match self.attributes.get(name) {
            Some(Attribute::Int(int)) => *int,
            _ => default,
        }
    }

    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        match self.attributes.get(name) {
            Some(Attribute::Float(float)) => *float,
            _ => default,
        }
    }

    pub(super) fn text(&self, name: &str, default: &'static str) -> &str {
        match self.attributes.get(name) {
            Some(Attribute::Text(text)) => text,
            _ => default,
        }
    }

    pub(super) fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.attributes.get(name) {
            Some(Attribute::Ints(ints)) => Some(ints),
            _ => None,
        }
    }
}

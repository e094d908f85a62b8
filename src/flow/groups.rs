//! The layers of a network, and the place of their parameters in one vector of all parameters.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use super::objective::is_buffer;
use crate::kernel::Real;
use crate::layer::{Parameter, Path, Plan, Segment, View, Visitor, visit};
use crate::stack::EVALUATED;
use chainrule_parameters::{Node, describe, describe_leaves};

/// The layers of a network, and the layer of each parameter. Buffers are left out.
pub(super) struct Groups {
    pub(super) layers: Vec<Group>,
    pub(super) tensors: Vec<Tensor>,
    /// The number of elements of the vector.
    pub(super) len: usize,
}

/// A layer: its path and its type. Shared layers have the path without the index of an application.
pub(super) struct Group {
    pub(super) path: String,
    pub(super) layer: String,
    /// The number of its own parameters, without those of layers inside it.
    pub(super) parameters: usize,
}

/// The place of a parameter in the vector of all parameters.
pub(super) struct Tensor {
    pub(super) at: Range<usize>,
    /// The index of its layer.
    pub(super) layer: usize,
    /// The epsilon of its scalar type.
    pub(super) rounding: f64,
}

impl Groups {
    pub(super) fn of(plan: &Plan, network: View<'_>) -> Self {
        let mut groups = Self { layers: Vec::new(), tensors: Vec::new(), len: 0 };
        list(plan, &Path::ROOT, &mut groups.layers);
        visit([network], [], &mut groups);
        groups
    }
}

impl Visitor<1, 0> for Groups {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if is_buffer(parameter) || xs.is_empty() {
            return;
        }
        // The innermost layer whose path leads to it. Layers inside are listed after those around them.
        let path = parameter.path.to_string();
        let leads = |layer: &Group| {
            let rest = path.strip_prefix(layer.path.as_str());
            layer.path.is_empty() || rest.is_some_and(|rest| rest.starts_with('.'))
        };
        let layer = self.layers.iter().rposition(leads).unwrap_or(0);
        self.layers[layer].parameters += xs.len();
        let at = self.len..self.len + xs.len();
        self.tensors.push(Tensor { at, layer, rounding: T::EPSILON.to_f64() });
        self.len += xs.len();
    }
}

/// Lists a layer and the layers inside it.
fn list(plan: &Plan, path: &Path<'_>, layers: &mut Vec<Group>) {
    layers.push(Group { path: path.to_string(), layer: plan.name.to_string(), parameters: 0 });
    for child in plan.children {
        match child.name {
            // All applications of a shared layer have the parameters of the layer itself.
            _ if child.shared => list(child.plan, path, layers),
            Segment::Repeated(count) => {
                (0..count).for_each(|at| list(child.plan, &path.join(Segment::Index(at)), layers));
            }
            name => list(child.plan, &path.join(name), layers),
        }
    }
}

/// Returns whether there are running statistics outside the parts that are always in evaluation mode. If so, a layer
/// computes with the statistics of its batch.
pub(super) fn has_batch_statistics(parameters: &Node) -> bool {
    if !parameters.has_buffers() {
        return false;
    }
    let mut evaluated: Vec<String> = Vec::new();
    describe_leaves(parameters, &mut |path, _| {
        evaluated.extend(path.to_string().strip_suffix(EVALUATED).map(String::from));
    });
    let mut found = false;
    describe(parameters, &mut |parameter| {
        let path = parameter.path.to_string();
        found |= is_buffer(parameter) && !evaluated.iter().any(|part| path.starts_with(part.as_str()));
    });
    found
}

//! The distance by which a step has moved each parameter.

use alloc::string::ToString;

use super::Flow;
use crate::flow::figures::norm;
use crate::kernel::Real;
use crate::layer::{Parameter, Role, View, Visitor, visit};

/// The number of elements that are subtracted at once.
const CHUNK: usize = 1024;

/// Sets the distance by which each parameter has moved.
pub(super) fn updates(before_and_after: [View<'_>; 2], flow: &mut Flow) {
    visit(before_and_after, [], &mut Updates(flow));
}

struct Updates<'a>(&'a mut Flow);

impl Visitor<2, 0> for Updates<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [before, after]: [&[T]; 2], []: [&mut [T]; 0]) {
        if let Role::Buffer { .. } = parameter.role {
            return;
        }
        let path = parameter.path.to_string();
        let mut change = None; // shared parameters appear at several layers
        for layer in self.0.layers.iter_mut().filter(|layer| !layer.parameters.is_empty()) {
            // `0.weight` is the `weight` of the layer `0`. In a network of one layer, which has no path, it is
            // `weight`.
            let at = &layer.parameters_path;
            let own = if at.is_empty() {
                Some(path.as_str())
            } else {
                path.strip_prefix(at.as_str()).and_then(|rest| rest.strip_prefix('.'))
            };
            let Some(own) = own else { continue };
            if let Some(found) = layer.parameters.iter_mut().find(|parameter| parameter.name == own) {
                found.update_norm = Some(*change.get_or_insert_with(|| distance(before, after)));
            }
        }
    }
}

/// Computes |after - before|.
fn distance<T: Real>(before: &[T], after: &[T]) -> f64 {
    let mut changes = [0.0; CHUNK];
    let chunks = before.chunks(CHUNK).zip(after.chunks(CHUNK));
    let norms = chunks.map(|(before, after)| {
        let changes = &mut changes[..before.len()];
        for (change, (a, b)) in changes.iter_mut().zip(before.iter().zip(after)) {
            *change = b.to_f64() - a.to_f64();
        }
        norm(changes)
    });
    norms.fold(0.0, f64::hypot)
}

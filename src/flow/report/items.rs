use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::figures::Kind;
use crate::flow::{Flow, LayerFlow};

/// The items of a kind, such as all parameters.
#[derive(Default, Serialize)]
pub(super) struct Items {
    pub(super) layer: Vec<usize>,
    name: Vec<String>,
    size: Vec<usize>,
    /// The items of each layer.
    #[serde(skip)]
    pub(super) of: Vec<Vec<usize>>,
}

impl Items {
    /// Lists the items of all these flows, layer by layer. For example, a pass that was not finite has no paths.
    pub(super) fn of(kind: &Kind, flows: &[&Flow]) -> Self {
        let mut found: Vec<Vec<(String, usize)>> = Vec::new();
        for flow in flows {
            found.resize_with(found.len().max(flow.layers.len()), Vec::new);
            for (layer, found) in flow.layers.iter().zip(&mut found) {
                (kind.items)(layer, &mut |name, size, _| {
                    if !found.iter().any(|item| item.0 == name && item.1 == size) {
                        found.push((name.to_string(), size));
                    }
                });
            }
        }
        let mut items = Self::default();
        for (layer, found) in found.into_iter().enumerate() {
            items.of.push((items.layer.len()..).take(found.len()).collect());
            for (name, size) in found {
                items.layer.push(layer);
                items.name.push(name);
                items.size.push(size);
            }
        }
        items
    }

    /// Calls a function with the index and the figures of each item of a layer. The indices of a layer are contiguous.
    pub(super) fn each(
        &self,
        kind: &Kind,
        at: usize,
        layer: &LayerFlow,
        mut each: impl FnMut(usize, &[Option<f64>]),
    ) {
        (kind.items)(layer, &mut |name, size, figures| {
            let found = self.of[at].iter().find(|&&item| self.name[item] == name && self.size[item] == size);
            if let Some(&item) = found {
                each(item, figures);
            }
        });
    }
}

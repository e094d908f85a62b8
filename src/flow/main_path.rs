use core::ops::Range;

use super::{Flow, LayerFlow};
use crate::layer::Factor;

/// A step of the gradient from one layer of weights to the one before it: an element of [`Flow::steps`]. The verdict
/// searches for trends in these steps. See the example of [`Flow::parts`].
#[derive(Clone, Copy, Debug)]
pub struct PathStep<'a> {
    /// The layer of weights (or the residual block with weights) where the step starts.
    pub from: &'a LayerFlow,
    /// The layer of weights that the gradient reaches.
    pub to: &'a LayerFlow,
    /// |dR/dZ| at `to` divided by |dR/dZ| at `from`: the product of the gains of `from` and of the layers between them.
    pub gain: f64,
}

impl Flow {
    /// Returns the layers that every gradient passes, one after the other: the layers inside tuples and arrays, but not
    /// those inside sums such as residual blocks.
    pub fn main_path(&self) -> impl Iterator<Item = &LayerFlow> {
        self.path(0..self.layers.len())
    }

    /// Returns the main path of the layers at `places`: a layer with all layers inside it.
    fn path(&self, places: Range<usize>) -> impl Iterator<Item = &LayerFlow> {
        let Range { start: mut at, end } = places;
        std::iter::from_fn(move || {
            while at < end && self.layers[at].factor == Factor::Product && !self.is_leaf(at) {
                at += 1;
            }
            let layer = self.layers[..end].get(at)?;
            at += 1 + self.inside(at).len();
            Some(layer)
        })
    }

    /// Returns the layers inside a layer.
    pub(super) fn inside(&self, at: usize) -> &[LayerFlow] {
        let rest = &self.layers[at + 1..];
        let end = rest.iter().position(|layer| layer.level <= self.layers[at].level).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Returns the main path from after the first layer of weights to the last: the layers that the steps pass.
    pub(super) fn layers_between(&self) -> Vec<&LayerFlow> {
        let mut layers: Vec<&LayerFlow> =
            self.main_path().skip_while(|layer| !layer.has_weights()).skip(1).collect();
        layers.truncate(layers.iter().rposition(|layer| layer.has_weights()).map_or(0, |last| last + 1));
        layers
    }

    /// Returns the steps of the gradient along the main path, from the last layer of weights to the first. It is empty
    /// for fewer than two layers of weights. It ends where the gradient is 0 or not finite.
    pub fn steps(&self) -> Vec<PathStep<'_>> {
        self.steps_in(0..self.layers.len())
    }

    fn steps_in(&self, places: Range<usize>) -> Vec<PathStep<'_>> {
        let mut steps = Vec::new();
        let mut above: Option<(&LayerFlow, Option<f64>)> = None;
        for layer in self.path(places).collect::<Vec<_>>().into_iter().rev() {
            if layer.has_weights() {
                if let Some((from, gain)) = above {
                    let Some(gain) = gain.filter(|gain| *gain > 0.0) else { break };
                    steps.push(PathStep { from, to: layer, gain });
                }
                above = Some((layer, layer.gain));
            } else if let Some((_, gain)) = &mut above {
                *gain = gain.zip(layer.gain).map(|(a, b)| a * b);
            }
        }
        steps
    }
}

impl LayerFlow {
    /// Returns whether it has weights, or contains layers with weights.
    pub(super) fn has_weights(&self) -> bool {
        self.facts.depth > 0
    }
}

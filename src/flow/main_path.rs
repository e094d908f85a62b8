use super::{Flow, LayerFlow};
use crate::layer::Factor;

/// A step of the gradient from one layer of weights to the one before it. The verdict looks for trends in these steps.
#[derive(Clone, Copy, Debug)]
pub struct PathStep<'a> {
    /// The layer of weights (or the residual block with weights in it) through which the gradient passes ..
    pub from: &'a LayerFlow,
    /// .. and the one that it reaches.
    pub to: &'a LayerFlow,
    /// |dR/dZ| at `to` over |dR/dZ| at `from`: the product of the gains of `from` and of the layers between them.
    pub gain: f64,
}

impl Flow {
    /// Returns the layers through which every gradient passes, one after the other: the layers inside tuples and
    /// arrays, but not those inside sums such as residual blocks.
    pub fn main_path(&self) -> impl Iterator<Item = &LayerFlow> {
        let mut at = 0;
        std::iter::from_fn(move || {
            while self.layers.get(at)?.factor == Factor::Product && !self.is_leaf(at) {
                at += 1;
            }
            let layer = &self.layers[at];
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

    /// Returns whether a layer has weights, or contains layers with weights.
    pub(super) fn has_weights(&self, layer: &LayerFlow) -> bool {
        let at = self.layers.iter().position(|other| std::ptr::eq(other, layer)).unwrap_or(0);
        layer.factor == Factor::Weights || self.inside(at).iter().any(|layer| layer.factor == Factor::Weights)
    }

    /// Returns the steps of the gradient along the main path, from the last layer of weights to the first. It is empty
    /// for fewer than two layers, and ends where the gradient is 0 or not finite.
    pub fn steps(&self) -> Vec<PathStep<'_>> {
        let mut steps = Vec::new();
        let mut above: Option<(&LayerFlow, Option<f64>)> = None;
        for layer in self.main_path().collect::<Vec<_>>().into_iter().rev() {
            if self.has_weights(layer) {
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

use super::{Flow, LayerFlow};
use crate::layer::Factor;

/// From one layer of weights down to the one before it: what the verdict looks for trends in.
#[derive(Clone, Copy, Debug)]
pub struct PathStep<'a> {
    /// The layer of weights (or the residual block with weights in it) that the gradient goes down through ..
    pub from: &'a LayerFlow,
    /// .. and the one that it reaches.
    pub to: &'a LayerFlow,
    /// |dR/dZ| at `to` over |dR/dZ| at `from`: the gains of `from` and of what stands between, multiplied.
    pub gain: f64,
}

impl Flow {
    /// The layers that every gradient has to go through, one after the other: tuples and arrays are gone into, sums such as
    /// residual blocks are not.
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

    /// The layers inside of the given one.
    pub(super) fn inside(&self, at: usize) -> &[LayerFlow] {
        let rest = &self.layers[at + 1..];
        let end = rest.iter().position(|layer| layer.level <= self.layers[at].level).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Whether a layer has weights, or layers with weights inside it.
    pub(super) fn has_weights(&self, layer: &LayerFlow) -> bool {
        let at = self.layers.iter().position(|other| std::ptr::eq(other, layer)).unwrap_or(0);
        layer.factor == Factor::Weights || self.inside(at).iter().any(|layer| layer.factor == Factor::Weights)
    }

    /// The gradient's way through the main_path, from the last layer of weights down to the first. Empty where there are fewer
    /// than two, and it ends where the gradient is 0 or not finite.
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

//! Transformers with norms after the sums (post-norm), and the effect on their first steps.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::figures::{LayerFlow, norm};
use super::table::short;
use super::{Cause, Flow};

/// Against large gradients near the output of a post-norm transformer.
pub(super) const PRE_NORM: &str = "a norm at the start of each branch instead of one after each sum (pre-norm); or, in \
                                   training, a warm-up of the learning rate, `Schedule::warm_up`";

/// A single block of a transformer has two sums.
const LEAST_SUMS: usize = 3;

impl Flow {
    /// Returns the sums with skip connections that a norm follows on the main path. It is empty unless these are most
    /// of the sums of a network with attention.
    fn post_norm_sums(&self) -> Vec<&LayerFlow> {
        let sum = |layer: &LayerFlow| layer.facts.skips && layer.has_weights();
        // Norms over the batch are not counted.
        let norm =
            |layer: &LayerFlow| layer.facts.cause == Cause::Norm && !layer.layer.starts_with("BatchNorm");
        let mut before = None;
        let attention = self.layers.iter().any(|layer| layer.attention.is_some());
        let (mut found, mut sums) = (Vec::new(), 0);
        for layer in self.main_path().filter(|_| attention) {
            sums += usize::from(sum(layer));
            found.extend(before.filter(|_| norm(layer)));
            before = Some(layer).filter(|layer| sum(layer));
        }
        if found.len() < LEAST_SUMS || 2 * found.len() <= sums {
            found.clear();
        }
        found
    }

    /// Returns whether this is a transformer of several blocks whose norms are after the sums.
    pub(super) fn is_post_norm(&self) -> bool {
        !self.post_norm_sums().is_empty()
    }

    /// Returns a text about the effect of norms after the sums, if the network has them.
    ///
    /// # Source
    /// Xiong et al., "On layer normalization in the transformer architecture", ICML 2020, theorem 1.
    pub(super) fn post_norm(&self) -> String {
        let Some(&last) = self.post_norm_sums().last() else { return String::new() };
        let at = self.layers.iter().position(|layer| core::ptr::eq(layer, last)).unwrap_or(0);
        let inside = self.inside(at).iter().flat_map(|layer| &layer.parameters);
        let gradients: Vec<f64> = inside.map(|parameter| parameter.gradient_norm).collect();
        format!(
            "; the norms are after the sums (post-norm): the gradient of the last block, |dR/dW| {} in `{}`, does not become \
             smaller with depth, so the first steps of a training can be too large; the cure is {PRE_NORM}",
            short(norm(&gradients)),
            last.path
        )
    }
}

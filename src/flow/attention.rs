//! Attention: the two paths of its gradient, and the saturation of its softmax.

use alloc::vec;
use alloc::vec::Vec;

use serde::Serialize;

use super::SATURATED;
use super::figures::{PathFlow, ratio, to_f64};
use crate::kernel::Real;
use crate::layer::AttentionScores;
use crate::tensor::Numbers;

/// The heads of an attention layer, measured over a batch: [`LayerFlow::attention`](super::LayerFlow::attention). See
/// the example of [the guide to transformers](crate::guide::transformers).
#[doc(alias = "attention entropy")]
#[doc(alias = "entropy collapse")]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AttentionFlow {
    /// The figures of each head.
    pub heads: Vec<HeadFlow>,
}

/// A head of an attention layer, measured over a batch: an element of [`AttentionFlow::heads`]. Queries that see a
/// single key have no choice, and are left out. See the example of
/// [the guide to transformers](crate::guide::transformers).
#[doc(alias = "attention entropy")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HeadFlow {
    /// The normalized entropy: the mean over all queries of -Σ p ln p / ln n, where n is the number of keys that the
    /// query sees. At 1 every query takes the mean of all keys. At 0 every query takes a single key, and no gradient
    /// passes through the scores.
    pub entropy: f64,
    /// The mean of the largest probability.
    pub largest: f64,
}

impl HeadFlow {
    /// Returns whether the entropy is below [`SATURATED`]: nearly all queries attend to one key. The gradient of the
    /// scores, p (dp - Σ p dp), is then close to 0. (A convention of this crate.)
    pub fn collapsed(&self) -> bool {
        self.entropy < SATURATED
    }

    /// Returns whether the entropy is above 1 - [`SATURATED`]: nearly all queries take the mean of all keys. Many heads
    /// of a new network do.
    pub fn uniform(&self) -> bool {
        self.entropy > 1.0 - SATURATED
    }
}

impl AttentionFlow {
    /// Returns the mean entropy of the heads.
    pub fn entropy(&self) -> f64 {
        self.heads.iter().map(|head| head.entropy).sum::<f64>() / self.heads.len() as f64
    }

    /// Returns the share of the heads that are [collapsed](HeadFlow::collapsed).
    pub fn collapsed(&self) -> f64 {
        self.share(HeadFlow::collapsed)
    }

    /// Returns the share of the heads that are [uniform](HeadFlow::uniform).
    pub fn uniform(&self) -> f64 {
        self.share(HeadFlow::uniform)
    }

    fn share(&self, is: impl Fn(&HeadFlow) -> bool) -> f64 {
        self.heads.iter().filter(|head| is(head)).count() as f64 / self.heads.len() as f64
    }
}

/// The gradient path through the values, with the probabilities as constants.
pub(super) const VALUES: &str = "values";
/// The gradient path through the scores of queries and keys, with the values as constants.
pub(super) const SCORES: &str = "scores";

/// Returns the length of one path's gradient as a share of the sum of both lengths.
pub(super) fn way_share(paths: &[PathFlow], name: &str) -> Option<f64> {
    let own = paths.iter().find(|path| path.name == name)?.input_grad_rms;
    ratio(own, paths.iter().map(|path| path.input_grad_rms).sum())
}

/// An attention layer during its backward pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Attention {
    /// For each head, the sum of the entropies and the sum of the largest probabilities.
    sums: Vec<[f64; 2]>,
    queries: u64,
    one_input: bool,
    values: Vec<f64>,
    scores: Vec<f64>,
}

impl Attention {
    pub(super) fn add(&mut self, scores: &AttentionScores<'_>) {
        self.one_input = scores.one_input;
        self.sums.resize(scores.heads, [0.0; 2]);
        match (&scores.queries, &scores.keys) {
            (Numbers::F32(queries), Numbers::F32(keys)) => self.measure(scores, queries, keys),
            (Numbers::F64(queries), Numbers::F64(keys)) => self.measure(scores, queries, keys),
            (queries, keys) => self.measure(scores, &to_f64(queries), &to_f64(keys)),
        }
    }

    /// Computes the probabilities of each head again, for one query after another.
    fn measure<T: Real>(&mut self, all: &AttentionScores<'_>, queries: &[T], keys: &[T]) {
        let &AttentionScores { heads, key_heads, steps: [q_steps, k_steps], .. } = all;
        let (samples, group) = (all.samples, heads / key_heads.max(1));
        let (q_row, k_row) =
            (queries.len() / (samples * q_steps).max(1), keys.len() / (samples * k_steps).max(1));
        let size = q_row / heads.max(1);
        let scale = 1.0 / (size as f64).sqrt();
        let mut row = Vec::with_capacity(k_steps);
        for (sample, step) in (0..samples).flat_map(|sample| (0..q_steps).map(move |step| (sample, step))) {
            let visible = (all.visible)(sample, step);
            if visible.len() < 2 {
                continue;
            }
            self.queries += 1;
            let q = &queries[(sample * q_steps + step) * q_row..][..q_row];
            for (head, sums) in self.sums.iter_mut().enumerate() {
                let q = &q[head * size..][..size];
                row.clear();
                row.extend(visible.clone().map(|key| {
                    let k = &keys[(sample * k_steps + key) * k_row + head / group * size..][..size];
                    scale * q.iter().zip(k).map(|(q, k)| q.to_f64() * k.to_f64()).sum::<f64>()
                }));
                let (entropy, largest) = entropy(&row);
                sums[0] += entropy / (row.len() as f64).ln();
                sums[1] += largest;
            }
        }
    }

    /// Adds the gradient that a layer inside has added to the input.
    pub(super) fn add_way(&mut self, child: &str, input_grad: &Numbers<'_>) {
        match child {
            "value" => self.values = to_f64(input_grad),
            "query" | "key" => {
                let more = to_f64(input_grad);
                if self.one_input && !self.scores.is_empty() {
                    self.scores.iter_mut().zip(more).for_each(|(sum, x)| *sum += x);
                } else {
                    self.scores.extend(more); // the inputs of a pair, one behind the other
                }
            }
            _ => {}
        }
    }

    /// Returns the gradients of the paths, if there are any. In a pair, the gradient of the keys' half comes first. The
    /// other half gets no gradient through the values.
    pub(super) fn ways(&self) -> Vec<(&'static str, Vec<f64>)> {
        if self.values.is_empty() && self.scores.is_empty() {
            return Vec::new();
        }
        let mut values = self.values.clone();
        values.resize(self.scores.len(), 0.0);
        vec![(VALUES, values), (SCORES, self.scores.clone())]
    }

    pub(super) fn figures(&self) -> Option<AttentionFlow> {
        let mean = |sum: f64| sum / self.queries as f64;
        let head = |sums: &[f64; 2]| HeadFlow { entropy: mean(sums[0]), largest: mean(sums[1]) };
        (self.queries > 0).then(|| AttentionFlow { heads: self.sums.iter().map(head).collect() })
    }
}

/// Computes the entropy of the softmax of these scores, and its largest probability.
fn entropy(scores: &[f64]) -> (f64, f64) {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // -Σ p ln p, for p = exp(s - most) / sum.
    let [mut sum, mut weighted] = [0.0; 2];
    for score in scores {
        let (below, p) = (score - most, (score - most).exp());
        sum += p;
        // 0 ln 0 is 0.
        weighted += if p > 0.0 { p * below } else { 0.0 };
    }
    (sum.ln() - weighted / sum, 1.0 / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= 1e-12, "{actual}, and by hand {expected}");
    }

    #[test]
    fn entropies_of_known_distributions() {
        assert_close(entropy(&[3.0; 8]).0, 8f64.ln());
        // Probabilities 1/2, 1/4, 1/4.
        let (found, largest) = entropy(&[2f64.ln(), 0.0, 0.0]);
        assert_close(found, 1.5 * 2f64.ln());
        assert_close(largest, 0.5);
        assert_eq!(entropy(&[1e300, -1e300, 0.0]), (0.0, 1.0));
    }

    /// Two heads with one number each share the head of the key. Queries see the keys up to their own.
    #[test]
    fn each_head_has_the_mean_over_the_queries_that_have_a_choice() {
        let (queries, keys) = ([0f32, 0.0, 0.0, 1e9, 0.0, 2.0], [1f32, 0.0, 0.0]);
        let causal = |_: usize, query: usize| 0..query + 1;
        let mut attention = Attention::default();
        let scores = AttentionScores {
            queries: Numbers::of(&queries),
            keys: Numbers::of(&keys),
            heads: 2,
            key_heads: 1,
            samples: 1,
            steps: [3, 3],
            one_input: true,
            visible: &causal,
        };
        attention.add(&scores);
        let flow = attention.figures().unwrap();
        assert_close(flow.heads[0].entropy, 1.0);
        assert_close(flow.heads[0].largest, (0.5 + 1.0 / 3.0) / 2.0);
        // The scores of the second query are 1e9 and 0, and those of the third 2, 0 and 0.
        let z = 2f64.exp() + 2.0;
        let third = (z.ln() - 2.0 * 2f64.exp() / z) / 3f64.ln();
        assert_close(flow.heads[1].entropy, third / 2.0);
        assert_close(flow.heads[1].largest, f64::midpoint(1.0, 2f64.exp() / z));
        assert_eq!((flow.uniform(), flow.collapsed()), (0.5, 0.0));
        // The first query sees a single key, and has no choice.
        let single = AttentionScores { visible: &|_, query| query..query + 1, ..scores };
        let mut attention = Attention::default();
        attention.add(&single);
        assert_eq!(attention.figures(), None);
    }
}

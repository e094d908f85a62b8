//! The rank of a layer's outputs over a batch: the number of directions that they span.

use alloc::vec::Vec;

use serde::Serialize;

use super::svd::singular_values;
use crate::tensor::Numbers;

/// The share of the singular values that the feature rank leaves out: δ of Kumar et al.
const LEFT_OUT: f64 = 0.01;
/// If there are more features than this, only this many samples are used, because the time grows with the square of the
/// smaller of the two numbers.
const SAMPLES: usize = 128;

/// The rank of a layer's outputs over a batch, a matrix of samples × features, by three definitions. All are between 1
/// and [`most`](RankFlow::most). They do not change if all outputs are multiplied by a number. See the example of
/// [`GradientFlow::flow_with`](super::GradientFlow::flow_with).
#[doc(alias = "effective rank")]
#[doc(alias = "stable rank")]
#[doc(alias = "rank collapse")]
#[doc(alias = "srank")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RankFlow {
    /// exp(-Σ pᵢ ln pᵢ) with pᵢ = σᵢ / Σσ: the effective rank of Roy and Vetterli, "The effective rank", EUSIPCO 2007.
    pub effective: f64,
    /// Σσ² / σ₁², the stable rank (Rudelson, Vershynin 2007).
    pub stable: f64,
    /// The smallest number of singular values whose sum is 0.99 of the sum of all: srank with δ = 0.01 of Kumar,
    /// Agarwal, Ghosh, Levine, "Implicit under-parameterization inhibits data-efficient deep reinforcement learning",
    /// ICLR 2021.
    pub feature: usize,
    /// The smaller of samples and features: the largest rank that this matrix can have.
    pub most: usize,
    /// The number of samples in the matrix: the whole batch, or the first 128 if there are more features than that.
    pub samples: usize,
}

/// Computes the rank of outputs with this many numbers per sample. `None` if they are not finite, or all 0.
pub(super) fn rank(outputs: &Numbers<'_>, features: usize) -> Option<RankFlow> {
    let all = outputs.len() / features.max(1);
    let samples = if features > SAMPLES { all.min(SAMPLES) } else { all };
    let matrix: Vec<f64> = outputs.iter().take(samples * features).collect();
    if matrix.is_empty() || !matrix.iter().all(|x| x.is_finite()) {
        return None;
    }
    let mut values = singular_values(matrix, features)?;
    values.sort_by(|a, b| b.total_cmp(a));
    let largest = values.first().copied().filter(|largest| *largest > 0.0)?;
    // Divided by the largest, so that no sum overflows.
    values.iter_mut().for_each(|value| *value /= largest);
    let sum: f64 = values.iter().sum();
    let entropy: f64 = values.iter().map(|value| value / sum).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
    let mut left = (1.0 - LEFT_OUT) * sum;
    let feature = values.iter().take_while(|value| {
        let more = left > 0.0;
        left -= **value;
        more
    });
    Some(RankFlow {
        effective: entropy.exp(),
        stable: values.iter().map(|value| value * value).sum(),
        feature: feature.count(),
        most: values.len(),
        samples,
    })
}

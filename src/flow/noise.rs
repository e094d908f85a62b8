//! The noise of a gradient: how much the gradients of samples, or of pieces of a batch, differ from their mean.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::Serialize;

use super::groups::{Group, Groups, Tensor as Parameter, has_batch_statistics};
use super::noise_figures::{NoiseFigures, Sums};
use super::objective::{BatchLoss, Objective};
use crate::Error;
use crate::kernel::dot;
use crate::layer::{Checked, Layer};
use crate::loss::{TargetFor, check_lengths};
use crate::tensor::{Sample, Tensor};

/// The smallest number of samples in a piece for a network with batch norm. With fewer, their mean and variance are too
/// far from those of a training (Wu & He, "Group normalization", ECCV 2018: with pieces of 4 and 2 the error rises
/// steeply).
const LEAST_OF_A_NORM: usize = 8;

/// The options of [`GradientFlow::gradient_noise_with`](super::GradientFlow::gradient_noise_with).
///
/// ```
/// use chainrule::flow::NoiseOptions;
/// use chainrule::prelude::*;
///
/// let inputs: Vec<Vector<1>> = (0..48).map(|at| Vector([(at as f32 * 0.7).sin()])).collect();
/// let targets: Vec<Vector<1>> = inputs.iter().map(|x| Vector([3.0 * x[0]])).collect();
/// let options = NoiseOptions { pieces: 8, ..NoiseOptions::default() };
/// let noise = Linear::<1, 1>::zeros().gradient_noise_with(&MeanSquaredError, &inputs, &targets, options)?;
/// assert_eq!((noise.pieces, noise.samples_of_a_piece()), (8, 6));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseOptions {
    /// The largest number of pieces of equal size into which the batch is divided. A batch with at most this many
    /// samples is measured sample by sample. It is at least 2.
    pub pieces: usize,
    /// The number that is added to each variance in [`NoiseFigures::snr`]. Cockpit uses 1e-5. With 0, the default,
    /// elements without variance are left out instead, so that the ratio does not depend on the scale of the loss.
    pub epsilon: f64,
}

impl Default for NoiseOptions {
    /// At most 64 pieces.
    fn default() -> Self {
        Self { pieces: 64, epsilon: 0.0 }
    }
}

/// The noise of a gradient on one batch, measured by
/// [`GradientFlow::gradient_noise`](super::GradientFlow::gradient_noise). See the example there.
///
/// The batch is divided into pieces of equal size, which are single samples if the batch is small enough. All figures
/// are about the gradient of one sample or of the whole batch, and not of a piece. A piece of b samples has 1/b of the
/// variance of one sample.
#[doc(alias = "gradient noise scale")]
#[doc(alias = "critical batch size")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GradientNoise {
    /// The mean loss of the batch.
    pub loss: f64,
    /// The number of measured samples: `pieces` times the samples per piece. A remainder is left out.
    pub samples: usize,
    /// The number of pieces.
    pub pieces: usize,
    /// Whether a layer computes with the mean and variance of its batch, as a [`BatchNorm`](crate::layer::BatchNorm)
    /// does in training mode. The gradient of a single sample has no meaning then. Each piece (of at least 8 samples)
    /// is normalized separately, so the figures are those of "ghost" batches with the size of a piece.
    pub batch_statistics: bool,
    /// The number of gradients of the whole batch that were computed, in pieces: the cost, in training steps.
    pub passes: usize,
    /// The figures of the whole network's gradient.
    pub network: NoiseFigures,
    /// The figures of each layer that has parameters, in order.
    pub layers: Vec<LayerNoise>,
}

/// The noise of one layer's gradient: an element of [`GradientNoise::layers`]. See the example of
/// [`GradientFlow::gradient_noise`](crate::flow::GradientFlow::gradient_noise).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerNoise {
    /// Its path, as in a [`Flow`](super::Flow). A shared layer has one row, without the indices of its applications.
    pub path: String,
    /// Its type.
    pub layer: String,
    /// The number of trained parameters.
    pub parameters: usize,
    /// Its figures.
    pub figures: NoiseFigures,
}

impl GradientNoise {
    /// Returns the number of samples per piece.
    pub fn samples_of_a_piece(&self) -> usize {
        self.samples / self.pieces.max(1)
    }

    /// Returns the figures of the layer at this path.
    pub fn layer(&self, path: &str) -> Option<&LayerNoise> {
        self.layers.iter().find(|layer| layer.path == path)
    }

    /// Returns the factor by which training with batches of this size needs more steps than training with the whole
    /// gradient: 1 + B/size, where B is the [noise scale](NoiseFigures::noise_scale).
    ///
    /// # Source
    /// McCandlish, Kaplan, Amodei, "An empirical model of large-batch training", 2018, equations 2.7 and 2.11.
    pub fn steps(&self, size: usize) -> Option<f64> {
        (size > 0).then(|| Some(1.0 + self.network.noise_scale? / size as f64))?
    }
}

/// Returns the number of pieces and their size, for a batch of this many samples.
fn pieces(samples: usize, most: usize, norm: bool) -> Result<[usize; 2], Error> {
    let setting = |name, value: usize, expected| Err(Error::Setting { name, value: value as f64, expected });
    if most < 2 {
        return setting("the number of pieces", most, "at least 2");
    }
    let least = if norm { LEAST_OF_A_NORM } else { 1 };
    let most = most.min(samples / least);
    if most < 2 {
        let expected = if norm {
            "at least 16 for the noise of a network with a batch norm: two pieces of 8"
        } else {
            "at least 2, so that gradients can differ"
        };
        return setting("the number of samples", samples, expected);
    }
    let used = |size: &usize| size * (samples / size).min(most);
    let size = [samples.div_ceil(most), samples / most]
        .into_iter()
        .filter(|size| samples / size >= 2)
        .max_by_key(used)
        .unwrap_or(least);
    Ok([(samples / size).min(most), size])
}

/// Measures the noise of the gradient of a network.
pub(super) fn measure<N, X, Y, L, T>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[T],
    options: NoiseOptions,
) -> Result<GradientNoise, Error>
where
    N: Layer<X, Output = Y>,
    X: Sample,
    Y: Tensor,
    T: TargetFor<L, Y>,
{
    check_lengths(inputs.len(), targets.len())?;
    let norm = has_batch_statistics(Checked::<X, N>::PLAN.parameters);
    let [count, size] = pieces(inputs.len(), options.pieces, norm)?;
    let (inputs, targets) = (&inputs[..count * size], &targets[..count * size]);
    let mut noise =
        measure_pieces(&mut BatchLoss::new(network, loss, inputs, targets)?, count, options.epsilon)?;
    noise.batch_statistics = norm;
    Ok(noise)
}

/// Measures in two passes over the pieces. The first pass computes the mean, and the second the distances from it. In
/// addition to one gradient it needs two vectors with one number per parameter, for any number of pieces.
fn measure_pieces(objective: &mut dyn Objective, count: usize, epsilon: f64) -> Result<GradientNoise, Error> {
    let (plan, size) = (objective.plan(), objective.samples() / count);
    let groups = Groups::of(plan, objective.parameters().as_view());
    let (mut mean, mut squares, mut gradient) =
        (vec![0.0; groups.len], vec![0.0; groups.len], Vec::with_capacity(groups.len));
    let mut loss = 0.0;
    // The seed of a piece is its index in both passes: random numbers of dropout are a part of the noise.
    for piece in 0..count {
        loss += objective.gradient_into(piece * size..(piece + 1) * size, piece as u64, &mut gradient)?;
        mean.iter_mut().zip(&gradient).for_each(|(mean, g)| *mean += g);
    }
    mean.iter_mut().for_each(|mean| *mean /= count as f64);

    let mut sums = vec![Sums::default(); groups.layers.len()];
    for piece in 0..count {
        objective.gradient_into(piece * size..(piece + 1) * size, piece as u64, &mut gradient)?;
        sums.iter_mut().for_each(Sums::start_piece);
        for Parameter { at, layer, .. } in &groups.tensors {
            let (mean, gradient) = (&mean[at.clone()], &mut gradient[at.clone()]);
            gradient.iter_mut().zip(mean).for_each(|(g, mean)| *g -= mean);
            sums[*layer].add(dot(gradient, gradient), dot(gradient, mean));
            squares[at.clone()].iter_mut().zip(gradient).for_each(|(square, d)| *square += *d * *d);
        }
    }
    for Parameter { at, layer, rounding } in &groups.tensors {
        let variances = squares[at.clone()].iter().map(|square| square / count as f64);
        sums[*layer].add_elements(&mean[at.clone()], variances, size, *rounding, epsilon);
    }
    let mut all = Sums::default();
    sums.iter().for_each(|sums| all.add_layer(sums));
    let layers = groups.layers.into_iter().zip(&sums).filter(|(layer, _)| layer.parameters > 0);
    let layers = layers.map(|(Group { path, layer, parameters }, sums)| LayerNoise {
        path,
        layer,
        parameters,
        figures: sums.figures(size),
    });
    Ok(GradientNoise {
        loss: loss / count as f64,
        samples: count * size,
        pieces: count,
        batch_statistics: false,
        passes: 2,
        network: all.figures(size),
        layers: layers.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_divided_into_pieces_of_equal_size_that_use_most_of_it() {
        for (samples, most, norm, expected) in [
            (2, 64, false, [2, 1]),
            (64, 64, false, [64, 1]),
            (65, 64, false, [64, 1]),
            (100, 64, false, [50, 2]),
            (129, 64, false, [43, 3]),
            (191, 64, false, [63, 3]),
            (3, 2, false, [2, 1]),
            (5, 2, false, [2, 2]),
            (16, 64, true, [2, 8]),
            (100, 64, true, [11, 9]),
            (1000, 10, true, [10, 100]),
        ] {
            assert_eq!(pieces(samples, most, norm).unwrap(), expected, "{samples} {most} {norm}");
        }
        for (samples, most, norm) in [(1, 64, false), (10, 1, false), (10, 0, false), (15, 64, true)] {
            assert!(matches!(pieces(samples, most, norm), Err(Error::Setting { .. })));
        }
    }
}

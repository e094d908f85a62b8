//! The samples of an epoch and their order.

use std::fmt;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::DataError;
use crate::Error;
use crate::kernel::Real;

/// Determines the samples of an epoch: by default all samples of the data set, each once, in a random order.
///
/// The samples of an epoch are drawn from the generator at the start of the epoch. They are part of the
/// [`Place`](super::Place), so that a run that is resumed in the middle of an epoch continues with the same samples.
///
/// ```
/// use chainrule::data::{Dataset, Loader, Sampling};
/// use chainrule::prelude::*;
///
/// // One sample of four has the rare class.
/// let pairs = (0..400).map(|at| (Vector([at as f32]), Label::<2>::new((at % 4) / 3).unwrap()));
/// let data = Dataset::from_pairs(pairs)?;
/// let mut balanced = Loader::new(&data, 400)?.sample(Sampling::balanced(data.targets()))?;
/// let (_, labels) = balanced.next(&mut rng(1))?.unwrap();
/// let rare = labels.iter().filter(|label| label.index() == 1).count();
/// assert!((150..250).contains(&rare), "{rare}");
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
///
/// # Source
/// Efraimidis, Spirakis 2006, "Weighted random sampling with a reservoir", algorithm A, for draws without replacement.
#[doc(alias = "WeightedRandomSampler")]
#[doc(alias = "class_weight")]
#[doc(alias = "oversampling")]
#[doc(alias = "bootstrap")]
#[doc(alias = "imbalanced")]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// One weight for each sample of the data set. Without weights, all samples have the same probability.
    weights: Option<Vec<f64>>,
    replacement: bool,
    draws: Option<usize>,
}

impl Sampling {
    /// Draws all samples with the same probability, each once: the default.
    pub fn uniform() -> Self {
        Self::default()
    }

    /// Draws each sample with a probability proportional to its weight, with replacement: a sample may occur more than
    /// once in an epoch. There must be one weight for each sample. The weights need not sum to 1.
    pub fn weighted(weights: impl Into<Vec<f64>>) -> Self {
        Self { weights: Some(weights.into()), replacement: true, draws: None }
    }

    /// Draws each class equally often on average, with replacement. The weight of a sample is 1 / the number of samples
    /// of its class.
    #[doc(alias = "class balancing")]
    pub fn balanced<Y: Ord>(targets: &[Y]) -> Self {
        let mut order: Vec<usize> = (0..targets.len()).collect();
        order.sort_by(|&a, &b| targets[a].cmp(&targets[b]));
        let mut weights = vec![0.0; targets.len()];
        for class in order.chunk_by(|&a, &b| targets[a] == targets[b]) {
            class.iter().for_each(|&sample| weights[sample] = 1.0 / class.len() as f64);
        }
        Self::weighted(weights)
    }

    /// Draws with replacement: a sample may occur more than once in an epoch.
    pub fn with_replacement(self) -> Self {
        Self { replacement: true, ..self }
    }

    /// Draws without replacement: a sample occurs at most once in an epoch. With weights, samples of large weight tend
    /// to come first, because each draw is proportional to the weights of the samples that are left.
    pub fn without_replacement(self) -> Self {
        Self { replacement: false, ..self }
    }

    /// Sets the number of samples in an epoch. The default is the number of samples in the data set.
    pub fn draws(self, samples: usize) -> Self {
        Self { draws: Some(samples), ..self }
    }

    /// Returns the number of samples in an epoch.
    pub(super) fn length(&self, samples: usize) -> usize {
        self.draws.unwrap_or(samples)
    }

    /// Checks that a data set of `samples` samples can be sampled with these settings.
    pub(super) fn check(&self, samples: usize) -> Result<(), DataError> {
        let setting = |name, value, expected| Err(Error::Setting { name, value, expected }.into());
        let mut available = samples;
        if let Some(weights) = &self.weights {
            if weights.len() != samples {
                return Err(DataError::Weights { weights: weights.len(), samples });
            }
            if let Some(&weight) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
                return setting("the weight of a sample", weight, "finite and at least 0");
            }
            let sum: f64 = weights.iter().sum();
            if !(sum > 0.0 && sum.is_finite()) {
                return setting("the sum of the samples' weights", sum, "finite and above 0");
            }
            available = weights.iter().filter(|weight| **weight > 0.0).count();
        }
        let draws = self.length(samples);
        if draws == 0 {
            return setting("the number of samples of an epoch", 0.0, "at least 1");
        }
        if !self.replacement && draws > available {
            return Err(DataError::Draws { draws, available });
        }
        Ok(())
    }

    /// Draws the samples of an epoch. Only the first call allocates.
    pub(super) fn draw(
        &self,
        samples: usize,
        order: &mut Vec<usize>,
        scratch: &mut Vec<f64>,
        rng: &mut impl Rng,
    ) {
        let draws = self.length(samples);
        order.clear(); // the order does not depend on that of the last epoch
        scratch.clear();
        match (&self.weights, self.replacement) {
            (None, false) => {
                order.extend(0..samples);
                order.shuffle(rng);
                order.truncate(draws);
            }
            (None, true) => order.extend((0..draws).map(|_| rng.random_range(0..samples))),
            (Some(weights), true) => {
                let (mut sum, ends) = (0.0, scratch);
                ends.extend(weights.iter().map(|weight| {
                    sum += weight;
                    sum
                }));
                let last = weights.iter().rposition(|&weight| weight > 0.0).unwrap_or(0);
                order.extend((0..draws).map(|_| {
                    let at = rng.random::<f64>() * sum;
                    // The first sample whose end is above `at`. A sample of weight 0 has the same end as the one before
                    // it, so it is never drawn.
                    ends.partition_point(|&end| end <= at).min(last)
                }));
            }
            (Some(weights), false) => {
                // The logarithm of u^(1/w), where u is uniform in (0, 1]. The samples with the largest values come
                // first.
                let keys = scratch;
                keys.extend(weights.iter().map(|&weight| Real::ln(1.0 - rng.random::<f64>()) / weight));
                order.extend((0..samples).filter(|&sample| weights[sample] > 0.0));
                order.sort_unstable_by(|&a, &b| keys[b].total_cmp(&keys[a]).then(a.cmp(&b)));
                order.truncate(draws);
            }
        }
    }

    /// Returns whether these can be the samples of an epoch.
    pub(super) fn could_draw(&self, samples: usize, order: &[usize]) -> bool {
        let mut seen = vec![false; samples];
        let mut allowed = |&at: &usize| {
            let again = at >= samples || core::mem::replace(&mut seen[at], true);
            let never =
                self.weights.as_ref().is_some_and(|weights| weights.get(at).is_none_or(|&w| w <= 0.0));
            at < samples && (self.replacement || !again) && !never
        };
        order.len() == self.length(samples) && order.iter().all(&mut allowed)
    }
}

/// Prints the settings for a checkpoint. Weights are printed as a checksum, because there may be millions.
impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.weights {
            None => write!(f, "uniform")?,
            Some(weights) => {
                // FNV-1a.
                let hash = weights
                    .iter()
                    .flat_map(|weight| weight.to_le_bytes())
                    .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
                    });
                write!(f, "weights of checksum {hash:016x}")?;
            }
        }
        write!(f, ", {} replacement", if self.replacement { "with" } else { "without" })?;
        self.draws.map_or(Ok(()), |draws| write!(f, ", {draws} draws"))
    }
}

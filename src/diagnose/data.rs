//! Facts of inputs and targets.

use alloc::vec::Vec;

use super::facts::{InputFacts, TargetFacts};
use super::judge::{self, Judge};
use crate::tensor::{Contents, Sample};
use chainrule_parameters::Scalar;

/// The numbers of all inputs, sample after sample.
pub(super) struct Rows {
    pub(super) numbers: Vec<f64>,
    /// The count of numbers per sample.
    pub(super) len: usize,
    scalar: Option<Scalar>,
}

impl Rows {
    /// Returns the numbers of a sample.
    pub(super) fn row(&self, at: usize) -> &[f64] {
        &self.numbers[at * self.len..(at + 1) * self.len]
    }

    /// Returns the mean and the standard deviation of each feature over the first samples.
    pub(super) fn moments(&self, samples: usize) -> (Vec<f64>, Vec<f64>) {
        moments((0..samples).map(|at| self.row(at)), self.len)
    }
}

/// Returns the mean and the standard deviation of each column.
fn moments<'a>(rows: impl Iterator<Item = &'a [f64]> + Clone, len: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut means, mut deviations) = (alloc::vec![0.0; len], alloc::vec![0.0; len]);
    let count = rows.clone().count().max(1) as f64;
    for row in rows.clone() {
        means.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / count);
    }
    for row in rows {
        let squares = deviations.iter_mut().zip(&means).zip(row);
        squares.for_each(|((square, mean), x)| *square += (x - mean).powi(2) / count);
    }
    deviations.iter_mut().for_each(|square| *square = square.sqrt());
    (means, deviations)
}

/// Returns the numbers of the inputs, or `None` if inputs are not plain numbers.
pub(super) fn rows<S: Sample>(inputs: &[S]) -> Option<Rows> {
    let numbers: Vec<f64> = S::numbers(inputs).iter().collect();
    let scalar = match S::CONTENTS {
        Contents::OfNumbers(_, scalar) => Some(scalar),
        _ => None,
    };
    let len = numbers.len() / inputs.len().max(1);
    (len > 0).then_some(Rows { numbers, len, scalar })
}

/// A feature is constant if its standard deviation is below this share of its size: 32-bit numbers have 7 digits.
const CONSTANT: f64 = 1e-6;

/// Returns the inputs with mean 0 and standard deviation 1 in each feature. Constant features become 0. `None` for
/// inputs that are not plain numbers.
pub(super) fn standardized<S: Sample>(rows: &Rows) -> Option<Vec<S>> {
    let scalar = rows.scalar?;
    let (means, deviations) = rows.moments(rows.numbers.len() / rows.len);
    let standard = |(at, x): (usize, &f64)| {
        let (mean, deviation) = (means[at % rows.len], deviations[at % rows.len]);
        if deviation > CONSTANT * mean.abs() { (x - mean) / deviation } else { 0.0 }
    };
    let numbers = rows.numbers.iter().enumerate().map(standard);
    match scalar {
        Scalar::F32 => {
            let numbers: Vec<f32> = numbers.map(|x| x as f32).collect();
            S::from_bytes(bytemuck::cast_slice(&numbers)).map(<[S]>::to_vec)
        }
        Scalar::F64 => {
            let numbers: Vec<f64> = numbers.collect();
            S::from_bytes(bytemuck::cast_slice(&numbers)).map(<[S]>::to_vec)
        }
    }
}

/// Returns the facts about the training inputs.
pub(super) fn input_facts(rows: &Rows, samples: usize) -> InputFacts {
    let (means, deviations) = rows.moments(samples);
    let numbers = &rows.numbers[..samples * rows.len];
    let square = numbers.iter().map(|x| x * x).sum::<f64>() / numbers.len().max(1) as f64;
    InputFacts { means, deviations, rms: square.sqrt() }
}

impl InputFacts {
    /// Returns whether a feature is the same in every sample.
    pub(super) fn is_constant(&self, at: usize) -> bool {
        self.deviations[at] <= CONSTANT * self.means[at].abs()
    }
}

/// Returns the facts about the training targets.
pub(super) fn target_facts(judge: &dyn Judge, rows: Option<&Rows>, samples: usize) -> TargetFacts {
    let places: Vec<usize> = (0..samples).collect();
    let mut facts = TargetFacts { classes: judge::classes(judge, &places), ..Default::default() };
    let numbers: Option<Vec<Vec<f64>>> = places.iter().map(|&at| judge.target(at)).collect();
    if let Some(numbers) = numbers {
        (facts.means, facts.deviations) = moments(numbers.iter().map(|row| &row[..]), judge.len());
        facts.sorted = numbers.into_iter().flatten().collect();
        facts.sorted.sort_by(f64::total_cmp);
    }
    if let Some(rows) = rows {
        facts.conflicting = match (&facts.classes, facts.deviations.is_empty()) {
            (None, false) => conflicting_numbers(judge, rows, samples, &facts),
            _ => conflicting(judge, rows, samples),
        };
    }
    facts
}

/// A number this many standard deviations from the median is an outlier. Samples of a normal distribution never are,
/// and those of heavy-tailed distributions rarely.
const OUTLIER: f64 = 30.0;
/// If the share of outliers is larger than this, they do not count as outliers.
const FEW: f64 = 0.05;

/// Returns which samples have an outlier among their inputs, or among their targets if these are tensors. The standard
/// deviation is estimated as half the distance between the quantiles 0.16 and 0.84, because outliers do not change
/// these. Features where this is 0 are left out.
pub(super) fn outliers(judge: &dyn Judge, rows: Option<&Rows>, samples: usize) -> Vec<bool> {
    let mut found = alloc::vec![false; samples];
    let mut mark = |len: usize, number: &dyn Fn(usize, usize) -> f64| {
        for at in 0..len {
            let mut column: Vec<f64> = (0..samples).map(|sample| number(sample, at)).collect();
            column.sort_by(f64::total_cmp);
            let quantile = |share: f64| column[((samples - 1) as f64 * share) as usize];
            let (median, deviation) = (quantile(0.5), (quantile(0.84) - quantile(0.16)) / 2.0);
            let far = |x: f64| deviation > 0.0 && (x - median).abs() > OUTLIER * deviation;
            found.iter_mut().enumerate().for_each(|(sample, found)| *found |= far(number(sample, at)));
        }
    };
    if let Some(rows) = rows {
        mark(rows.len, &|sample, at| rows.row(sample)[at]);
    }
    let targets: Option<Vec<Vec<f64>>> = (0..samples).map(|sample| judge.target(sample)).collect();
    if let Some(targets) = targets {
        mark(judge.len(), &|sample, at| targets[sample][at]);
    }
    if found.iter().filter(|found| **found).count() as f64 > FEW * samples as f64 {
        found.fill(false);
    }
    found
}

/// Returns the order of the samples by their inputs, and a function that tells whether two samples have the same input.
fn by_input(rows: &Rows, samples: usize) -> (Vec<usize>, impl Fn(&usize, &usize) -> bool) {
    let mut order: Vec<usize> = (0..samples).collect();
    let compare = |a: &usize, b: &usize| {
        let pairs = rows.row(*a).iter().zip(rows.row(*b));
        pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(core::cmp::Ordering::Equal)
    };
    order.sort_by(compare);
    (order, move |a: &usize, b: &usize| compare(a, b).is_eq())
}

/// Returns the share of the targets' variance that is among samples with the same input, for targets that are numbers.
/// Samples with a unique input count as explained.
fn conflicting_numbers(judge: &dyn Judge, rows: &Rows, samples: usize, facts: &TargetFacts) -> f64 {
    let (order, same) = by_input(rows, samples);
    let mut among = 0.0;
    for group in order.chunk_by(same).filter(|group| group.len() > 1) {
        let targets: Vec<Vec<f64>> = group.iter().filter_map(|&sample| judge.target(sample)).collect();
        let (_, deviations) = moments(targets.iter().map(|row| &row[..]), judge.len());
        among += group.len() as f64 * deviations.iter().map(|deviation| deviation * deviation).sum::<f64>();
    }
    let all: f64 = facts.deviations.iter().map(|deviation| deviation * deviation).sum();
    if all > 0.0 { among / (samples as f64 * all) } else { 0.0 }
}

/// Returns the share of samples that have the same input as others, but not the most frequent target of that input.
fn conflicting(judge: &dyn Judge, rows: &Rows, samples: usize) -> f64 {
    let (order, same) = by_input(rows, samples);
    let same_input = order.chunk_by(same);
    let mut minority = 0;
    for group in same_input.filter(|group| group.len() > 1) {
        let mut counts: Vec<(Vec<f64>, usize)> = Vec::new();
        for &sample in group {
            let Some(target) = fingerprint(judge, sample) else { return 0.0 };
            match counts.iter_mut().find(|(known, _)| *known == target) {
                Some((_, count)) => *count += 1,
                None => counts.push((target, 1)),
            }
        }
        minority += group.len() - counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    }
    minority as f64 / samples.max(1) as f64
}

/// Returns numbers that are equal for equal targets: the gradient of the loss at one output.
fn fingerprint(judge: &dyn Judge, sample: usize) -> Option<Vec<f64>> {
    [0.0, 0.5].into_iter().find_map(|at| {
        let mut gradient = alloc::vec![0.0; judge.len()];
        judge.one(sample, &alloc::vec![at; judge.len()], &mut gradient)?;
        Some(gradient)
    })
}

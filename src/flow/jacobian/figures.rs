use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::{ISOMETRY, JacobianSpectrum};

/// A figure over several inputs: its mean, its smallest and its largest value. See [`JacobianSpectrum`], and the
/// example of [`GradientFlow::jacobian_spectrum`](crate::flow::GradientFlow::jacobian_spectrum).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Across {
    /// The mean over the inputs.
    pub mean: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub greatest: f64,
}

impl Across {
    /// Returns the figure over these values. `None` if there are no values, or one is not finite.
    fn of(values: impl Iterator<Item = Option<f64>>) -> Option<Self> {
        let values: Vec<f64> = values.collect::<Option<_>>()?;
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        [mean, least, greatest].iter().all(|x| x.is_finite()).then_some(Self { mean, least, greatest })
    }
}

/// The result for the Jacobian at one input.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// All singular values, in descending order.
    Values(Vec<f64>),
    /// For a large Jacobian: the mean of their squares, its standard error, and a lower bound of the largest.
    Estimate { mean_square: f64, standard_error: f64, largest: f64 },
}

/// A part of a network with the result at each input.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) path: String,
    pub(super) layer: String,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// ε of the network's scalar type.
    pub(super) epsilon: f64,
    pub(super) found: Vec<Found>,
}

/// The figures of the singular values at one input.
struct Figures {
    mean: f64,
    deviation: f64,
    log_deviation: Option<f64>,
    square_variance: Option<f64>,
    smallest: f64,
    condition: Option<f64>,
}

impl Figures {
    /// Returns the figures of these values. Values up to `zero` count as 0.
    fn of(values: &[f64], zero: f64) -> Self {
        let (mean, variance) = moments(values.iter().copied());
        let logs: Vec<f64> = values.iter().filter(|&&value| value > zero).map(|value| value.ln()).collect();
        let (largest, smallest) = (values[0], values[values.len() - 1]);
        // Divided by the largest, so that no square overflows or underflows.
        let (mean_square, square_variance) = moments(values.iter().map(|value| (value / largest).powi(2)));
        Self {
            mean,
            deviation: variance.sqrt(),
            smallest: if smallest > zero { smallest } else { 0.0 },
            log_deviation: (!logs.is_empty()).then(|| moments(logs.iter().copied()).1.sqrt()),
            square_variance: (largest > 0.0).then(|| square_variance / mean_square.powi(2)),
            condition: (smallest > zero).then(|| largest / smallest),
        }
    }
}

/// Computes the mean and the variance.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (mean, values.map(|value| (value - mean).powi(2)).sum::<f64>() / count)
}

impl Part {
    /// Returns the figures over all inputs. `None` if a figure that every Jacobian has is not finite.
    pub(super) fn spectrum(self) -> Option<JacobianSpectrum> {
        let Self { path, layer, inputs, outputs, epsilon, found } = self;
        let rounding = inputs.max(outputs) as f64 * epsilon;
        let largest = |found: &Found| match found {
            Found::Values(values) => values[0],
            Found::Estimate { largest, .. } => *largest,
        };
        let mean_square = |found: &Found| match found {
            Found::Values(values) => moments(values.iter().map(|value| value * value)).0,
            Found::Estimate { mean_square, .. } => *mean_square,
        };
        let figures: Vec<Option<Figures>> = found
            .iter()
            .map(|found| match found {
                Found::Values(values) => Some(Figures::of(values, rounding * values[0])),
                Found::Estimate { .. } => None,
            })
            .collect();
        let over =
            |figure: fn(&Figures) -> Option<f64>| Across::of(figures.iter().map(|at| figure(at.as_ref()?)));
        let errors = found.iter().filter_map(|found| match found {
            Found::Estimate { standard_error, .. } => Some(*standard_error),
            Found::Values(_) => None,
        });
        let spectrum = JacobianSpectrum {
            mean: over(|at| Some(at.mean)),
            deviation: over(|at| Some(at.deviation)),
            log_deviation: over(|at| at.log_deviation),
            mean_square: Across::of(found.iter().map(|found| Some(mean_square(found))))?,
            standard_error: errors.fold(None, |most, error| Some(f64::max(most.unwrap_or(0.0), error))),
            square_variance: over(|at| at.square_variance),
            largest: Across::of(found.iter().map(|found| Some(largest(found))))?,
            smallest: over(|at| Some(at.smallest)),
            condition: over(|at| at.condition),
            singular: figures.iter().flatten().filter(|at| at.condition.is_none()).count(),
            near_one: None,
            rounding,
            values: found
                .into_iter()
                .filter_map(|found| match found {
                    Found::Values(values) => Some(values),
                    Found::Estimate { .. } => None,
                })
                .collect(),
            path,
            layer,
            inputs,
            outputs,
        };
        let all = spectrum.values.iter().flatten();
        let near = all.clone().filter(|value| (1.0 / ISOMETRY..=ISOMETRY).contains(value)).count();
        let near_one = (!spectrum.values.is_empty()).then(|| near as f64 / all.count() as f64);
        Some(JacobianSpectrum { near_one, ..spectrum })
    }
}

use alloc::vec::Vec;

use serde::Serialize;

use super::{CoordinateCheck, Growth, LayerScaling, Run, UpdateScaling, WIDTH_EXPONENT, WidthSweep};
use crate::Error;
use crate::flow::figures::rms;

/// An exponent of the width: the figure grows in proportion to this power of the width. It is the slope of the
/// logarithm of the figure against the logarithm of the width, by least squares over all widths and seeds. See
/// [`LayerScaling`](super::LayerScaling), and the example of [`coordinate_check`](crate::coordinate_check).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Exponent {
    /// The slope.
    pub value: f64,
    /// Its standard error. `None` for two networks.
    pub error: Option<f64>,
}

impl Exponent {
    /// Fits the exponent to widths and figures. `None` if a figure is 0 or not finite.
    fn of(points: &[(usize, f64)]) -> Option<Self> {
        let logs: Vec<[f64; 2]> = points.iter().map(|&(width, y)| [(width as f64).ln(), y.ln()]).collect();
        if !logs.as_flattened().iter().all(|log| log.is_finite()) {
            return None;
        }
        let count = logs.len() as f64;
        let [x_mean, y_mean] = [0, 1].map(|at| logs.iter().map(|log| log[at]).sum::<f64>() / count);
        let xx: f64 = logs.iter().map(|[x, _]| (x - x_mean).powi(2)).sum();
        let xy: f64 = logs.iter().map(|[x, y]| (x - x_mean) * (y - y_mean)).sum();
        let value = xy / xx;
        let rest: f64 = logs.iter().map(|[x, y]| (y - y_mean - value * (x - x_mean)).powi(2)).sum();
        let error = (logs.len() > 2).then(|| (rest / (count - 2.0) / xx).sqrt());
        value.is_finite().then_some(Self { value, error })
    }

    /// Returns how a figure with this exponent depends on the width, with the limit [`WIDTH_EXPONENT`].
    pub fn growth(&self) -> Growth {
        match self.value {
            value if value >= WIDTH_EXPONENT => Growth::Grows,
            value if value <= -WIDTH_EXPONENT => Growth::Shrinks,
            _ => Growth::Stable,
        }
    }
}

/// Fits all exponents.
pub(super) fn fit(sweep: WidthSweep) -> Result<CoordinateCheck, Error> {
    let WidthSweep { steps, seeds, widths, runs } = sweep;
    let setting = |name, value: usize, expected| Err(Error::Setting { name, value: value as f64, expected });
    let mut different = widths.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < 2 {
        return setting("the number of different widths", different.len(), "at least 2");
    }
    if different[0] == 0 {
        return setting("the least width", 0, "at least 1");
    }
    let first = &runs[0][0];
    let paths = |run: &Run| run.before.iter().map(|output| output.path.clone()).collect::<Vec<_>>();
    let names = |run: &Run| run.updates.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    if let Some(other) =
        runs.iter().flatten().find(|run| paths(run) != paths(first) || names(run) != names(first))
    {
        let (name, expected) =
            ("the number of layers at one width", "that at the others, with the same paths");
        return setting(name, other.before.len(), expected);
    }
    let exponent = |figure: &dyn Fn(&Run) -> f64| {
        let of_width = |(&width, runs): (&usize, &Vec<Run>)| {
            runs.iter().map(|run| (width, figure(run))).collect::<Vec<_>>()
        };
        Exponent::of(&widths.iter().zip(&runs).flat_map(of_width).collect::<Vec<_>>())
    };
    let over_seeds = |figure: &dyn Fn(&Run) -> f64| -> Vec<f64> {
        runs.iter().map(|runs| rms(&runs.iter().map(figure).collect::<Vec<_>>())).collect()
    };
    let layer = |at: usize| {
        let by_step: Vec<Vec<f64>> =
            (0..steps).map(|step| over_seeds(&|run| run.changes[step][at])).collect();
        LayerScaling {
            path: first.before[at].path.clone(),
            layer: first.before[at].layer.clone(),
            initial: over_seeds(&|run| run.before[at].rms),
            initial_exponent: exponent(&|run| run.before[at].rms),
            changes: (0..widths.len())
                .map(|width| by_step.iter().map(|step| step[width]).collect())
                .collect(),
            exponent: exponent(&|run| run.changes[steps - 1][at]),
        }
    };
    let update = |at: usize| UpdateScaling {
        path: first.updates[at].0.clone(),
        updates: over_seeds(&|run| run.updates[at].1),
        exponent: exponent(&|run| run.updates[at].1),
    };
    Ok(CoordinateCheck {
        layers: (0..first.before.len()).map(layer).collect(),
        updates: (0..first.updates.len()).map(update).collect(),
        widths,
        steps,
        seeds,
    })
}

//! Inactive units: dead and dormant ones, over a window of records.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::Serialize;

use super::LayerFlow;
use super::figures::{find_near, sum};
use crate::kernel::Real;
use crate::tensor::Numbers;

/// A unit is dormant if the mean of its |output| is at most this share of the mean over all units of its layer. See the
/// example of [`Recorder`](crate::flow::Recorder), which counts them.
///
/// # Source
/// Sokar, Agarwal, Castro, Evci, "The dormant neuron phenomenon in deep reinforcement learning", ICML 2023, definition
/// 3.1, with τ = 0.025.
#[doc(alias = "dormant neurons")]
pub const DORMANT: f64 = 0.025;

/// The number of inactive units of an activation over some samples: those of a batch, or those in the window of a
/// [`Recorder`](super::Recorder).
///
/// A unit is a feature, or a channel of an image. See [`LayerFlow::units`](super::LayerFlow::units), and the example of
/// [`Recorder`](crate::flow::Recorder).
#[doc(alias = "dead neurons")]
#[doc(alias = "dying relu")]
#[doc(alias = "dormant neurons")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UnitsFlow {
    /// The number of samples.
    pub samples: u64,
    /// The number of units of the layer.
    pub units: usize,
    /// The number of dead units: their output and g' are both 0 in every sample, as in a ReLU.
    pub dead: usize,
    /// The number of dormant units: the mean of |output| is at most [`DORMANT`] times that of the layer. If a layer
    /// outputs only zeros, all of its units are dormant.
    pub dormant: usize,
}

impl UnitsFlow {
    /// Returns the share of units that are dead.
    pub fn dead_share(&self) -> f64 {
        self.dead as f64 / self.units.max(1) as f64
    }

    /// Returns the share of units that are dormant.
    pub fn dormant_share(&self) -> f64 {
        self.dormant as f64 / self.units.max(1) as f64
    }
}

/// The dead and dormant units of an activation, as indices: an element of [`Recorder::units`](super::Recorder::units).
/// See the example of [`Recorder`](crate::flow::Recorder).
#[doc(alias = "dead neurons")]
#[doc(alias = "dormant neurons")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerUnits {
    /// The path of the layer.
    pub path: String,
    /// Its type.
    pub layer: String,
    /// The number of samples in the window.
    pub samples: u64,
    /// The dead units.
    pub dead: Vec<usize>,
    /// The dormant units, including the dead ones.
    pub dormant: Vec<usize>,
}

/// The sums over the samples: two numbers for each unit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct UnitSums {
    samples: u64,
    /// Σ |output|.
    outputs: Vec<f64>,
    /// Σ |g'|.
    slopes: Vec<f64>,
}

/// Counts over the slopes of a batch.
pub(super) struct Slopes {
    /// Σ |g'|.
    pub(super) sum: f64,
    /// The number of slopes below the limit.
    pub(super) flat: usize,
    pub(super) units: UnitSums,
}

impl Slopes {
    /// Counts the slopes and outputs of a batch whose samples have this shape.
    pub(super) fn of(shape: &[usize], slopes: &Numbers<'_>, outputs: &Numbers<'_>, limit: f64) -> Self {
        match (slopes, outputs) {
            (Numbers::F32(slopes), Numbers::F32(outputs)) => count(shape, slopes, outputs, limit),
            (Numbers::F64(slopes), Numbers::F64(outputs)) => count(shape, slopes, outputs, limit),
            _ => count(shape, &slopes.iter().collect::<Vec<_>>(), &outputs.iter().collect::<Vec<_>>(), limit),
        }
    }
}

/// Returns the number of units of a tensor with this shape, and how many numbers of a unit are contiguous. In an image
/// the channels follow one another. In a sequence the features of a step are together.
fn layout(shape: &[usize]) -> (usize, usize) {
    match *shape {
        [_, features] => (features, 1),
        [channels, height, width] => (channels, height * width),
        [units, ..] => (units, 1),
        [] => (1, 1),
    }
}

fn count<A: Real, B: Real>(shape: &[usize], slopes: &[A], outputs: &[B], limit: f64) -> Slopes {
    let (units, places) = layout(shape);
    let places = places.max(1);
    let samples = outputs.len() / shape.iter().product::<usize>().max(1);
    let mut sums = UnitSums { samples: samples as u64, outputs: vec![0.0; units], slopes: vec![0.0; units] };
    let sample = (units * places).max(1);
    let rows = slopes.chunks_exact(sample).zip(outputs.chunks_exact(sample));
    for (slopes, outputs) in rows {
        let places = slopes.chunks_exact(places).zip(outputs.chunks_exact(places));
        for ((slope, output), (slopes, outputs)) in sums.slopes.iter_mut().zip(&mut sums.outputs).zip(places)
        {
            match (slopes, outputs) {
                ([one], [two]) => {
                    *slope += one.to_f64().abs();
                    *output += two.to_f64().abs();
                }
                _ => {
                    *slope += sum(slopes, slopes, |x, _| x.abs());
                    *output += sum(outputs, outputs, |x, _| x.abs());
                }
            }
        }
    }
    let flat = slopes.iter().filter(|slope| slope.to_f64().abs() < limit).count();
    Slopes { sum: sums.slopes.iter().sum(), flat, units: sums }
}

impl UnitSums {
    /// Adds the samples of another batch of the same layer.
    fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        self.outputs.iter_mut().zip(&other.outputs).for_each(|(sum, x)| *sum += x);
        self.slopes.iter_mut().zip(&other.slopes).for_each(|(sum, x)| *sum += x);
    }

    pub(super) fn figures(&self) -> UnitsFlow {
        let (dead, dormant) = (self.dead().count(), self.dormant().count());
        UnitsFlow { samples: self.samples, units: self.outputs.len(), dead, dormant }
    }

    fn dead(&self) -> impl Iterator<Item = usize> {
        let sums = self.outputs.iter().zip(&self.slopes).enumerate();
        sums.filter(|(_, sums)| *sums == (&0.0, &0.0)).map(|(unit, _)| unit)
    }

    fn dormant(&self) -> impl Iterator<Item = usize> {
        let mean = self.outputs.iter().sum::<f64>() / self.outputs.len().max(1) as f64;
        let units = self.outputs.iter().enumerate();
        units.filter(move |&(_, sum)| *sum <= DORMANT * mean).map(|(unit, _)| unit)
    }
}

/// The sums of each activation over the last records. The memory does not grow with the number of records: there are
/// two blocks, and the older one is complete.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// The number of records in a block.
    size: u64,
    /// The number of records in the newer block.
    records: u64,
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
struct Layer {
    path: String,
    name: String,
    older: Option<UnitSums>,
    newer: Option<UnitSums>,
}

impl Layer {
    fn sums(&self) -> Option<UnitSums> {
        let mut sums = self.newer.clone();
        match (&mut sums, &self.older) {
            (Some(sums), Some(older)) => sums.add(older),
            (sums, older) => *sums = sums.take().or_else(|| older.clone()),
        }
        sums
    }
}

impl Window {
    pub(super) fn of(records: u64) -> Self {
        Self { size: records.max(1), records: 0, layers: Vec::new() }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::of(self.size);
    }

    /// Adds the figures of each activation in a record, and replaces them by the figures of the window.
    pub(super) fn record(&mut self, flow: &mut [LayerFlow]) {
        if self.records == self.size {
            self.records = 0;
            for layer in &mut self.layers {
                layer.older = layer.newer.take();
            }
        }
        self.records += 1;
        let mut next = 0;
        for flow in flow {
            let Some(sums) = flow.unit_sums.take() else { continue };
            let found = find_near(&self.layers, next, |layer| {
                let old = layer.newer.as_ref().or(layer.older.as_ref());
                layer.path == flow.path && old.is_none_or(|old| old.outputs.len() == sums.outputs.len())
            });
            let at = found.unwrap_or_else(|| {
                // Removes the sums of another network with the same path.
                self.layers.retain(|layer| layer.path != flow.path);
                let (path, name) = (flow.path.clone(), flow.layer.clone());
                self.layers.push(Layer { path, name, older: None, newer: None });
                self.layers.len() - 1
            });
            next = at + 1;
            let layer = &mut self.layers[at];
            match &mut layer.newer {
                Some(newer) => newer.add(&sums),
                newer => *newer = Some(sums),
            }
            flow.units = layer.sums().map(|sums| sums.figures());
        }
    }

    pub(super) fn layers(&self) -> Vec<LayerUnits> {
        let units = |layer: &Layer| {
            let sums = layer.sums()?;
            Some(LayerUnits {
                path: layer.path.clone(),
                layer: layer.name.clone(),
                samples: sums.samples,
                dead: sums.dead().collect(),
                dormant: sums.dormant().collect(),
            })
        };
        self.layers.iter().filter_map(units).collect()
    }
}

//! Measurements of a layer: the lengths of its numbers, and the slopes of an activation.

use alloc::vec::Vec;

use super::SATURATED;
use super::batch::{Batch, bytes};
use super::figures::{ActivationFlow, norm_of};
use super::units::{Slopes, UnitSums, UnitsFlow};
use crate::layer::{LayerPass, Space, Workspace};
use crate::tensor::Numbers;

/// A norm, and the address of its numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    place: Option<(usize, usize)>,
    pub(super) norm: f64,
}

impl Measured {
    /// Measures numbers, unless they are the `known` ones.
    pub(super) fn of(numbers: &Numbers<'_>, known: Self) -> Self {
        let place = match numbers {
            Numbers::F32(_) | Numbers::F64(_) => Some((bytes(numbers).as_ptr().addr(), numbers.len())),
            _ => None,
        };
        if place.is_some() && place == known.place { known } else { Self { place, norm: norm_of(numbers) } }
    }
}

/// Memory for the slopes of a layer.
#[derive(Debug)]
pub(super) struct Scratch {
    ones: Batch,
    slopes: Batch,
    workspace: Workspace,
}

impl Default for Scratch {
    fn default() -> Self {
        let [ones, slopes] = [(); 2].map(|()| Batch::F32(Vec::new()));
        Self { ones, slopes, workspace: Workspace::default() }
    }
}

/// Computes g'(Z), by the backward pass of a gradient of ones, and examines each unit.
pub(super) fn slope(
    pass: &LayerPass<'_>,
    max_derivative: f64,
    scratch: &mut Scratch,
) -> Option<(ActivationFlow, UnitsFlow, UnitSums)> {
    let (plan, outputs) = (pass.layer.plan(), &pass.output);
    let samples = outputs.len() / plan.output.iter().product::<usize>().max(1);
    let Scratch { ones, slopes, workspace } = scratch;
    ones.resize(outputs, 1.0);
    slopes.resize(outputs, 0.0); // what is there is overwritten
    let (input, output) = (bytes(&pass.input), bytes(outputs));
    let workspace = workspace.reserve(plan, Space::NONE, samples);
    if !pass.layer.backward(input, output, ones.bytes(), slopes.bytes_mut(), workspace) {
        return None;
    }

    // Input and output have the same shape.
    let slopes = slopes.numbers();
    let counted = Slopes::of(plan.input, &slopes, outputs, SATURATED * max_derivative);
    let units = counted.units.figures();
    let slope = ActivationFlow {
        mean: counted.sum / slopes.len() as f64,
        max_derivative,
        saturated: counted.flat as f64 / slopes.len() as f64,
        dead: units.dead_share(),
    };
    Some((slope, units, counted.units))
}

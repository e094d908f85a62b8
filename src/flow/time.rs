use alloc::format;
use alloc::vec::Vec;

use serde::Serialize;

use super::figures::ratio;
use super::verdict::{FlowState, VANISHING, Verdict};
use super::{Cause, Flow, LayerFlow};
use crate::expected::time::{cure, gate};
use crate::layer::{Recurrence, TimeStep};

/// The gradient of a recurrent layer's last step, on the way back through time:
/// [`LayerFlow::time`](super::LayerFlow::time).
///
/// All figures are about the gradient that starts at the output of one step: the last step whose output has a gradient.
/// The gradients of earlier outputs are left out, so that only the factors of the steps change the length.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = (Lstm<1, 8>, LastStep, Linear<8, 2>);
///
/// let (inputs, targets) = ([Sequence([[0.5]; 20])], [Label::<2>::new(0)?]);
/// let flow = Net::init(&mut rng(1)).flow(&CrossEntropy::default(), &inputs, &targets)?;
/// let time = flow.layers[1].time.as_ref().unwrap();
/// assert_eq!(time.gradients.len(), 20);
/// assert!(time.share().unwrap() < 0.1); // of the gradient of the last step, at the first
/// assert!(flow.layers[1].gates.iter().any(|gate| gate.name == "forget" && gate.mean > 0.0));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias = "bptt")]
#[doc(alias = "backpropagation through time")]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TimeFlow {
    /// |dR/dh(t)| for each step t, from the first to that step.
    pub gradients: Vec<f64>,
    /// The length along the path without weights alone, for each step. In an LSTM this is the length of dR/dc(t), after
    /// the product of all later forget gates. In a GRU it is that of dR/dh(t), after the product of all later update
    /// gates. Empty for an RNN.
    pub carried: Vec<f64>,
    /// The factor g' of each step from the second on, |dR/dz(t)| / |dR/dh(t)|. Empty for layers with gates.
    pub slopes: Vec<f64>,
    /// The factor U of each step from the second on, |dR/dh(t-1)| / |dR/dz(t)|. Empty for layers with gates.
    pub weights: Vec<f64>,
}

impl TimeFlow {
    /// Creates the figures from the steps, which come from the last to the first.
    pub(super) fn of(steps: &[TimeStep]) -> Self {
        let later = || steps.iter().rev().skip(1);
        Self {
            gradients: steps.iter().rev().map(|step| step.gradient).collect(),
            carried: steps.iter().rev().filter_map(|step| step.carried).collect(),
            slopes: later().filter_map(|step| step.slope).collect(),
            weights: later().filter_map(|step| step.weights).collect(),
        }
    }

    /// Returns the share of the gradient of the last step that arrives at the first. `None` if that gradient is 0.
    pub fn share(&self) -> Option<f64> {
        share(&self.gradients)
    }

    /// Returns the share that arrives along the path without weights alone.
    pub fn carried_share(&self) -> Option<f64> {
        share(&self.carried)
    }

    /// Returns the larger of [`share`](TimeFlow::share) and [`carried_share`](TimeFlow::carried_share). The state of an
    /// LSTM is its hidden state and its cell, and a gradient that arrives at one of them has arrived. The verdict uses
    /// this figure.
    pub fn arriving_share(&self) -> Option<f64> {
        let share = self.share()?;
        Some(self.carried_share().map_or(share, |carried| carried.max(share)))
    }

    /// Returns the factor of the length from one step to the step before, as a geometric mean.
    pub fn rate(&self) -> Option<f64> {
        let steps = self.gradients.len().checked_sub(1).filter(|steps| *steps > 0)?;
        Some(self.share()?.powf(1.0 / steps as f64))
    }

    /// Returns the geometric mean of the factor g', for an RNN.
    pub fn slope(&self) -> Option<f64> {
        geometric_mean(&self.slopes)
    }

    /// Returns the geometric mean of the factor U, for an RNN.
    pub fn weight(&self) -> Option<f64> {
        geometric_mean(&self.weights)
    }
}

fn share(lengths: &[f64]) -> Option<f64> {
    ratio(*lengths.first()?, *lengths.last()?)
}

fn geometric_mean(factors: &[f64]) -> Option<f64> {
    let logs: Vec<f64> =
        factors.iter().filter(|factor| factor.is_finite()).map(|factor| factor.ln()).collect();
    (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
}

impl LayerFlow {
    /// Returns the kind of a recurrent layer, by the name in its plan. It decides which gate the cure names.
    pub(super) fn recurrence(&self) -> Recurrence {
        match &self.layer[..] {
            name if name.starts_with("Lstm") => Recurrence::Lstm,
            name if name.starts_with("Gru") => Recurrence::Gru,
            _ => Recurrence::Unknown,
        }
    }
}

impl Flow {
    /// Diagnoses the recurrent layer through whose steps the gradient vanishes or explodes most.
    pub(super) fn through_time(&self) -> Option<Verdict> {
        let distance = |share: f64| if share > 0.0 { share.ln().abs() } else { f64::INFINITY };
        let (layer, time, share) = self
            .layers
            .iter()
            .filter_map(|layer| {
                let time = layer.time.as_ref()?;
                Some((layer, time, time.arriving_share()?))
            })
            .filter(|(.., share)| !(VANISHING..=1.0 / VANISHING).contains(share))
            .max_by(|a, b| distance(a.2).total_cmp(&distance(b.2)))?;
        let (steps, rate) = (time.gradients.len(), time.rate()?);
        let vanishing = share < 1.0;
        let share = time.share()?;
        let mut why = format!(
            "through time, in {}: of the gradient of step {steps}, {share:.1e} arrives at step 1, by {rate:.3} a step",
            layer.named()
        );
        let cause = match (time.slope(), time.weight()) {
            (Some(slope), Some(weight)) => {
                why += &format!("; g' {slope:.3}, U {weight:.3}");
                Some(if (slope.ln() < weight.ln()) == vanishing { Cause::Activation } else { Cause::Weights })
            }
            _ => None,
        };
        if let Some((gate, carried)) = gate(layer.recurrence()).zip(time.carried_share()) {
            why += &format!("; by the product of the {gate} gates alone, {carried:.1e}");
        }
        let state = if vanishing { FlowState::Vanishing } else { FlowState::Exploding };
        let cure = cure(layer.recurrence(), steps, vanishing);
        Some(Verdict {
            cause,
            first_over_last: Some(share),
            rate: Some(rate),
            ..Verdict::new(state, Some(layer), why, cure.as_str())
        })
    }
}

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use rand::Rng;
use serde::Serialize;

use super::export::{COLUMNS, cells};
use super::figures::norm;
use super::{Flow, FlowHook, FlowOptions, measure};
use crate::Error;
use crate::data::csv_row;
use crate::kernel::Real;
use crate::layer::Bare;
use crate::network::{Data, InputOf, plan};
use chainrule_parameters::AsNetwork;

use crate::layer::{Parameter, Parameters, Role, View, Visitor, Workspace, compare, visit};
use crate::loss::TargetFor;
use crate::network::Network;
use crate::optimizer::{GradientOf, Optimizer};
use crate::tensor::Tensor;

/// Records the gradient flow every few steps of a training.
///
/// With a trainer it is [`Trainer::step_recorded`](crate::Trainer::step_recorded); in a training loop that you write
/// yourself it replaces the two calls:
///
/// ```
/// use chainrule::flow::Recorder;
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// let (inputs, targets) = ([Vector([0.0, 1.0])], [Vector([1.0])]);
/// let (mut net, mut gradient, mut workspace) = (Net::init(&mut rng(1)), Net::zeros(), Workspace::default());
/// let (mut sgd, mut recorder) = (Sgd::new(0.1), Recorder::every(10));
/// for _ in 0..30 {
///     recorder.loss_gradient(&net, &MeanSquaredError, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(2))?;
///     recorder.step(&mut sgd, &mut net, &gradient)?;
/// }
/// let steps: Vec<u64> = recorder.records().iter().map(|record| record.step).collect();
/// assert_eq!(steps, [0, 10, 20]);
/// assert!(recorder.records()[0].flow.layer("0").unwrap().parameters[0].update_to_weight().is_some());
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// The steps in between run the same code as a training without a recorder. A recorded step measures with
/// [`FlowOptions::LIGHT`], and takes about two to four times as long as another.
#[derive(Clone, Debug)]
pub struct Recorder {
    every: u64,
    /// How many steps have been taken.
    step: u64,
    records: Vec<Record>,
    /// Whether the last record belongs to the current step.
    open: bool,
}

/// The gradient flow at one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// How many steps had been taken before this one.
    pub step: u64,
    /// The gradient flow in this step.
    pub flow: Flow,
}

impl Recorder {
    /// Records the first step and every `steps`-th step after it; with 0, no step.
    pub fn every(steps: u64) -> Self {
        Self { every: steps, step: 0, records: Vec::new(), open: false }
    }

    /// Returns the records, oldest first.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Measures this batch in a separate pass if its step is to be recorded: for a training whose passes take no hook,
    /// such as one in pieces. Call [`step`](Recorder::step) after it.
    ///
    /// # Errors
    /// As [`GradientFlow::flow`](super::GradientFlow::flow); then nothing is recorded.
    pub fn watch<N, X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &mut self,
        network: &N,
        loss: &L,
        inputs: &[X],
        targets: &[T],
    ) -> Result<(), Error>
    where
        Data: InputOf<X, N, Y>,
    {
        self.open = false;
        if self.due() {
            let rng = &mut crate::random::rng(self.step);
            let (network, inputs) = (Data::network::<Bare>(network), Data::samples(inputs));
            let flow = measure(network, loss, inputs, targets, FlowOptions::LIGHT, rng)?;
            self.record(flow);
        }
        Ok(())
    }

    /// Calls [`Network::loss_gradient`], with a hook if this step is to be recorded. Only [`step`](Recorder::step)
    /// counts steps.
    ///
    /// # Errors
    /// As [`Network::loss_gradient`]; then nothing is recorded.
    #[allow(clippy::too_many_arguments)]
    pub fn loss_gradient<N: Parameters, X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &mut self,
        network: &impl AsNetwork<Network = N>,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        workspace: &mut Workspace,
        gradient: &mut impl GradientOf<N>,
        rng: &mut impl Rng,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
    {
        self.open = false;
        let network = network.as_network();
        if !self.due() {
            return network.loss_gradient(loss, inputs, targets, workspace, gradient, rng);
        }
        let mut hook = FlowHook::of_plan(plan::<X, N, Y>(), FlowOptions::LIGHT);
        let mean =
            network.loss_gradient_with_hook(loss, inputs, targets, workspace, gradient, rng, &mut hook)?;
        self.record(Flow {
            loss: Some(mean),
            samples: inputs.len(),
            expected: None,
            layers: hook.into_layers(),
        });
        Ok(mean)
    }

    /// Returns whether the current step is to be recorded.
    fn due(&self) -> bool {
        self.every > 0 && self.step.is_multiple_of(self.every)
    }

    /// Stores one record for each step: that of its last batch, also if a step that failed is repeated.
    fn record(&mut self, flow: Flow) {
        self.records.pop_if(|record| record.step == self.step);
        self.records.push(Record { step: self.step, flow });
        self.open = true;
    }

    /// Calls [`Optimizer::step`], and measures the change of each parameter if this step is recorded.
    ///
    /// # Errors
    /// As [`Optimizer::step`]; then the step does not count.
    pub fn step<N: Parameters>(
        &mut self,
        optimizer: &mut impl Optimizer<N>,
        network: &mut impl AsNetwork<Network = N>,
        gradient: &impl GradientOf<N>,
    ) -> Result<(), Error> {
        self.measure_step(network, |network| optimizer.step(network, gradient))
    }

    /// Calls a function that takes a step, as [`step`](Recorder::step).
    pub(crate) fn measure_step<N: Parameters, M: AsNetwork<Network = N>>(
        &mut self,
        network: &mut M,
        step: impl FnOnce(&mut M) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(record) = self.records.last_mut().filter(|_| self.open) else {
            step(network)?;
            self.step += 1;
            return Ok(());
        };
        let before = compare::copy(network.as_network());
        step(network)?;
        self.step += 1;
        updates([View::of(&*before), View::of(network.as_network())], &mut record.flow);
        self.open = false;
        Ok(())
    }

    /// Returns all records as CSV, one after the other, as [`Flow::to_csv`] with the step in the first column.
    pub fn to_csv(&self) -> String {
        let mut table = csv_row(std::iter::once("step").chain(COLUMNS.iter().copied()));
        for record in &self.records {
            for layer in &record.flow.layers {
                let (step, cells) = (record.step.to_string(), cells(layer));
                table += &csv_row(std::iter::once(&step).chain(&cells).map(String::as_str));
            }
        }
        table
    }

    /// Returns all figures of all records as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&self.records).unwrap_or_default()
    }
}

/// Fills in how far each parameter has moved.
fn updates(before_and_after: [View<'_>; 2], flow: &mut Flow) {
    visit(before_and_after, [], &mut Updates(flow));
}

struct Updates<'a>(&'a mut Flow);

impl Visitor<2, 0> for Updates<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [before, after]: [&[T]; 2], []: [&mut [T]; 0]) {
        if let Role::Buffer { .. } = parameter.role {
            return;
        }
        let path = parameter.path.to_string();
        let change: Vec<f64> = before.iter().zip(after).map(|(a, b)| b.to_f64() - a.to_f64()).collect();
        for layer in &mut self.0.layers {
            // `0.weight` is the `weight` of the layer `0`, and of a network of one layer, which has no path.
            let at = &layer.parameters_path;
            let own = if at.is_empty() {
                Some(path.as_str())
            } else {
                path.strip_prefix(at).and_then(|rest| rest.strip_prefix('.'))
            };
            if let Some(found) = layer.parameters.iter_mut().find(|p| Some(p.name.as_str()) == own) {
                found.update_norm = Some(norm(&change));
            }
        }
    }
}

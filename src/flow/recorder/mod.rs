use alloc::vec::Vec;

use rand::Rng;
use serde::Serialize;

use super::rules::Watch;
use super::units::Window;
use super::{Flow, FlowHook, FlowOptions, LayerUnits, Rules, Warning, measure};
use crate::Error;
use crate::layer::{Bare, Parameters, Plan, View, Workspace, compare};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, Network, plan};
use crate::optimizer::{GradientOf, Optimizer};
use crate::tensor::Tensor;
use chainrule_parameters::AsNetwork;

mod updates;

use updates::updates;

/// The default number of records in a window of units.
const WINDOW: u64 = 10;

/// Records the gradient flow every few steps of a training.
///
/// With a trainer, use [`Trainer::step_recorded`](crate::Trainer::step_recorded). In a training loop that you write
/// yourself, the recorder replaces the two calls:
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
/// assert!(recorder.units()[0].dead.is_empty()); // a unit of tanh is never dead
/// assert!(recorder.records()[0].flow.layer("1").unwrap().units.unwrap().dormant < 8); // of its 8 units
/// for warning in recorder.warnings() {
///     println!("step {}: {}", warning.step, warning.text);
/// }
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// The steps in between run the same code as a training without a recorder. A recorded step measures with
/// [`FlowOptions::LIGHT`], and takes two to three times as long as any other step. If every 100th step is recorded,
/// this is below 2 % of a training (`cargo bench -p chainrule-benches --bench recorder`). Ranks and histograms take 7
/// to 50 steps more.
///
/// After each recorded step the [`Rules`] check the record. Their findings are the [`warnings`](Recorder::warnings). A
/// rule can also stop the training.
#[doc(alias = "tensorboard")]
#[doc(alias = "wandb")]
#[doc(alias = "gradient norm")]
#[doc(alias = "monitor")]
#[derive(Clone, Debug)]
pub struct Recorder {
    every: u64,
    options: FlowOptions,
    /// The number of steps taken.
    step: u64,
    records: Vec<Record>,
    /// Whether the last record belongs to the current step.
    open: bool,
    /// Whether the rules have not yet checked the last record, whose step has been taken.
    unseen: bool,
    /// The loss of the current step.
    loss: Option<f64>,
    /// The losses of the steps since the last record: their sum, and their number.
    losses: (f64, u64),
    units: Window,
    watch: Watch,
}

/// The gradient flow at one step: an element of [`Recorder::records`]. See the example of [`Recorder`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// The number of steps taken before this one.
    pub step: u64,
    /// The gradient flow in this step.
    pub flow: Flow,
    /// The mean loss of the steps after the previous record, up to this one. `None` if no step was taken, and in a
    /// training loop that calls [`Recorder::watch`].
    pub mean_loss: Option<f64>,
}

impl Recorder {
    /// Creates a recorder of the first step and every `steps`-th step after it. With 0, it records no step.
    pub fn every(steps: u64) -> Self {
        Self {
            every: steps,
            options: FlowOptions::LIGHT,
            step: 0,
            records: Vec::new(),
            open: false,
            unseen: false,
            loss: None,
            losses: (0.0, 0),
            units: Window::of(WINDOW),
            watch: Watch::default(),
        }
    }

    /// Selects the figures to measure. The default is [`FlowOptions::LIGHT`].
    pub fn options(self, options: FlowOptions) -> Self {
        Self { options, ..self }
    }

    /// Sets the number of records over which dead and dormant units are counted. The window has the last `records`, and
    /// up to twice as many. The default is 10. For an epoch of 1,200 steps, with a record at every 100th, use 12.
    pub fn window(self, records: u64) -> Self {
        Self { units: Window::of(records), ..self }
    }

    /// Sets the rules that check each record. The default is [`Rules::default`].
    pub fn rules(self, rules: Rules) -> Self {
        Self { watch: Watch::of(rules), ..self }
    }

    /// Returns the findings of the rules, oldest first.
    #[doc(alias = "alerts")]
    pub fn warnings(&self) -> &[Warning] {
        &self.watch.warnings
    }

    /// Returns the dead and dormant units of each activation over the current [window](Recorder::window).
    pub fn units(&self) -> Vec<LayerUnits> {
        self.units.layers()
    }

    /// Starts a new window of dead and dormant units, for example at the start of an epoch.
    pub fn reset_units(&mut self) {
        self.units.reset();
    }

    /// Returns the records, oldest first.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Measures this batch in a separate pass if its step is to be recorded. Use it for a training whose passes take no
    /// hook, such as one in pieces. Call [`step`](Recorder::step) after it.
    ///
    /// # Errors
    /// The errors of [`GradientFlow::flow`](super::GradientFlow::flow). Nothing is recorded then.
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
            self.watch.rules.check()?;
            let flow = measure(network, loss, inputs, targets, self.options, rng)?;
            self.record(flow);
        }
        Ok(())
    }

    /// Calls [`Network::loss_gradient`], with a hook if this step is to be recorded. Only [`step`](Recorder::step)
    /// counts steps. See the example of [`Recorder`].
    ///
    /// # Errors
    /// The errors of [`Network::loss_gradient`]. Nothing is recorded then.
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
        let network = network.as_network();
        let mean = match self.hook(plan::<X, N, Y>())? {
            None => network.loss_gradient(loss, inputs, targets, workspace, gradient, rng)?,
            Some(mut hook) => {
                let (hook, samples) = (&mut hook, inputs.len());
                let mean =
                    network.loss_gradient_with_hook(loss, inputs, targets, workspace, gradient, rng, hook)?;
                self.record_hook(hook, mean, samples);
                mean
            }
        };
        self.loss = Some(mean);
        Ok(mean)
    }

    /// Returns a hook for the pass of this step if it is to be recorded.
    pub(crate) fn hook(&mut self, plan: &'static Plan) -> Result<Option<FlowHook>, Error> {
        self.open = false;
        if !self.due() {
            return Ok(None);
        }
        self.watch.rules.check()?;
        Ok(Some(FlowHook::of_plan(plan, self.options)))
    }

    /// Stores the measurements of a hook in a pass with this loss.
    pub(crate) fn record_hook(&mut self, hook: &mut FlowHook, loss: f64, samples: usize) {
        let layers = hook.take_layers();
        self.record(Flow { loss: Some(loss), samples, expected: None, layers });
    }

    /// Sets the loss of the current step. It counts when the step has been taken.
    pub(crate) fn set_loss(&mut self, loss: f64) {
        self.loss = Some(loss);
    }

    /// Returns whether the current step is to be recorded.
    pub(crate) fn due(&self) -> bool {
        self.every > 0 && self.step.is_multiple_of(self.every)
    }

    /// Stores one record for each step. If a failed step is repeated, the record of the last batch counts.
    fn record(&mut self, mut flow: Flow) {
        self.units.record(&mut flow.layers);
        self.records.pop_if(|record| record.step == self.step);
        self.records.push(Record { step: self.step, flow, mean_loss: None });
        self.open = true;
    }

    /// Calls [`Optimizer::step`], and measures the change of each parameter if this step is recorded. Then the rules
    /// check the record. See the example of [`Recorder`].
    ///
    /// # Errors
    /// The errors of [`Optimizer::step`]; then the step does not count. [`Error::StoppedByRule`] if a
    /// [rule](Rules::stop) stops the training: then the step has been taken and counts, and the network includes it.
    pub fn step<N: Parameters>(
        &mut self,
        optimizer: &mut impl Optimizer<N>,
        network: &mut impl AsNetwork<Network = N>,
        gradient: &impl GradientOf<N>,
    ) -> Result<(), Error> {
        self.measure_step(network, |network| optimizer.step(network, gradient))?;
        self.look()
    }

    /// Calls a function that takes a step, as [`step`](Recorder::step). It does not run the rules.
    pub(crate) fn measure_step<N: Parameters, M: AsNetwork<Network = N>>(
        &mut self,
        network: &mut M,
        step: impl FnOnce(&mut M) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(record) = self.records.last_mut().filter(|_| self.open) else {
            step(network)?;
            self.count();
            return Ok(());
        };
        let before = compare::copy(network.as_network());
        step(network)?;
        updates([View::of(&*before), View::of(network.as_network())], &mut record.flow);
        self.count();
        let (sum, steps) = core::mem::take(&mut self.losses);
        if let Some(record) = self.records.last_mut().filter(|_| steps > 0) {
            record.mean_loss = Some(sum / steps as f64);
        }
        (self.open, self.unseen) = (false, true);
        Ok(())
    }

    /// Counts a step that has been taken, and its loss.
    fn count(&mut self) {
        self.step += 1;
        if let Some(loss) = self.loss.take() {
            self.losses = (self.losses.0 + loss, self.losses.1 + 1);
        }
    }

    /// Runs the rules on the record of a step that has been taken.
    ///
    /// # Errors
    /// [`Error::StoppedByRule`].
    pub(crate) fn look(&mut self) -> Result<(), Error> {
        match self.records.last() {
            Some(record) if core::mem::take(&mut self.unseen) => self.watch.look(record),
            _ => Ok(()),
        }
    }
}

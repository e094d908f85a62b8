//! Runs trials and measures them. This is the only generic part of the diagnosis: [`Bench`] has no type parameters.

use alloc::vec::Vec;
use core::ops::Range;

use super::change::{self, Change};
use super::course::{Batches, Course, Outcome, gather, train};
use super::facts::{Settings, WeightFacts};
use super::judge::Judge;
use super::mapped::{Mapped, OutputMap};
use super::weights;
use crate::Error;
use crate::flow::{Flow, FlowOptions, measure};
use crate::init::Initializer;
use crate::layer::{Layer, View, ViewMut, Workspace};
use crate::loss::TargetFor;
use crate::network::Network;
use crate::optimizer::{Clip, Setting};
use crate::tensor::{Sample, Tensor};
use crate::train::Trainer;

/// A training, without its types.
pub(super) trait Bench {
    /// Trains a copy with these changes. Returns the outcome, and the flow and the weights of the network at the end.
    fn run(&mut self, changes: &[Change], course: &Course<'_>) -> Result<Ran, Error>;

    /// Returns the flow and the weights of the unchanged network.
    fn examine(&mut self, course: &Course<'_>) -> Result<(Flow, Vec<WeightFacts>), Error>;

    /// Returns the known settings of the trainer.
    fn settings(&mut self, course: &Course<'_>) -> Settings;

    /// Returns the outputs for these samples, in evaluation mode, and the numbers per output; `None` if they are not
    /// finite.
    fn outputs(&mut self, changes: &[Change], samples: Range<usize>, course: &Course<'_>)
    -> Option<Vec<f64>>;

    /// Returns the loss, without its types.
    fn judge(&self) -> &dyn Judge;
}

/// A trial, with the network's flow and weights at its end.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    pub(super) flow: Option<Flow>,
    pub(super) weights: Vec<WeightFacts>,
}

/// A training with its types.
pub(super) struct Subject<'a, N, S, L, O, T, J> {
    pub(super) trainer: &'a Trainer<N, L, O>,
    pub(super) inputs: &'a [S],
    pub(super) targets: &'a [T],
    pub(super) standard: Option<Vec<S>>,
    pub(super) judge: J,
}

/// The samples of a batch whose flow is measured.
const FLOW_SAMPLES: usize = 128;
/// The number of trials from now on in which a warm-up is searched for.
const WARM_UP_TRIALS: u64 = 200;
/// The number of batches whose gradients are compared.
const NOISE_BATCHES: usize = 8;

impl<N, S, Y, L, O, T, J> Bench for Subject<'_, N, S, L, O, T, J>
where
    N: Layer<S, Output = Y>,
    S: Sample,
    Y: Tensor,
    L: Clone + Sync,
    O: Clone,
    T: TargetFor<L, Y> + Copy,
    J: Judge,
{
    fn run(&mut self, changes: &[Change], course: &Course<'_>) -> Result<Ran, Error> {
        let mut course = course.clone();
        let mut trainer = self.changed(changes, &mut course)?;
        let inputs = self.inputs_of(changes);
        let mut outcome = train(&mut trainer, inputs, self.targets, &course);
        let flow = self.flow_of(&trainer, inputs, &course).ok();
        outcome.passes += 2;
        let weights = weights::facts(View::of(&*trainer.network), None);
        Ok(Ran { outcome, flow, weights })
    }

    fn examine(&mut self, course: &Course<'_>) -> Result<(Flow, Vec<WeightFacts>), Error> {
        let trainer = self.changed(&[], &mut course.clone())?;
        let flow = self.flow_of(&trainer, self.inputs, course)?;
        let mut after = self.changed(&[], &mut course.clone())?;
        let one = Course { steps: 1, ..course.clone() };
        let stepped = train(&mut after, self.inputs, self.targets, &one);
        let update = stepped.stopped.is_none().then(|| View::of(&*after.network));
        let weights = weights::facts(View::of(&*trainer.network), update);
        Ok((flow, weights))
    }

    fn settings(&mut self, course: &Course<'_>) -> Settings {
        let mut trainer = self.trainer.with_loss(());
        let clip = match trainer.clip() {
            Clip::Not => [None, None],
            Clip::Norm(longest) => [Some(longest), None],
            Clip::Value(largest) => [None, Some(largest)],
        };
        let ahead = |step: u64| trainer.schedule_factor(step);
        let (noise, usual_norm) = self.noise(course).unzip();
        // From the middle of a trial on, so that a schedule that is new and ends at once counts as ended.
        let soon =
            (course.steps / 2..10 * course.steps).step_by((course.steps / 10).max(1) as usize).map(ahead);
        Settings {
            factor_soon: soon.fold(0.0, f64::max),
            factor: trainer.schedule_factor(0),
            warms_up: self.warms_up(course.steps),
            rate: trainer.base_rate(),
            clip_norm: clip[0],
            clip_value: clip[1],
            momentum: trainer.optimizer_setting(Setting::Momentum).copied(),
            decay: trainer.optimizer_setting(Setting::WeightDecay).copied().unwrap_or(0.0),
            batch: course.batch.min(course.train),
            at_once: trainer.samples_at_once(),
            steps_taken: trainer.steps(),
            gradient_norm: None,
            noise: noise.flatten(),
            usual_norm,
        }
    }

    fn outputs(
        &mut self,
        changes: &[Change],
        samples: Range<usize>,
        course: &Course<'_>,
    ) -> Option<Vec<f64>> {
        let mut course = course.clone();
        let mut trainer = self.changed(changes, &mut course).ok()?;
        let inputs = self.inputs_of(changes);
        train(&mut trainer, inputs, self.targets, &course);
        let outputs: Vec<Y> = trainer.network.predict_batch(inputs.get(samples)?).ok()?;
        Some(Y::numbers(&outputs).iter().collect())
    }

    fn judge(&self) -> &dyn Judge {
        &self.judge
    }
}

impl<N, S, Y, L, O, T, J> Subject<'_, N, S, L, O, T, J>
where
    N: Layer<S, Output = Y>,
    S: Sample,
    Y: Tensor,
    L: Clone + Sync,
    O: Clone,
    T: TargetFor<L, Y> + Copy,
{
    fn inputs_of(&self, changes: &[Change]) -> &[S] {
        let standard = changes.iter().any(|change| matches!(change, Change::StandardInputs));
        self.standard.as_deref().filter(|_| standard).unwrap_or(self.inputs)
    }

    fn flow_of(
        &self,
        trainer: &Trainer<N, Mapped<L>, O>,
        inputs: &[S],
        course: &Course<'_>,
    ) -> Result<Flow, Error> {
        let samples = ..course.train.min(FLOW_SAMPLES);
        let rng = &mut crate::random::rng(course.seed);
        let (inputs, targets) = (&inputs[samples], &self.targets[samples]);
        measure(&*trainer.network, &trainer.loss, inputs, targets, FlowOptions::LIGHT, rng)
    }

    /// Returns whether the schedule is in a warm-up: it raises the learning rate from now on, and has reached less than
    /// half of the full rate in the middle of a trial. A trial during a warm-up says little about the training after
    /// it, so all trials use the full rate.
    fn warms_up(&self, steps: u64) -> bool {
        let factor = |step: u64| self.trainer.schedule_factor(step);
        let ahead = (0..=WARM_UP_TRIALS).map(|trials| factor(trials * steps));
        let [now, middle] = [0, steps / 2].map(factor);
        middle > now && middle < 0.5 * ahead.fold(0.0, f64::max)
    }

    /// Returns a copy of the trainer with these changes.
    fn changed(
        &self,
        changes: &[Change],
        course: &mut Course<'_>,
    ) -> Result<Trainer<N, Mapped<L>, O>, Error> {
        let map = changes.iter().find_map(|change| match change {
            Change::Outputs(map) => Some(map.clone()),
            _ => None,
        });
        let loss = Mapped { loss: self.trainer.loss.clone(), map: map.unwrap_or_default() };
        let mut trainer = self.trainer.with_loss(loss);
        if self.warms_up(course.steps) {
            trainer.end_schedule();
        }
        for change in changes {
            match change {
                Change::Rate(factor) => trainer.multiply_rate(*factor),
                Change::NoClip => trainer.set_clip(Clip::Not),
                Change::Clip(longest) => trainer.set_clip(Clip::Norm(*longest)),
                Change::NoDecay => set(&mut trainer, Setting::WeightDecay, 0.0),
                Change::Momentum(momentum) => set(&mut trainer, Setting::Momentum, *momentum),
                Change::Batch(factor) => course.batch = (course.batch * factor).min(course.train),
                Change::NoSchedule => trainer.end_schedule(),
                Change::StandardInputs | Change::Outputs(_) | Change::Balanced | Change::Network(_) => {}
                Change::Fresh(initializer, _) => {
                    let rng = &mut crate::random::rng(course.seed + 1);
                    initializer.init_where(&mut trainer.network, |_| true, rng);
                    trainer.forget();
                }
                Change::FreshAndRate(factor) => {
                    let rng = &mut crate::random::rng(course.seed + 1);
                    Initializer::he_normal().init_where(&mut trainer.network, |_| true, rng);
                    trainer.forget();
                    trainer.multiply_rate(*factor);
                }
                Change::UnitVariance => {
                    let rng = &mut crate::random::rng(course.seed + 1);
                    Initializer::orthogonal().init_where(&mut trainer.network, |_| true, rng);
                    trainer.forget();
                    self.unit_variance(&mut trainer, self.inputs_of(changes), course)?;
                }
                Change::ForgetBias(bias) => {
                    change::set_forget_bias(ViewMut::of(&mut *trainer.network), *bias);
                }
                Change::OrthogonalState => {
                    let rng = &mut crate::random::rng(course.seed + 1);
                    let state = |path: &str| path.ends_with("weight_hh");
                    Initializer::orthogonal().init_where(&mut trainer.network, state, rng);
                    trainer.forget();
                }
                Change::NoBiases => change::clear_biases(ViewMut::of(&mut *trainer.network)),
            }
        }
        Ok(trainer)
    }

    /// Scales the weights of one layer after another so that the mean square of its output is 1: layer-sequential unit
    /// variance (Mishkin, Matas 2016, algorithm 1). One iteration per layer suffices for layers without a bias.
    fn unit_variance(
        &self,
        trainer: &mut Trainer<N, Mapped<L>, O>,
        inputs: &[S],
        course: &Course<'_>,
    ) -> Result<(), Error> {
        let layers = self.flow_of(trainer, inputs, course)?;
        let paths: Vec<_> =
            layers.leaves().filter(|layer| layer.weights.is_some()).map(|layer| layer.path.clone()).collect();
        for path in paths {
            let flow = self.flow_of(trainer, inputs, course)?;
            let Some(rms) = flow.layer(&path).map(|layer| layer.output_rms).filter(|rms| *rms > 0.0) else {
                continue;
            };
            let weight = if path.is_empty() { "weight".into() } else { alloc::format!("{path}.weight") };
            change::scale(ViewMut::of(&mut *trainer.network), &weight, 1.0 / rms);
        }
        Ok(())
    }

    /// Returns the mean square of the noise of a batch's gradient over the square of the gradient, at the current
    /// weights: the simple noise scale of McCandlish et al. 2018 (appendix A.1), divided by the batch size. The second
    /// number is the median length of the gradients.
    fn noise(&self, course: &Course<'_>) -> Option<(Option<f64>, f64)> {
        let trainer =
            &self.trainer.with_loss(Mapped { loss: self.trainer.loss.clone(), map: OutputMap::Same });
        let mut batches = Batches::new(course);
        let (mut workspace, mut gradient) = (Workspace::default(), trainer.network.clone());
        let mut mean = trainer.network.clone();
        mean.set_zero();
        let (mut norms, mut xs, mut ts) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..NOISE_BATCHES {
            gather(batches.next(), self.inputs, self.targets, &mut xs, &mut ts);
            let rng = &mut crate::random::rng(at as u64);
            trainer
                .network
                .loss_gradient(&trainer.loss, &xs, &ts, &mut workspace, &mut gradient, rng)
                .ok()?;
            mean.add_scaled(1.0 / NOISE_BATCHES as f64, &gradient);
            norms.push(gradient.norm());
        }
        let count = NOISE_BATCHES as f64;
        let of_mean = mean.norm().powi(2);
        // E|g|² = |G|² + v, and E|mean|² = |G|² + v / count.
        let squares: f64 = norms.iter().map(|norm| norm * norm).sum();
        let noise = (squares / count - of_mean) * count / (count - 1.0);
        let signal = of_mean - noise / count;
        norms.sort_by(f64::total_cmp);
        let usual = Some(norms[NOISE_BATCHES / 2]).filter(|norm| norm.is_finite())?;
        Some(((signal > 0.0).then_some(noise.max(0.0) / signal), usual))
    }
}

fn set<N, L, O>(trainer: &mut Trainer<N, L, O>, setting: Setting, value: f64) {
    if let Some(to) = trainer.optimizer_setting(setting) {
        *to = value;
    }
}

//! The one generic part: runs trials, and measures, behind [`Bench`], which has no types.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use chainrule_parameters::append_copies;
use rand::RngExt;

use super::change::{self, Change};
use super::facts::{Settings, WeightFacts};
use super::judge::Judge;
use super::mapped::{Mapped, OutputMap};
use super::weights;
use crate::Error;
use crate::flow::{Flow, FlowOptions, measure};
use crate::init::Initializer;
use crate::layer::{Layer, View, ViewMut, Workspace, compare};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, Network};
use crate::optimizer::{Clip, Setting};
use crate::tensor::{Sample, Tensor};
use crate::train::{AnyTrainer, Trainer};

/// What all trials have in common: which samples they are trained and measured on.
#[derive(Clone, Debug)]
pub(super) struct Course<'a> {
    pub(super) steps: u64,
    pub(super) batch: usize,
    pub(super) seed: u64,
    /// The samples that are trained on are the first `train`.
    pub(super) train: usize,
    /// Those of them whose loss is measured.
    pub(super) measured: Range<usize>,
    pub(super) held_out: Range<usize>,
    /// How many samples are trained on and are outliers: the last ones.
    pub(super) outliers: usize,
    /// The samples of each class, for balanced batches.
    pub(super) balanced: Option<&'a [Vec<usize>]>,
}

/// How often a trial is measured, after the start.
pub(super) const MEASUREMENTS: u64 = 5;

/// What became of a trial.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) steps: u64,
    /// The loss of each batch before its step, and the length of its gradient, as the optimizer gets it.
    pub(super) losses: Vec<f64>,
    pub(super) norms: Vec<f64>,
    /// The loss of the measured part, at the start and [`MEASUREMENTS`] times.
    pub(super) measured: Vec<Option<f64>>,
    /// The loss of the held-out part, at the same times but the start.
    pub(super) held_out: Vec<Option<f64>>,
    pub(super) stopped: Option<String>,
    /// The cost, in training steps.
    pub(super) passes: u64,
}

impl Outcome {
    /// Returns the mean of the last two measurements, so that a single lucky or unlucky step does not decide.
    fn last(of: &[Option<f64>]) -> Option<f64> {
        match of {
            [.., a, b] => Some(((*a)? + (*b)?) / 2.0),
            [one] => *one,
            [] => None,
        }
    }

    /// Returns the loss after the last step, or `None` if it is not finite or the trial stopped.
    pub(super) fn after(&self) -> Option<f64> {
        if self.stopped.is_some() { None } else { Self::last(self.measured.get(1..).unwrap_or_default()) }
    }

    /// Returns the loss of the held-out part after the last step.
    pub(super) fn held_out_after(&self) -> Option<f64> {
        if self.stopped.is_some() { None } else { Self::last(&self.held_out) }
    }

    /// Returns the least held-out loss.
    pub(super) fn held_out_best(&self) -> Option<f64> {
        self.held_out.iter().flatten().copied().min_by(f64::total_cmp)
    }
}

/// A trial of a network of another type.
pub(super) type Candidate<'a, X, Target, L> =
    dyn FnMut(&L, &[X], &[Target], &Course<'_>) -> Result<Outcome, Error> + 'a;

/// A training, without its types.
pub(super) trait Bench {
    /// Trains a copy with these changes. Returns the outcome, and the network's flow and weights at the end.
    fn run(&mut self, changes: &[Change], course: &Course<'_>) -> Result<Ran, Error>;

    /// Returns the flow and the weights of the network as it is.
    fn examine(&mut self, course: &Course<'_>) -> Result<(Flow, Vec<WeightFacts>), Error>;

    /// Returns what is known of the trainer's settings.
    fn settings(&mut self, course: &Course<'_>) -> Settings;

    /// Returns the outputs for these samples, in evaluation mode, and how many there are in each; `None` if they are not
    /// finite.
    fn outputs(&mut self, changes: &[Change], samples: Range<usize>, course: &Course<'_>) -> Option<Vec<f64>>;

    /// Returns the loss, without its types.
    fn judge(&self) -> &dyn Judge;
}

/// A trial, with what became of the network.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    pub(super) flow: Option<Flow>,
    pub(super) weights: Vec<WeightFacts>,
}

/// A training with its types.
pub(super) struct Ward<'a, N, S, L, O, T, J> {
    pub(super) trainer: &'a Trainer<N, L, O>,
    pub(super) inputs: &'a [S],
    pub(super) targets: &'a [T],
    pub(super) standard: Option<Vec<S>>,
    pub(super) judge: J,
}

/// The samples of a batch whose flow is measured.
const FLOW_SAMPLES: usize = 128;
/// The batches whose gradients are compared.
const NOISE_BATCHES: usize = 8;

impl<N, S, Y, L, O, T, J> Bench for Ward<'_, N, S, L, O, T, J>
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
        let soon = (0..10 * course.steps).step_by((course.steps / 10).max(1) as usize).map(ahead);
        Settings {
            factor_soon: soon.fold(0.0, f64::max),
            factor: trainer.schedule_factor(0),
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

    fn outputs(&mut self, changes: &[Change], samples: Range<usize>, course: &Course<'_>) -> Option<Vec<f64>> {
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

impl<N, S, Y, L, O, T, J> Ward<'_, N, S, L, O, T, J>
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

    /// Returns a copy of the trainer with these changes.
    fn changed(&self, changes: &[Change], course: &mut Course<'_>) -> Result<Trainer<N, Mapped<L>, O>, Error> {
        let map = changes.iter().find_map(|change| match change {
            Change::Outputs(map) => Some(map.clone()),
            _ => None,
        });
        let loss = Mapped { loss: self.trainer.loss.clone(), map: map.unwrap_or_default() };
        let mut trainer = self.trainer.with_loss(loss);
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

    /// Scales the weights of each layer in turn, so that the mean square of its output is 1: layer-sequential unit variance
    /// (Mishkin, Matas 2016, algorithm 1, with one iteration a layer, which suffices for layers without a bias).
    fn unit_variance(
        &self,
        trainer: &mut Trainer<N, Mapped<L>, O>,
        inputs: &[S],
        course: &Course<'_>,
    ) -> Result<(), Error> {
        let layers = self.flow_of(trainer, inputs, course)?;
        let paths: Vec<_> = layers.leaves().filter(|layer| layer.weights.is_some()).map(|layer| layer.path.clone()).collect();
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

    /// Returns the mean square of the noise of a batch's gradient over the square of the gradient, at the weights as they
    /// are: the simple noise scale of McCandlish et al. 2018 (appendix A.1), divided by the batch size. The second number is
    /// the median length of the gradients.
    fn noise(&self, course: &Course<'_>) -> Option<(Option<f64>, f64)> {
        let trainer = &self.trainer.with_loss(Mapped { loss: self.trainer.loss.clone(), map: OutputMap::Same });
        let mut batches = Batches::new(course);
        let (mut workspace, mut gradient) = (Workspace::default(), trainer.network.clone());
        let mut mean = trainer.network.clone();
        mean.set_zero();
        let (mut norms, mut xs, mut ts) = (Vec::new(), Vec::new(), Vec::new());
        for at in 0..NOISE_BATCHES {
            gather(batches.next(), self.inputs, self.targets, &mut xs, &mut ts);
            let rng = &mut crate::random::rng(at as u64);
            trainer.network.loss_gradient(&trainer.loss, &xs, &ts, &mut workspace, &mut gradient, rng).ok()?;
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

/// Copies the samples of a batch.
fn gather<S, T>(places: &[usize], inputs: &[S], targets: &[T], xs: &mut Vec<S>, ts: &mut Vec<T>)
where
    S: Copy,
    T: Copy,
{
    xs.clear();
    ts.clear();
    for &at in places {
        append_copies(xs, core::slice::from_ref(&inputs[at]));
        append_copies(ts, core::slice::from_ref(&targets[at]));
    }
}

/// The places of the samples of each batch, the same for every trial of a batch size.
struct Batches<'a> {
    course: &'a Course<'a>,
    rng: rand::rngs::ChaCha8Rng,
    order: Vec<usize>,
    at: usize,
    drawn: Vec<usize>,
}

impl<'a> Batches<'a> {
    fn new(course: &'a Course<'a>) -> Self {
        let order: Vec<usize> = (0..course.train).collect();
        Self { course, rng: crate::random::rng(course.seed), at: order.len(), order, drawn: Vec::new() }
    }

    fn next(&mut self) -> &[usize] {
        let size = self.course.batch.clamp(1, self.order.len().max(1));
        if let Some(classes) = self.course.balanced {
            self.drawn.clear();
            for at in 0..size {
                let class = &classes[at % classes.len()];
                self.drawn.push(class[self.rng.random_range(0..class.len())]);
            }
            return &self.drawn;
        }
        if self.at + size > self.order.len() {
            for at in (1..self.order.len()).rev() {
                self.order.swap(at, self.rng.random_range(0..=at));
            }
            self.at = 0;
        }
        self.at += size;
        &self.order[self.at - size..self.at]
    }
}

/// Trains, and measures on the way.
fn train<N, S, Y, L, O, T>(
    trainer: &mut Trainer<N, Mapped<L>, O>,
    inputs: &[S],
    targets: &[T],
    course: &Course<'_>,
) -> Outcome
where
    N: Layer<S, Output = Y>,
    S: Sample,
    Y: Tensor,
    L: Sync,
    T: TargetFor<L, Y> + Copy,
{
    let mut outcome = Outcome::default();
    let evaluate = |trainer: &Trainer<N, Mapped<L>, O>, range: &Range<usize>| {
        let (inputs, targets) = (&inputs[range.clone()], &targets[range.clone()]);
        trainer.network.loss(&trainer.loss, inputs, targets).ok().filter(|loss| loss.is_finite())
    };
    let cost = |samples: usize| (samples as u64).div_ceil(3 * course.batch.max(1) as u64); // a third of a step, without backward
    let mut batches = Batches::new(course);
    let (mut xs, mut ts) = (Vec::new(), Vec::new());
    if course.steps > 1 {
        outcome.measured.push(evaluate(trainer, &course.measured));
        outcome.passes += cost(course.measured.len());
    }
    let every = (course.steps / MEASUREMENTS).max(1);
    for step in 0..course.steps {
        gather(batches.next(), inputs, targets, &mut xs, &mut ts);
        match trainer.step(&xs, &ts) {
            Ok(loss) => {
                outcome.losses.push(loss);
                outcome.norms.push(compare::length(View::of(trainer.gradient())).value());
            }
            Err(error) => {
                outcome.stopped = Some(error.to_string());
                break;
            }
        }
        outcome.steps += 1;
        if (step + 1) % every == 0 && course.steps > 1 {
            outcome.measured.push(evaluate(trainer, &course.measured));
            outcome.passes += cost(course.measured.len());
            if !course.held_out.is_empty() {
                outcome.held_out.push(evaluate(trainer, &course.held_out));
                outcome.passes += cost(course.held_out.len());
            }
        }
    }
    outcome.passes += outcome.steps * (xs.len() as u64).div_ceil(course.batch.max(1) as u64);
    outcome
}

/// Trains a network of another type on the same samples.
pub(super) fn candidate<X, N, Y, L, O, T>(
    trainer: &Trainer<N, L, O>,
    inputs: &[X],
    targets: &[T],
    course: &Course<'_>,
) -> Result<Outcome, Error>
where
    Data: InputOf<X, N, Y>,
    N: chainrule_parameters::Parameters,
    Y: Tensor,
    L: Clone + Sync,
    O: Clone,
    T: TargetFor<L, Y> + Copy,
{
    let _ = <Data as InputOf<X, N, Y>>::PLAN;
    let trainer = Data::network::<AnyTrainer<L, O>>(trainer);
    let inputs = Data::samples(inputs);
    let mut trainer = trainer.with_loss(Mapped { loss: trainer.loss.clone(), map: OutputMap::Same });
    Ok(train(&mut trainer, inputs, targets, course))
}

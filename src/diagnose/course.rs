//! A trial: the samples it is trained and measured on, and its outcome.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use chainrule_parameters::append_copies;
use rand::RngExt;

use super::mapped::{Mapped, OutputMap};
use crate::Error;
use crate::layer::{Layer, View, compare};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, Network};
use crate::tensor::{Sample, Tensor};
use crate::train::{AnyTrainer, Trainer};

/// The settings that all trials share: the samples they are trained and measured on.
#[derive(Clone, Debug)]
pub(super) struct Course<'a> {
    pub(super) steps: u64,
    pub(super) batch: usize,
    pub(super) seed: u64,
    /// The first `train` samples are trained on.
    pub(super) train: usize,
    /// The training samples whose loss is measured.
    pub(super) measured: Range<usize>,
    pub(super) held_out: Range<usize>,
    /// The number of training samples that are outliers. They are the last ones.
    pub(super) outliers: usize,
    /// The samples of each class, for balanced batches.
    pub(super) balanced: Option<&'a [Vec<usize>]>,
}

/// How often a trial is measured after its start.
pub(super) const MEASUREMENTS: u64 = 5;

/// The outcome of a trial.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) steps: u64,
    /// The loss of each batch before its step, and the length of the gradient that the optimizer gets.
    pub(super) losses: Vec<f64>,
    pub(super) norms: Vec<f64>,
    /// The loss of the measured part, at the start and [`MEASUREMENTS`] times.
    pub(super) measured: Vec<Option<f64>>,
    /// The loss of the held-out part, at the same times except the start.
    pub(super) held_out: Vec<Option<f64>>,
    pub(super) stopped: Option<String>,
    /// A setting of the trainer with which it cannot take a step.
    pub(super) refused: Option<Error>,
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

    /// Returns the smallest held-out loss.
    pub(super) fn held_out_best(&self) -> Option<f64> {
        self.held_out.iter().flatten().copied().min_by(f64::total_cmp)
    }
}

/// A trial of a network of another type.
pub(super) type Candidate<'a, X, Target, L> =
    dyn FnMut(&L, &[X], &[Target], &Course<'_>) -> Result<Outcome, Error> + 'a;

/// Copies the samples of a batch.
pub(super) fn gather<S, T>(places: &[usize], inputs: &[S], targets: &[T], xs: &mut Vec<S>, ts: &mut Vec<T>)
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

/// The indices of the samples of each batch. They are the same for every trial with this batch size.
pub(super) struct Batches<'a> {
    course: &'a Course<'a>,
    rng: rand::rngs::ChaCha8Rng,
    order: Vec<usize>,
    at: usize,
    drawn: Vec<usize>,
}

impl<'a> Batches<'a> {
    pub(super) fn new(course: &'a Course<'a>) -> Self {
        let order: Vec<usize> = (0..course.train).collect();
        Self { course, rng: crate::random::rng(course.seed), at: order.len(), order, drawn: Vec::new() }
    }

    pub(super) fn next(&mut self) -> &[usize] {
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

/// Trains, and measures at regular steps.
pub(super) fn train<N, S, Y, L, O, T>(
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
    // An evaluation costs a third of a step: it has no backward pass.
    let cost = |samples: usize| (samples as u64).div_ceil(3 * course.batch.max(1) as u64);
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
                outcome.refused = Some(error).filter(|error| {
                    matches!(
                        error,
                        Error::Setting { .. } | Error::UnknownPath { .. } | Error::FrozenStatistics { .. }
                    )
                });
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

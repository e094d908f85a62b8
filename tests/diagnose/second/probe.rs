//! A training with its data: diagnosed, and, without the diagnosis, trained.

use chainrule::data::Dataset;
use chainrule::diagnose::{Diagnose, Diagnosis, Problem};
use chainrule::loss::TargetFor;
use chainrule::optimizer::Optimizer;
use chainrule::parameters::IntoOwned;
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use chainrule::{Data, InputOf};

/// How many steps a training takes that is checked.
const STEPS: usize = 300;

/// A training, and what is wrong with it: one of these problems, or nothing.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) problem: &'static [Problem],
    /// Parts of the paths of layers that are right, if it is at a layer.
    pub(super) at: &'static [&'static str],
    pub(super) diagnose: fn(u64) -> Diagnosis,
    pub(super) as_it_is: fn(u64) -> Learned,
    /// The same training with the known cure; a healthy one has none.
    pub(super) cured: Option<fn(u64) -> Learned>,
}

/// Writes a case: its name, the problems, where it is, and a function of the seed and of whether it is cured, or two
/// functions of the seed, where the cure is a network of another type.
macro_rules! case {
    ($name:literal, [$($problem:ident),+], $at:expr, $faulty:path => $cured:path) => {
        Case {
            name: $name,
            problem: &[$(Problem::$problem),+],
            at: &$at,
            diagnose: |seed| $faulty(seed).diagnose(seed),
            as_it_is: |seed| $faulty(seed).learn(seed),
            cured: Some(|seed| $cured(seed).learn(seed)),
        }
    };
    ($name:literal, [$($problem:ident),+], $at:expr, $of:path) => {
        Case {
            name: $name,
            problem: &[$(Problem::$problem),+],
            at: &$at,
            diagnose: |seed| $of(seed, false).diagnose(seed),
            as_it_is: |seed| $of(seed, false).learn(seed),
            cured: Some(|seed| $of(seed, true).learn(seed)),
        }
    };
    ($name:literal, healthy, $of:path) => {
        Case {
            name: $name,
            problem: &[],
            at: &[],
            diagnose: |seed| $of(seed).diagnose(seed),
            as_it_is: |seed| $of(seed).learn(seed),
            cured: None,
        }
    };
}
pub(super) use case;

/// Which share of the loss of guessing is gone after a training: 0 for nothing learned, and below 0 for worse than the
/// best constant answer. Minus infinity for a training that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Learned {
    pub(super) train: f64,
    pub(super) held_out: f64,
}

impl Learned {
    const FAILED: Self = Self { train: f64::NEG_INFINITY, held_out: f64::NEG_INFINITY };
}

/// What is done with a training, without its types.
pub(super) trait Probe {
    /// Diagnoses it, as a user would.
    fn diagnose(self, seed: u64) -> Diagnosis;
    /// Trains it for some hundred steps.
    fn learn(self, seed: u64) -> Learned;
}

/// A trainer with the data and the batch size of the training.
pub(super) struct Training<N, L, O, X, T, Y> {
    trainer: Trainer<N, L, O>,
    data: Dataset<X, T>,
    /// Data to test with, instead of a fourth of the data.
    test: Option<Dataset<X, T>>,
    batch: usize,
    /// The answer for these targets that is best without a look at the input.
    constant: fn(&[T]) -> Y,
}

impl<N: Parameters, L, O: Optimizer<N>, X, T, Y> Training<N, L, O, X, T, Y> {
    pub(super) fn new<M: IntoOwned<Network = N>>(
        network: M,
        loss: L,
        optimizer: O,
        data: Dataset<X, T>,
        constant: fn(&[T]) -> Y,
    ) -> Self {
        Self { trainer: Trainer::new(network, loss, optimizer, 1), data, test: None, batch: 32, constant }
    }

    pub(super) fn batch(self, samples: usize) -> Self {
        Self { batch: samples, ..self }
    }

    /// Sets other data to test with, where learning does not show on data as those of the training.
    pub(super) fn test(self, data: Dataset<X, T>) -> Self {
        Self { test: Some(data), ..self }
    }

    /// Changes the trainer: a schedule, clipping.
    pub(super) fn with(self, change: impl FnOnce(Trainer<N, L, O>) -> Trainer<N, L, O>) -> Self {
        Self { trainer: change(self.trainer), ..self }
    }
}

impl<N, L, O, X, T, Y> Probe for Training<N, L, O, X, T, Y>
where
    Data: InputOf<X, N, Y>,
    N: Parameters,
    L: Clone + Sync,
    O: Clone,
    X: Copy,
    T: TargetFor<L, Y> + Copy + 'static,
    Y: Tensor,
{
    fn diagnose(self, seed: u64) -> Diagnosis {
        let options = Diagnose::new().batch_size(self.batch).seed(seed).quiet();
        self.trainer.diagnose_with(&self.data, options).expect("the data are valid")
    }

    fn learn(mut self, seed: u64) -> Learned {
        let random = &mut rng(seed + 1000);
        self.data.shuffle(random);
        let first = 3 * self.data.len() / 4;
        let (train, held_out) = self.data.split_at(first).expect("enough samples");
        for _ in 0..STEPS {
            let places: Vec<usize> = (0..self.batch).map(|_| random.random_range(0..train.len())).collect();
            let inputs: Vec<X> = places.iter().map(|&at| train.inputs()[at]).collect();
            let targets: Vec<T> = places.iter().map(|&at| train.targets()[at]).collect();
            if self.trainer.step(&inputs, &targets).is_err() {
                return Learned::FAILED;
            }
        }
        let share = |data: &Dataset<X, T>| {
            let constants = vec![(self.constant)(data.targets()); data.len()];
            let guessing =
                T::compare_by(&self.trainer.loss).mean(&constants, data.targets()).expect("finite");
            let loss = self.trainer.evaluate(data).ok().filter(|loss| loss.is_finite());
            loss.map_or(f64::NEG_INFINITY, |loss| 1.0 - loss / guessing)
        };
        Learned { train: share(&train), held_out: share(&self.test.unwrap_or(held_out)) }
    }
}

/// Returns the logarithms of the shares of the classes: the best constant scores.
pub(super) fn shares<const CLASSES: usize>(labels: &[Label<CLASSES>]) -> Vector<CLASSES> {
    let mut counts = [0.5; CLASSES];
    labels.iter().for_each(|label| counts[label.index()] += 1.0);
    Vector(counts.map(|count| (count / labels.len() as f32).ln()))
}

/// Returns the mean.
pub(super) fn mean<const N: usize>(targets: &[Vector<N>]) -> Vector<N> {
    Vector(core::array::from_fn(|at| {
        let sum: f64 = targets.iter().map(|target| f64::from(target[at])).sum();
        (sum / targets.len() as f64) as f32
    }))
}

/// Returns the score of the mean probability.
pub(super) fn score(targets: &[Vector<1>]) -> Vector<1> {
    mean(targets).map(|share| (share / (1.0 - share)).ln())
}

// Tier 9.
//! A diagnosis of a training that does not learn.
//!
//! ```
//! use chainrule::data::Dataset;
//! use chainrule::diagnose::Problem;
//! use chainrule::prelude::*;
//! type Net = (Linear<2, 16>, Tanh, Linear<16, 2>);
//!
//! let points = (0..200).map(|at| {
//!     let x = Vector([(at as f32 * 0.7).sin(), (at as f32 * 1.3).cos()]);
//!     (x, Label::<2>::new(usize::from(x[0] * x[1] > 0.0)).unwrap())
//! });
//! let data = Dataset::from_pairs(points)?;
//! let net = Net::init_with(Initializer::constant(0.1), &mut rng(1)); // all units are equal
//! let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(0.01), 1);
//! let diagnosis = trainer.diagnose(&data)?;
//! println!("{diagnosis}");
//! assert_eq!(diagnosis.problem(), Some(Problem::SymmetricWeights));
//! assert!(diagnosis.control().unwrap().steps > 0); // the trial of the unchanged training
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Trainer::diagnose`] examines a training and tries cures on copies. The trainer itself does not change.
//!
//! 1. **Facts.** It measures the [flow](crate::flow) of a batch and its verdict, the scales of inputs and targets,
//!    equal inputs with different targets, the weights, the settings of optimizer, schedule and clipping, and the noise
//!    of the gradient.
//! 2. **Trials.** It trains an unchanged copy: the control. It also trains two small reference networks on standardized
//!    inputs, a linear one and one with a hidden layer. They show whether the task can be learned. If the control
//!    learns at least half as much as the best of them, the training is healthy. A control that learns slowly is
//!    watched for four times as many steps. Otherwise it tries each cure that can be tried while the program runs, each
//!    on a copy, with the same steps and the same batches: a higher and a lower learning rate, new weights,
//!    standardized inputs and targets, larger batches, no clipping, no weight decay, no schedule, and so on.
//! 3. **Findings.** It reports a problem if facts show it and its cure helps. Causes come before symptoms: if a
//!    learning rate that is too high kills units, the finding is the learning rate.
//!
//! A cure that needs another type (a skip connection, a norm, another activation) cannot be tried automatically. Add
//! the cured network with one line: [`Diagnose::network`].

mod bench;
mod case;
mod change;
mod course;
mod data;
mod facts;
mod judge;
mod mapped;
mod options;
mod problem;
mod progress;
mod reference;
mod report;
mod rules;
mod run;
mod section;
mod trials;
mod weights;

use alloc::vec::Vec;

use bench::Subject;
use chainrule_parameters::{Parameters, append_copies};
use course::Course;
use rand::RngExt;

use crate::Error;
use crate::data::Dataset;
use crate::loss::{Loss, TargetFor};
use crate::network::{Data, InputOf};
use crate::tensor::{Sample, Tensor};
use crate::train::{AnyTrainer, Trainer};

pub use options::Diagnose;
pub use problem::{Finding, Problem};
pub use report::{Diagnosis, Trial};

/// The confidence that a finding has at least. Below this, it is a remark. (A convention of this crate.)
pub const CERTAIN_ENOUGH: f64 = 0.5;

/// At most this many samples are trained on: more than all batches of a trial need.
const MOST_TRAINED: usize = 4096;
/// At most this many training samples are measured, and at most this many are held out.
const MOST_MEASURED: usize = 256;
/// A quarter of the data is held out if there are at least this many samples: 10 in the quarter.
const ENOUGH_TO_HOLD_OUT: usize = 40;

impl<N, L, O> Trainer<N, L, O> {
    /// Diagnoses this training with the default options. See the example of [`diagnose`](crate::diagnose), and
    /// [`Diagnose`] for options.
    ///
    /// The trainer does not change. A diagnosis costs about a thousand training steps for a healthy training, and
    /// several thousand for a faulty one. [`Diagnosis::passes`] has the exact cost.
    ///
    /// # Errors
    /// [`Error`] for invalid data, and for settings with which the trainer cannot take a step. A training that fails is
    /// a finding, and not an error.
    #[doc(alias = "debug training")]
    #[doc(alias = "loss does not decrease")]
    #[doc(alias = "troubleshoot")]
    pub fn diagnose<X: Copy, Y: Tensor, Target>(&self, data: &Dataset<X, Target>) -> Result<Diagnosis, Error>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Clone + Sync,
        O: Clone,
        Target: TargetFor<L, Y> + Copy + 'static,
    {
        let _ = <Data as InputOf<X, N, Y>>::PLAN; // so that the compiler's error names the caller
        self.diagnose_with(data, Diagnose::new())
    }

    /// Diagnoses this training with options. See the example of [`Diagnose`].
    ///
    /// # Errors
    /// The errors of [`diagnose`](Trainer::diagnose), and [`Error::Setting`] for a batch size or a number of steps of
    /// 0.
    pub fn diagnose_with<X: Copy, Y: Tensor, Target>(
        &self,
        data: &Dataset<X, Target>,
        mut options: Diagnose<'_, X, Target, L, Y>,
    ) -> Result<Diagnosis, Error>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Clone + Sync,
        O: Clone,
        Target: TargetFor<L, Y> + Copy + 'static,
    {
        let _ = <Data as InputOf<X, N, Y>>::PLAN;
        options.check()?;
        for data in [Some(data), options.validation].into_iter().flatten() {
            check(data, &self.loss)?;
        }
        let mut samples = Samples::of(data, &options);
        let numbers = data::rows(Data::samples(&samples.inputs));
        let outliers = data::outliers(
            &judge::Of::<L, Y, Target>::new(&self.loss, &samples.targets),
            numbers.as_ref(),
            samples.inputs.len(),
        );
        samples.put_last(&outliers);
        let (inputs, targets) = (Data::samples(&samples.inputs), &samples.targets[..]);
        let numbers = data::rows(inputs); // in the new order
        let subject = &mut Subject {
            trainer: Data::network::<AnyTrainer<L, O>>(self),
            inputs,
            targets,
            standard: numbers.as_ref().and_then(data::standardized),
            judge: judge::Of::<L, Y, Target>::new(&self.loss, targets),
        };
        let course = samples.course(&options);
        let mut candidates: Vec<_> = options
            .candidates
            .iter_mut()
            .map(|(name, run)| {
                let run = |course: &Course<'_>| run(&self.loss, &samples.inputs, targets, course);
                (name.clone(), run)
            })
            .collect();
        let mut candidates: Vec<run::Candidate<'_>> =
            candidates.iter_mut().map(|(name, run)| (&name[..], run as &mut _)).collect();
        run::diagnose(subject, numbers.as_ref(), &course, &mut candidates, options.quiet)
    }
}

/// Checks that all data are finite, and that the loss accepts all targets.
fn check<N, X, Y: Tensor, L, Target: TargetFor<L, Y>>(
    data: &Dataset<X, Target>,
    loss: &L,
) -> Result<(), Error>
where
    Data: InputOf<X, N, Y>,
{
    if let Some((sample, element, value)) = Sample::first_non_finite(Data::samples(data.inputs())) {
        return Err(Error::NonFiniteData { what: "input", sample, element, value });
    }
    let loss = Target::compare_by(loss);
    data.targets().iter().enumerate().try_for_each(|(sample, target)| loss.check(target, sample))
}

/// The samples of a diagnosis: first the training samples, in random order, and then the held-out samples.
struct Samples<X, T> {
    inputs: Vec<X>,
    targets: Vec<T>,
    train: usize,
    /// The number of training samples and of held-out samples that are not outliers.
    usual: [usize; 2],
}

impl<X: Copy, T: Copy> Samples<X, T> {
    fn of<L, Y>(data: &Dataset<X, T>, options: &Diagnose<'_, X, T, L, Y>) -> Self {
        let rng = &mut crate::random::rng(options.seed);
        let mut order: Vec<usize> = (0..data.len()).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, rng.random_range(0..=at));
        }
        let quarter = match options.validation {
            None if data.len() >= ENOUGH_TO_HOLD_OUT => (data.len() / 4).min(MOST_MEASURED),
            _ => 0,
        };
        let (held_out, train) = order.split_at(quarter);
        let train = &train[..train.len().min(MOST_TRAINED)];
        let (inputs, targets) = (Vec::new(), Vec::new());
        let mut samples = Self { inputs, targets, train: train.len(), usual: [0, 0] };
        samples.append(data, train);
        samples.append(data, held_out);
        if let Some(data) = options.validation {
            let count = data.len().min(MOST_MEASURED);
            let few: Vec<usize> = (0..count).map(|at| at * data.len() / count).collect();
            samples.append(data, &few);
        }
        samples
    }

    fn append(&mut self, data: &Dataset<X, T>, places: &[usize]) {
        for &at in places {
            append_copies(&mut self.inputs, core::slice::from_ref(&data.inputs()[at]));
            append_copies(&mut self.targets, core::slice::from_ref(&data.targets()[at]));
        }
    }

    /// Moves outliers behind the other samples of their part: they are trained on, but not measured. A single outlier
    /// could have a larger loss than all others together, which would hide whether anything is learned.
    fn put_last(&mut self, outliers: &[bool]) {
        let (train, others) = outliers.split_at(self.train);
        self.usual = [train, others].map(|part| part.iter().filter(|outlier| !**outlier).count());
        let mut order: Vec<usize> = (0..outliers.len()).collect();
        order.sort_by_key(|&at| (at >= self.train, outliers[at]));
        let (inputs, targets) = (core::mem::take(&mut self.inputs), core::mem::take(&mut self.targets));
        for at in order {
            append_copies(&mut self.inputs, core::slice::from_ref(&inputs[at]));
            append_copies(&mut self.targets, core::slice::from_ref(&targets[at]));
        }
    }

    fn course<L, Y>(&self, options: &Diagnose<'_, X, T, L, Y>) -> Course<'static> {
        Course {
            steps: options.steps,
            batch: options.batch_size,
            seed: options.seed,
            train: self.train,
            measured: 0..self.usual[0].min(MOST_MEASURED),
            held_out: self.train..self.train + self.usual[1],
            outliers: self.train - self.usual[0],
            balanced: None,
        }
    }
}

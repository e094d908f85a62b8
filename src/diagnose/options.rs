use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::course::{Candidate, Course, Outcome, candidate};
use crate::Error;
use crate::data::Dataset;
use crate::layer::Parameters;
use crate::loss::TargetFor;
use crate::network::{Data, InputOf};
use crate::optimizer::Optimizer;
use crate::tensor::Tensor;
use crate::train::Trainer;
use chainrule_parameters::IntoOwned;

/// A network of another type, with its name.
type Named<'a, X, Target, L> = (String, Box<Candidate<'a, X, Target, L>>);

/// The options of [`Trainer::diagnose_with`](crate::Trainer::diagnose_with).
///
/// `X`, `Target`, `L` and `Y` are the types of inputs, targets, loss and outputs. They follow from the data and the
/// trainer.
///
/// ```
/// use chainrule::data::Dataset;
/// use chainrule::diagnose::{Diagnose, Problem};
/// use chainrule::prelude::*;
///
/// type Plain = (Linear<2, 16>, [(Sigmoid, Linear<16, 16>); 12], Linear<16, 2>);
/// type Cured = (Linear<2, 16>, [Residual<(Sigmoid, Linear<16, 16>)>; 12], Linear<16, 2>);
///
/// let points = (0..200).map(|at| {
///     let (angle, outside) = (at as f32, at % 2);
///     let radius = 0.5 + outside as f32;
///     (Vector([radius * angle.cos(), radius * angle.sin()]), Label::<2>::new(outside).unwrap())
/// });
/// let data = Dataset::from_pairs(points)?;
/// let trainer = Trainer::new(Plain::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
/// let options = Diagnose::new()
///     .network("skip connections", Cured::init(&mut rng(1)), Adam::new(0.01))
///     .quiet();
/// let diagnosis = trainer.diagnose_with(&data, options)?;
/// assert_eq!(diagnosis.problem(), Some(Problem::VanishingGradient), "{diagnosis}");
/// assert!(diagnosis.findings[0].cure.contains("skip connections"), "{diagnosis}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Diagnose<'a, X, Target, L, Y> {
    pub(super) steps: u64,
    pub(super) batch_size: usize,
    pub(super) seed: u64,
    pub(super) validation: Option<&'a Dataset<X, Target>>,
    pub(super) quiet: bool,
    pub(super) candidates: Vec<Named<'a, X, Target, L>>,
    outputs: core::marker::PhantomData<fn(Y)>,
}

impl<X, Target, L, Y> Default for Diagnose<'_, X, Target, L, Y> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, X, Target, L, Y> Diagnose<'a, X, Target, L, Y> {
    /// Creates the default options: trials of 100 steps, with batches of 32, all evaluated on the same samples.
    pub fn new() -> Self {
        Self {
            steps: 100,
            batch_size: 32,
            seed: 0,
            validation: None,
            quiet: false,
            candidates: Vec::new(),
            outputs: core::marker::PhantomData,
        }
    }

    /// Sets the number of steps of each trial. A control that learns slowly is watched for four times as many.
    pub fn steps(self, steps: u64) -> Self {
        Self { steps, ..self }
    }

    /// Sets the batch size. Use the one of your training, since a wrong batch size is one of the problems that can be
    /// found. The default is 32, as in [`Fit`](crate::Fit).
    pub fn batch_size(self, samples: usize) -> Self {
        Self { batch_size: samples, ..self }
    }

    /// Sets the seed of the batches and of new weights.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets validation data, which are not trained on. By default a quarter of the data is held out, if there are at
    /// least 40 samples.
    pub fn validation(self, data: &'a Dataset<X, Target>) -> Self {
        Self { validation: Some(data), ..self }
    }

    /// Turns the progress bar off. By default, a diagnosis that takes longer than a second shows one on the standard
    /// error, if that is a terminal.
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Adds a network of another type, which is trained for as many steps and compared: one with skip connections,
    /// another activation, a norm, or more units. A type cannot be changed while the program runs, so you add such a
    /// cure yourself.
    pub fn network<N, M, O>(mut self, name: impl Into<String>, network: M, optimizer: O) -> Self
    where
        M: IntoOwned<Network = N>,
        N: Parameters,
        O: Optimizer<N> + Clone + 'a,
        L: Clone + Sync,
        X: Copy,
        Y: Tensor,
        Target: TargetFor<L, Y> + Copy + 'static,
        Data: InputOf<X, N, Y>,
    {
        let (network, seed) = (network.into_owned(), self.seed);
        let run = move |loss: &L,
                        inputs: &[X],
                        targets: &[Target],
                        course: &Course<'_>|
              -> Result<Outcome, Error> {
            let trainer = Trainer::new(network.clone(), loss.clone(), optimizer.clone(), seed);
            candidate::<X, N, Y, L, O, Target>(&trainer, inputs, targets, course)
        };
        self.candidates.push((name.into(), Box::new(run)));
        self
    }
}

impl<X, Target, L, Y> Diagnose<'_, X, Target, L, Y> {
    /// Checks the options.
    pub(super) fn check(&self) -> Result<(), Error> {
        let expected = "at least 1";
        if self.batch_size == 0 {
            return Err(Error::Setting { name: "the size of a batch", value: 0.0, expected });
        }
        if self.steps < 10 {
            let (name, value) = ("the steps of a trial", self.steps as f64);
            return Err(Error::Setting { name, value, expected: "at least 10" });
        }
        Ok(())
    }
}

// Tier 8.
//! Training.

#[cfg(feature = "checkpoint")]
mod across;
#[cfg(not(feature = "checkpoint"))]
#[path = "alone.rs"]
mod across;
#[cfg(feature = "checkpoint")]
mod checkpoint;
mod data_parallel;
#[cfg(feature = "fit")]
mod evaluate;
#[cfg(feature = "fit")]
mod fit;
#[cfg(feature = "fit")]
mod fit_error;
#[cfg(feature = "flow")]
mod locate_non_finite;
#[cfg(feature = "fit")]
mod monitor;
#[cfg(feature = "fit")]
mod options;
#[cfg(feature = "fit")]
mod progress;
#[cfg(feature = "fit")]
mod rate_test;
#[cfg(feature = "flow")]
mod recorded;
#[cfg(feature = "fit")]
mod run;
mod sums;
#[cfg(feature = "flow")]
mod variant;

use core::fmt;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::Error;
use crate::layer::{AsWorkspace, BackwardHook, Bare, Owned, Parameters, Plan, Workspace, Wrapper};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, Share, loss_gradient, plan};
#[cfg(feature = "flow")]
use crate::optimizer::Setting;
use crate::optimizer::{Clip, Optimizer};
use crate::random::training_rng;
use crate::schedule::{Rate, Schedule};
use crate::stream::{CarriedState, Rows};
use crate::tensor::Tensor;
use across::{Place, Ranks};
use chainrule_parameters::IntoOwned;
use data_parallel::{AnyDataParallel, DataParallel, Pieces};
#[cfg(feature = "fit")]
pub use fit_error::FitError;
#[cfg(feature = "fit")]
pub use monitor::Monitor;
#[cfg(feature = "fit")]
pub use options::{Epoch, Fit};
#[cfg(feature = "fit")]
pub use rate_test::{LearningRateSweep, LearningRateTest, RatePoint};
use sums::{Sums, Work};
#[cfg(feature = "flow")]
pub(crate) use variant::AnyTrainer;

/// Trains a network. It contains the network, a loss, an optimizer, a gradient and a workspace.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(Vector);
/// let xor = [[0.0], [1.0], [1.0], [0.0]].map(Vector);
/// let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.05), 1);
/// for _ in 0..500 {
///     trainer.step(&inputs, &xor)?;
/// }
/// assert!(trainer.network.loss(&MeanSquaredError, &inputs, &xor)? < 1e-3);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias = "training loop")]
#[doc(alias = "backpropagation")]
#[doc(alias = "backprop")]
#[doc(alias = "model.compile")]
#[doc(alias = "TrainState")]
pub struct Trainer<N, L, O> {
    /// The network in its present state.
    pub network: Owned<N>,
    /// The loss, which training minimizes.
    pub loss: L,
    /// The optimizer. You can change its learning rate between steps; a schedule continues from the rate that you set.
    pub optimizer: O,
    gradient: Owned<N>,
    workspace: Workspace,
    rng: ChaCha8Rng,
    steps: u64,
    rate: Rate,
    clip: Clip,
    micro_batch: Option<usize>,
    parallel: DataParallel<N>,
    optimize: Optimize<N, O>,
    ranks: Option<Ranks>,
}

/// [`Optimizer::step`] for a network and a gradient on the heap, on several threads or on the calling one.
type Step<N, O> = fn(&mut O, &mut Owned<N>, &Owned<N>, bool) -> Result<(), Error>;

fn step<N: Parameters, O: Optimizer<N>>(
    optimizer: &mut O,
    network: &mut Owned<N>,
    gradient: &Owned<N>,
    several: bool,
) -> Result<(), Error> {
    data_parallel::among_threads(several, || optimizer.step(network, gradient))
}

/// The functions of the optimizer, so that only [`Trainer::new`] needs a bound on the optimizer.
struct Optimize<N, O> {
    step: Step<N, O>,
    learning_rate: fn(&mut O) -> &mut f64,
    #[cfg(feature = "flow")]
    setting: fn(&mut O, Setting) -> Option<&mut f64>,
    #[cfg(feature = "flow")]
    forget: fn(&mut O),
}

impl<N, O> Clone for Optimize<N, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N, O> Copy for Optimize<N, O> {}

/// [`Owned`] for any network.
struct AnyOwned;

impl Wrapper for AnyOwned {
    type Of<N> = Owned<N>;
}

/// A clone trains alone, not [across](Trainer::across) ranks.
impl<N: Parameters, L: Clone, O: Clone> Clone for Trainer<N, L, O> {
    fn clone(&self) -> Self {
        Self {
            network: self.network.clone(),
            loss: self.loss.clone(),
            optimizer: self.optimizer.clone(),
            gradient: self.gradient.clone(),
            workspace: Workspace::default(),
            rng: copy_of(&self.rng),
            parallel: DataParallel::default(),
            rate: self.rate.clone(),
            ranks: None,
            ..*self
        }
    }
}

impl<N: Parameters, L: fmt::Debug, O: fmt::Debug> fmt::Debug for Trainer<N, L, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("network", &self.network)
            .field("loss", &self.loss)
            .field("optimizer", &self.optimizer)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

// The bounds are on the methods, so that a network with mismatched shapes has the methods too. Otherwise the error
// would be "the method `step` exists, but its trait bounds were not satisfied".
impl<N, L, O> Trainer<N, L, O> {
    /// Creates a trainer. All random numbers of the training, such as those of dropout, follow from `seed`.
    ///
    /// The network is the result of [`init`](crate::init::Init::init), or an ordinary value.
    pub fn new<M: IntoOwned<Network = N>>(network: M, loss: L, optimizer: O, seed: u64) -> Self
    where
        N: Parameters,
        O: Optimizer<N>,
    {
        Self {
            network: network.into_owned(),
            loss,
            optimizer,
            gradient: Owned::zeros(),
            workspace: Workspace::default(),
            rng: training_rng(seed),
            steps: 0,
            rate: Rate::constant(),
            clip: Clip::Not,
            micro_batch: None,
            parallel: DataParallel::default(),
            optimize: Optimize {
                step: step::<N, O>,
                learning_rate: O::learning_rate,
                #[cfg(feature = "flow")]
                setting: O::setting,
                #[cfg(feature = "flow")]
                forget: O::forget,
            },
            ranks: None,
        }
    }

    /// Sets a schedule that starts at the next step. Each step multiplies the learning rate by [`Schedule::factor`] of
    /// the number of steps since then.
    ///
    /// You can replace the schedule of a trainer, for example before a second [`fit`](Trainer::fit). The new schedule
    /// multiplies the initial rate of the first one, not the rate at which the first one ended:
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let net = Linear::<1, 1>::init(&mut rng(1));
    /// let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1), 1).schedule(Schedule::cosine(10));
    /// let (x, y) = ([Vector([1.0])], [Vector([2.0])]);
    /// for _ in 0..11 {
    ///     trainer.step(&x, &y)?;
    /// }
    /// assert_eq!(trainer.optimizer.learning_rate, 0.0);
    /// trainer = trainer.schedule(Schedule::cosine(20));
    /// trainer.step(&x, &y)?;
    /// assert_eq!(trainer.optimizer.learning_rate, 0.1);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    #[doc(alias = "lr_scheduler")]
    #[doc(alias = "learning rate schedule")]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        let rate = *(self.optimize.learning_rate)(&mut self.optimizer);
        self.rate.restart(schedule, rate, self.steps);
        self
    }

    /// [Clips](crate::optimizer::clip_norm) each gradient to this norm, computed over the whole network.
    #[doc(alias = "clip_grad_norm_")]
    #[doc(alias = "gradient clipping")]
    pub fn clip_norm(self, longest: f64) -> Self {
        Self { clip: Clip::Norm(longest), ..self }
    }

    /// [Clips](crate::optimizer::clip_value) each number of a gradient to this absolute value.
    #[doc(alias = "clip_grad_value_")]
    pub fn clip_value(self, largest: f64) -> Self {
        Self { clip: Clip::Value(largest), ..self }
    }

    /// Processes at most this many samples at once, and adds up the gradients of the batch's pieces: gradient
    /// accumulation, for batches that do not fit in memory. A [`BatchNorm`](crate::layer::BatchNorm) then computes its
    /// mean and variance over a piece.
    ///
    /// By default, a batch is divided into at most 8 pieces if that is faster. The cores of the machine process them in
    /// parallel. A network with buffers is not divided. The division and the bits of the result do not depend on the
    /// machine.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let x = [0.0, 1.0, 2.0, 3.0].map(|x| Vector([x]));
    /// let y = x.map(|x| Vector([3.0 * x[0]]));
    /// let net = Linear::<1, 1>::init(&mut rng(1));
    /// let trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1), 1);
    /// let mut trainer = trainer.clip_norm(1.0).micro_batch(2); // two passes of 2 samples, one step
    /// trainer.step(&x, &y)?;
    /// assert_eq!(trainer.steps(), 1);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    #[doc(alias = "gradient accumulation")]
    #[doc(alias = "accumulation steps")]
    #[doc(alias = "minibatch")]
    pub fn micro_batch(self, samples: usize) -> Self {
        Self { micro_batch: Some(samples), ..self }
    }

    /// Takes one optimizer step on a batch. Returns the mean loss of the batch before the step.
    ///
    /// The example of [`Trainer`] calls it in a loop.
    ///
    /// # Errors
    /// Invalid data, or [`Error::NonFiniteStep`], which names the layer whose result is not finite: see [`Error`].
    /// After an error the network has not changed.
    #[doc(alias = "backward")]
    #[doc(alias = "train_step")]
    #[doc(alias = "train_on_batch")]
    pub fn step<X, Y: Tensor>(&mut self, inputs: &[X], targets: &[impl TargetFor<L, Y>]) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Sync,
    {
        let _ = <Data as InputOf<X, N, Y>>::PLAN; // so that the compiler's error names the caller
        self.step_from(inputs, targets, Rows::default())
    }

    /// Takes a [`step`](Trainer::step) on the next window of each stream. The network starts from the state at the end
    /// of the previous window. The gradient stops there: truncated backpropagation through time. See [`CarriedState`].
    ///
    /// # Errors
    /// The same as [`step`](Trainer::step). Also [`Error::StreamCount`] if the number of windows is not the number of
    /// streams, and [`Error::OtherState`] for the state of another network. After an error the state has not changed.
    #[doc(alias = "truncated backpropagation through time")]
    #[doc(alias = "TBPTT")]
    #[doc(alias = "stateful")]
    pub fn step_carried<X, Y: Tensor>(
        &mut self,
        inputs: &[X],
        targets: &[impl TargetFor<L, Y>],
        state: &mut CarriedState,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y, Sample: Tensor>,
        N: Parameters,
        L: Sync,
    {
        let _ = <Data as InputOf<X, N, Y>>::PLAN;
        state
            .check::<<Data as InputOf<X, N, Y>>::Network, <Data as InputOf<X, N, Y>>::Sample>(inputs.len())?;
        let mean = self.step_from(inputs, targets, state.rows())?;
        state.succeeded();
        Ok(mean)
    }

    fn step_from<X, Y: Tensor>(
        &mut self,
        inputs: &[X],
        targets: &[impl TargetFor<L, Y>],
        states: Rows<'_>,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Sync,
    {
        let several = self.are_threads_awake(plan::<X, N, Y>(), inputs.len());
        let stepped = self.gradient_of(inputs, targets, states, None).and_then(|mean| {
            self.follow_schedule();
            (self.optimize.step)(&mut self.optimizer, &mut self.network, &self.gradient, several)?;
            Ok(mean)
        });
        self.taken(stepped, inputs, targets)
    }

    /// Computes the gradient of a batch and clips it. Returns the mean loss.
    fn gradient_of<X, Y: Tensor, Target: TargetFor<L, Y>>(
        &mut self,
        inputs: &[X],
        targets: &[Target],
        mut states: Rows<'_>,
        hook: Option<&mut (dyn BackwardHook + Send)>,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Sync,
    {
        let pieces = self.pieces(plan::<X, N, Y>(), inputs.len())?;
        let Self { network, loss, gradient, workspace, rng, parallel, .. } = self;
        let (network, inputs) = (Data::network::<Bare>(network), Data::samples(inputs));
        let parallel = Data::network_mut::<AnyDataParallel>(parallel);
        let to = Data::network_mut::<AnyOwned>(gradient);
        let (samples, piece, steps) = (inputs.len(), pieces.piece, self.steps);
        let weights = self.ranks.as_ref().map_or(0, |ranks| ranks.digest(network, steps));
        let place = Place { steps, samples, piece, weights };
        // An error on one rank is sent to the others, so that none of them waits for this rank.
        let divided = piece < samples && targets.len() == samples && states.is_empty();
        let mean = match &mut self.ranks {
            Some(ranks) if divided => {
                let locate = |error| located(error, network, loss, inputs, targets, steps);
                let add = |sums: Sums<'_, _>, work: Work<'_>| ranks.sum(sums, work, place, locate);
                parallel.loss_gradient(network, loss, inputs, targets, states, pieces, to, rng, add)
            }
            ranks => {
                let mean = if pieces.part >= samples {
                    data_parallel::among_threads(N::COUNT > data_parallel::MOST_PARAMETERS, || {
                        let memory = &mut states.workspace(workspace);
                        let hook = hook.map(|hook| hook as &mut dyn BackwardHook);
                        loss_gradient(network, loss, inputs, targets, Share::WHOLE, memory, to, rng, hook)
                    })
                } else {
                    parallel.loss_gradient(
                        network,
                        loss,
                        inputs,
                        targets,
                        states,
                        pieces,
                        to,
                        rng,
                        |sums, work| sums.here(work),
                    )
                };
                match ranks {
                    Some(ranks) => ranks.same(place, mean),
                    None => mean,
                }
            }
        }?;
        self.clip.apply(gradient)?;
        Ok(mean)
    }

    /// Returns how a batch is divided.
    fn pieces(&self, plan: &Plan, samples: usize) -> Result<Pieces, Error> {
        match self.micro_batch {
            Some(0) => {
                let expected = "at least 1";
                Err(Error::Setting { name: "the size of a micro-batch", value: 0.0, expected })
            }
            Some(samples) => Ok(Pieces { piece: samples, part: samples }),
            None => Ok(Pieces::of(plan, samples)),
        }
    }

    /// Returns whether the gradient is computed on several threads, and the network is large enough to run the
    /// optimizer's step on several threads too.
    fn are_threads_awake(&self, plan: &Plan, samples: usize) -> bool
    where
        N: Parameters,
    {
        let is_divided = self.pieces(plan, samples).is_ok_and(|pieces| pieces.piece < samples);
        N::COUNT > data_parallel::MOST_PARAMETERS || is_divided && N::COUNT > data_parallel::FEW_PARAMETERS
    }

    fn follow_schedule(&mut self) {
        self.rate.follow((self.optimize.learning_rate)(&mut self.optimizer), self.steps);
    }

    /// Multiplies the learning rate, also under a schedule.
    #[cfg(feature = "fit")]
    fn scale_rate(&mut self, factor: f64) {
        self.rate.scale((self.optimize.learning_rate)(&mut self.optimizer), factor);
    }

    /// Counts a successful step, or finds the cause of a failed one.
    fn taken<X, Y: Tensor, Target: TargetFor<L, Y>>(
        &mut self,
        stepped: Result<f64, Error>,
        inputs: &[X],
        targets: &[Target],
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
    {
        let stepped = stepped.map_err(|error| {
            let (network, inputs) = (Data::network::<Bare>(&self.network), Data::samples(inputs));
            located(error, network, &self.loss, inputs, targets, self.steps)
        });
        self.steps += u64::from(stepped.is_ok());
        stepped
    }

    /// Returns the number of steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns the gradient of the last step.
    pub fn gradient(&self) -> &N {
        &self.gradient
    }
}

#[cfg(feature = "flow")]
use locate_non_finite::locate_non_finite as located;

/// Returns the error unchanged: the cause cannot be found without gradient flow.
#[cfg(not(feature = "flow"))]
fn located<N, X, L, T>(error: Error, _: &N, _: &L, _: &[X], _: &[T], _: u64) -> Error {
    error
}

/// Returns a generator at the same position of the same stream. (The generator does not implement `Clone`, so that the
/// same numbers are not drawn twice by mistake.)
fn copy_of(rng: &ChaCha8Rng) -> ChaCha8Rng {
    let mut copy = ChaCha8Rng::from_seed(rng.get_seed());
    copy.set_stream(rng.get_stream());
    copy.set_word_pos(rng.get_word_pos());
    copy
}

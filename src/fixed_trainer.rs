// Tier 8.
//! Training without a heap.

use core::fmt;

use rand::rngs::ChaCha8Rng;

use crate::Error;
use crate::layer::{Parameters, TrainingStep, WorkspaceFor};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, Network};
use crate::optimizer::{Clip, Optimizer};
use crate::random::training_rng;
use crate::schedule::{Rate, Schedule};
use crate::tensor::Tensor;
use chainrule_parameters::zeroed;

/// Trains a network without a heap. It contains the network, a loss, an optimizer, a gradient and a workspace, all by
/// value. It can be a `static`, and no step allocates, not even the first.
///
/// The optimizer contains its moments ([`Inline`](crate::optimizer::Inline)), and [`workspace!`](crate::workspace)
/// creates the workspace.
///
/// ```
/// use chainrule::FixedTrainer;
/// use chainrule::optimizer::Inline;
/// use chainrule::prelude::*;
///
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
/// type Memory = chainrule::workspace!(Net, Vector<2>, train 4);
/// type Optimizer = Adam<Net, Inline<2>>;
///
/// let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(Vector);
/// let xor = [[0.0], [1.0], [1.0], [0.0]].map(Vector);
/// let net = Net::init(&mut rng(1)).into_inner(); // on a device: `include_network!`
/// let mut trainer = FixedTrainer::new(net, MeanSquaredError, Optimizer::inline(0.05), Memory::new(), 1);
/// trainer.schedule(Schedule::cosine(500)).clip_norm(1.0);
/// for _ in 0..500 {
///     trainer.step(&inputs, &xor)?;
/// }
/// assert!(trainer.network.loss(&MeanSquaredError, &inputs, &xor)? < 1e-2);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// It processes each batch as a whole. So the result has the same bits as with a `Trainer` that does this too: one with
/// a [`micro_batch`](crate::Trainer::micro_batch) of at least the batch size, or one whose network or batch is too
/// small to be divided.
#[doc(alias = "no_std")]
#[doc(alias = "embedded")]
#[doc(alias = "on-device training")]
pub struct FixedTrainer<N, L, O, W> {
    /// The network in its present state.
    pub network: N,
    /// The loss, which training minimizes.
    pub loss: L,
    /// The optimizer. You can change its learning rate between steps; a schedule continues from the rate that you set.
    pub optimizer: O,
    gradient: N,
    workspace: W,
    seed: u64,
    /// The random numbers of the training. They are created in its first step.
    rng: Option<ChaCha8Rng>,
    steps: u64,
    rate: Rate,
    clip: Clip,
}

impl<N: Parameters, L: fmt::Debug, O: fmt::Debug, W: fmt::Debug> fmt::Debug for FixedTrainer<N, L, O, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedTrainer")
            .field("loss", &self.loss)
            .field("optimizer", &self.optimizer)
            .field("workspace", &self.workspace)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

// The bounds are on the methods, for the same reason as in `Trainer`.
impl<N, L, O, W> FixedTrainer<N, L, O, W> {
    /// Creates a trainer, also in a constant. All random numbers of the training, such as those of dropout, follow from
    /// `seed`. They are the same as in a `Trainer` with this seed.
    pub const fn new(network: N, loss: L, optimizer: O, workspace: W, seed: u64) -> Self
    where
        N: Parameters,
        O: Optimizer<N>,
    {
        Self {
            network,
            loss,
            optimizer,
            gradient: zeroed(),
            workspace,
            seed,
            rng: None,
            steps: 0,
            rate: Rate::constant(),
            clip: Clip::Not,
        }
    }

    /// Sets a schedule that starts at the next step. Each step multiplies the learning rate by [`Schedule::factor`] of
    /// the number of steps since then. The example of [`FixedTrainer`] sets one.
    pub fn schedule(&mut self, schedule: Schedule) -> &mut Self
    where
        N: Parameters,
        O: Optimizer<N>,
    {
        self.rate.restart(schedule, *self.optimizer.learning_rate(), self.steps);
        self
    }

    /// [Clips](crate::optimizer::clip_norm) each gradient to this norm, computed over the whole network.
    pub fn clip_norm(&mut self, longest: f64) -> &mut Self {
        self.clip = Clip::Norm(longest);
        self
    }

    /// [Clips](crate::optimizer::clip_value) each number of a gradient to this absolute value.
    pub fn clip_value(&mut self, largest: f64) -> &mut Self {
        self.clip = Clip::Value(largest);
        self
    }

    /// Takes one optimizer step on a batch. Returns the mean loss of the batch before the step.
    ///
    /// # Errors
    /// Invalid data, [`Error::WorkspaceSize`] if the batch is larger than the workspace, and
    /// [`Error::NonFiniteGradient`] or [`Error::StepOverflow`], which name the parameter: see [`Error`]. After an error
    /// the network has not changed.
    pub fn step<X, Y: Tensor>(&mut self, inputs: &[X], targets: &[impl TargetFor<L, Y>]) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        O: Optimizer<N>,
        W: WorkspaceFor<TrainingStep<N, X>>,
    {
        let _ = <Data as InputOf<X, N, Y>>::PLAN; // so that the compiler's error names the caller
        let Self { network, loss, optimizer, gradient, workspace, seed, rng, steps, rate, clip } = self;
        let rng = rng.get_or_insert_with(|| training_rng(*seed));
        let mean = network.loss_gradient(loss, inputs, targets, workspace, gradient, rng)?;
        clip.apply(gradient)?;
        rate.follow(optimizer.learning_rate(), *steps);
        optimizer.step(network, gradient)?;
        *steps += 1;
        Ok(mean)
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

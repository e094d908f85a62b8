//! Floor 7: a network in training.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::Error;
use crate::bounds::{DataFor, Maps, Takes};
#[cfg(feature = "keep")]
use crate::keep::{State, StateFields};
#[cfg(feature = "keep")]
use crate::layer::Parameters;
use crate::loss::TargetFor;
use crate::network::{Network, TapeOf};
use crate::optimizer::Optimizer;
#[cfg(feature = "flow")]
use crate::tensor::Is;
use crate::tensor::Tensor;

/// A network with what it takes to train it: a loss, an optimiser, and room for gradient and tape.
///
/// `T` is the network's [`Tape`](crate::Tape) for its input, inferred from the network or from the first
/// [`step`](Trainer::step).
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
pub struct Trainer<N, L, O, T> {
    /// The network, trained so far.
    pub network: N,
    /// What is made small.
    pub loss: L,
    /// What makes it small; its learning rate may be changed between steps.
    pub optimizer: O,
    gradient: N,
    tape: T,
    rng: ChaCha8Rng,
    steps: u64,
}

// The bounds stand on the methods, so that a network whose shapes do not meet still has them, and no error says
// "the method `step` exists, but its trait bounds were not satisfied".
impl<N, L, O, T> Trainer<N, L, O, T> {
    /// Everything random in training, such as dropout, follows from `seed`.
    pub fn new<X: Tensor>(network: N, loss: L, optimizer: O, seed: u64) -> Self
    where
        N: Takes<X, NetworkTape = T>,
        O: Optimizer<N>,
        T: Default,
    {
        let (gradient, tape, mut rng) = (N::zeros(), T::default(), ChaCha8Rng::seed_from_u64(seed));
        rng.set_stream(1); // not the numbers that `chainrule::rng(seed)` may have drawn the weights from
        Self { network, loss, optimizer, gradient, tape, rng, steps: 0 }
    }

    /// One step on one batch; gives the batch's mean loss before the step.
    ///
    /// # Errors
    /// Whatever is wrong with the data, or [`Error::NonFiniteStep`], which names the layer that gave what is not finite: see
    /// [`Error`]. The network is as it was before.
    pub fn step<X: Tensor, Y: Tensor>(
        &mut self,
        inputs: &[impl DataFor<N::Input>],
        targets: &[impl TargetFor<L, Y>],
    ) -> Result<f64, Error>
    where
        N: Maps<X, Y>,
        O: Optimizer<N>,
        T: TapeOf<N, X>,
    {
        let Self { network, loss, optimizer, gradient, tape, rng, steps } = self;
        gradient.set_zero();
        let stepped = network.loss_gradient(loss, inputs, targets, tape, gradient, rng).and_then(|mean| {
            optimizer.step(network, gradient)?;
            Ok(mean)
        });
        #[cfg(feature = "flow")]
        let stepped = stepped.map_err(|error| blame(error, network, loss, inputs, targets, *steps));
        *steps += u64::from(stepped.is_ok());
        stepped
    }

    /// [`step`](Trainer::step), written down by the recorder if its turn has come.
    ///
    /// # Errors
    /// As [`step`](Trainer::step).
    #[cfg(feature = "flow")]
    pub fn step_recorded<X: Tensor, Y: Tensor>(
        &mut self,
        inputs: &[impl DataFor<N::Input>],
        targets: &[impl TargetFor<L, Y>],
        recorder: &mut crate::flow::Recorder,
    ) -> Result<f64, Error>
    where
        N: Maps<X, Y>,
        O: Optimizer<N>,
        T: TapeOf<N, X>,
    {
        let Self { network, loss, optimizer, gradient, tape, rng, steps } = self;
        gradient.set_zero();
        let stepped =
            recorder.loss_gradient(network, loss, inputs, targets, tape, gradient, rng).and_then(|mean| {
                recorder.step(optimizer, network, gradient)?;
                Ok(mean)
            });
        let stepped = stepped.map_err(|error| blame(error, network, loss, inputs, targets, *steps));
        *steps += u64::from(stepped.is_ok());
        stepped
    }

    /// How many steps have been taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The gradient of the last step.
    pub fn gradient(&self) -> &N {
        &self.gradient
    }

    /// Writes network, optimiser and random state to a file, from which [`resume`](Trainer::resume) goes on bit for bit.
    ///
    /// # Errors
    /// As [`keep::save_checkpoint`](crate::keep::save_checkpoint): the file is the old one, still whole.
    #[cfg(feature = "keep")]
    pub fn save_checkpoint(&self, path: impl AsRef<std::path::Path>) -> Result<(), crate::keep::KeepError>
    where
        N: Parameters,
        O: State,
    {
        crate::keep::save_checkpoint(self, path)
    }

    /// Goes back to where [`save_checkpoint`](Trainer::save_checkpoint) was called: network, optimiser with its settings, random state.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net = (Linear<2, 8>, Tanh, Dropout<10>, Linear<8, 1>);
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("xor.safetensors");
    /// # let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(Vector);
    /// # let xor = [[0.0], [1.0], [1.0], [0.0]].map(Vector);
    /// let new = || Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.05), 1);
    /// let mut trainer = new();
    /// trainer.step(&inputs, &xor)?;
    /// trainer.save_checkpoint(&path)?;
    ///
    /// let mut resumed = new(); // perhaps in another process
    /// resumed.resume(&path)?;
    /// assert_eq!(resumed.step(&inputs, &xor)?, trainer.step(&inputs, &xor)?);
    /// assert_eq!(resumed.network.parameters(), trainer.network.parameters());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`keep::load_checkpoint`](crate::keep::load_checkpoint): nothing has changed.
    #[cfg(feature = "keep")]
    pub fn resume(&mut self, path: impl AsRef<std::path::Path>) -> Result<(), crate::keep::KeepError>
    where
        N: Parameters,
        O: State,
    {
        crate::keep::load_checkpoint(self, path)
    }
}

/// Neither the loss, which the program gives anew, nor gradient and tape, which each step makes anew.
#[cfg(feature = "keep")]
impl<N: Parameters, L, O: State, T> State for Trainer<N, L, O, T> {
    fn fields(fields: &mut impl StateFields<Self>) {
        fields.network("network", |trainer| &trainer.network, |trainer| &mut trainer.network);
        fields.state("optimizer", |trainer| &trainer.optimizer, |trainer| &mut trainer.optimizer);
        fields.state("rng", |trainer| &trainer.rng, |trainer| &mut trainer.rng);
    }
}

/// Where something is not finite, gradient flow is asked which layer made it so.
#[cfg(feature = "flow")]
fn blame<N, X: Tensor, Y: Tensor, L, T: TargetFor<L, Y>>(
    error: Error,
    network: &N,
    loss: &L,
    inputs: &[impl DataFor<N::Input>],
    targets: &[T],
    step: u64,
) -> Error
where
    N: Maps<X, Y>,
{
    use crate::flow::{Detail, State, measure};
    if !matches!(
        error,
        Error::NonFiniteOutput { .. } | Error::NonFiniteLoss { .. } | Error::NonFiniteGradient { .. }
    ) {
        return error;
    }
    let inputs = Is::cast(inputs);
    let flow = measure::<N, X, Y, L, T>(network, loss, inputs, targets, Detail::LIGHT, &mut crate::rng(0));
    match flow.map(|flow| flow.verdict()) {
        Ok(verdict) if verdict.state == State::NonFinite => {
            let (layer, why, cure) = (verdict.starts_at, verdict.why, verdict.cure);
            Error::NonFiniteStep { step, layer, why, cure }
        }
        _ => error, // it hangs on what was random in that step
    }
}

//! Floor 7: a network in training.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::Error;
use crate::bounds::{DataFor, Maps, Takes};
use crate::loss::TargetFor;
use crate::network::{Network, TapeOf};
use crate::optimizer::Optimizer;
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
        Self { network, loss, optimizer, gradient, tape, rng }
    }

    /// One step on one batch; gives the batch's mean loss before the step.
    ///
    /// # Errors
    /// Whatever is wrong with the data, or a gradient that is not finite: see [`Error`]. The network is as it was before.
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
        let Self { network, loss, optimizer, gradient, tape, rng } = self;
        gradient.set_zero();
        let mean = network.loss_gradient(loss, inputs, targets, tape, gradient, rng)?;
        optimizer.step(network, gradient)?;
        Ok(mean)
    }

    /// The gradient of the last step.
    pub fn gradient(&self) -> &N {
        &self.gradient
    }
}

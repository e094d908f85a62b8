//! Floor 7: a network in training.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::Error;
use crate::layer::Layer;
use crate::loss::Loss;
use crate::network::{Network, Tape};
use crate::optimizer::Optimizer;
use crate::tensor::Tensor;

/// A network with what it takes to train it: a loss, an optimiser, and room for gradient and tape.
///
/// `X` is the network's input, inferred from the first [`step`](Trainer::step).
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
pub struct Trainer<X: Tensor, N: Layer<X>, L, O> {
    /// The network, trained so far.
    pub network: N,
    /// What is made small.
    pub loss: L,
    /// What makes it small; its learning rate may be changed between steps.
    pub optimizer: O,
    gradient: N,
    tape: Tape<N, X>,
    rng: ChaCha8Rng,
}

impl<X: Tensor, N: Layer<X>, L, O: Optimizer<N>> Trainer<X, N, L, O> {
    /// Everything random in training, such as dropout, follows from `seed`.
    pub fn new(network: N, loss: L, optimizer: O, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(1); // not the numbers that `chainrule::rng(seed)` may have drawn the weights from
        Self { network, loss, optimizer, gradient: N::zeros(), tape: Tape::default(), rng }
    }

    /// One step on one batch; gives the batch's mean loss before the step.
    ///
    /// # Errors
    /// Whatever is wrong with the data, or a gradient that is not finite: see [`Error`]. The network is as it was before.
    pub fn step<Y>(&mut self, inputs: &[X], targets: &[Y]) -> Result<f64, Error>
    where
        L: Loss<N::Output, Y>,
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

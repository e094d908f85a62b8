use super::{Adam, GradientOf, Optimizer};
use crate::Error;
use crate::layer::Parameters;

/// [`Adam`] with decoupled weight decay: before each step, each weight loses η λ of itself.
///
/// Biases and scales do not decay.
///
/// # Source
/// Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
#[derive(Clone, Debug)]
pub struct AdamW<N> {
    /// The moments and their settings.
    pub adam: Adam<N>,
    /// λ, at least 0: 0.01 unless changed.
    pub weight_decay: f64,
}

impl<N: Parameters> AdamW<N> {
    /// With a weight decay of 0.01.
    pub fn new(learning_rate: f64) -> Self {
        Self { adam: Adam::new(learning_rate), weight_decay: 0.01 }
    }

    /// With another weight decay.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }
}

impl<N: Parameters> Optimizer<N> for AdamW<N> {
    fn step<G: GradientOf<N>>(&mut self, network: &mut N, gradient: &G) -> Result<(), Error> {
        self.adam.step_with_decay(network, gradient, self.weight_decay)
    }
}

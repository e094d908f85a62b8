use super::options::optimizer;
use super::{Adam, StepOptions};
use crate::Error;
use crate::layer::{Parameters, View, ViewMut};

/// [`Adam`] with decoupled weight decay: before each step, each weight is multiplied by 1 - η λ.
///
/// λ is 0.01 by default. Biases and gains do not decay, unless [`decay_all`](Self::decay_all) says so.
///
/// # Source
/// Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
#[derive(Clone, Debug)]
pub struct AdamW<N: Parameters> {
    /// The moments and their settings, and the weight decay.
    pub adam: Adam<N>,
}

impl<N: Parameters> AdamW<N> {
    /// Creates the optimizer with a weight decay of 0.01.
    pub fn new(learning_rate: f64) -> Self {
        let options = StepOptions { weight_decay: 0.01, decoupled: true, ..StepOptions::default() };
        Self { adam: Adam { options, ..Adam::new(learning_rate) } }
    }

    /// Sets the decay rates of the running means.
    pub fn betas(self, betas: [f64; 2]) -> Self {
        Self { adam: self.adam.betas(betas) }
    }

    /// Sets ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { adam: self.adam.epsilon(epsilon) }
    }

    /// Divides by the largest mean square so far, as [`Adam::amsgrad`].
    pub fn amsgrad(self) -> Self {
        Self { adam: self.adam.amsgrad() }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        self.adam.step_of(gradient, network)
    }
}

optimizer!(AdamW in adam);

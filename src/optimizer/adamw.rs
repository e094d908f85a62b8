use super::{Adam, GradientOf, Optimizer};
use crate::Error;
use crate::layer::Parameters;
use crate::tensor::SameType;
use chainrule_parameters::AsNetwork;

/// [`Adam`] with decoupled weight decay: before each step, each weight is multiplied by 1 - η λ.
///
/// Biases and scales do not decay.
///
/// # Source
/// Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
#[derive(Clone, Debug)]
pub struct AdamW<N: Parameters> {
    /// The moments and their settings.
    pub adam: Adam<N>,
    /// λ, at least 0: 0.01 by default.
    pub weight_decay: f64,
}

impl<N: Parameters> AdamW<N> {
    /// Creates the optimizer with a weight decay of 0.01.
    pub fn new(learning_rate: f64) -> Self {
        Self { adam: Adam::new(learning_rate), weight_decay: 0.01 }
    }

    /// Sets the weight decay.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }
}

#[diagnostic::do_not_recommend] // so that the error is that of `Optimizer`, not of `SameType`
impl<S: Parameters, N: Parameters + SameType<S>> Optimizer<N> for AdamW<S> {
    fn step<M: AsNetwork<Network = N>, G: GradientOf<N>>(
        &mut self,
        network: &mut M,
        gradient: &G,
    ) -> Result<(), Error> {
        let (network, gradient) = (network.as_network_mut(), gradient.as_gradient());
        self.adam.step_with_decay(network.cast_one_mut(), gradient.cast_one(), self.weight_decay)
    }

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.adam.learning_rate
    }
}

use super::moments::{MomentStorage, OnHeap};
use super::options::optimizer;
use super::{Adam, StepOptions};
use crate::Error;
use crate::layer::{Parameters, View, ViewMut};

/// [`Adam`] with decoupled weight decay: before each step, each weight is multiplied by 1 - η λ.
///
/// λ is 0.01 by default. Biases and gains do not decay, unless [`decay_all`](Self::decay_all) is set.
///
/// # Source
/// Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// AdamW::new(0.1).step(&mut net, &gradient)?;
/// // The weight decays to 1 - 0.1 · 0.01, and the first step has the size η.
/// approx::assert_relative_eq!(net.weights()[0], 0.999 - 0.1, max_relative = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("decoupled weight decay"))]
#[derive(Clone, Debug)]
pub struct AdamW<N: Parameters, M: MomentStorage = OnHeap> {
    /// The moments and their settings, and the weight decay.
    pub adam: Adam<N, M>,
}

impl<N: Parameters, M: MomentStorage> AdamW<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self { adam: Adam::with_options(learning_rate, StepOptions::decay(0.01, true), moments) }
    }

    /// Sets the decay rates of the running means.
    pub fn betas(self, betas: [f64; 2]) -> Self {
        Self { adam: self.adam.betas(betas) }
    }

    /// Sets ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { adam: self.adam.epsilon(epsilon) }
    }

    /// Enables AMSGrad, as [`Adam::amsgrad`].
    pub fn amsgrad(self) -> Self {
        Self { adam: self.adam.amsgrad() }
    }

    /// Skips rows without a gradient, as [`Adam::lazy_rows`].
    pub fn lazy_rows(self) -> Self {
        Self { adam: self.adam.lazy_rows() }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        self.adam.step_of(gradient, network)
    }
}

optimizer! {
    /// Creates the optimizer with a weight decay of 0.01.
    AdamW in adam, moments: 2, momentum: betas[0], counts: steps = 0
}

use super::{GradientOf, Optimizer, Rule, check_divisor, check_share, check_size, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Owned, Parameters, View, ViewMut};
use crate::tensor::SameType;
use chainrule_parameters::AsNetwork;

/// The RMSprop optimizer: the step of each parameter is its gradient, divided by the root of the running mean of its
/// square.
///
/// `s = ρ s + (1 - ρ) g²`, `w = w - η g / (√s + ε)`.
///
/// # Source
/// Hinton, "Neural networks for machine learning", lecture 6e (2012), in PyTorch's form.
#[derive(Clone, Debug)]
pub struct RmsProp<N: Parameters> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// ρ, the decay rate of the running mean: 0.99 by default.
    pub decay: f64,
    /// ε, which prevents a division by zero, above 0: 1e-8 by default.
    pub epsilon: f64,
    /// The learning rate that the program gave to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) square: Owned<N>,
}

impl<N: Parameters> RmsProp<N> {
    /// Creates the optimizer with a decay of 0.99.
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate, first_rate: learning_rate, decay: 0.99, epsilon: 1e-8, square: Owned::zeros() }
    }

    /// Sets the decay rate of the running mean.
    pub fn decay(self, decay: f64) -> Self {
        Self { decay, ..self }
    }
}

#[diagnostic::do_not_recommend] // so that the error is that of `Optimizer`, not of `SameType`
impl<S: Parameters, N: Parameters + SameType<S>> Optimizer<N> for RmsProp<S> {
    fn step<M: AsNetwork<Network = N>, G: GradientOf<N>>(
        &mut self,
        network: &mut M,
        gradient: &G,
    ) -> Result<(), Error> {
        check_size("the learning rate", self.learning_rate)?;
        check_share("the decay of RMSprop", self.decay)?;
        check_divisor("the epsilon of RMSprop", self.epsilon)?;
        let (network, gradient) =
            (network.as_network_mut().cast_one_mut(), gradient.as_gradient().cast_one());
        let update = Update { learning_rate: self.learning_rate, decay: self.decay, epsilon: self.epsilon };
        take_step(&update, View::of(gradient), [ViewMut::of(network), ViewMut::of(&mut *self.square)])
    }

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.learning_rate
    }
}

struct Update {
    learning_rate: f64,
    decay: f64,
    epsilon: f64,
}

impl Rule<2> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, _: bool) -> Constants<T> {
        Constants {
            rate: T::from_f64(self.learning_rate),
            decay: T::from_f64(self.decay),
            rest: T::from_f64(1.0 - self.decay),
            epsilon: T::from_f64(self.epsilon),
        }
    }

    fn largest_step(&self) -> f64 {
        self.learning_rate / self.epsilon.min(1.0)
    }
}

/// The constants of an [`Update`] in the network's scalar.
struct Constants<T> {
    rate: T,
    decay: T,
    rest: T,
    epsilon: T,
}

impl<T: Real> Elementwise<T, 1, 2> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, s]: [T; 2]) -> [T; 2] {
        let s = self.decay * s + self.rest * g * g;
        [w - self.rate * g / (s.sqrt() + self.epsilon), s]
    }
}

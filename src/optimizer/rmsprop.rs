use super::{GradientOf, Optimizer, check_divisor, check_gradient, check_share, check_size, follow};
use crate::Error;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::{Owned, Parameter, Parameters, Role, View, ViewMut, Visitor, visit};
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
        check_gradient(View::of(gradient))?;
        let update = Update { learning_rate: self.learning_rate, decay: self.decay, epsilon: self.epsilon };
        update.apply(View::of(gradient), ViewMut::of(network), ViewMut::of(&mut *self.square));
        Ok(())
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

impl Update {
    fn apply(mut self, gradient: View<'_>, network: ViewMut<'_>, square: ViewMut<'_>) {
        visit([gradient], [network, square], &mut self);
    }
}

impl Visitor<1, 2> for Update {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g]: [&[T]; 1], [w, s]: [&mut [T]; 2]) {
        if let Role::Buffer { momentum, .. } = parameter.role {
            return follow(momentum, w, g);
        }
        let rule = Rule {
            rate: T::from_f64(self.learning_rate),
            decay: T::from_f64(self.decay),
            rest: T::from_f64(1.0 - self.decay),
            epsilon: T::from_f64(self.epsilon),
        };
        elementwise(&rule, [g], [w, s]);
    }
}

/// The constants of an [`Update`] in the network's scalar.
struct Rule<T> {
    rate: T,
    decay: T,
    rest: T,
    epsilon: T,
}

impl<T: Real> Elementwise<T, 1, 2> for Rule<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, s]: [T; 2]) -> [T; 2] {
        let s = self.decay * s + self.rest * g * g;
        [w - self.rate * g / (s.sqrt() + self.epsilon), s]
    }
}

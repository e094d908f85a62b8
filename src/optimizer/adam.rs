use super::{GradientOf, Optimizer, Rule, check_divisor, check_share, check_size, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Owned, Parameters, View, ViewMut};
use crate::tensor::SameType;
use chainrule_parameters::AsNetwork;

/// The Adam optimizer: the step of each parameter is the running mean of its gradient, divided by the root of the
/// running mean of its square.
///
/// `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`, `w = w - η m̂ / (√v̂ + ε)`, with
/// m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) at step t.
///
/// # Source
/// Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
///
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let mut gradient = Linear::zeros();
/// gradient.weights_mut()[0] = 123.0;
/// Adam::new(0.1).step(&mut net, &gradient)?; // the first step has the size η for every gradient
/// approx::assert_relative_eq!(net.weights()[0], 0.9);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Adam<N: Parameters> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// β₁ and β₂, the decay rates of the two running means: 0.9 and 0.999 by default.
    pub betas: [f64; 2],
    /// ε, which prevents a division by zero, above 0: 1e-8 by default.
    pub epsilon: f64,
    /// The learning rate that the program gave to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) steps: u64,
    pub(crate) mean: Owned<N>,
    pub(crate) square: Owned<N>,
}

impl<N: Parameters> Adam<N> {
    /// Creates the optimizer with the settings of the paper.
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            steps: 0,
            mean: Owned::zeros(),
            square: Owned::zeros(),
        }
    }

    /// Sets the decay rates of the running means.
    pub fn betas(self, betas: [f64; 2]) -> Self {
        Self { betas, ..self }
    }

    /// Sets ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Takes a step, before which each weight (but no bias or scale) is reduced by `learning_rate * decay` of itself.
    pub(super) fn step_with_decay(&mut self, network: &mut N, gradient: &N, decay: f64) -> Result<(), Error> {
        check_size("the learning rate", self.learning_rate)?;
        check_share("the first beta of Adam", self.betas[0])?;
        check_share("the second beta of Adam", self.betas[1])?;
        check_divisor("the epsilon of Adam", self.epsilon)?;
        check_size("the weight decay", decay)?;
        let [beta1, beta2] = self.betas;
        let step = (self.steps + 1) as f64;
        let update = Update {
            rate: self.learning_rate / (1.0 - libm::pow(beta1, step)),
            correction: 1.0 / libm::sqrt(1.0 - libm::pow(beta2, step)),
            betas: self.betas,
            epsilon: self.epsilon,
            remaining: 1.0 - self.learning_rate * decay,
        };
        let [mean, square] = [&mut *self.mean, &mut *self.square].map(ViewMut::of);
        take_step(&update, View::of(gradient), [ViewMut::of(network), mean, square])?;
        self.steps += 1;
        Ok(())
    }
}

#[diagnostic::do_not_recommend] // so that the error is that of `Optimizer`, not of `SameType`
impl<S: Parameters, N: Parameters + SameType<S>> Optimizer<N> for Adam<S> {
    fn step<M: AsNetwork<Network = N>, G: GradientOf<N>>(
        &mut self,
        network: &mut M,
        gradient: &G,
    ) -> Result<(), Error> {
        let (network, gradient) = (network.as_network_mut(), gradient.as_gradient());
        self.step_with_decay(network.cast_one_mut(), gradient.cast_one(), 0.0)
    }

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.learning_rate
    }
}

struct Update {
    /// η / (1 - β₁ᵗ).
    rate: f64,
    /// 1 / √(1 - β₂ᵗ).
    correction: f64,
    betas: [f64; 2],
    epsilon: f64,
    /// The factor of weight decay.
    remaining: f64,
}

impl Rule<3> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, is_weight: bool) -> Constants<T> {
        Constants {
            betas: self.betas.map(T::from_f64),
            rests: self.betas.map(|beta| T::from_f64(1.0 - beta)),
            rate: T::from_f64(self.rate),
            correction: T::from_f64(self.correction),
            epsilon: T::from_f64(self.epsilon),
            remaining: if is_weight { T::from_f64(self.remaining) } else { T::one() },
        }
    }

    fn largest_step(&self) -> f64 {
        if self.remaining.abs() > 1.0 { f64::INFINITY } else { self.rate / self.epsilon.min(1.0) }
    }
}

/// The constants of an [`Update`] in the network's scalar.
struct Constants<T> {
    betas: [T; 2],
    rests: [T; 2],
    rate: T,
    correction: T,
    epsilon: T,
    remaining: T,
}

impl<T: Real> Elementwise<T, 1, 3> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, m, v]: [T; 3]) -> [T; 3] {
        let m = self.betas[0] * m + self.rests[0] * g;
        let v = self.betas[1] * v + self.rests[1] * g * g;
        [self.remaining * w - self.rate * m / (v.sqrt() * self.correction + self.epsilon), m, v]
    }
}

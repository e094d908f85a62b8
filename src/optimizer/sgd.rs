use super::{GradientOf, Optimizer, Rule, check_share, check_size, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Owned, Parameters, View, ViewMut};
use crate::tensor::SameType;
use chainrule_parameters::AsNetwork;

/// Stochastic gradient descent, optionally with momentum.
///
/// `v = μ v + g`, `w = w - η v`; Nesterov's form steps by `g + μ v` instead of `v`.
///
/// # Source
/// Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013,
/// in PyTorch's form (the learning rate outside the velocity).
#[derive(Clone, Debug)]
pub struct Sgd<N: Parameters> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// μ, the momentum: at least 0 and below 1.
    pub momentum: f64,
    /// Whether to use Nesterov's form of momentum.
    pub nesterov: bool,
    /// The learning rate that the program gave to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) velocity: Owned<N>,
}

impl<N: Parameters> Sgd<N> {
    /// Creates the optimizer without momentum.
    pub fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            momentum: 0.0,
            nesterov: false,
            velocity: Owned::zeros(),
        }
    }

    /// Sets the momentum: 0.9 is usual.
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Sets Nesterov's momentum.
    pub fn nesterov(self, momentum: f64) -> Self {
        Self { momentum, nesterov: true, ..self }
    }
}

#[diagnostic::do_not_recommend] // so that the error is that of `Optimizer`, not of `SameType`
impl<S: Parameters, N: Parameters + SameType<S>> Optimizer<N> for Sgd<S> {
    fn step<M: AsNetwork<Network = N>, G: GradientOf<N>>(
        &mut self,
        network: &mut M,
        gradient: &G,
    ) -> Result<(), Error> {
        check_size("the learning rate", self.learning_rate)?;
        check_share("the momentum", self.momentum)?;
        let (network, gradient) =
            (network.as_network_mut().cast_one_mut(), gradient.as_gradient().cast_one());
        let (rate, momentum) = (self.learning_rate, self.momentum);
        let (gradient, network) = (View::of(gradient), ViewMut::of(network));
        if momentum == 0.0 {
            // Without momentum no velocity is stored.
            return take_step(&Plain(rate), gradient, [network]);
        }
        let write = [network, ViewMut::of(&mut *self.velocity)];
        if self.nesterov {
            take_step(&Ahead { rate, momentum }, gradient, write)
        } else {
            take_step(&Heavy { rate, momentum }, gradient, write)
        }
    }

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.learning_rate
    }
}

/// Without momentum.
struct Plain<T>(T);

impl Rule<1> for Plain<f64> {
    type In<T: Real> = Plain<T>;

    fn in_scalar<T: Real>(&self, _: bool) -> Plain<T> {
        Plain(T::from_f64(self.0))
    }

    fn largest_step(&self) -> f64 {
        self.0
    }
}

impl<T: Real> Elementwise<T, 1, 1> for Plain<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w]: [T; 1]) -> [T; 1] {
        [w - self.0 * g]
    }
}

/// With momentum.
struct Heavy<T> {
    rate: T,
    momentum: T,
}

impl Rule<2> for Heavy<f64> {
    type In<T: Real> = Heavy<T>;

    fn in_scalar<T: Real>(&self, _: bool) -> Heavy<T> {
        Heavy { rate: T::from_f64(self.rate), momentum: T::from_f64(self.momentum) }
    }

    fn largest_step(&self) -> f64 {
        self.rate.max(1.0) / (1.0 - self.momentum)
    }
}

impl<T: Real> Elementwise<T, 1, 2> for Heavy<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, v]: [T; 2]) -> [T; 2] {
        let v = self.momentum * v + g;
        [w - self.rate * v, v]
    }
}

/// With Nesterov's.
struct Ahead<T> {
    rate: T,
    momentum: T,
}

impl Rule<2> for Ahead<f64> {
    type In<T: Real> = Ahead<T>;

    fn in_scalar<T: Real>(&self, _: bool) -> Ahead<T> {
        Ahead { rate: T::from_f64(self.rate), momentum: T::from_f64(self.momentum) }
    }

    fn largest_step(&self) -> f64 {
        self.rate.max(1.0) / (1.0 - self.momentum)
    }
}

impl<T: Real> Elementwise<T, 1, 2> for Ahead<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, v]: [T; 2]) -> [T; 2] {
        let v = self.momentum * v + g;
        [w - self.rate * (g + self.momentum * v), v]
    }
}

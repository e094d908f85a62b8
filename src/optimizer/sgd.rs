use super::{GradientOf, Optimizer, check_gradient, check_share, check_size, follow};
use crate::Error;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::{Owned, Parameter, Parameters, Role, View, ViewMut, Visitor, visit};
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
        check_gradient(View::of(gradient))?;
        let update =
            Update { learning_rate: self.learning_rate, momentum: self.momentum, nesterov: self.nesterov };
        update.apply(View::of(gradient), ViewMut::of(network), ViewMut::of(&mut *self.velocity));
        Ok(())
    }

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.learning_rate
    }
}

struct Update {
    learning_rate: f64,
    momentum: f64,
    nesterov: bool,
}

impl Update {
    fn apply(mut self, gradient: View<'_>, network: ViewMut<'_>, velocity: ViewMut<'_>) {
        visit([gradient], [network, velocity], &mut self);
    }
}

impl Visitor<1, 2> for Update {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g]: [&[T]; 1], [w, v]: [&mut [T]; 2]) {
        if let Role::Buffer { momentum, .. } = parameter.role {
            return follow(momentum, w, g);
        }
        let (rate, momentum) = (T::from_f64(self.learning_rate), T::from_f64(self.momentum));
        if self.momentum == 0.0 {
            // Without momentum no velocity is stored.
            elementwise(&Plain(rate), [g], [w]);
        } else if self.nesterov {
            elementwise(&Ahead { rate, momentum }, [g], [w, v]);
        } else {
            elementwise(&Heavy { rate, momentum }, [g], [w, v]);
        }
    }
}

/// Without momentum.
struct Plain<T>(T);

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

impl<T: Real> Elementwise<T, 1, 2> for Ahead<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, v]: [T; 2]) -> [T; 2] {
        let v = self.momentum * v + g;
        [w - self.rate * (g + self.momentum * v), v]
    }
}

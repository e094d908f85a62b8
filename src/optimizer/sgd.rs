use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Moved, Rule, StepOptions, check_between_0_and_1, check_share, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// Stochastic gradient descent, optionally with momentum.
///
/// `v = μ v + (1 - τ) g`, `w = w - η v`. Nesterov's form steps by `g + μ v` instead of `v`. The first velocity is g.
///
/// # Source
/// Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013,
/// in PyTorch's form (the learning rate is not in the velocity).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// let mut sgd = Sgd::new(0.1).momentum(0.5);
/// sgd.step(&mut net, &gradient)?; // v = 2
/// approx::assert_relative_eq!(net.weights()[0], 1.0 - 0.1 * 2.0);
/// sgd.step(&mut net, &gradient)?; // v = 0.5 · 2 + 2
/// approx::assert_relative_eq!(net.weights()[0], 0.8 - 0.1 * 3.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("stochastic gradient descent", "optim.SGD", "heavy ball", "Nesterov"))]
#[derive(Clone, Debug)]
pub struct Sgd<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// μ, the momentum: at least 0 and below 1.
    pub momentum: f64,
    /// τ, the dampening of the momentum, between 0 and 1: 0 by default.
    pub dampening: f64,
    /// Whether to use Nesterov's form of momentum.
    pub nesterov: bool,
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    /// The number of steps with momentum.
    pub(crate) steps: u64,
    /// The velocity, if there is momentum.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> Sgd<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            momentum: 0.0,
            dampening: 0.0,
            nesterov: false,
            options: StepOptions::NONE,
            steps: 0,
            moments,
        }
    }

    /// Sets the momentum. A usual value is 0.9.
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Sets the dampening of the momentum.
    pub fn dampening(self, dampening: f64) -> Self {
        Self { dampening, ..self }
    }

    /// Enables Nesterov's form, with this momentum.
    pub fn nesterov(self, momentum: f64) -> Self {
        Self { momentum, nesterov: true, ..self }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_share("the momentum", self.momentum)?;
        check_between_0_and_1("the dampening", self.dampening)?;
        let (rate, momentum) = (self.learning_rate, self.momentum);
        if momentum == 0.0 {
            // Without momentum, no velocity is stored.
            return take_step(&Plain, rate, &self.options, gradient, [network]);
        }
        let new = if self.steps == 0 { 1.0 } else { 1.0 - self.dampening };
        let [ahead, behind] = if self.nesterov { [1.0, momentum] } else { [0.0, 1.0] };
        let rule = Heavy { momentum, new, ahead, behind };
        let [velocity] = self.moments.views()?;
        let write = [network, velocity];
        take_step(&rule, rate, &self.options, gradient, write)?;
        self.steps += 1;
        Ok(())
    }
}

optimizer! {
    /// Creates the optimizer without momentum.
    Sgd, moments: 0, momentum: momentum, counts: steps = 0
}

/// The rule without momentum.
struct Plain;

impl Rule<1> for Plain {
    type In<T: Real> = PlainConstants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> PlainConstants<T> {
        PlainConstants(T::from_f64(rate))
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate
    }

    fn moved(&self) -> Moved {
        Moved::WithGradient
    }
}

struct PlainConstants<T>(T);

impl<T: Real> Elementwise<T, 1, 1> for PlainConstants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w]: [T; 1]) -> [T; 1] {
        [w - self.0 * g]
    }
}

/// The rule with momentum: a step by `ahead * g + behind * v`.
struct Heavy {
    momentum: f64,
    new: f64,
    ahead: f64,
    behind: f64,
}

impl Rule<2> for Heavy {
    type In<T: Real> = HeavyConstants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> HeavyConstants<T> {
        HeavyConstants {
            rate: T::from_f64(rate),
            momentum: T::from_f64(self.momentum),
            new: T::from_f64(self.new),
            ahead: T::from_f64(self.ahead),
            behind: T::from_f64(self.behind),
        }
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate.max(1.0) / (1.0 - self.momentum)
    }

    fn moved(&self) -> Moved {
        Moved::WithGradientOrMoments
    }
}

struct HeavyConstants<T> {
    rate: T,
    momentum: T,
    new: T,
    ahead: T,
    behind: T,
}

impl<T: Real> Elementwise<T, 1, 2> for HeavyConstants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, v]: [T; 2]) -> [T; 2] {
        let v = self.momentum * v + self.new * g;
        [w - self.rate * (self.ahead * g + self.behind * v), v]
    }
}

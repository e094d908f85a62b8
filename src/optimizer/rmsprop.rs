use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Moved, Rule, StepOptions, check_divisor, check_share, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The RMSprop optimizer: the step of each parameter is its gradient, divided by the root of the running mean of its
/// squared gradient.
///
/// `s = ρ s + (1 - ρ) g²`, `w = w - η g / (√s + ε)`. The centered form divides by `√(s - m²) + ε`, with the running
/// mean `m = ρ m + (1 - ρ) g`. A difference that is negative because of rounding is replaced by 0. With momentum, `v =
/// μ v + g / (√s + ε)` and `w = w - η v`.
///
/// # Source
/// Hinton, "Neural networks for machine learning", lecture 6e (2012), in PyTorch's form; centered and with momentum:
/// Graves, "Generating sequences with recurrent neural networks", 2013, eq. 38 to 45.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// RmsProp::new(0.01).step(&mut net, &gradient)?;
/// // √s = 0.1 · 2, so the first step has the size 10 η.
/// approx::assert_relative_eq!(net.weights()[0], 0.9, max_relative = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("root mean square propagation"))]
#[derive(Clone, Debug)]
pub struct RmsProp<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// ρ, the decay rate of the running mean: 0.99 by default.
    pub decay: f64,
    /// ε, which prevents a division by zero, above 0: 1e-8 by default.
    pub epsilon: f64,
    /// μ, the momentum, at least 0 and below 1: 0 by default.
    pub momentum: f64,
    /// Whether to divide by the standard deviation of the gradient instead of its root mean square.
    pub centered: bool,
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    /// The running mean of the square. If the form is centered or has momentum, also the mean and the velocity.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> RmsProp<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            decay: 0.99,
            epsilon: 1e-8,
            momentum: 0.0,
            centered: false,
            options: StepOptions::NONE,
            moments,
        }
    }

    /// Sets the decay rate of the running mean.
    pub fn decay(self, decay: f64) -> Self {
        Self { decay, ..self }
    }

    /// Sets ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Sets the momentum.
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// Makes the optimizer divide by the standard deviation of the gradient instead of its root mean square.
    pub fn centered(self) -> Self {
        Self { centered: true, ..self }
    }

    /// Returns whether the settings need the mean and the velocity.
    pub(crate) fn needs_more(&self) -> bool {
        self.centered || self.momentum != 0.0
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_share("the decay of RMSprop", self.decay)?;
        check_share("the momentum", self.momentum)?;
        check_divisor("the epsilon of RMSprop", self.epsilon)?;
        let Self { decay, epsilon, momentum, centered, .. } = *self;
        let rule = Update { decay, epsilon, momentum, centered: if centered { 1.0 } else { 0.0 } };
        let rate = self.learning_rate;
        if self.needs_more() {
            let [square, mean, velocity] = self.moments.views()?;
            take_step(&rule, rate, &self.options, gradient, [network, square, mean, velocity])
        } else {
            let [square] = self.moments.views()?;
            take_step(&rule, rate, &self.options, gradient, [network, square])
        }
    }
}

optimizer! {
    /// Creates the optimizer with a decay of 0.99.
    RmsProp, moments: 1, momentum: momentum
}

struct Update {
    decay: f64,
    epsilon: f64,
    momentum: f64,
    /// 1 or 0.
    centered: f64,
}

impl Update {
    fn constants<T: Real>(&self, rate: f64) -> Constants<T> {
        Constants {
            rate: T::from_f64(rate),
            decay: T::from_f64(self.decay),
            rest: T::from_f64(1.0 - self.decay),
            epsilon: T::from_f64(self.epsilon),
            momentum: T::from_f64(self.momentum),
            centered: T::from_f64(self.centered),
        }
    }
}

impl Rule<2> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        self.constants(rate)
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate / self.epsilon.min(1.0)
    }

    fn moved(&self) -> Moved {
        Moved::WithGradientOrMoments
    }
}

/// The rule with centering, with momentum, or with both.
impl Rule<4> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        self.constants(rate)
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate.max(1.0) / self.epsilon.min(1.0) / (1.0 - self.momentum)
    }

    fn moved(&self) -> Moved {
        Moved::WithGradientOrMoments
    }
}

/// The constants of an [`Update`] in the scalar type of the network.
struct Constants<T> {
    rate: T,
    decay: T,
    rest: T,
    epsilon: T,
    momentum: T,
    centered: T,
}

impl<T: Real> Elementwise<T, 1, 2> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, s]: [T; 2]) -> [T; 2] {
        let s = self.decay * s + self.rest * g * g;
        [w - self.rate * g / (s.sqrt() + self.epsilon), s]
    }
}

impl<T: Real> Elementwise<T, 1, 4> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, s, m, v]: [T; 4]) -> [T; 4] {
        let s = self.decay * s + self.rest * g * g;
        let m = self.decay * m + self.rest * g;
        let divisor = (s - self.centered * m * m).max(T::zero()).sqrt() + self.epsilon;
        let v = self.momentum * v + g / divisor;
        [w - self.rate * v, s, m, v]
    }
}

use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Moved, Rule, StepOptions, check_divisor, check_share, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The Adadelta optimizer: the step of each parameter is its gradient, times the ratio of the root mean squares of its
/// steps and its gradients.
///
/// `s = ρ s + (1 - ρ) g²`, `d = √(u + ε) / √(s + ε) g`, `u = ρ u + (1 - ρ) d²`, `w = w - η d`.
///
/// # Source
/// Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1, with PyTorch's η.
#[derive(Clone, Debug)]
pub struct Adadelta<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0: 1 in the paper.
    pub learning_rate: f64,
    /// ρ, the decay rate of both means: 0.9 by default.
    pub decay: f64,
    /// ε, the square of the first steps' size, above 0: 1e-6 by default.
    pub epsilon: f64,
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that the program gave to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    /// The running means of the squares of gradients and of steps.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> Adadelta<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            decay: 0.9,
            epsilon: 1e-6,
            options: StepOptions::NONE,
            moments,
        }
    }

    /// Sets the decay rate of both means.
    pub fn decay(self, decay: f64) -> Self {
        Self { decay, ..self }
    }

    /// Sets ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_share("the decay of Adadelta", self.decay)?;
        check_divisor("the epsilon of Adadelta", self.epsilon)?;
        let rule = Update { decay: self.decay, epsilon: self.epsilon };
        let [square, steps] = self.moments.views()?;
        take_step(&rule, self.learning_rate, &self.options, gradient, [network, square, steps])
    }
}

optimizer! {
    /// Creates the optimizer with PyTorch's settings, where the learning rate is 1.
    Adadelta, moments: 2
}

struct Update {
    decay: f64,
    epsilon: f64,
}

impl Rule<3> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        let [rate, decay, rest] = [rate, self.decay, 1.0 - self.decay].map(T::from_f64);
        Constants { rate, decay, rest, epsilon: T::from_f64(self.epsilon) }
    }

    /// Steps follow from steps, and can grow: they have no bound that is known before.
    fn largest_step(&self, _: f64) -> f64 {
        f64::INFINITY
    }

    fn moved(&self) -> Moved {
        Moved::WithGradientOrMoments
    }
}

/// The constants of an [`Update`] in the network's scalar.
struct Constants<T> {
    rate: T,
    decay: T,
    rest: T,
    epsilon: T,
}

impl<T: Real> Elementwise<T, 1, 3> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, s, u]: [T; 3]) -> [T; 3] {
        let s = self.decay * s + self.rest * g * g;
        let d = (u + self.epsilon).sqrt() / (s + self.epsilon).sqrt() * g;
        let u = self.decay * u + self.rest * d * d;
        [w - self.rate * d, s, u]
    }
}

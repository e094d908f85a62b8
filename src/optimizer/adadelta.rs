use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Moved, Rule, StepOptions, check_divisor, check_share, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The Adadelta optimizer: the step of each parameter is its gradient, multiplied by the ratio of the root mean square
/// of its steps to that of its gradients.
///
/// `s = ρ s + (1 - ρ) g²`, `d = √(u + ε) / √(s + ε) g`, `u = ρ u + (1 - ρ) d²`, `w = w - η d`.
///
/// # Source
/// Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1, with PyTorch's η.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(100.0), &mut rng(0));
/// Adadelta::new(1.0).step(&mut net, &gradient)?;
/// // s = 0.1 · 100² and d = √ε / √s · 100.
/// approx::assert_relative_eq!(net.weights()[0], 1.0 - 1e-3 * 10_f32.sqrt(), max_relative = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("adaptive learning rate"))]
#[derive(Clone, Debug)]
pub struct Adadelta<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0: 1 in the paper.
    pub learning_rate: f64,
    /// ρ, the decay rate of both means: 0.9 by default.
    pub decay: f64,
    /// ε, above 0: 1e-6 by default. Its root is the scale of the first steps.
    pub epsilon: f64,
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    /// The running means of the squared gradients and of the squared steps.
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

    /// The size of a step depends on earlier steps and can grow. It has no bound that is known in advance.
    fn largest_step(&self, _: f64) -> f64 {
        f64::INFINITY
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

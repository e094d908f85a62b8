use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Rule, StepOptions, check_size, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// Averaged stochastic gradient descent: plain steps with a decreasing learning rate, and the mean of the networks
/// after a given step.
///
/// `w = (1 - λ ηₜ) w - ηₜ g` with ηₜ = η / (1 + λ η (t - 1))^α, and `a = (1 - μₜ) a + μₜ w` with
/// μₜ = 1 / max(1, t - 1 - t₀) at step t. Until step t₀ + 2 the average is the network itself.
///
/// # Source
/// Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992; the rates are from Bottou,
/// "Stochastic gradient descent tricks", 2012, section 5, in PyTorch's form.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// Asgd::new(0.1).step(&mut net, &gradient)?;
/// // (1 - λ η) · 1 - η · 2, with λ = 1e-4.
/// approx::assert_relative_eq!(net.weights()[0], 0.99999 - 0.1 * 2.0, max_relative = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("averaged SGD", "Polyak averaging"))]
#[derive(Clone, Debug)]
pub struct Asgd<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// λ, the decay of the weights and of the learning rate, at least 0: 1e-4 by default. All parameters decay.
    pub lambda: f64,
    /// α, the exponent of the decrease of the learning rate, at least 0: 0.75 by default.
    pub alpha: f64,
    /// t₀, the step at which averaging begins: 10⁶ by default.
    pub start: u64,
    /// A second weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) steps: u64,
    /// The average.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> Asgd<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            lambda: 1e-4,
            alpha: 0.75,
            start: 1_000_000,
            options: StepOptions::NONE,
            steps: 0,
            moments,
        }
    }

    /// Sets λ.
    pub fn lambda(self, lambda: f64) -> Self {
        Self { lambda, ..self }
    }

    /// Sets α.
    pub fn alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Sets t₀, the step at which averaging begins.
    pub fn start(self, step: u64) -> Self {
        Self { start: step, ..self }
    }

    /// Returns the average, or `None` before the first step. Its [buffers](crate::layer::Role::Buffer) are 0, because
    /// they are not averaged.
    pub fn network(&self) -> Option<&N> {
        if self.steps > 0 { self.moments.first() } else { None }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_size("the lambda of ASGD", self.lambda)?;
        check_size("the alpha of ASGD", self.alpha)?;
        let share = 1.0 / self.steps.saturating_sub(self.start).max(1) as f64;
        let rule = Update { lambda: self.lambda, alpha: self.alpha, steps: self.steps as f64, share };
        let [average] = self.moments.views()?;
        let write = [network, average];
        take_step(&rule, self.learning_rate, &self.options, gradient, write)?;
        self.steps += 1;
        Ok(())
    }
}

optimizer! {
    /// Creates the optimizer with PyTorch's settings. A usual learning rate is 0.01.
    Asgd, moments: 1, counts: steps = 0
}

struct Update {
    lambda: f64,
    alpha: f64,
    /// The number of steps before this one.
    steps: f64,
    /// μₜ.
    share: f64,
}

impl Update {
    fn rate(&self, rate: f64) -> f64 {
        rate / libm::pow(1.0 + self.lambda * rate * self.steps, self.alpha)
    }
}

impl Rule<2> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        let rate = self.rate(rate);
        Constants {
            rate: T::from_f64(rate),
            remaining: T::from_f64(1.0 - self.lambda * rate),
            share: T::from_f64(self.share),
            rest: T::from_f64(1.0 - self.share),
        }
    }

    fn largest_step(&self, rate: f64) -> f64 {
        let rate = self.rate(rate);
        if self.lambda * rate > 2.0 { f64::INFINITY } else { rate }
    }
}

/// The constants of an [`Update`] in the scalar type of the network.
struct Constants<T> {
    rate: T,
    remaining: T,
    share: T,
    rest: T,
}

impl<T: Real> Elementwise<T, 1, 2> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, average]: [T; 2]) -> [T; 2] {
        let w = self.remaining * w - self.rate * g;
        [w, self.rest * average + self.share * w]
    }
}

use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Rule, StepOptions, check_size, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// Averaged stochastic gradient descent: plain steps of a falling size, and the mean of the networks since a step.
///
/// `w = (1 - λ ηₜ) w - ηₜ g` with ηₜ = η / (1 + λ η (t - 1))^α, and `a = (1 - μₜ) a + μₜ w` with
/// μₜ = 1 / max(1, t - 1 - t₀) at step t. Until step t₀ + 2 the average is the network itself.
///
/// # Source
/// Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992; the rates are those of Bottou,
/// "Stochastic gradient descent tricks", 2012, section 5, in PyTorch's form.
#[derive(Clone, Debug)]
pub struct Asgd<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// λ, the decay of the weights and of the learning rate, at least 0: 1e-4 by default. All parameters decay.
    pub lambda: f64,
    /// α, the power with which the learning rate falls, at least 0: 0.75 by default.
    pub alpha: f64,
    /// t₀, the step at which averaging begins: 10⁶ by default.
    pub start: u64,
    /// A second weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that the program gave to `new`.
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

    /// Returns the average, or `None` before the first step. It has no [buffers](crate::layer::Role::Buffer).
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
    /// Creates the optimizer with PyTorch's settings, where 0.01 is usual for the learning rate.
    Asgd, moments: 1, counts: steps = 0
}

struct Update {
    lambda: f64,
    alpha: f64,
    /// The steps before this one.
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

/// The constants of an [`Update`] in the network's scalar.
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

use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Moved, Rule, StepOptions, check_divisor, check_size, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The Adagrad optimizer: the step of each parameter is its gradient, divided by the root of the sum of all its squared
/// gradients.
///
/// `s = s + g²`, `w = w - ηₜ g / (√s + ε)`, with ηₜ = η / (1 + (t - 1) δ) at step t. The sum starts at s₀. It saturates
/// at the largest number of the scalar type.
///
/// # Source
/// Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12
/// (2011), in PyTorch's form.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// Adagrad::new(0.1).step(&mut net, &gradient)?;
/// // s = 2², so the first step has the size η.
/// approx::assert_relative_eq!(net.weights()[0], 0.9, max_relative = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("adaptive gradient"))]
#[derive(Clone, Debug)]
pub struct Adagrad<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// δ, the decay of the learning rate, at least 0: 0 by default.
    pub rate_decay: f64,
    /// s₀, the first value of the sum of squares, at least 0: 0 by default.
    pub initial_sum: f64,
    /// ε, which prevents a division by zero, above 0: 1e-10 by default.
    pub epsilon: f64,
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) steps: u64,
    /// The sum of squares.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> Adagrad<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            rate_decay: 0.0,
            initial_sum: 0.0,
            epsilon: 1e-10,
            options: StepOptions::NONE,
            steps: 0,
            moments,
        }
    }

    /// Sets the decay of the learning rate.
    pub fn rate_decay(self, rate_decay: f64) -> Self {
        Self { rate_decay, ..self }
    }

    /// Sets the first value of the sum of squares.
    pub fn initial_sum(self, initial_sum: f64) -> Self {
        Self { initial_sum, ..self }
    }

    /// Sets ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_size("the rate decay of Adagrad", self.rate_decay)?;
        check_size("the initial sum of Adagrad", self.initial_sum)?;
        check_divisor("the epsilon of Adagrad", self.epsilon)?;
        let initial = if self.steps == 0 { self.initial_sum } else { 0.0 };
        let slower = 1.0 + self.steps as f64 * self.rate_decay;
        let rule = Update { slower, initial, epsilon: self.epsilon };
        let [sum] = self.moments.views()?;
        let write = [network, sum];
        take_step(&rule, self.learning_rate, &self.options, gradient, write)?;
        self.steps += 1;
        Ok(())
    }
}

optimizer! {
    /// Creates the optimizer with PyTorch's settings, where 0.01 is usual for the learning rate.
    Adagrad, moments: 1, counts: steps = 0
}

struct Update {
    slower: f64,
    /// The value that is added to the sum in this step: s₀ in the first step, else 0.
    initial: f64,
    epsilon: f64,
}

impl Rule<2> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        let [rate, initial, epsilon] = [rate / self.slower, self.initial, self.epsilon].map(T::from_f64);
        Constants { rate, initial, epsilon }
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate / self.epsilon.min(1.0)
    }

    /// If the initial sum is not 0, the first step changes all sums.
    fn moved(&self) -> Moved {
        if self.initial == 0.0 { Moved::WithGradient } else { Moved::All }
    }
}

/// The constants of an [`Update`] in the scalar type of the network.
struct Constants<T> {
    rate: T,
    initial: T,
    epsilon: T,
}

impl<T: Real> Elementwise<T, 1, 2> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, s]: [T; 2]) -> [T; 2] {
        let s = (self.initial + s + g * g).min(T::MAX);
        [w - self.rate * g / (s.sqrt() + self.epsilon), s]
    }
}

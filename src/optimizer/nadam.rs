use super::adam::corrections;
use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Moved, Rule, StepOptions, check_divisor, check_share, check_size, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The NAdam optimizer: [`Adam`](super::Adam) with Nesterov's momentum.
///
/// `m` and `v` as in Adam, `w = w - η ((1 - μₜ) g / (1 - Πμ) + μₜ₊₁ m / (1 - Πμ μₜ₊₁)) / (√v̂ + ε)`, with
/// μₜ = β₁ (1 - 0.96^(t ψ) / 2) and Πμ = μ₁ .. μₜ.
///
/// # Source
/// Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016, in PyTorch's form.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// NAdam::new(0.1).step(&mut net, &gradient)?;
/// // The first step is η (1 + 0.1 μ / (1 - μ²)), with μ near 0.45 in the first two steps.
/// approx::assert_relative_eq!(net.weights()[0], 1.0 - 0.1 * (1.0 + 0.045 / (1.0 - 0.45 * 0.45)), max_relative = 1e-4);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("Nesterov Adam"))]
#[derive(Clone, Debug)]
pub struct NAdam<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// β₁ and β₂, the decay rates of the two running means: 0.9 and 0.999 by default.
    pub betas: [f64; 2],
    /// ε, which prevents a division by zero, above 0: 1e-8 by default.
    pub epsilon: f64,
    /// ψ, the speed with which the momentum rises to β₁, at least 0: 0.004 by default.
    pub momentum_decay: f64,
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) steps: u64,
    /// Πμ.
    pub(crate) product: f64,
    /// The running means of the gradient and of its square.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> NAdam<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            momentum_decay: 0.004,
            options: StepOptions::NONE,
            steps: 0,
            product: 1.0,
            moments,
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

    /// Sets ψ, the speed with which the momentum rises to β₁.
    pub fn momentum_decay(self, momentum_decay: f64) -> Self {
        Self { momentum_decay, ..self }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_share("the first beta of NAdam", self.betas[0])?;
        check_share("the second beta of NAdam", self.betas[1])?;
        check_divisor("the epsilon of NAdam", self.epsilon)?;
        check_size("the momentum decay of NAdam", self.momentum_decay)?;
        let [_, second] = corrections(self.betas, self.steps);
        let momentum =
            |step: u64| self.betas[0] * (1.0 - 0.5 * libm::pow(0.96, step as f64 * self.momentum_decay));
        let [now, next] = [momentum(self.steps + 1), momentum(self.steps + 2)];
        let product = self.product * now;
        let rule = Update {
            betas: self.betas,
            root: 1.0 / libm::sqrt(second),
            epsilon: self.epsilon,
            of_gradient: (1.0 - now) / (1.0 - product),
            of_mean: next / (1.0 - product * next),
        };
        let [mean, square] = self.moments.views()?;
        take_step(&rule, self.learning_rate, &self.options, gradient, [network, mean, square])?;
        self.steps += 1;
        self.product = product;
        Ok(())
    }
}

optimizer! {
    /// Creates the optimizer with PyTorch's settings. A usual learning rate is 0.002.
    NAdam, moments: 2, momentum: betas[0], counts: steps = 0, product = 1.0
}

struct Update {
    betas: [f64; 2],
    /// 1 / √(1 - β₂ᵗ).
    root: f64,
    epsilon: f64,
    /// The factors of the gradient and the mean in the step.
    of_gradient: f64,
    of_mean: f64,
}

impl Rule<3> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        Constants {
            betas: self.betas.map(T::from_f64),
            rests: self.betas.map(|beta| T::from_f64(1.0 - beta)),
            root: T::from_f64(self.root),
            epsilon: T::from_f64(self.epsilon),
            of_gradient: T::from_f64(rate * self.of_gradient),
            of_mean: T::from_f64(rate * self.of_mean),
        }
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate * (self.of_gradient + self.of_mean) / self.epsilon.min(1.0)
    }

    fn moved(&self) -> Moved {
        Moved::WithGradientOrMoments
    }
}

/// The constants of an [`Update`] in the scalar type of the network.
struct Constants<T> {
    betas: [T; 2],
    rests: [T; 2],
    root: T,
    epsilon: T,
    of_gradient: T,
    of_mean: T,
}

impl<T: Real> Elementwise<T, 1, 3> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, m, v]: [T; 3]) -> [T; 3] {
        let m = self.betas[0] * m + self.rests[0] * g;
        let v = self.betas[1] * v + self.rests[1] * g * g;
        let step = (self.of_gradient * g + self.of_mean * m) / (v.sqrt() * self.root + self.epsilon);
        [w - step, m, v]
    }
}

use super::adam::corrections;
use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Moved, Rule, StepOptions, check_divisor, check_share, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The RAdam optimizer: [`Adam`](super::Adam) without the division by the root mean square in its first steps, in which
/// it is a mean of few values.
///
/// `m`, `v` and m̂ as in Adam. With ρ = 2 / (1 - β₂) - 1 and ρₜ = ρ - 2 t β₂ᵗ / (1 - β₂ᵗ): `w = w - η rₜ m̂ √(1 - β₂ᵗ)
/// / (√v + ε)` if ρₜ > 5, where rₜ² = (ρₜ - 4) (ρₜ - 2) ρ / ((ρ - 4) (ρ - 2) ρₜ). Before that, which is in the first
/// five steps with the default settings, `w = w - η m̂`.
///
/// # Source
/// Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020, algorithm 2, in PyTorch's form.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// RAdam::new(0.1).step(&mut net, &gradient)?;
/// // The first steps are η m̂, and m̂ = 2 in the first one.
/// approx::assert_relative_eq!(net.weights()[0], 1.0 - 0.1 * 2.0, max_relative = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("rectified Adam"))]
#[derive(Clone, Debug)]
pub struct RAdam<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// β₁ and β₂, the decay rates of the two running means: 0.9 and 0.999 by default.
    pub betas: [f64; 2],
    /// ε, which prevents a division by zero, above 0: 1e-8 by default.
    pub epsilon: f64,
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) steps: u64,
    /// The running means of the gradient and of its square.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> RAdam<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            options: StepOptions::NONE,
            steps: 0,
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

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_share("the first beta of RAdam", self.betas[0])?;
        check_share("the second beta of RAdam", self.betas[1])?;
        check_divisor("the epsilon of RAdam", self.epsilon)?;
        let [first, second] = corrections(self.betas, self.steps);
        let most = 2.0 / (1.0 - self.betas[1]) - 1.0;
        let now = most - 2.0 * (self.steps + 1) as f64 * (1.0 - second) / second;
        let rectified = now > 5.0;
        let size = if rectified {
            let share = (now - 4.0) * (now - 2.0) * most / ((most - 4.0) * (most - 2.0) * now);
            libm::sqrt(share * second)
        } else {
            1.0
        };
        let rule = Update { betas: self.betas, size: size / first, rectified, epsilon: self.epsilon };
        let [mean, square] = self.moments.views()?;
        take_step(&rule, self.learning_rate, &self.options, gradient, [network, mean, square])?;
        self.steps += 1;
        Ok(())
    }
}

optimizer! {
    /// Creates the optimizer with the settings of Adam.
    RAdam, moments: 2, momentum: betas[0], counts: steps = 0
}

struct Update {
    betas: [f64; 2],
    /// The factor of the learning rate.
    size: f64,
    /// Whether to divide by the root of v.
    rectified: bool,
    epsilon: f64,
}

impl Rule<3> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        Constants {
            betas: self.betas.map(T::from_f64),
            rests: self.betas.map(|beta| T::from_f64(1.0 - beta)),
            rate: T::from_f64(rate * self.size),
            divisor: if self.rectified {
                [T::one(), T::from_f64(self.epsilon)]
            } else {
                [T::zero(), T::one()]
            },
        }
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate * self.size / self.epsilon.min(1.0)
    }

    fn moved(&self) -> Moved {
        Moved::WithGradientOrMoments
    }
}

/// The constants of an [`Update`] in the scalar type of the network.
struct Constants<T> {
    betas: [T; 2],
    rests: [T; 2],
    rate: T,
    /// The divisor is the first number multiplied by √v, plus the second number.
    divisor: [T; 2],
}

impl<T: Real> Elementwise<T, 1, 3> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, m, v]: [T; 3]) -> [T; 3] {
        let m = self.betas[0] * m + self.rests[0] * g;
        let v = self.betas[1] * v + self.rests[1] * g * g;
        [w - self.rate * m / (self.divisor[0] * v.sqrt() + self.divisor[1]), m, v]
    }
}

use super::adam::corrections;
use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Rule, StepOptions, check_divisor, check_share, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The Adamax optimizer: a form of [`Adam`](super::Adam) that divides by a decaying maximum of |g| instead of a root
/// mean square.
///
/// `m = β₁ m + (1 - β₁) g`, `u = max(β₂ u, |g| + ε)`, `w = w - η m̂ / u`, with m̂ = m / (1 - β₁ᵗ) at step t.
///
/// # Source
/// Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2, with PyTorch's ε.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// Adamax::new(0.1).step(&mut net, &gradient)?;
/// // m̂ = u = 2, so the first step has the size η.
/// approx::assert_relative_eq!(net.weights()[0], 0.9, max_relative = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("infinity norm"))]
#[derive(Clone, Debug)]
pub struct Adamax<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// β₁ and β₂, the decay rates of the mean and the maximum: 0.9 and 0.999 by default.
    pub betas: [f64; 2],
    /// ε, which prevents a division by zero, above 0: 1e-8 by default.
    pub epsilon: f64,
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) steps: u64,
    /// The running mean and the maximum.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> Adamax<N, M> {
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

    /// Sets the decay rates of the mean and the maximum.
    pub fn betas(self, betas: [f64; 2]) -> Self {
        Self { betas, ..self }
    }

    /// Sets ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_share("the first beta of Adamax", self.betas[0])?;
        check_share("the second beta of Adamax", self.betas[1])?;
        check_divisor("the epsilon of Adamax", self.epsilon)?;
        let [first, _] = corrections(self.betas, self.steps);
        let rule = Update { betas: self.betas, first, epsilon: self.epsilon };
        let [mean, largest] = self.moments.views()?;
        take_step(&rule, self.learning_rate, &self.options, gradient, [network, mean, largest])?;
        self.steps += 1;
        Ok(())
    }
}

optimizer! {
    /// Creates the optimizer with the settings of the paper. A usual learning rate is 0.002.
    Adamax, moments: 2, momentum: betas[0], counts: steps = 0
}

struct Update {
    betas: [f64; 2],
    /// 1 - β₁ᵗ.
    first: f64,
    epsilon: f64,
}

impl Rule<3> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        Constants {
            betas: self.betas.map(T::from_f64),
            rest: T::from_f64(1.0 - self.betas[0]),
            rate: T::from_f64(rate / self.first),
            epsilon: T::from_f64(self.epsilon),
        }
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate / self.first / self.epsilon.min(1.0)
    }
}

/// The constants of an [`Update`] in the scalar type of the network.
struct Constants<T> {
    betas: [T; 2],
    rest: T,
    rate: T,
    epsilon: T,
}

impl<T: Real> Elementwise<T, 1, 3> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, m, u]: [T; 3]) -> [T; 3] {
        let m = self.betas[0] * m + self.rest * g;
        let u = (self.betas[1] * u).max(g.abs() + self.epsilon);
        [w - self.rate * m / u, m, u]
    }
}

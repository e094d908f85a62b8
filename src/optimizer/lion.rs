use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Moved, Rule, StepOptions, check_share, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The Lion optimizer: every parameter moves by the learning rate, in the direction of the sign of a mean of its
/// gradients.
///
/// `w = w - η sign(β₁ m + (1 - β₁) g)`, `m = β₂ m + (1 - β₂) g`. Weight decay is decoupled: before the step, each
/// weight is multiplied by 1 - η λ. The paper recommends a learning rate that is 3 to 10 times smaller than Adam's, and
/// a λ that is larger by the same factor.
///
/// # Source
/// Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, program 1.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// Lion::new(0.1).step(&mut net, &gradient)?;
/// // Every step has the size η.
/// approx::assert_relative_eq!(net.weights()[0], 0.9, max_relative = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("EvoLved Sign Momentum"))]
#[derive(Clone, Debug)]
pub struct Lion<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// β₁ and β₂, the weight of the mean in the direction, and the decay rate of the mean: 0.9 and 0.99 by default.
    pub betas: [f64; 2],
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    /// The running mean.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> Lion<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            betas: [0.9, 0.99],
            options: StepOptions::decay(0.0, true),
            moments,
        }
    }

    /// Sets the weight of the mean in the direction, and the decay rate of the mean.
    pub fn betas(self, betas: [f64; 2]) -> Self {
        Self { betas, ..self }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_share("the first beta of Lion", self.betas[0])?;
        check_share("the second beta of Lion", self.betas[1])?;
        let [mean] = self.moments.views()?;
        let write = [network, mean];
        take_step(&Update(self.betas), self.learning_rate, &self.options, gradient, write)
    }
}

optimizer! {
    /// Creates the optimizer with the settings of the paper, without weight decay.
    Lion, moments: 1, momentum: betas[0]
}

struct Update([f64; 2]);

impl Rule<2> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        Constants {
            betas: self.0.map(T::from_f64),
            rests: self.0.map(|beta| T::from_f64(1.0 - beta)),
            rate: T::from_f64(rate),
        }
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate
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
}

impl<T: Real> Elementwise<T, 1, 2> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, m]: [T; 2]) -> [T; 2] {
        let direction = self.betas[0] * m + self.rests[0] * g;
        let sign = if direction == T::zero() { direction } else { T::one().copysign(direction) };
        [w - self.rate * sign, self.betas[1] * m + self.rests[1] * g]
    }
}

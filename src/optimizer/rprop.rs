use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Rule, StepOptions, check_divisor, check_size, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The Rprop optimizer, for full batches. Each parameter has a separate step size, and only the sign of its gradient is
/// used.
///
/// A step size is multiplied by η₊ if the gradient has the same sign as the previous one, and by η₋ if it has the
/// opposite sign. In the second case the parameter does not move in this step, and the next gradient counts as the
/// first. The learning rate is only the first step size, so a schedule has no effect after the first step.
///
/// # Source
/// Riedmiller, Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", ICNN 1993;
/// the form is Rprop⁻ of Igel, Hüsken (2000), as in PyTorch.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// Rprop::new(0.1).step(&mut net, &gradient)?;
/// // The first step has the size of the learning rate.
/// approx::assert_relative_eq!(net.weights()[0], 0.9, max_relative = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("resilient backpropagation"))]
#[derive(Clone, Debug)]
pub struct Rprop<N: Parameters, M: MomentStorage = OnHeap> {
    /// The first step size, at least 0.
    pub learning_rate: f64,
    /// η₋, between 0 and 1, and η₊, above 1: 0.5 and 1.2 by default.
    pub etas: [f64; 2],
    /// The smallest and the largest step size, above 0: 1e-6 and 50 by default.
    pub step_sizes: [f64; 2],
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) steps: u64,
    /// The previous gradient, and the step sizes.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> Rprop<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            etas: [0.5, 1.2],
            step_sizes: [1e-6, 50.0],
            options: StepOptions::NONE,
            steps: 0,
            moments,
        }
    }

    /// Sets η₋ and η₊.
    pub fn etas(self, etas: [f64; 2]) -> Self {
        Self { etas, ..self }
    }

    /// Sets the smallest and the largest step size.
    pub fn step_sizes(self, step_sizes: [f64; 2]) -> Self {
        Self { step_sizes, ..self }
    }

    fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        let ([less, more], [smallest, largest]) = (self.etas, self.step_sizes);
        check_divisor("the smallest step size of Rprop", smallest)?;
        check_size("the largest step size of Rprop", largest)?;
        let wrong = [
            ("the first eta of Rprop", less, less > 0.0 && less < 1.0, "above 0 and below 1"),
            ("the second eta of Rprop", more, more > 1.0 && more <= 1e6, "above 1 and at most 1e6"),
            ("the largest step size of Rprop", largest, largest >= smallest, "at least the smallest one"),
        ];
        if let Some((name, value, _, expected)) = wrong.into_iter().find(|(_, _, holds, _)| !holds) {
            return Err(Error::Setting { name, value, expected });
        }
        let rule = Update { etas: self.etas, step_sizes: self.step_sizes, first: self.steps == 0 };
        let [previous, size] = self.moments.views()?;
        take_step(&rule, self.learning_rate, &self.options, gradient, [network, previous, size])?;
        self.steps += 1;
        Ok(())
    }
}

optimizer! {
    /// Creates the optimizer with the settings of the paper. A usual learning rate is 0.01.
    Rprop, moments: 2, counts: steps = 0
}

struct Update {
    etas: [f64; 2],
    step_sizes: [f64; 2],
    first: bool,
}

impl Rule<3> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        Constants {
            etas: self.etas.map(T::from_f64),
            step_sizes: self.step_sizes.map(T::from_f64),
            first: if self.first { T::from_f64(rate) } else { T::zero() },
        }
    }

    fn largest_step(&self, rate: f64) -> f64 {
        rate.max(self.step_sizes[1])
    }
}

/// The constants of an [`Update`] in the scalar type of the network.
struct Constants<T> {
    etas: [T; 2],
    step_sizes: [T; 2],
    /// The learning rate in the first step, and 0 in later steps. (The step sizes are 0 before the first step.)
    first: T,
}

impl<T: Real> Elementwise<T, 1, 3> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, previous, size]: [T; 3]) -> [T; 3] {
        let sign = |x: T| if x == T::zero() { T::zero() } else { T::one().copysign(x) };
        let agreement = sign(g) * sign(previous);
        let eta = if agreement > T::zero() { self.etas[1] } else { T::one() };
        let eta = if agreement < T::zero() { self.etas[0] } else { eta };
        let size = ((self.first + size) * eta).max(self.step_sizes[0]).min(self.step_sizes[1]);
        let g = if agreement < T::zero() { T::zero() } else { g };
        [w - sign(g) * size, g, size]
    }
}

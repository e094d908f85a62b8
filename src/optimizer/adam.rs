use super::moments::{MomentStorage, Moments, OnHeap};
use super::options::optimizer;
use super::{Moved, Rule, StepOptions, check_divisor, check_share, take_step};
use crate::Error;
use crate::kernel::{Elementwise, Real};
use crate::layer::{Parameters, View, ViewMut};

/// The Adam optimizer: the step of each parameter is the running mean of its gradient, divided by the root of the
/// running mean of its squared gradient.
///
/// `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`, `w = w - η m̂ / (√v̂ + ε)`, with
/// m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) at step t. With AMSGrad, the largest v so far is used instead of v.
///
/// # Source
/// Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; AMSGrad: Reddi, Kale, Kumar, "On
/// the convergence of Adam and beyond", ICLR 2018, algorithm 2, with the bias correction as in PyTorch.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let mut gradient = Linear::zeros();
/// gradient.weights_mut()[0] = 123.0;
/// Adam::new(0.1).step(&mut net, &gradient)?; // the first step has the size η for every gradient
/// approx::assert_relative_eq!(net.weights()[0], 0.9);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("adaptive moment estimation", "optim.Adam"))]
#[derive(Clone, Debug)]
pub struct Adam<N: Parameters, M: MomentStorage = OnHeap> {
    /// η, at least 0.
    pub learning_rate: f64,
    /// β₁ and β₂, the decay rates of the two running means: 0.9 and 0.999 by default.
    pub betas: [f64; 2],
    /// ε, which prevents a division by zero, above 0: 1e-8 by default.
    pub epsilon: f64,
    /// Whether to divide by the root of the largest mean square so far.
    pub amsgrad: bool,
    /// Whether a row of an embedding and its moments change only in the steps in which the row has a gradient.
    pub lazy_rows: bool,
    /// Weight decay, groups of parameters, and ascent.
    pub options: StepOptions,
    /// The learning rate that was passed to `new`.
    #[cfg_attr(not(feature = "checkpoint"), allow(dead_code))]
    pub(crate) first_rate: f64,
    pub(crate) steps: u64,
    /// The running means of the gradient and of its square, and with AMSGrad the largest mean square so far.
    pub(crate) moments: M::Of<N>,
}

impl<N: Parameters, M: MomentStorage> Adam<N, M> {
    const fn with_moments(learning_rate: f64, moments: M::Of<N>) -> Self {
        Self::with_options(learning_rate, StepOptions::NONE, moments)
    }

    pub(super) const fn with_options(learning_rate: f64, options: StepOptions, moments: M::Of<N>) -> Self {
        Self {
            learning_rate,
            first_rate: learning_rate,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            amsgrad: false,
            lazy_rows: false,
            options,
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

    /// Enables AMSGrad: the optimizer divides by the root of the largest mean square so far. This needs the memory of a
    /// third moment.
    pub fn amsgrad(self) -> Self {
        Self { amsgrad: true, ..self }
    }

    /// Skips the rows of an [`Embedding`](crate::Embedding) that have no gradient in a step: they, their moments and
    /// their weight decay do not change. So the cost of a step depends on the rows in the batch only.
    ///
    /// It is a different algorithm, PyTorch's `SparseAdam`. Without it, the running mean still moves a row in the steps
    /// after its token has occurred. (PyTorch adds ε to √v; this crate adds it to √v̂.)
    pub fn lazy_rows(self) -> Self {
        Self { lazy_rows: true, ..self }
    }

    pub(super) fn step_of(&mut self, gradient: View<'_>, network: ViewMut<'_>) -> Result<(), Error> {
        check_share("the first beta of Adam", self.betas[0])?;
        check_share("the second beta of Adam", self.betas[1])?;
        check_divisor("the epsilon of Adam", self.epsilon)?;
        let [first, second] = corrections(self.betas, self.steps);
        let (betas, epsilon) = (self.betas, self.epsilon);
        let moved = if self.lazy_rows { Moved::Lazily } else { Moved::WithGradientOrMoments };
        let rule = Update { first, root: 1.0 / libm::sqrt(second), betas, epsilon, moved };
        let (rate, options) = (self.learning_rate, &self.options);
        if self.amsgrad {
            let [mean, square, largest] = self.moments.views()?;
            take_step(&rule, rate, options, gradient, [network, mean, square, largest])?;
        } else {
            let [mean, square] = self.moments.views()?;
            take_step(&rule, rate, options, gradient, [network, mean, square])?;
        }
        self.steps += 1;
        Ok(())
    }
}

optimizer! {
    /// Creates the optimizer with the settings of the paper.
    Adam, moments: 2, momentum: betas[0], counts: steps = 0
}

/// Returns 1 - βᵗ for both betas at step `steps` + 1.
pub(super) fn corrections(betas: [f64; 2], steps: u64) -> [f64; 2] {
    betas.map(|beta| 1.0 - libm::pow(beta, (steps + 1) as f64))
}

struct Update {
    /// 1 - β₁ᵗ.
    first: f64,
    /// 1 / √(1 - β₂ᵗ).
    root: f64,
    betas: [f64; 2],
    epsilon: f64,
    moved: Moved,
}

impl Update {
    fn constants<T: Real>(&self, rate: f64) -> Constants<T> {
        Constants {
            betas: self.betas.map(T::from_f64),
            rests: self.betas.map(|beta| T::from_f64(1.0 - beta)),
            rate: T::from_f64(rate / self.first),
            root: T::from_f64(self.root),
            epsilon: T::from_f64(self.epsilon),
        }
    }

    fn largest(&self, rate: f64) -> f64 {
        rate / self.first / self.epsilon.min(1.0)
    }
}

impl Rule<3> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        self.constants(rate)
    }

    fn largest_step(&self, rate: f64) -> f64 {
        self.largest(rate)
    }

    fn moved(&self) -> Moved {
        self.moved
    }
}

/// The rule of AMSGrad.
impl Rule<4> for Update {
    type In<T: Real> = Constants<T>;

    fn in_scalar<T: Real>(&self, rate: f64) -> Constants<T> {
        self.constants(rate)
    }

    fn largest_step(&self, rate: f64) -> f64 {
        self.largest(rate)
    }

    fn moved(&self) -> Moved {
        self.moved
    }
}

/// The constants of an [`Update`] in the scalar type of the network.
struct Constants<T> {
    betas: [T; 2],
    rests: [T; 2],
    rate: T,
    root: T,
    epsilon: T,
}

impl<T: Real> Constants<T> {
    #[inline(always)]
    fn moments(&self, g: T, m: T, v: T) -> [T; 2] {
        [self.betas[0] * m + self.rests[0] * g, self.betas[1] * v + self.rests[1] * g * g]
    }

    #[inline(always)]
    fn step(&self, w: T, m: T, v: T) -> T {
        w - self.rate * m / (v.sqrt() * self.root + self.epsilon)
    }
}

impl<T: Real> Elementwise<T, 1, 3> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, m, v]: [T; 3]) -> [T; 3] {
        let [m, v] = self.moments(g, m, v);
        [self.step(w, m, v), m, v]
    }
}

impl<T: Real> Elementwise<T, 1, 4> for Constants<T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], [w, m, v, largest]: [T; 4]) -> [T; 4] {
        let [m, v] = self.moments(g, m, v);
        let largest = largest.max(v);
        [self.step(w, m, largest), m, v, largest]
    }
}

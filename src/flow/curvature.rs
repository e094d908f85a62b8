//! The curvature of a loss: the ends of the spectrum of its Hessian, and its trace.

use alloc::vec::Vec;

use rand::RngExt;
use serde::Serialize;

use super::hessian::{Hessian, along};
use super::lanczos::{Ends, ends};
use super::objective::{BatchLoss, Objective};
use crate::Error;
use crate::kernel::{dot, norm};
use crate::layer::Layer;
use crate::loss::TargetFor;
use crate::tensor::{Sample, Tensor};

/// What [`GradientFlow::curvature_with`](super::GradientFlow::curvature_with) measures, and at which cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvatureOptions {
    /// The most products with the Hessian for the two eigenvalues, two gradients each. They need the memory of as many
    /// vectors of `f64` as long as the network.
    pub iterations: usize,
    /// Ends them when both residuals are below this part of the larger of |λ|.
    pub tolerance: f64,
    /// The number of random vectors for the trace, two gradients each; without any there is no trace.
    pub probes: usize,
}

impl Default for CurvatureOptions {
    /// 30 products, a tolerance of 0.001, and 10 random vectors.
    fn default() -> Self {
        Self { iterations: 30, tolerance: 1e-3, probes: 10 }
    }
}

/// The curvature of the mean loss of a batch, as a function of the parameters: figures of its Hessian, measured by
/// [`GradientFlow::curvature`](super::GradientFlow::curvature).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curvature {
    /// The mean loss of the batch.
    pub loss: f64,
    /// How many samples the batch has.
    pub samples: usize,
    /// How many parameters the network has, without buffers.
    pub parameters: usize,
    /// |g|, the length of the gradient.
    pub gradient_norm: f64,
    /// The largest eigenvalue, the sharpness.
    pub largest: Eigenvalue,
    /// The smallest eigenvalue: the most negative one, if there is a negative one.
    pub smallest: Eigenvalue,
    /// gᵀ H g / |g|², the curvature along the gradient; `None` where that is 0.
    pub along_gradient: Option<f64>,
    /// The sum of all eigenvalues.
    pub trace: Option<Trace>,
    /// How many products the eigenvalues took.
    pub iterations: usize,
    /// How many gradients of the batch were computed: the cost in multiples of a training step.
    pub passes: usize,
}

/// An eigenvalue λ of the Hessian, and how exact it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Eigenvalue {
    /// vᵀ H v, for an approximate eigenvector v of length 1.
    pub value: f64,
    /// |H v - λ v|. Some eigenvalue is within this distance (and `error`) of the value. One that stands apart from the
    /// others is much nearer.
    pub residual: f64,
    /// By how much the product H v may be off, as in [`HessianProduct::error`](super::HessianProduct::error).
    pub error: f64,
}

/// An estimate of the trace of the Hessian.
///
/// # Source
/// Hutchinson, "A stochastic estimator of the trace of the influence matrix", 1990: the mean of zᵀ H z, where the
/// numbers of z are 1 or -1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// The mean over the random vectors.
    pub value: f64,
    /// Its standard error; `None` for a single vector.
    pub standard_error: Option<f64>,
}

impl Eigenvalue {
    /// Returns whether the product with the Hessian is exact enough to rely on the value: to 30 % of it. (A convention of this
    /// crate.) It is not where the loss is not smooth over the steps of the differences, or `f32` rounds too coarsely: as
    /// with a batch norm of few samples.
    pub fn is_reliable(&self) -> bool {
        self.error <= 0.3 * self.value.abs()
    }
}

impl Curvature {
    /// Returns 2/λ, for the largest eigenvalue λ: plain gradient descent on this loss is stable for learning rates
    /// below it. `None` if no eigenvalue is positive.
    ///
    /// # Source
    /// LeCun, Simard, Pearlmutter, "Automatic learning rate maximization by on-line estimation of the Hessian's
    /// eigenvectors", NIPS 1992; Cohen, Kaur, Li, Kolter, Talwalkar, "Gradient descent on neural networks typically
    /// occurs at the edge of stability", ICLR 2021.
    pub fn largest_rate(&self) -> Option<f64> {
        Some(2.0 / self.largest.value).filter(|rate| *rate > 0.0 && rate.is_finite())
    }

    /// Compares a learning rate with the largest at which gradient descent with this momentum is stable, 2 (1 +
    /// momentum) / λ. A momentum of 0 is plain gradient descent; the optimizer is [`Sgd`](crate::optimizer::Sgd)
    /// without Nesterov's momentum.
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate that is not positive and finite, and a momentum that is not from 0 to below 1.
    ///
    /// # Source
    /// Cohen et al. 2021, equation 1 and appendix B.
    pub fn compare(&self, learning_rate: f64, momentum: f64) -> Result<RateComparison, Error> {
        let setting = |name, value, expected| Err(Error::Setting { name, value, expected });
        if !(learning_rate > 0.0 && learning_rate.is_finite()) {
            return setting("the learning rate", learning_rate, "positive and finite");
        }
        if !(0.0..1.0).contains(&momentum) {
            return setting("the momentum", momentum, "from 0 to below 1");
        }
        let reliable = self.largest.is_reliable();
        let largest = self.largest_rate().map(|rate| (1.0 + momentum) * rate);
        let times = largest.map(|largest| learning_rate / largest);
        Ok(RateComparison { learning_rate, momentum, largest, times, reliable })
    }
}

/// A learning rate compared with the curvature: [`Curvature::compare`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RateComparison {
    /// The learning rate.
    pub learning_rate: f64,
    /// The momentum.
    pub momentum: f64,
    /// The largest stable rate, 2 (1 + momentum) / λ; `None` if no eigenvalue is positive.
    pub largest: Option<f64>,
    /// The learning rate divided by the largest: 1 is the edge of stability.
    pub times: Option<f64>,
    /// Whether the eigenvalue is [reliable](Eigenvalue::is_reliable).
    pub reliable: bool,
}

/// Measures the curvature of the loss of a network.
pub(super) fn measure<N, X, Y, L, T>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[T],
    options: CurvatureOptions,
) -> Result<Curvature, Error>
where
    N: Layer<X, Output = Y>,
    X: Sample,
    Y: Tensor,
    T: TargetFor<L, Y>,
{
    measure_objective(&mut BatchLoss::new(network, loss, inputs, targets)?, options)
}

fn measure_objective(objective: &mut dyn Objective, options: CurvatureOptions) -> Result<Curvature, Error> {
    let CurvatureOptions { iterations, tolerance, probes } = options;
    if iterations == 0 {
        let (name, expected) = ("the number of iterations", "at least 1");
        return Err(Error::Setting { name, value: 0.0, expected });
    }
    let samples = objective.samples();
    let mut hessian = Hessian::new(objective)?;
    let (parameters, gradient_norm) = (hessian.len(), norm(&hessian.gradient));
    // The gradient finds the step for all other directions: it is mostly in the space of the large eigenvalues.
    let (direction, has_gradient) = if gradient_norm > 0.0 {
        (hessian.gradient.iter().map(|g| g / gradient_norm).collect(), true)
    } else {
        (signs(parameters, 0), false)
    };
    let product = hessian.product(&direction)?;
    let along_gradient = has_gradient.then(|| dot(&direction, &product.vector));
    let step = product.step;
    let Ends { largest, smallest, products } =
        ends(parameters, &mut |v| hessian.difference(v, step), iterations, tolerance)?;
    let mut largest = eigenvalue(&mut hessian, &largest)?;
    let mut smallest = eigenvalue(&mut hessian, &smallest)?;
    // Every quotient vᵀ H v is between the two: where products are not exact, that of the gradient can be beyond them.
    if has_gradient {
        let [value, residual] = along(&direction, &product.vector);
        let gradient = Eigenvalue { value, residual, error: product.error };
        if value > largest.value {
            largest = gradient;
        }
        if value < smallest.value {
            smallest = gradient;
        }
    }
    let trace = trace(&mut hessian, step, probes)?;
    let (loss, passes) = (hessian.loss, hessian.passes);
    let iterations = products;
    Ok(Curvature {
        loss,
        samples,
        parameters,
        gradient_norm,
        largest,
        smallest,
        along_gradient,
        trace,
        iterations,
        passes,
    })
}

/// Computes the product with an eigenvector once more, by the steps that are best for it.
fn eigenvalue(hessian: &mut Hessian<'_>, vector: &[f64]) -> Result<Eigenvalue, Error> {
    let product = hessian.product(vector)?;
    let [value, residual] = along(vector, &product.vector);
    Ok(Eigenvalue { value, residual, error: product.error })
}

fn trace(hessian: &mut Hessian<'_>, step: f64, probes: usize) -> Result<Option<Trace>, Error> {
    let len = hessian.len();
    let mut values = Vec::with_capacity(probes);
    for probe in 0..probes {
        let direction = signs(len, 1 + probe as u64);
        values.push(len as f64 * dot(&direction, &hessian.difference(&direction, step)?));
    }
    if values.is_empty() {
        return Ok(None);
    }
    let count = probes as f64;
    let value = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|x| (x - value).powi(2)).sum();
    let standard_error = (probes > 1).then(|| (squares / (count * (count - 1.0))).sqrt());
    Ok(Some(Trace { value, standard_error }))
}

/// Returns a vector of length 1 whose numbers have the same size and random signs.
fn signs(len: usize, seed: u64) -> Vec<f64> {
    let (mut rng, size) = (crate::random::rng(seed), 1.0 / (len as f64).sqrt());
    (0..len).map(|_| if rng.random::<bool>() { size } else { -size }).collect()
}

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

/// The options of [`GradientFlow::curvature_with`](super::GradientFlow::curvature_with).
///
/// ```
/// use chainrule::flow::CurvatureOptions;
/// use chainrule::prelude::*;
///
/// // The mean of (w x - y)² has the Hessian 2 x²: 18 for x = 3.
/// let net = Linear::<1, 1, f64, NoBias>::zeros();
/// let options = CurvatureOptions { probes: 0, ..CurvatureOptions::default() }; // without the trace
/// let curvature = net.curvature_with(&MeanSquaredError, &[Vector([3.0])], &[Vector([1.0])], options)?;
/// assert!(curvature.trace.is_none() && curvature.largest.is_reliable());
/// approx::assert_relative_eq!(curvature.largest_rate().unwrap(), 2.0 / 18.0, max_relative = 1e-8);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvatureOptions {
    /// The largest number of Hessian-vector products for the two eigenvalues. Each costs two gradients. `iterations`
    /// vectors of `f64`, each with one number per parameter, are in memory.
    pub iterations: usize,
    /// The iteration ends when both residuals are below this share of the larger |λ|.
    pub tolerance: f64,
    /// The number of random vectors for the trace. Each costs two gradients. With 0, there is no trace.
    pub probes: usize,
}

impl Default for CurvatureOptions {
    /// 30 products, a tolerance of 0.001, and 10 random vectors.
    fn default() -> Self {
        Self { iterations: 30, tolerance: 1e-3, probes: 10 }
    }
}

/// The curvature of the mean loss of a batch as a function of the parameters: figures of its Hessian, measured by
/// [`GradientFlow::curvature`](super::GradientFlow::curvature). See the example there.
#[doc(alias = "hessian")]
#[doc(alias = "sharpness")]
#[doc(alias = "power iteration")]
#[doc(alias = "hessian eigenvalues")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curvature {
    /// The mean loss of the batch.
    pub loss: f64,
    /// The number of samples in the batch.
    pub samples: usize,
    /// The number of parameters of the network, without buffers.
    pub parameters: usize,
    /// |g|, the length of the gradient.
    pub gradient_norm: f64,
    /// The largest eigenvalue, also called sharpness.
    pub largest: Eigenvalue,
    /// The smallest eigenvalue. If there are negative eigenvalues, it is the most negative one.
    pub smallest: Eigenvalue,
    /// gᵀ H g / |g|², the curvature along the gradient g. `None` if g is 0.
    pub along_gradient: Option<f64>,
    /// The sum of all eigenvalues.
    pub trace: Option<Trace>,
    /// The number of Hessian-vector products for the eigenvalues.
    pub iterations: usize,
    /// The number of gradients of the batch that were computed: the cost, in training steps.
    pub passes: usize,
}

/// An eigenvalue λ of the Hessian, with its accuracy: [`Curvature::largest`] and [`Curvature::smallest`]. See the
/// example of [`GradientFlow::curvature`](crate::flow::GradientFlow::curvature).
#[doc(alias = "sharpness")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Eigenvalue {
    /// vᵀ H v, for an approximate eigenvector v of length 1.
    pub value: f64,
    /// |H v - λ v|. The distance from the value to some eigenvalue is at most this plus `error`. If that eigenvalue is
    /// far from the others, the distance is much smaller.
    pub residual: f64,
    /// The error of the product H v, as in [`HessianProduct::error`](super::HessianProduct::error).
    pub error: f64,
}

/// An estimate of the trace of the Hessian: [`Curvature::trace`]. See the example of
/// [`GradientFlow::curvature`](crate::flow::GradientFlow::curvature).
///
/// # Source
/// Hutchinson, "A stochastic estimator of the trace of the influence matrix", 1990: the mean of zᵀ H z, where the
/// elements of z are randomly 1 or -1.
#[doc(alias = "hutchinson")]
#[doc(alias = "hessian trace")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// The mean over the random vectors.
    pub value: f64,
    /// The standard error of the mean. `None` for a single vector.
    pub standard_error: Option<f64>,
}

impl Eigenvalue {
    /// Returns whether the product with the Hessian is accurate enough to rely on the value: its error is at most 30 %
    /// of it. (A convention of this crate.) Two causes make it unreliable: the loss is not smooth over the steps of the
    /// differences, or `f32` rounds too coarsely, for example with a batch norm over a few samples.
    pub fn is_reliable(&self) -> bool {
        self.error <= 0.3 * self.value.abs()
    }
}

impl Curvature {
    /// Returns 2/λ for the largest eigenvalue λ. Plain gradient descent on this loss is stable for smaller learning
    /// rates. `None` if no eigenvalue is positive.
    ///
    /// # Source
    /// LeCun, Simard, Pearlmutter, "Automatic learning rate maximization by on-line estimation of the Hessian's
    /// eigenvectors", NIPS 1992; Cohen, Kaur, Li, Kolter, Talwalkar, "Gradient descent on neural networks typically
    /// occurs at the edge of stability", ICLR 2021.
    #[doc(alias = "stable learning rate")]
    #[doc(alias = "edge of stability")]
    #[doc(alias = "2/lambda")]
    pub fn largest_rate(&self) -> Option<f64> {
        Some(2.0 / self.largest.value).filter(|rate| *rate > 0.0 && rate.is_finite())
    }

    /// Compares a learning rate with 2 (1 + momentum) / λ, the largest rate at which gradient descent with this
    /// momentum is stable. A momentum of 0 is plain gradient descent. The formula holds for
    /// [`Sgd`](crate::optimizer::Sgd) without Nesterov's momentum. See the example of
    /// [`GradientFlow::curvature`](super::GradientFlow::curvature).
    ///
    /// # Errors
    /// [`Error::Setting`] for a rate that is not positive and finite, or a momentum outside 0 .. 1.
    ///
    /// # Source
    /// Cohen et al. 2021, equation 1 and appendix B.
    #[doc(alias = "edge of stability")]
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

/// The result of [`Curvature::compare`].
///
/// It prints as a sentence. See the example of [`GradientFlow::curvature`](crate::flow::GradientFlow::curvature).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RateComparison {
    /// The learning rate.
    pub learning_rate: f64,
    /// The momentum.
    pub momentum: f64,
    /// The largest stable rate, 2 (1 + momentum) / λ. `None` if no eigenvalue is positive.
    pub largest: Option<f64>,
    /// The learning rate divided by the largest stable rate. 1 is the edge of stability.
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
    // The step that is best for the gradient is used for all other directions: the gradient is mostly in the space of
    // the large eigenvalues.
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
    // Every quotient vᵀ H v is between the two eigenvalues. If products are inaccurate, the quotient of the gradient
    // can be outside.
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

/// Computes the product with an eigenvector again, with the steps that are best for it.
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

/// Returns a vector of length 1, where all numbers have the same size and random signs.
fn signs(len: usize, seed: u64) -> Vec<f64> {
    let (mut rng, size) = (crate::random::rng(seed), 1.0 / (len as f64).sqrt());
    (0..len).map(|_| if rng.random::<bool>() { size } else { -size }).collect()
}

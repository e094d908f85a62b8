//! Hessian-vector products of a loss, as differences of gradients.

use alloc::vec::Vec;

use super::objective::{BatchLoss, Objective, read_into, write};
use crate::Error;
use crate::kernel::{Real, dot, norm};
use crate::layer::{Layer, Owned, Parameter, Parameters, View, ViewMut, Visitor, visit};
use crate::loss::TargetFor;
use crate::tensor::{Sample, Tensor};

/// The ratio of one step to the next smaller one.
const RATIO: f64 = 4.0;
/// The largest number of steps that are tried.
const STEPS: usize = 10;

/// A Hessian-vector product with its error: the result of
/// [`GradientFlow::hessian_vector`](super::GradientFlow::hessian_vector).
///
/// ```
/// use chainrule::prelude::*;
///
/// // The mean of (w x - y)² has the Hessian 2 x²: 18 for x = 3.
/// let net = Linear::<1, 1, f64, NoBias>::zeros();
/// let direction = Linear::init_with(Initializer::constant(2.0), &mut rng(0));
/// let found = net.hessian_vector(&MeanSquaredError, &[Vector([3.0])], &[Vector([1.0])], &direction)?;
/// approx::assert_relative_eq!(found.product.weights()[0], 36.0, epsilon = found.error);
/// assert!(found.error < 1e-7);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias = "hvp")]
#[doc(alias = "hessian-vector product")]
#[doc(alias = "finite differences")]
#[derive(Clone, Debug)]
pub struct HessianProduct<N: Parameters> {
    /// H v, as a network: a number for each parameter, and 0 for buffers.
    pub product: Owned<N>,
    /// The measured error of the product, as a length: twice the difference of the quotients with two steps. Truncation
    /// dominates the error of the longer step, and rounding that of the shorter. It is at least the error of a single
    /// rounding.
    pub error: f64,
    /// The smaller of the two steps: the length by which the parameters were moved.
    pub step: f64,
    /// The number of gradients of the batch that were computed: the cost, in training steps.
    pub passes: usize,
}

/// A product as a vector.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) vector: Vec<f64>,
    pub(super) error: f64,
    pub(super) step: f64,
}

/// The Hessian of an objective.
///
/// H v is the central difference (g(θ + h v) - g(θ - h v)) / 2h of the gradient g. Its truncation error is h²/6 times
/// the third derivative along v. Its rounding error is that of g, divided by h. The best h is about the cube root of
/// the scalar's epsilon.
pub(super) struct Hessian<'a> {
    objective: &'a mut dyn Objective,
    /// The parameters.
    start: Vec<f64>,
    moved: Vec<f64>,
    behind: Vec<f64>,
    /// The loss.
    pub(super) loss: f64,
    /// Its gradient.
    pub(super) gradient: Vec<f64>,
    /// The number of gradients computed so far.
    pub(super) passes: usize,
    first_step: f64,
    /// The epsilon of the scalar type.
    epsilon: f64,
}

impl<'a> Hessian<'a> {
    /// Computes the gradient at the parameters themselves, so that invalid data are an error here.
    pub(super) fn new(objective: &'a mut dyn Objective) -> Result<Self, Error> {
        let (mut start, mut gradient, mut scalar) = (Vec::new(), Vec::new(), Epsilon(0.0));
        read_into(objective.parameters().as_view(), &mut start);
        visit([objective.parameters().as_view()], [], &mut scalar);
        if start.is_empty() {
            let expected = "at least 1: without parameters there is no Hessian";
            return Err(Error::Setting { name: "the number of parameters", value: 0.0, expected });
        }
        let loss = objective.gradient_into(0..objective.samples(), 0, &mut gradient)?;
        // A step moves along a direction of length 1, for any number of parameters.
        let epsilon = scalar.0;
        let first_step = 16.0 * epsilon.cbrt() * norm(&start).hypot(1.0);
        let (moved, behind) = (start.clone(), start.clone());
        Ok(Self { objective, start, moved, behind, loss, gradient, passes: 1, first_step, epsilon })
    }

    /// Returns the number of parameters.
    pub(super) fn len(&self) -> usize {
        self.start.len()
    }

    /// Computes the product with a direction of length 1, with a single step.
    pub(super) fn difference(&mut self, direction: &[f64], step: f64) -> Result<Vec<f64>, Error> {
        let mut ahead = Vec::new();
        self.gradient_at(direction, step, &mut ahead)?;
        let mut behind = core::mem::take(&mut self.behind);
        let passed = self.gradient_at(direction, -step, &mut behind);
        ahead.iter_mut().zip(&behind).for_each(|(ahead, behind)| *ahead = (*ahead - behind) / (2.0 * step));
        self.behind = behind;
        passed.map(|()| ahead)
    }

    fn gradient_at(&mut self, direction: &[f64], step: f64, to: &mut Vec<f64>) -> Result<(), Error> {
        for (moved, (start, along)) in self.moved.iter_mut().zip(self.start.iter().zip(direction)) {
            *moved = start + step * along;
        }
        write(&self.moved, self.objective.parameters());
        self.passes += 1;
        // Each pass uses the same seed, so that the loss is a single function even with dropout.
        self.objective.gradient_into(0..self.objective.samples(), 0, to).map(drop)
    }

    /// Returns how much one rounding of the gradients, and one of the parameters, changes a product. This is the
    /// smallest error, even if two quotients agree by chance.
    fn rounding(&self, product: &[f64], step: f64) -> f64 {
        let (parameters, gradient) = (norm(&self.start), norm(&self.gradient));
        self.epsilon * (gradient + parameters * norm(product)) / step
    }

    /// Computes the product with a direction of length 1. It makes the steps smaller until the differences between them
    /// grow again, which is rounding, and takes the two steps that differ least.
    pub(super) fn product(&mut self, direction: &[f64]) -> Result<Product, Error> {
        let mut best: Option<Product> = None;
        let (mut before, mut failed) = (None::<Vec<f64>>, None);
        let mut step = self.first_step;
        for _ in 0..STEPS {
            let now = match self.difference(direction, step) {
                Ok(now) => now,
                // A long step may leave the range in which the loss is finite.
                Err(error) => {
                    (failed, before) = (Some(error), None);
                    step /= RATIO;
                    continue;
                }
            };
            if let Some(before) = before {
                let error = f64::max(2.0 * distance(&before, &now), self.rounding(&now, step));
                if best.as_ref().is_some_and(|best| error > 2.0 * best.error) {
                    break;
                }
                if best.as_ref().is_none_or(|best| error < best.error) {
                    // Richardson: the truncation error of the first quotient is 16 times that of the second.
                    let share = 1.0 / (RATIO * RATIO - 1.0);
                    let vector = before.iter().zip(&now).map(|(before, now)| now + share * (now - before));
                    best = Some(Product { vector: vector.collect(), error, step });
                }
                if error == 0.0 {
                    break;
                }
            }
            before = Some(now);
            step /= RATIO;
        }
        best.ok_or_else(|| failed.unwrap_or(Error::NonFiniteLoss { value: f64::NAN }))
    }
}

/// The epsilon of a network's scalar type. If there are several types, the largest.
struct Epsilon(f64);

impl Visitor<1, 0> for Epsilon {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [_]: [&[T]; 1], []: [&mut [T]; 0]) {
        self.0 = self.0.max(T::EPSILON.to_f64());
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>())
}

/// Computes the product of the Hessian of a network's loss with a direction.
pub(super) fn hessian_vector<P: Parameters, N, X, Y, L, T>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[T],
    direction: &P,
) -> Result<HessianProduct<P>, Error>
where
    N: Layer<X, Output = Y>,
    X: Sample,
    Y: Tensor,
    T: TargetFor<L, Y>,
{
    let mut product = Owned::zeros();
    let mut batch = BatchLoss::new(network, loss, inputs, targets)?;
    let [error, step, passes] = product_into(&mut batch, View::of(direction), ViewMut::of(&mut *product))?;
    Ok(HessianProduct { product, error, step, passes: passes as usize })
}

/// Writes the product with a direction of any length. Returns its error, the step and the number of passes.
fn product_into(
    objective: &mut dyn Objective,
    direction: View<'_>,
    to: ViewMut<'_>,
) -> Result<[f64; 3], Error> {
    let mut hessian = Hessian::new(objective)?;
    let mut unit = Vec::new();
    read_into(direction, &mut unit);
    let length = norm(&unit);
    if !length.is_finite() {
        let (name, expected) = ("the length of the direction", "finite");
        return Err(Error::Setting { name, value: length, expected });
    }
    if length == 0.0 {
        return Ok([0.0, 0.0, hessian.passes as f64]); // H 0 is 0
    }
    unit.iter_mut().for_each(|x| *x /= length);
    let Product { mut vector, error, step } = hessian.product(&unit)?;
    vector.iter_mut().for_each(|x| *x *= length);
    write(&vector, to);
    Ok([error * length, step, hessian.passes as f64])
}

/// Returns vᵀ H v and |H v - (vᵀ H v) v|, for the product with a direction v of length 1.
pub(super) fn along(direction: &[f64], product: &[f64]) -> [f64; 2] {
    let value = dot(direction, product);
    let rest: Vec<f64> = product.iter().zip(direction).map(|(x, v)| x - value * v).collect();
    [value, norm(&rest)]
}

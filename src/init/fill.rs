use alloc::vec::Vec;
use chainrule_parameters::NonEmpty;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use super::Initializer;
use super::initializer::{Scheme, rows};
use crate::kernel::Real;
use crate::layer::{Owned, Parameter, Parameters, Role, ViewMut, Visitor, visit};

/// Creates a network from its type alone. Implemented for every network.
///
/// The trait is implemented for every other type too, and its methods require [`Parameters`], so that the compiler
/// names the element of a stack that is not a layer. It has no methods on values.
pub trait Init: Sized {
    /// Creates a network with [Glorot's weights](Initializer::glorot_uniform). The same generator gives the same
    /// network.
    fn init(rng: &mut impl Rng) -> Owned<Self>
    where
        Self: Parameters,
    {
        let _ = NonEmpty::<Self>::DESCRIPTION; // so that the compiler's error names the caller
        network(Initializer::default(), rng)
    }

    /// Creates a network with weights of this scheme.
    fn init_with(initializer: Initializer, rng: &mut impl Rng) -> Owned<Self>
    where
        Self: Parameters,
    {
        let _ = NonEmpty::<Self>::DESCRIPTION;
        network(initializer, rng)
    }
}

impl<N> Init for N {}

impl Initializer {
    /// Fills one tensor of weights.
    fn fill<T: Real>(
        &self,
        [fan_in, fan_out]: [usize; 2],
        rows: usize,
        weights: &mut [T],
        rng: &mut dyn Rng,
    ) {
        match self.scheme {
            Scheme::Uniform(variance) => {
                let bound = libm::sqrt(3.0 * variance.of(fan_in, fan_out)) * self.gain;
                weights.iter_mut().for_each(|w| *w = T::from_f64(bound * (2.0 * rng.random::<f64>() - 1.0)));
            }
            Scheme::Normal(variance) => {
                let deviation = libm::sqrt(variance.of(fan_in, fan_out)) * self.gain;
                weights.iter_mut().for_each(|w| *w = T::from_f64(deviation * normal(rng)));
            }
            Scheme::Orthogonal => {
                self.fill_orthogonal(rows, weights, rng);
            }
            Scheme::Constant(value) => weights.fill(T::from_f64(value * self.gain)),
        }
    }

    fn fill_orthogonal<T: Real>(&self, rows: usize, weights: &mut [T], rng: &mut dyn Rng) {
        let columns = weights.len() / rows.max(1);
        let (long, short) = (rows.max(columns), rows.min(columns));
        if short == 0 {
            return;
        }
        // One column after the other.
        let mut q: Vec<f64> = (0..long * short).map(|_| normal(rng)).collect();
        orthonormalize(&mut q, long);
        for (at, weight) in weights.iter_mut().enumerate() {
            let (row, column) = (at / columns, at % columns);
            let at = if rows >= columns { column * long + row } else { row * long + column };
            *weight = T::from_f64(self.gain * q[at]);
        }
    }
}

/// Makes columns of this length orthonormal: Q of their QR decomposition, by the Gram-Schmidt method, done twice for
/// each column ("twice is enough": Giraud et al. 2005). The diagonal of R is positive, which makes Q uniformly
/// distributed (Mezzadri 2007, section 5).
fn orthonormalize(columns: &mut [f64], len: usize) {
    for at in 0..columns.len() / len {
        let (before, column) = columns.split_at_mut(at * len);
        let column = &mut column[..len];
        for _ in 0..2 {
            for before in before.chunks_exact(len) {
                let projection = dot(before, column);
                column.iter_mut().zip(before).for_each(|(x, b)| *x -= projection * b);
            }
        }
        let norm = libm::sqrt(dot(column, column));
        column.iter_mut().for_each(|x| *x /= norm);
    }
}

/// Computes the dot product of two columns, in several sums, which the compiler vectorizes.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

fn normal(rng: &mut dyn Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Creates a network of the type `N`.
fn network<N: Parameters>(initializer: Initializer, rng: &mut impl Rng) -> Owned<N> {
    let mut network = Owned::zeros();
    fill(ViewMut::of(&mut *network), initializer, rng);
    network
}

fn fill(network: ViewMut<'_>, initializer: Initializer, rng: &mut dyn Rng) {
    visit([], [network], &mut Fill { initializer, rng });
}

struct Fill<'a> {
    initializer: Initializer,
    rng: &'a mut dyn Rng,
}

impl Visitor<0, 1> for Fill<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [values]: [&mut [T]; 1]) {
        match parameter.role {
            Role::Weight { fan_in, fan_out, layout } => {
                let rows = rows(layout, parameter.shape);
                self.initializer.fill([fan_in, fan_out], rows, values, self.rng);
            }
            // Without random biases nothing is drawn for them, so the weights of a seed do not change.
            Role::Bias if self.initializer.bias_deviation == 0.0 => values.fill(T::zero()),
            Role::Bias => {
                let deviation = self.initializer.bias_deviation;
                values.iter_mut().for_each(|b| *b = T::from_f64(deviation * normal(self.rng)));
            }
            Role::Scale(start) | Role::Buffer { start, .. } => values.fill(T::from_f64(start)),
        }
    }
}

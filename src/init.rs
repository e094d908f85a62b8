//! Floor 5: the initialization of a network's parameters.
//!
//! The chain rule's product has a factor W for every layer. The initializer chooses the size of W at the start of
//! training, and so whether gradients vanish or explode there. One call initializes a whole network:
//!
//! ```
//! use chainrule::prelude::*;
//!
//! type Net = (Linear<64, 32>, Relu, [Residual<(Linear<32, 32>, Relu)>; 3], Linear<32, 10>);
//!
//! let net = Net::init(&mut rng(7)); // Glorot's, a sensible default
//! let net = Net::init_with(Initializer::he_normal(), &mut rng(7)); // for ReLU
//! let net = Net::init_with(Initializer::orthogonal().gain(1.1), &mut rng(7));
//! ```
//!
//! Biases start at 0 (or as [`bias_normal`](Initializer::bias_normal) says), scales and buffers at the value that their
//! layer declares (a PReLU's slope at 0.25).

use alloc::vec::Vec;

use chainrule_parameters::NonEmpty;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::kernel::Real;
use crate::layer::{Layout, Owned, Parameter, Parameters, Role, ViewMut, Visitor, visit};

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

/// A scheme for the weights of a network. The default is [`glorot_uniform`](Initializer::glorot_uniform).
///
/// A scheme has a variance (below) and a distribution; [`gain`](Initializer::gain) multiplies the weights.
///
/// | scheme | variance of a weight | what it preserves from layer to layer | source |
/// |---|---|---|---|
/// | `glorot` (Xavier) | 2 / (fan-in + fan-out) | values and gradients, approximately, for tanh | Glorot & Bengio 2010, eq. 12, 16 |
/// | `he` (Kaiming) | 2 / fan-in | values, for ReLU | He et al. 2015, eq. 10 |
/// | `lecun` | 1 / fan-in | values, for linear layers and SELU | LeCun et al. 1998, section 4.6 |
/// | `orthogonal` | 1 / max(fan-in, fan-out) | every singular value is the gain | Saxe et al. 2014 |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Initializer {
    scheme: Scheme,
    gain: f64,
    bias_deviation: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Scheme {
    Uniform(Variance),
    Normal(Variance),
    Orthogonal,
    Constant(f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Variance {
    Glorot,
    He,
    LeCun,
}

impl Variance {
    fn of(self, fan_in: usize, fan_out: usize) -> f64 {
        match self {
            Self::Glorot => 2.0 / (fan_in + fan_out).max(1) as f64,
            Self::He => 2.0 / fan_in.max(1) as f64,
            Self::LeCun => 1.0 / fan_in.max(1) as f64,
        }
    }
}

impl Default for Initializer {
    fn default() -> Self {
        Self::glorot_uniform()
    }
}

impl Initializer {
    const fn new(scheme: Scheme) -> Self {
        Self { scheme, gain: 1.0, bias_deviation: 0.0 }
    }

    /// Draws uniformly from ±√(6 / (fan-in + fan-out)): the default of Keras and of this crate.
    pub const fn glorot_uniform() -> Self {
        Self::new(Scheme::Uniform(Variance::Glorot))
    }

    /// Draws from a normal distribution of variance 2 / (fan-in + fan-out).
    pub const fn glorot_normal() -> Self {
        Self::new(Scheme::Normal(Variance::Glorot))
    }

    /// Draws uniformly from ±√(6 / fan-in).
    pub const fn he_uniform() -> Self {
        Self::new(Scheme::Uniform(Variance::He))
    }

    /// Draws from a normal distribution of variance 2 / fan-in.
    pub const fn he_normal() -> Self {
        Self::new(Scheme::Normal(Variance::He))
    }

    /// Draws uniformly from ±√(3 / fan-in). With a gain of 1/√3 this is ±1/√fan-in, the default of PyTorch's `Linear`.
    pub const fn lecun_uniform() -> Self {
        Self::new(Scheme::Uniform(Variance::LeCun))
    }

    /// Draws from a normal distribution of variance 1 / fan-in.
    pub const fn lecun_normal() -> Self {
        Self::new(Scheme::Normal(Variance::LeCun))
    }

    /// Draws a matrix whose rows or columns, whichever are fewer, are orthonormal: uniformly, by the QR decomposition
    /// of a normal matrix. Weights of more than two sides are treated as a matrix of the outputs by all other sides.
    pub const fn orthogonal() -> Self {
        Self::new(Scheme::Orthogonal)
    }

    /// Sets every weight to the same number, for tests. Units that start equal stay equal in training.
    pub const fn constant(value: f64) -> Self {
        Self::new(Scheme::Constant(value))
    }

    /// Multiplies every weight. Common gains: 5/3 for tanh with `lecun`; above 1 gradients tend to explode, below 1 to
    /// vanish.
    pub const fn gain(self, gain: f64) -> Self {
        Self { gain: self.gain * gain, ..self }
    }

    /// Draws the biases too, from a normal distribution of mean 0 and this standard deviation, instead of starting them
    /// at
    /// 0. The gain does not apply to them.
    ///
    /// The theory of wide networks has such biases (Poole et al. 2016, eq. 1). They keep the outputs for two inputs
    /// different, and move a tanh out of its linear range. For training, 0 is usual.
    pub const fn bias_normal(self, deviation: f64) -> Self {
        Self { bias_deviation: deviation, ..self }
    }

    /// Returns fan-in times the variance of a weight, for equal fan-in and fan-out, and the variance of a bias.
    #[cfg(feature = "theory")]
    pub(crate) fn variances(&self) -> [f64; 2] {
        let weight = match self.scheme {
            Scheme::Uniform(variance) | Scheme::Normal(variance) => variance.of(1, 1),
            Scheme::Orthogonal => 1.0,
            Scheme::Constant(_) => 0.0,
        };
        [weight * self.gain * self.gain, self.bias_deviation * self.bias_deviation]
    }

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

/// Returns how many rows a weight has as a matrix in memory order: all sides but the last, or the first side alone.
fn rows(layout: Layout, shape: &[usize]) -> usize {
    match (layout, shape) {
        (Layout::InputsFirst, [inputs @ .., _]) => inputs.iter().product(),
        (Layout::OutputsFirst, [outputs, ..]) => *outputs,
        (_, []) => 1,
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
pub(crate) fn network<N: Parameters>(initializer: Initializer, rng: &mut impl Rng) -> Owned<N> {
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

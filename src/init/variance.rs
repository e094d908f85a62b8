//! The properties of an initializer, without drawing: fans, and variances of weights and biases. They are available at
//! compile time.

use super::Initializer;
use super::initializer::{BiasScheme, Scheme, Variance};
use crate::layer::Layout;

impl Variance {
    /// The fans are at least 1, because a weight without inputs or outputs does not compile.
    pub(super) const fn of(self, fan_in: usize, fan_out: usize) -> f64 {
        match self {
            Self::Glorot => 2.0 / (fan_in + fan_out) as f64,
            Self::He => 2.0 / fan_in as f64,
            Self::LeCun => 1.0 / fan_in as f64,
        }
    }
}

impl Initializer {
    /// Returns the fans of a weight of this shape. `declared` are the fans that its layer declares.
    pub(crate) const fn fans(&self, declared: [usize; 2], layout: Layout, shape: &[usize]) -> [usize; 2] {
        if !self.pytorch_fans || matches!(layout, Layout::ShapeToShape { .. }) || shape.len() < 2 {
            return declared;
        }
        let [first, second, window] = pytorch_sides(layout, shape);
        [second * window, first * window]
    }

    /// Returns the name of the scheme of the weights, without the gain.
    pub(crate) const fn scheme_name(&self) -> &'static str {
        match self.scheme {
            Scheme::Uniform(variance) | Scheme::Normal(variance) | Scheme::Truncated(variance) => {
                match variance {
                    Variance::Glorot => "Glorot's",
                    Variance::He => "He's",
                    Variance::LeCun if self.pytorch_fans => "PyTorch's",
                    Variance::LeCun => "LeCun's",
                }
            }
            Scheme::UniformBetween { .. } => "uniform",
            Scheme::NormalAround { .. } => "normal",
            Scheme::Cut { .. } => "truncated normal",
            Scheme::Sparse { .. } => "sparse",
            Scheme::Orthogonal => "orthogonal",
            Scheme::Identity => "identity",
            Scheme::Constant(_) => "constant",
        }
    }

    /// Returns the mean square of a weight with these fans and this shape. It is NaN for weights that are not random,
    /// and for weights with a mean other than 0.
    pub(crate) const fn weight_variance(&self, fans: [usize; 2], layout: Layout, shape: &[usize]) -> f64 {
        let [fan_in, fan_out] = self.fans(fans, layout, shape);
        let variance = match self.scheme {
            Scheme::Uniform(variance) | Scheme::Normal(variance) | Scheme::Truncated(variance) => {
                variance.of(fan_in, fan_out)
            }
            Scheme::UniformBetween { low, high } if low == -high => high * high / 3.0,
            Scheme::NormalAround { mean: 0.0, deviation } => deviation * deviation,
            Scheme::Cut { deviation, bound } => deviation * deviation * cut_variance(bound / deviation),
            Scheme::Sparse { zeros, deviation } => (1.0 - zeros) * deviation * deviation,
            Scheme::Orthogonal => {
                let (rows, mut len, mut side) = (rows(layout, shape), 1, 0);
                while side < shape.len() {
                    len *= shape[side];
                    side += 1;
                }
                let columns = len / rows;
                1.0 / if rows > columns { rows as f64 } else { columns as f64 }
            }
            Scheme::UniformBetween { .. }
            | Scheme::NormalAround { .. }
            | Scheme::Identity
            | Scheme::Constant(_) => f64::NAN,
        };
        variance * self.gain * self.gain
    }

    /// Returns the mean square of a bias. `fan_in` is that of the layer's weight, or `None` for a layer without a
    /// weight.
    pub(crate) const fn bias_variance(&self, fan_in: Option<usize>) -> f64 {
        match (self.bias, fan_in) {
            (BiasScheme::Constant(value), _) => value * value,
            (BiasScheme::Normal(deviation), _) => deviation * deviation,
            (BiasScheme::Uniform, Some(fan_in)) => 1.0 / (3.0 * fan_in as f64),
            (BiasScheme::Uniform, None) => 0.0,
        }
    }

    /// Returns whether all biases start at the same number other than 0.
    pub(crate) const fn has_constant_bias(&self) -> bool {
        matches!(self.bias, BiasScheme::Constant(value) if value != 0.0)
    }

    /// Returns the variance of a weight multiplied by the fan-in, for equal fan-in and fan-out, and the variance of a
    /// bias, in a wide layer. The first number is NaN if the variance of a weight does not depend on the fan-in.
    #[cfg(feature = "theory")]
    pub(crate) fn variances(&self) -> [f64; 2] {
        let weight = match self.scheme {
            Scheme::Constant(_) => 0.0,
            Scheme::Uniform(_) | Scheme::Normal(_) | Scheme::Truncated(_) | Scheme::Orthogonal => {
                self.weight_variance([1, 1], Layout::InputsFirst, &[1, 1])
            }
            _ => f64::NAN,
        };
        [weight, self.bias_variance(None)]
    }
}

/// Returns the variance of a standard normal distribution that is truncated at ±`bound`: 1 - 1/S, with S = 1 + b²/3 +
/// b⁴/(3·5) + b⁶/(3·5·7) + .. (from repeated integration of the density by parts).
const fn cut_variance(bound: f64) -> f64 {
    let square = if bound > 20.0 { 400.0 } else { bound * bound }; // above this bound the variance is 1
    let (mut term, mut rest, mut odd) = (1.0, 0.0, 3.0);
    while term > rest * 1e-17 {
        term *= square / odd;
        rest += term;
        odd += 2.0;
    }
    rest / (1.0 + rest)
}

/// Returns the sides of a weight in PyTorch's layout: the first and the second side, and the product of the others.
pub(super) const fn pytorch_sides(layout: Layout, shape: &[usize]) -> [usize; 3] {
    let (first, second) = match (layout, shape) {
        (_, []) => return [1; 3],
        (_, [only]) => return [*only, 1, 1],
        (Layout::OutputsFirst, [first, second, ..]) => (*first, *second),
        (_, [.., second, first]) => (*first, *second),
    };
    let (mut len, mut side) = (1, 0);
    while side < shape.len() {
        len *= shape[side];
        side += 1;
    }
    [first, second, len / (first * second)]
}

/// Returns the number of rows of a weight as a matrix in memory order: the product of all sides except the last, or the
/// first side.
pub(super) const fn rows(layout: Layout, shape: &[usize]) -> usize {
    match (layout, shape) {
        (Layout::InputsFirst | Layout::ShapeToShape { .. }, [inputs @ .., _]) => {
            let (mut product, mut side) = (1, 0);
            while side < inputs.len() {
                product *= inputs[side];
                side += 1;
            }
            product
        }
        (Layout::OutputsFirst, [outputs, ..]) => *outputs,
        (_, []) => 1,
    }
}

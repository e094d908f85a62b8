use crate::layer::Layout;

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
    pub(super) scheme: Scheme,
    pub(super) gain: f64,
    pub(super) bias_deviation: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scheme {
    Uniform(Variance),
    Normal(Variance),
    Orthogonal,
    Constant(f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Variance {
    Glorot,
    He,
    LeCun,
}

impl Variance {
    /// The fans are at least 1: a weight without them does not compile.
    pub(super) const fn of(self, fan_in: usize, fan_out: usize) -> f64 {
        match self {
            Self::Glorot => 2.0 / (fan_in + fan_out) as f64,
            Self::He => 2.0 / fan_in as f64,
            Self::LeCun => 1.0 / fan_in as f64,
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

    /// Returns whose weights these are, without the gain.
    pub(crate) const fn scheme_name(&self) -> &'static str {
        match self.scheme {
            Scheme::Uniform(variance) | Scheme::Normal(variance) => match variance {
                Variance::Glorot => "Glorot's",
                Variance::He => "He's",
                Variance::LeCun => "LeCun's",
            },
            Scheme::Orthogonal => "orthogonal",
            Scheme::Constant(_) => "constant",
        }
    }

    /// Returns the mean square of a weight with these fans and this shape. It is NaN for constant weights, which are not
    /// random.
    pub(crate) const fn weight_variance(
        &self,
        [fan_in, fan_out]: [usize; 2],
        layout: Layout,
        shape: &[usize],
    ) -> f64 {
        let variance = match self.scheme {
            Scheme::Uniform(variance) | Scheme::Normal(variance) => variance.of(fan_in, fan_out),
            Scheme::Orthogonal => {
                let (rows, mut len, mut side) = (rows(layout, shape), 1, 0);
                while side < shape.len() {
                    len *= shape[side];
                    side += 1;
                }
                let columns = len / rows;
                1.0 / if rows > columns { rows as f64 } else { columns as f64 }
            }
            Scheme::Constant(_) => f64::NAN,
        };
        variance * self.gain * self.gain
    }

    /// Returns the variance of a bias.
    pub(crate) const fn bias_variance(&self) -> f64 {
        self.bias_deviation * self.bias_deviation
    }

    /// Returns fan-in times the variance of a weight, for equal fan-in and fan-out, and the variance of a bias.
    #[cfg(feature = "theory")]
    pub(crate) fn variances(&self) -> [f64; 2] {
        let weight = match self.scheme {
            Scheme::Constant(_) => 0.0,
            _ => self.weight_variance([1, 1], Layout::InputsFirst, &[1, 1]),
        };
        [weight, self.bias_variance()]
    }
}

/// Returns how many rows a weight has as a matrix in memory order: all sides but the last, or the first side alone.
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

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
/// | `pytorch` | 1 / (3 fan-in) | nothing: values shrink | the default of PyTorch's `Linear` and convolutions |
///
/// Other schemes do not depend on the fans: [`uniform`](Initializer::uniform), [`normal`](Initializer::normal),
/// [`truncated_normal`](Initializer::truncated_normal), [`sparse`](Initializer::sparse),
/// [`identity`](Initializer::identity), [`constant`](Initializer::constant) and [`zeros`](Initializer::zeros).
///
/// # Fans
/// Fan-in is the number of inputs that each output sums over, fan-out the number of outputs that each input feeds,
/// without the stride. For a depthwise convolution both are the K² numbers of a window. PyTorch computes both from the
/// shape of the weight, and so takes one for the other in a transposed convolution:
/// [`pytorch_fans`](Initializer::pytorch_fans) does as PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Initializer {
    pub(super) scheme: Scheme,
    pub(super) gain: f64,
    pub(super) bias: BiasScheme,
    pub(super) pytorch_fans: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scheme {
    Uniform(Variance),
    Normal(Variance),
    /// Of this variance after it is cut at two deviations of the normal distribution that is cut.
    Truncated(Variance),
    UniformBetween {
        low: f64,
        high: f64,
    },
    NormalAround {
        mean: f64,
        deviation: f64,
    },
    /// A normal distribution of this deviation, cut at this distance from 0.
    Cut {
        deviation: f64,
        bound: f64,
    },
    Sparse {
        zeros: f64,
        deviation: f64,
    },
    Orthogonal,
    Identity,
    Constant(f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BiasScheme {
    Constant(f64),
    Normal(f64),
    /// Between ±1/√fan-in of the weight of the same layer.
    Uniform,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Variance {
    Glorot,
    He,
    LeCun,
}

impl Default for Initializer {
    fn default() -> Self {
        Self::glorot_uniform()
    }
}

impl Initializer {
    const fn new(scheme: Scheme) -> Self {
        Self { scheme, gain: 1.0, bias: BiasScheme::Constant(0.0), pytorch_fans: false }
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

    /// Draws uniformly from ±√(3 / fan-in). With a gain of 1/√3 this is ±1/√fan-in: see
    /// [`pytorch`](Initializer::pytorch).
    pub const fn lecun_uniform() -> Self {
        Self::new(Scheme::Uniform(Variance::LeCun))
    }

    /// Draws from a normal distribution of variance 1 / fan-in.
    pub const fn lecun_normal() -> Self {
        Self::new(Scheme::Normal(Variance::LeCun))
    }

    /// Draws from a normal distribution that is cut at two of its deviations, of variance 2 / (fan-in + fan-out) behind
    /// the cut: Keras' `GlorotNormal`. (PyTorch's `xavier_normal_` is not cut.)
    pub const fn glorot_truncated_normal() -> Self {
        Self::new(Scheme::Truncated(Variance::Glorot))
    }

    /// Draws from a normal distribution that is cut at two of its deviations, of variance 2 / fan-in behind the cut:
    /// Keras' `HeNormal`.
    pub const fn he_truncated_normal() -> Self {
        Self::new(Scheme::Truncated(Variance::He))
    }

    /// Draws from a normal distribution that is cut at two of its deviations, of variance 1 / fan-in behind the cut:
    /// Keras' `LecunNormal`, and the default of Flax.
    pub const fn lecun_truncated_normal() -> Self {
        Self::new(Scheme::Truncated(Variance::LeCun))
    }

    /// Draws as PyTorch's `Linear` and convolutions do by default (`kaiming_uniform_(a=√5)`): weights and biases
    /// uniformly from ±1/√fan-in, with [PyTorch's fans](Initializer::pytorch_fans).
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// let layer = Linear::<25, 10>::init_with(Initializer::pytorch(), &mut rng(1));
    /// assert!(layer.weights().iter().chain(&layer.bias).all(|w| w.abs() <= 0.2));
    /// assert!(layer.bias.iter().all(|b| *b != 0.0));
    /// ```
    pub const fn pytorch() -> Self {
        Self::lecun_uniform().gain(0.577_350_269_189_625_8).bias_uniform().pytorch_fans()
    }

    /// Draws uniformly between two numbers.
    pub const fn uniform(low: f64, high: f64) -> Self {
        Self::new(Scheme::UniformBetween { low, high })
    }

    /// Draws from a normal distribution of this mean and standard deviation.
    pub const fn normal(mean: f64, deviation: f64) -> Self {
        Self::new(Scheme::NormalAround { mean, deviation })
    }

    /// Draws from a normal distribution of mean 0 and this standard deviation, cut at ±`bound`: PyTorch's
    /// `trunc_normal_(std=deviation, a=-bound, b=bound)`. The standard deviation behind the cut is smaller than
    /// `deviation`. (PyTorch's default bound is 2, not two deviations.)
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// let scheme = Initializer::truncated_normal(0.02, 0.04); // at two deviations
    /// let layer = Linear::<50, 50>::init_with(scheme, &mut rng(1));
    /// assert!(layer.weights().iter().all(|w| w.abs() <= 0.04));
    /// ```
    pub const fn truncated_normal(deviation: f64, bound: f64) -> Self {
        Self::new(Scheme::Cut { deviation, bound })
    }

    /// Draws from a normal distribution of mean 0 and this standard deviation, but of the weights of each input sets a
    /// share `zeros` to 0, rounded up: PyTorch's `sparse_`.
    ///
    /// # Source
    /// Martens, "Deep learning via Hessian-free optimization", ICML 2010, section 5.
    pub const fn sparse(zeros: f64, deviation: f64) -> Self {
        Self::new(Scheme::Sparse { zeros, deviation })
    }

    /// Sets each weight to the identity, so that a layer passes on what it gets, as far as it has as many outputs: a
    /// matrix has 1 on its diagonal (PyTorch's `eye_`); a convolution has 1 in the center of the window of each channel
    /// and the output of the same number (PyTorch's `dirac_`, with the groups of the layer).
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// let layer = Conv2d::<3, 3, 5, 1, 2>::init_with(Initializer::identity(), &mut rng(1));
    /// let image = Image([[[1.0, 2.0], [3.0, 4.0]]; 3]);
    /// assert_eq!(layer.predict(&image)?, image);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub const fn identity() -> Self {
        Self::new(Scheme::Identity)
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

    /// Sets every weight to 0, for the last layer of a residual branch. A network of zeros alone does not learn.
    pub const fn zeros() -> Self {
        Self::constant(0.0)
    }

    /// Multiplies every weight. Common gains: 5/3 for tanh with `lecun`; above 1 gradients tend to explode, below 1 to
    /// vanish.
    pub const fn gain(self, gain: f64) -> Self {
        Self { gain: self.gain * gain, ..self }
    }

    /// Draws the biases too, from a normal distribution of mean 0 and this standard deviation, instead of starting them
    /// at 0. The gain does not apply to them.
    ///
    /// The theory of wide networks has such biases (Poole et al. 2016, eq. 1). They keep the outputs for two inputs
    /// different, and move a tanh out of its linear range. For training, 0 is usual.
    pub const fn bias_normal(self, deviation: f64) -> Self {
        if deviation == 0.0 {
            return self.bias_constant(0.0);
        }
        Self { bias: BiasScheme::Normal(deviation), ..self }
    }

    /// Draws the biases too, uniformly from ±1/√fan-in, with the fan-in of the weight of the same layer: as PyTorch's
    /// `Linear` and convolutions. Biases of layers without weights, such as norms, start at 0. The gain does not apply
    /// to them.
    pub const fn bias_uniform(self) -> Self {
        Self { bias: BiasScheme::Uniform, ..self }
    }

    /// Starts the biases at this number instead of 0. The gain does not apply to them.
    pub const fn bias_constant(self, value: f64) -> Self {
        Self { bias: BiasScheme::Constant(value), ..self }
    }

    /// Computes the fans as PyTorch does: from the shape of a weight, of which the second side has the inputs. The two
    /// differ for transposed convolutions, whose second side has the outputs.
    ///
    /// | layer | fan-in | PyTorch's fan-in |
    /// |---|---|---|
    /// | `Linear<IN, OUT>` | IN | IN |
    /// | `Conv2d<IN, OUT, K>` | IN K² | IN K² |
    /// | `DepthwiseConv2d<CHANNELS, K>` | K² | K² |
    /// | `TransposedConv2d<IN, OUT, K>` | IN K² | OUT K² |
    pub const fn pytorch_fans(self) -> Self {
        Self { pytorch_fans: true, ..self }
    }
}

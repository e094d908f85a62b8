/// A scheme for the initial weights of a network. The default is [`glorot_uniform`](Initializer::glorot_uniform).
///
/// A scheme has a variance (see the table) and a distribution. [`gain`](Initializer::gain) multiplies the weights.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let layer = Linear::<4, 2>::init_with(Initializer::glorot_uniform(), &mut rng(1));
/// assert!(layer.weights().iter().all(|w| w.abs() <= 1.0)); // √(6 / (4 + 2)) = 1
/// let layer = Linear::<6, 3>::init_with(Initializer::he_uniform().bias_constant(0.1), &mut rng(1));
/// assert!(layer.weights().iter().all(|w| w.abs() <= 1.0)); // √(6 / 6) = 1
/// assert_eq!(layer.bias, Vector([0.1; 3]));
/// ```
///
/// # Schemes
///
/// | scheme | variance of a weight | what it keeps constant from layer to layer | source |
/// |---|---|---|---|
/// | `glorot` (Xavier) | 2 / (fan-in + fan-out) | values and gradients, approximately, for tanh | Glorot & Bengio 2010, eq. 12, 16 |
/// | `he` (Kaiming) | 2 / fan-in | values, for ReLU | He et al. 2015, eq. 10 |
/// | `lecun` | 1 / fan-in | values, for linear layers and SELU | LeCun et al. 1998, section 4.6 |
/// | `orthogonal` | 1 / max(fan-in, fan-out) | every singular value is the gain | Saxe et al. 2014 |
/// | `pytorch` | 1 / (3 fan-in) | nothing: values shrink | the default of PyTorch's `Linear` and convolutions |
///
/// The other schemes do not depend on the fans: [`uniform`](Initializer::uniform), [`normal`](Initializer::normal),
/// [`truncated_normal`](Initializer::truncated_normal), [`sparse`](Initializer::sparse),
/// [`identity`](Initializer::identity), [`constant`](Initializer::constant) and [`zeros`](Initializer::zeros).
///
/// # Fans
/// The fan-in is the number of inputs of each output. The fan-out is the number of outputs that depend on each input,
/// without the stride. In a depthwise convolution, both are the K² numbers of a window. PyTorch computes both from the
/// shape of the weight, and so exchanges them for a transposed convolution. For PyTorch's numbers, use
/// [`pytorch_fans`](Initializer::pytorch_fans).
#[doc(alias("he init", "kaiming", "xavier", "glorot", "lecun", "nn.init", "fan_in"))]
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
    /// A normal distribution, truncated at two standard deviations, with this variance after the truncation.
    Truncated(Variance),
    UniformBetween {
        low: f64,
        high: f64,
    },
    NormalAround {
        mean: f64,
        deviation: f64,
    },
    /// A normal distribution with this standard deviation, truncated at this distance from 0.
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
    /// Uniform between ±1/√fan-in, with the fan-in of the weight of the same layer.
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

    /// Draws uniformly from ±√(6 / (fan-in + fan-out)). This is the default of Keras and of this crate.
    #[doc(alias("xavier_uniform_", "GlorotUniform"))]
    pub const fn glorot_uniform() -> Self {
        Self::new(Scheme::Uniform(Variance::Glorot))
    }

    /// Draws from a normal distribution of variance 2 / (fan-in + fan-out).
    #[doc(alias("xavier_normal_"))]
    pub const fn glorot_normal() -> Self {
        Self::new(Scheme::Normal(Variance::Glorot))
    }

    /// Draws uniformly from ±√(6 / fan-in).
    #[doc(alias("kaiming_uniform_", "HeUniform"))]
    pub const fn he_uniform() -> Self {
        Self::new(Scheme::Uniform(Variance::He))
    }

    /// Draws from a normal distribution of variance 2 / fan-in.
    #[doc(alias("kaiming_normal_"))]
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

    /// Draws from a normal distribution that is truncated at two standard deviations, with variance 2 / (fan-in +
    /// fan-out) after the truncation. It is Keras' `GlorotNormal`. (PyTorch's `xavier_normal_` is not truncated.)
    #[doc(alias("GlorotNormal", "VarianceScaling"))]
    pub const fn glorot_truncated_normal() -> Self {
        Self::new(Scheme::Truncated(Variance::Glorot))
    }

    /// Draws from a normal distribution that is truncated at two standard deviations, with variance 2 / fan-in after
    /// the truncation. It is Keras' `HeNormal`.
    #[doc(alias("HeNormal", "VarianceScaling"))]
    pub const fn he_truncated_normal() -> Self {
        Self::new(Scheme::Truncated(Variance::He))
    }

    /// Draws from a normal distribution that is truncated at two standard deviations, with variance 1 / fan-in after
    /// the truncation. It is Keras' `LecunNormal`, and the default of Flax.
    #[doc(alias("LecunNormal", "VarianceScaling"))]
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

    /// Draws from a normal distribution with mean 0 and this standard deviation, truncated at ±`bound`. It is PyTorch's
    /// `trunc_normal_(std=deviation, a=-bound, b=bound)`. After the truncation the standard deviation is less than
    /// `deviation`. (PyTorch's default bound is 2, not two standard deviations.)
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// let scheme = Initializer::truncated_normal(0.02, 0.04); // at two standard deviations
    /// let layer = Linear::<50, 50>::init_with(scheme, &mut rng(1));
    /// assert!(layer.weights().iter().all(|w| w.abs() <= 0.04));
    /// ```
    #[doc(alias("trunc_normal_", "TruncatedNormal"))]
    pub const fn truncated_normal(deviation: f64, bound: f64) -> Self {
        Self::new(Scheme::Cut { deviation, bound })
    }

    /// Draws from a normal distribution with mean 0 and this standard deviation. Then it sets a share `zeros` of the
    /// weights of each input to 0, rounded up. It is PyTorch's `sparse_`.
    ///
    /// # Source
    /// Martens, "Deep learning via Hessian-free optimization", ICML 2010, section 5.
    #[doc(alias("sparse_"))]
    pub const fn sparse(zeros: f64, deviation: f64) -> Self {
        Self::new(Scheme::Sparse { zeros, deviation })
    }

    /// Sets each weight to the identity, so that the outputs of a layer equal its inputs, for as many outputs as it
    /// has. A matrix has 1 on its diagonal (PyTorch's `eye_`). A convolution has 1 in the center of the window from
    /// each channel to the output with the same index (PyTorch's `dirac_`, with the groups of the layer).
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// let layer = Conv2d::<3, 3, 5, 1, 2>::init_with(Initializer::identity(), &mut rng(1));
    /// let image = Image([[[1.0, 2.0], [3.0, 4.0]]; 3]);
    /// assert_eq!(layer.predict(&image)?, image);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    #[doc(alias("eye_", "dirac_"))]
    pub const fn identity() -> Self {
        Self::new(Scheme::Identity)
    }

    /// Draws an orthogonal matrix: its rows or its columns, whichever are fewer, are orthonormal. It is uniformly
    /// distributed, from the QR decomposition of a normal matrix. A weight with more than two sides is treated as a
    /// matrix of the outputs by all other sides.
    #[doc(alias("orthogonal_"))]
    pub const fn orthogonal() -> Self {
        Self::new(Scheme::Orthogonal)
    }

    /// Sets every weight to the same number, for tests. Units with equal weights stay equal in training.
    pub const fn constant(value: f64) -> Self {
        Self::new(Scheme::Constant(value))
    }

    /// Sets every weight to 0, for the last layer of a residual branch. A network with only zeros does not learn.
    pub const fn zeros() -> Self {
        Self::constant(0.0)
    }

    /// Multiplies every weight. A common gain is 5/3 for tanh with `lecun`. With larger gains gradients tend to
    /// explode, with smaller ones to vanish.
    pub const fn gain(self, gain: f64) -> Self {
        Self { gain: self.gain * gain, ..self }
    }

    /// Draws the biases too, from a normal distribution with mean 0 and this standard deviation. Otherwise they start
    /// at 0. The gain does not apply to them.
    ///
    /// The theory of wide networks has such biases (Poole et al. 2016, eq. 1). They keep the outputs for two inputs
    /// different, and move a tanh out of its linear range. In practice, 0 is usual.
    pub const fn bias_normal(self, deviation: f64) -> Self {
        if deviation == 0.0 {
            return self.bias_constant(0.0);
        }
        Self { bias: BiasScheme::Normal(deviation), ..self }
    }

    /// Draws the biases too, uniformly from ±1/√fan-in, with the fan-in of the weight of the same layer, as PyTorch's
    /// `Linear` and convolutions do. The biases of layers without weights, such as norms, start at 0. The gain does not
    /// apply to biases.
    pub const fn bias_uniform(self) -> Self {
        Self { bias: BiasScheme::Uniform, ..self }
    }

    /// Sets the biases to this number instead of 0. The gain does not apply to them.
    pub const fn bias_constant(self, value: f64) -> Self {
        Self { bias: BiasScheme::Constant(value), ..self }
    }

    /// Computes the fans as PyTorch does, from the shape of a weight, with the second side as the inputs. The two
    /// differ for transposed convolutions, in which the second side is the outputs.
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

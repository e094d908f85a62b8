/// How a layer changes the moments of a random signal. The theory has two moments: the mean square q of the numbers in
/// the forward pass, and the squared length of the gradient in the backward pass.
///
/// [`expected_flow`](crate::expected_flow) reads the effects of all layers of a network. From them it computes at
/// compile time how much of the gradient arrives at the first layer. A layer that you write yourself declares its
/// effect in its [`PLAN`](super::Layer::PLAN). Without one, `expected_flow` reports that the effect of the layer is not
/// known.
///
/// # Examples
/// ```
/// use chainrule::layer::{Effect, Plan};
/// use chainrule::prelude::*;
///
/// /// Shifts each number by one place.
/// #[derive(Parameters)]
/// struct Shift;
///
/// impl<const N: usize> Layer<Vector<N>> for Shift {
///     type Output = Vector<N>;
///     const PLAN: Plan = Plan::leaf::<Vector<N>, Self>().effect(Effect::Unchanged);
///
///     fn forward(&self, input: &[Vector<N>], output: &mut [Vector<N>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
///         output.copy_from_slice(input);
///         output.iter_mut().for_each(|y| y.0.rotate_right(1));
///     }
///
///     fn backward(&self, pass: Backward<'_, Vector<N>, Self>) {
///         for (dx, dy) in pass.input_grad.into_iter().flatten().zip(pass.output_grad) {
///             *dx = *dy;
///             dx.0.rotate_left(1);
///         }
///     }
/// }
///
/// type Net = (Linear<64, 64>, [(Tanh, Shift, Linear<64, 64>); 5]);
/// const _: () = chainrule::gradient_flows::<Net, Vector<64>>();
/// ```
///
/// An activation declares its effect in [`Activation::EFFECT`](super::Activation::EFFECT).
#[doc(alias("mean field theory", "signal propagation"))]
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// The effect is not known.
    Unknown,
    /// The same weights at each step of a sequence, applied to the input and to the state of the step before.
    Recurrent(Recurrence),
    /// Weighted means of steps, as in attention. The effect depends on how similar the steps are, and is not known.
    Attention,
    /// The last step of a sequence. A gradient from here reaches earlier steps only through time.
    LastStep,
    /// Both moments stay the same: the layer only moves the numbers.
    Unchanged,
    /// A product with random weights. Their variance is the one that the initializer gives to a weight with the layer's
    /// fans.
    Weights {
        /// How many numbers of the input an output sums over, on average. This is the fan-in, except in a transposed
        /// convolution with a stride, where it is the fan-in divided by the product of the strides.
        inputs: f64,
    },
    /// A random row of a table for each token. Its numbers have the variance that the initializer gives the layer's
    /// weight. The mean square of the input has no influence.
    Table,
    /// Adds random numbers, which are the same for all samples and have the variance of the layer's weight.
    AddedTable,
    /// A product with the table of an embedding, whose rows have `width` numbers.
    TiedTable {
        /// How many numbers a row has; each output sums over them.
        width: usize,
        /// How many rows the table has.
        vocab: usize,
    },
    /// g(x), number by number.
    Activation(Moments),
    /// The numbers are divided by their standard deviation.
    Norm {
        /// Over which numbers the deviation is computed.
        of: Normalized,
        /// The number that is added to the variance.
        epsilon: f64,
    },
    /// Each number is set to 0 at random; the others are divided by the share that remains.
    Dropout {
        /// The share of the numbers that remain.
        remaining: f64,
    },
    /// Each number x becomes m x + n, with random m and n for each number.
    Noise {
        /// E\[m\].
        mean: f64,
        /// E\[m²\], the factor of the mean square and of the squared length of the gradient.
        square: f64,
        /// 2 E\[m n\], the factor of the mean in the new mean square.
        mixed: f64,
        /// E\[n²\]. E\[n\] is 0.
        added: f64,
    },
    /// y = a g(b), where a and b are the two halves of the input.
    Gate(Moments),
    /// y = t f + (1 - t) x, where f is the output of the first layer inside and t = σ(z) the output of the second. The
    /// mean of z is `bias`.
    Highway {
        /// The mean of z.
        bias: f64,
    },
    /// A linear map of neighboring numbers. Its effect on q depends on how similar they are, and is not known.
    Pool {
        /// The factor of the squared length of the gradient.
        gradient: f64,
    },
    /// The layers inside, one after another.
    Stack,
    /// The sum of the outputs of the layers inside, which all take the same input. The output of a single layer is
    /// added to the input.
    Sum,
    /// The concatenated outputs of the layers inside, which all take the same input.
    Concat,
}

/// How a recurrent layer computes a step from the step before.
///
/// # Examples
/// ```
/// use chainrule::layer::{Effect, Recurrence};
/// use chainrule::prelude::*;
///
/// let plan = <Lstm<3, 16> as Layer<Sequence<20, 3>>>::PLAN;
/// assert!(matches!(plan.effect, Effect::Recurrent(Recurrence::Lstm)));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Recurrence {
    /// h(t) = g(W x(t) + U h(t-1)), as [`Rnn`](super::Rnn).
    Plain(Moments),
    /// The gates and the cell of an [`Lstm`](super::Lstm).
    Lstm,
    /// The gates of a [`Gru`](super::Gru).
    Gru,
    /// A plain recurrent layer with an activation whose effect is not known.
    Unknown,
}

/// The numbers that a norm normalizes together.
///
/// # Examples
/// ```
/// use chainrule::layer::{Effect, Normalized};
/// use chainrule::prelude::*;
///
/// let plan = <LayerNorm<Vector<8>> as Layer<Vector<8>>>::PLAN;
/// assert!(matches!(plan.effect, Effect::Norm { of: Normalized::Sample, .. }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalized {
    /// The numbers of a sample, divided by their root mean square: their mean is not subtracted.
    SampleAroundZero,
    /// The numbers of a sample.
    Sample,
    /// Each feature over the batch.
    Batch,
}

/// The moments of an activation g for a normal random number x of variance q: E\[g(x)\], E\[g(x)²\] and E\[g'(x)²\].
///
/// # Examples
/// ```
/// use chainrule::layer::{Effect, Moments, Piece};
/// use chainrule::prelude::*;
///
/// assert!(matches!(Relu::EFFECT, Effect::Activation(Moments::Slopes { above: 1.0, below: 0.0 })));
///
/// // g(x) = max(0, min(1, x)) in three pieces: 0 below 0, x from 0 to 1, and 1 above 1.
/// const RAMP: &[Piece] =
///     &[Piece::line(f64::NEG_INFINITY, 0.0, 0.0), Piece::line(0.0, 0.0, 1.0), Piece::line(1.0, 1.0, 0.0)];
/// const EFFECT: Effect = Effect::Activation(Moments::Pieces(RAMP));
/// assert_eq!(RAMP[1].coefficients, [0.0, 1.0, 0.0]);
/// ```
#[doc(alias("variance map"))]
#[derive(Clone, Copy, Debug)]
pub enum Moments {
    /// g(x) = `above` x above zero, `below` x below zero.
    Slopes {
        /// The slope above zero.
        above: f64,
        /// The slope below zero.
        below: f64,
    },
    /// g(x) = `above` x above zero, `below` (exp(x) - 1) below zero.
    Exponential {
        /// The slope above zero.
        above: f64,
        /// The factor below zero.
        below: f64,
    },
    /// g(x) = `start` + `scale` max(-1, min(1, x / `width`)).
    Clamp {
        /// g(0).
        start: f64,
        /// The difference of g(`width`) and g(0).
        scale: f64,
        /// The distance from 0 at which g becomes constant.
        width: f64,
    },
    /// g(x) = `start` + `slope` x. Its moments follow for every distribution of x, not only the normal one.
    Line {
        /// g(0).
        start: f64,
        /// g'.
        slope: f64,
    },
    /// Polynomials. Each is valid from its start to the start of the next one; the first starts at -∞.
    Pieces(&'static [Piece]),
    /// g(x) = `by` h(x / `by`).
    Scaled {
        /// The factor; if it is negative, h is mirrored too.
        by: f64,
        /// h.
        of: &'static Moments,
    },
    /// sin x.
    Sine,
    /// cos x.
    Cosine,
    /// Any other g, by series of Chebyshev polynomials in (√q - 1) / (√q + 1). `chainrule::theory::moments` computes
    /// them.
    Series {
        /// g(0).
        start: f64,
        /// (E\[g(x)\] - g(0)) / √q.
        mean: &'static [f64],
        /// (E\[g(x)²\] - g(0)²) / q.
        square: &'static [f64],
        /// E\[g'(x)²\].
        slope: &'static [f64],
    },
}

/// A piece of a piecewise polynomial function: c₀ + c₁ x + c₂ x² for x ≥ `from`. See the example of [`Moments`].
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where it starts; -∞ for the first.
    pub from: f64,
    /// c₀, c₁ and c₂.
    pub coefficients: [f64; 3],
}

impl Piece {
    /// Returns a straight line: `start` + `slope` x for x ≥ `from`.
    pub const fn line(from: f64, start: f64, slope: f64) -> Self {
        Self { from, coefficients: [start, slope, 0.0] }
    }
}

/// What a layer does to a random signal: its effect on the two moments of mean field theory, the mean square q of the
/// numbers in the forward pass, and the squared length of the gradient in the backward pass.
///
/// [`expected_flow`](crate::expected_flow) reads the effects of all layers of a network, and computes from them at
/// compile time how much of the gradient arrives at the first layer. A layer that you write yourself declares its
/// effect in its [`PLAN`](super::Layer::PLAN); without one the theory does not know what it does, and says so.
///
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
/// An activation declares it in [`Activation::EFFECT`](super::Activation::EFFECT).
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// Not known.
    Unknown,
    /// The same weights at each step of a sequence: of the input, and of what the layer keeps from the step before.
    Recurrent(Recurrence),
    /// Weighted means of steps, whose weights the steps give one another: what they do to the moments depends on how similar
    /// the steps are, and is not known.
    Attention,
    /// Of a sequence the last step alone: a gradient that starts here gets to earlier steps through time only.
    LastStep,
    /// Both moments stay as they are: the layer only moves the numbers.
    Unchanged,
    /// A product with random weights, whose variance is that of the initializer for the fans of the layer's weight.
    Weights {
        /// How many numbers of the input an output sums over, on average: the fan-in, if the layer has no stride
        /// between the numbers that its inputs contribute to.
        inputs: f64,
    },
    /// A random row of a table for each token, whose numbers have the variance that the initializer gives the layer's
    /// weight. The mean square of the input does not count.
    Table,
    /// Adds random numbers, the same for all samples, with the variance of the layer's weight.
    AddedTable,
    /// A product with the table of an embedding, whose rows have `width` numbers.
    TiedTable {
        /// The numbers of a row, which each output sums over.
        width: usize,
        /// The rows.
        vocab: usize,
    },
    /// g(x), number by number.
    Activation(Moments),
    /// The numbers are divided by their deviation.
    Norm {
        /// Of what the deviation is computed.
        of: Normalized,
        /// The number that is added to the variance.
        epsilon: f64,
    },
    /// Each number is set to 0, or else divided by this share of the numbers that remain.
    Dropout {
        /// The share of the numbers that remain.
        remaining: f64,
    },
    /// Each number x becomes m x + n, with an m and an n that are drawn for it.
    Noise {
        /// E\[m\].
        mean: f64,
        /// E\[m²\]: by what it multiplies the mean square, and the squared length of the gradient.
        square: f64,
        /// 2 E\[m n\], the factor of the mean in the new mean square.
        mixed: f64,
        /// E\[n²\]. E\[n\] is 0.
        added: f64,
    },
    /// y = a g(b), for two halves a and b of the input.
    Gate(Moments),
    /// y = t f + (1 - t) x, with f the output of the first layer inside and t = σ(z) that of the second, of which the mean of
    /// z is `bias`.
    Highway {
        /// The mean of z.
        bias: f64,
    },
    /// A linear map of neighboring numbers. What it does to q depends on how similar they are, and is not known.
    Pool {
        /// By what it multiplies the squared length of the gradient.
        gradient: f64,
    },
    /// The layers inside, one after the other.
    Stack,
    /// The sum of the layers inside, all on the same input. A single one is added to the input itself.
    Sum,
    /// The outputs of the layers inside, all on the same input, one beside the other.
    Concat,
}

/// How a recurrent layer goes from one step to the next.
#[derive(Clone, Copy, Debug)]
pub enum Recurrence {
    /// h(t) = g(W x(t) + U h(t-1)), as [`Rnn`](super::Rnn).
    Plain(Moments),
    /// The gates and the cell of an [`Lstm`](super::Lstm).
    Lstm,
    /// The gates of a [`Gru`](super::Gru).
    Gru,
    /// With an activation whose effect is not known.
    Unknown,
}

/// What a norm normalizes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalized {
    /// The numbers of a sample, without subtracting their mean.
    SampleAroundZero,
    /// The numbers of a sample.
    Sample,
    /// Each feature over the batch.
    Batch,
}

/// The moments of an activation g for a normal x of variance q: E\[g(x)\], E\[g(x)²\] and E\[g'(x)²\].
#[derive(Clone, Copy, Debug)]
pub enum Moments {
    /// g(x) = `above` x above zero, `below` x below it.
    Slopes {
        /// The slope above zero.
        above: f64,
        /// The slope below zero.
        below: f64,
    },
    /// g(x) = `above` x above zero, `below` (exp(x) - 1) below it.
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
        /// By how much g rises on each side.
        scale: f64,
        /// Where it becomes constant.
        width: f64,
    },
    /// g(x) = `start` + `slope` x. It is known for every x, normal or not.
    Line {
        /// g(0).
        start: f64,
        /// g'.
        slope: f64,
    },
    /// Polynomials, each from its start to the start of the next; the first from -∞.
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
    /// Any other g: series of Chebyshev polynomials in (√q - 1) / (√q + 1), as
    /// `chainrule::theory::moments` computes them.
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

/// A part of a function that is a polynomial on each of its parts: from `from` on, it is c₀ + c₁ x + c₂ x².
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where it starts; -∞ for the first.
    pub from: f64,
    /// c₀, c₁ and c₂.
    pub coefficients: [f64; 3],
}

impl Piece {
    /// Returns a straight line from `from` on: `start` + `slope` x.
    pub const fn line(from: f64, start: f64, slope: f64) -> Self {
        Self { from, coefficients: [start, slope, 0.0] }
    }
}

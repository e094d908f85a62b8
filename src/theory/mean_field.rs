use core::fmt;
use core::marker::PhantomData;

use super::expectation;
use crate::Error;
use crate::init::Initializer;
use crate::layer::Activation;

/// A deep random network of layers z = W A(z) + b, infinitely wide: W ~ N(0, `weight_variance` / fan-in),
/// b ~ N(0, `bias_variance`).
///
/// Each number of z is then normal, and one number q, its variance, says all about a layer. From layer to layer
///
/// > q' = σw² E\[A(√q z)²\] + σb²
///
/// and on the way back a gradient's squared norm is multiplied, layer by layer, by
///
/// > χ = σw² E\[A'(√q z)²\]
///
/// χ < 1 and gradients vanish, χ > 1 and they explode, exponentially in depth; networks of some hundred layers train only near
/// χ = 1. That a gradient's size is so simple rests on one assumption, that the W of the way back are independent of those of
/// the way forward. It becomes exact with width. At width n a layer's squared norm varies by about 1/√n.
///
/// # Source
/// Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli, "Exponential expressivity in deep neural networks through transient chaos",
/// NIPS 2016, eq. 3. Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", ICLR 2017, eq. 5, 9, 14.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::theory::MeanField;
///
/// // Each layer of sigmoid under Glorot's initialisation leaves 0.24 of a gradient.
/// let field = MeanField::<Sigmoid>::of(Initializer::glorot_uniform())?;
/// approx::assert_relative_eq!(field.gradient_rate(), 0.236, max_relative = 1e-3);
///
/// // He's initialisation holds the gradients of ReLU.
/// let edge = MeanField::<Relu>::critical(0.0).expect("ReLU without biases has an edge");
/// approx::assert_relative_eq!(edge.weight_variance(), 2.0, max_relative = 1e-12);
/// # Ok::<(), chainrule::Error>(())
/// ```
pub struct MeanField<A> {
    weight_variance: f64,
    bias_variance: f64,
    activation: PhantomData<fn() -> A>,
}

impl<A: Activation> MeanField<A> {
    /// σw², the variance of a weight times fan-in, and σb², that of a bias.
    ///
    /// # Errors
    /// [`Error::Setting`] for a variance that is negative or not finite.
    pub fn new(weight_variance: f64, bias_variance: f64) -> Result<Self, Error> {
        for (name, value) in [("weight variance", weight_variance), ("bias variance", bias_variance)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::Setting { name, value, expected: "finite and at least 0" });
            }
        }
        Ok(Self { weight_variance, bias_variance, activation: PhantomData })
    }

    /// The variances that a named scheme gives layers with as many outputs as inputs.
    ///
    /// | scheme | σw² |
    /// |---|---|
    /// | Glorot | 1 |
    /// | He | 2 |
    /// | LeCun | 1 |
    /// | PyTorch's default, ±1/√fan-in, `lecun_uniform().gain(1/√3)` | 1/3 |
    /// | orthogonal (not independent weights, but the same q and χ) | 1 |
    ///
    /// all times the square of the [gain](Initializer::gain). Constant weights are not random: their σw² is 0.
    ///
    /// # Errors
    /// [`Error::Setting`] for a gain or a deviation of the biases that is not finite.
    pub fn of(initializer: Initializer) -> Result<Self, Error> {
        let [weight, bias] = initializer.variances();
        Self::new(weight, bias)
    }

    /// The edge between vanishing and exploding for these biases: with the σw² at whose [fixed point](MeanField::fixed_point) χ = 1.
    ///
    /// `None` where there is none, as for GELU, and for ReLU with biases: wherever their χ is 1, q grows. Also for a bias
    /// variance that is negative or not finite.
    pub fn critical(bias_variance: f64) -> Option<Self> {
        // χ = 1 makes σw² a function of q, and leaves one equation for q.
        let weight_variance = |q: f64| Self::derivative_square(q).recip();
        let excess = |q: f64| weight_variance(q) * Self::output_square(q) + bias_variance - q;
        Self::new(0.0, bias_variance).ok()?;
        let q = crossing(excess)?;
        let critical = Self::new(weight_variance(q), bias_variance).ok()?;
        // Where q settles down from 1 may be another fixed point, with another χ.
        ((critical.chi(critical.fixed_point()) - 1.0).abs() < 1e-6).then_some(critical)
    }

    /// σw²: the variance of a weight times fan-in.
    pub fn weight_variance(&self) -> f64 {
        self.weight_variance
    }

    /// σb²: the variance of a bias.
    pub fn bias_variance(&self) -> f64 {
        self.bias_variance
    }

    /// The variance of z in the first layer, for inputs whose mean square is `input_square`.
    pub fn first(&self, input_square: f64) -> f64 {
        self.weight_variance * input_square + self.bias_variance
    }

    /// q', the variance of z one layer after one where it is `q`.
    pub fn next(&self, q: f64) -> f64 {
        self.first(Self::output_square(q))
    }

    /// χ where the variance of z is `q`: what the squared norm of a gradient is multiplied by on its way through A and W.
    pub fn chi(&self, q: f64) -> f64 {
        self.weight_variance * Self::derivative_square(q)
    }

    /// The q at which a deep stack that starts with q = 1 settles down: 0 where it fades out, infinity where it grows for ever.
    ///
    /// Where every q is a fixed point (ReLU at σw² = 2), that is 1 itself.
    pub fn fixed_point(&self) -> f64 {
        crossing(|q| self.next(q) - q).unwrap_or(f64::INFINITY)
    }

    /// √χ at the [fixed point](MeanField::fixed_point): what a layer deep in the network multiplies the norm of a gradient by.
    pub fn gradient_rate(&self) -> f64 {
        self.chi(self.fixed_point()).sqrt()
    }

    /// 1 / |ln χ| at the [fixed point](MeanField::fixed_point): the layers in which the squared norm of a gradient changes by a factor of e.
    /// Infinite at χ = 1.
    pub fn depth_scale(&self) -> f64 {
        self.chi(self.fixed_point()).ln().abs().recip()
    }

    /// q in each layer, the first of which has `q`: endless.
    pub fn variances(&self, q: f64) -> impl Iterator<Item = f64> {
        core::iter::successors(Some(q), |&q| Some(self.next(q)))
    }

    /// The squared norm of the gradient by the first layer's z, over that by the z `layers` further on: the product of the χ
    /// between them. The first layer's z has the variance `q`.
    pub fn gradient_ratio(&self, q: f64, layers: usize) -> f64 {
        self.variances(q).take(layers).map(|q| self.chi(q)).product()
    }

    /// E\[A(√q z)\], the mean of the layer's output.
    pub fn output_mean(q: f64) -> f64 {
        expectation(q, A::apply)
    }

    /// E\[A(√q z)²\], the mean square of the layer's output.
    pub fn output_square(q: f64) -> f64 {
        expectation(q, |x| A::apply(x).powi(2))
    }

    /// E\[A'(√q z)²\], the mean square of its derivative.
    pub fn derivative_square(q: f64) -> f64 {
        expectation(q, |x| A::derivative(x, A::apply(x)).powi(2))
    }
}

/// Where `excess` goes from positive, below, to negative, above: the place to which q = 1 moves when it follows the sign.
/// 0 where there is none below, `None` where there is none above, or `excess` is no number.
///
/// Places below 1e-12 count as 0, and above 1e15 as none.
fn crossing(excess: impl Fn(f64) -> f64) -> Option<f64> {
    // Quadrature tells no less than this from 0. Near 0 the excess may fall as q³, and far above 1 it may be a constant, both
    // below that: so an excess of 0 ends the way at its start only.
    let sign = |q: f64| {
        let excess = excess(q);
        if excess.abs() <= 1e-13 * q { 0.0 } else { excess }
    };
    let (mut low, mut high) = (1.0, 1.0);
    let start = sign(1.0);
    if start > 0.0 {
        while sign(high) >= 0.0 {
            (low, high) = (high, 2.0 * high);
            if high > 1e15 {
                return None;
            }
        }
    } else if start < 0.0 {
        while sign(low) <= 0.0 {
            (low, high) = (0.5 * low, low);
            if low < 1e-12 {
                return Some(0.0);
            }
        }
    } else {
        return (start == 0.0).then_some(1.0);
    }
    // A factor of 2, halved to the last digit.
    for _ in 0..53 {
        let middle = 0.5 * (low + high);
        if excess(middle) > 0.0 { low = middle } else { high = middle }
    }
    Some(0.5 * (low + high))
}

impl<A> Clone for MeanField<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for MeanField<A> {}

impl<A> PartialEq for MeanField<A> {
    fn eq(&self, other: &Self) -> bool {
        (self.weight_variance, self.bias_variance) == (other.weight_variance, other.bias_variance)
    }
}

impl<A> fmt::Debug for MeanField<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let activation = crate::error::short_type_name::<A>();
        write!(f, "MeanField<{activation}>({}, {})", self.weight_variance, self.bias_variance)
    }
}

use core::fmt;
use core::marker::PhantomData;

use super::expectation;
use crate::Error;
use crate::init::Initializer;
use crate::layer::Activation;

/// The mean field theory of a deep, infinitely wide random network.
///
/// Its layers are z = W A(z) + b, with W ~ N(0, `weight_variance` / fan-in) and b ~ N(0, `bias_variance`).
///
/// In this limit each number of z is normal, and its variance q describes a layer completely. From layer to layer
///
/// > q' = σw² E\[A(√q z)²\] + σb²
///
/// and in the backward pass each layer multiplies the squared norm of the gradient by
///
/// > χ = σw² E\[A'(√q z)²\]
///
/// This is the average of the chain rule's product: gradients vanish for χ < 1 and explode for χ > 1, exponentially in
/// depth. Networks of several hundred layers train only near χ = 1. The formula assumes that the W of the backward pass
/// are independent of those of the forward pass. This becomes exact with increasing width. At width n the squared norm
/// of a layer varies by about 1/√n.
///
/// # Source
/// Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli, "Exponential expressivity in deep neural networks through transient
/// chaos", NIPS 2016, eq. 3. Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", ICLR 2017,
/// eq. 5, 9, 14.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::theory::MeanField;
///
/// // With Glorot's initialization, each layer of sigmoid multiplies a gradient by 0.24.
/// let field = MeanField::<Sigmoid>::of(Initializer::glorot_uniform())?;
/// approx::assert_relative_eq!(field.gradient_rate(), 0.236, max_relative = 1e-3);
///
/// // He's initialization preserves the gradients of ReLU.
/// let edge = MeanField::<Relu>::critical(0.0).expect("ReLU without biases has an edge");
/// approx::assert_relative_eq!(edge.weight_variance(), 2.0, max_relative = 1e-12);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias = "mean field theory")]
#[doc(alias = "edge of chaos")]
#[doc(alias = "signal propagation")]
pub struct MeanField<A> {
    weight_variance: f64,
    bias_variance: f64,
    activation: PhantomData<fn() -> A>,
}

impl<A: Activation> MeanField<A> {
    /// Creates it from σw², the variance of a weight times fan-in, and σb², the variance of a bias.
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

    /// Creates it from the variances of an initializer, for layers with as many outputs as inputs.
    ///
    /// | scheme | σw² |
    /// |---|---|
    /// | Glorot | 1 |
    /// | He | 2 |
    /// | LeCun | 1 |
    /// | PyTorch's default, ±1/√fan-in, `pytorch()`, whose biases vanish in a wide layer | 1/3 |
    /// | orthogonal (not independent weights, but the same q and χ) | 1 |
    ///
    /// all times the square of the [gain](Initializer::gain). Constant weights are not random: their σw² is 0.
    ///
    /// # Errors
    /// [`Error::Setting`] for a gain or a deviation of the biases that is not finite, and for a scheme whose variance
    /// does not depend on the fan-in.
    pub fn of(initializer: Initializer) -> Result<Self, Error> {
        let [weight, bias] = initializer.variances();
        Self::new(weight, bias)
    }

    /// Returns the boundary between vanishing and exploding gradients for these biases: the σw² with χ = 1 at the
    /// [fixed point](MeanField::fixed_point).
    ///
    /// Returns `None` if there is no such σw². For example, GELU has none, and neither has ReLU with biases: where its
    /// χ is 1, q grows without bound. Also returns `None` for a bias variance that is negative or not finite.
    #[doc(alias = "edge of chaos")]
    pub fn critical(bias_variance: f64) -> Option<Self> {
        // With χ = 1, σw² is a function of q, and one equation for q remains.
        let weight_variance = |q: f64| Self::derivative_square(q).recip();
        let excess = |q: f64| weight_variance(q) * Self::output_square(q) + bias_variance - q;
        Self::new(0.0, bias_variance).ok()?;
        let q = crossing(excess)?;
        let critical = Self::new(weight_variance(q), bias_variance).ok()?;
        // From q = 1 the network may converge to another fixed point, with another χ.
        ((critical.chi(critical.fixed_point()) - 1.0).abs() < 1e-6).then_some(critical)
    }

    /// Computes σw²: the variance of a weight times fan-in.
    pub fn weight_variance(&self) -> f64 {
        self.weight_variance
    }

    /// Computes σb²: the variance of a bias.
    pub fn bias_variance(&self) -> f64 {
        self.bias_variance
    }

    /// Returns the variance of z in the first layer, for inputs whose mean square is `input_square`.
    pub fn first(&self, input_square: f64) -> f64 {
        self.weight_variance * input_square + self.bias_variance
    }

    /// Computes q', the variance of z in the layer after one with variance `q`.
    pub fn next(&self, q: f64) -> f64 {
        self.first(Self::output_square(q))
    }

    /// Computes χ for the variance `q` of z: the factor by which the backward pass through A and W multiplies the
    /// squared norm of a gradient.
    pub fn chi(&self, q: f64) -> f64 {
        self.weight_variance * Self::derivative_square(q)
    }

    /// Returns the q to which a deep stack converges from q = 1. It is 0 if activations vanish, and infinity if they
    /// grow without bound.
    ///
    /// If every q is a fixed point (ReLU at σw² = 2), it is 1.
    #[doc(alias = "length map")]
    pub fn fixed_point(&self) -> f64 {
        crossing(|q| self.next(q) - q).unwrap_or(f64::INFINITY)
    }

    /// Computes √χ at the [fixed point](MeanField::fixed_point): the factor by which a layer deep in the network
    /// multiplies the norm of a gradient.
    pub fn gradient_rate(&self) -> f64 {
        self.chi(self.fixed_point()).sqrt()
    }

    /// Computes 1 / |ln χ| at the [fixed point](MeanField::fixed_point): the number of layers over which the squared
    /// norm of a gradient changes by a factor of e. Infinite at χ = 1.
    #[doc(alias = "correlation length")]
    pub fn depth_scale(&self) -> f64 {
        self.chi(self.fixed_point()).ln().abs().recip()
    }

    /// Returns an infinite iterator over the q of each layer, starting with `q`.
    pub fn variances(&self, q: f64) -> impl Iterator<Item = f64> {
        core::iter::successors(Some(q), |&q| Some(self.next(q)))
    }

    /// Returns the squared norm of the gradient with respect to the z of the first layer, divided by the one with
    /// respect to the z `layers` layers later. It is the product of the χ between them. The z of the first layer has
    /// the variance `q`.
    pub fn gradient_ratio(&self, q: f64, layers: usize) -> f64 {
        self.variances(q).take(layers).map(|q| self.chi(q)).product()
    }

    /// Computes E\[A(√q z)\], the mean of the layer's output.
    pub fn output_mean(q: f64) -> f64 {
        expectation(q, A::apply)
    }

    /// Computes E\[A(√q z)²\], the mean square of the layer's output.
    pub fn output_square(q: f64) -> f64 {
        expectation(q, |x| A::apply(x).powi(2))
    }

    /// Computes E\[A'(√q z)²\], the mean square of its derivative.
    pub fn derivative_square(q: f64) -> f64 {
        expectation(q, |x| A::derivative(x, A::apply(x)).powi(2))
    }
}

/// Returns the zero of `excess` to which q = 1 moves: `excess` is positive below it and negative above it. It is 0 if
/// there is no zero below. It is `None` if there is none above, or if `excess` is NaN.
///
/// Zeros below 1e-12 count as 0, and zeros above 1e15 as none.
fn crossing(excess: impl Fn(f64) -> f64) -> Option<f64> {
    // The quadrature cannot distinguish smaller numbers from 0. Near 0 the excess may fall as q³. Far above 1 it may be
    // a constant. Both are smaller than that, so an excess of 0 ends the search only at its start.
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
    // Bisects within a factor of 2, down to the last digit.
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

/// What a layer contributes to the chain rule's product,
/// dR/dW(n-k) = dR/dA(n) · ∏ g'(Z(i)) · ∏ W(j) · dZ(n-k)/dW(n-k) (Hochreiter 1991; Bengio, Simard, Frasconi 1994).
///
/// Gradient flow uses it to say which of the factors makes a gradient vanish or explode.
///
/// # Examples
/// ```
/// use chainrule::layer::Factor;
/// use chainrule::prelude::*;
///
/// assert_eq!(<Linear<4, 3> as Layer<Vector<4>>>::PLAN.factor, Factor::Weights);
/// assert_eq!(<Relu as Layer<Vector<3>>>::PLAN.factor, Factor::Activation { max_derivative: 1.0 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "flow", derive(serde::Serialize))]
pub enum Factor {
    /// W: a linear map of its input, plus a bias.
    Weights,
    /// g'(Z): a function of each number separately, which saves nothing.
    Activation {
        /// The largest |g'|. Saturation is measured relative to it.
        max_derivative: f64,
    },
    /// Several factors: layers one after the other.
    Product,
    /// A sum of products: parallel layers on the same input, such as a skip connection.
    Sum,
    /// Anything else: pooling, norms, dropout.
    Other,
}

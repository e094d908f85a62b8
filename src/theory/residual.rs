use super::MeanField;
use crate::layer::Activation;

/// The mean field theory of a deep, infinitely wide stack of residual blocks x + V A(W x + b).
///
/// W and b are as in the [`MeanField`] of the branch, and V ~ N(0, `scale` / fan-in).
///
/// V has mean 0, so the squares of skip connection and branch add up. Let s be the mean square of the stream x. Then
///
/// > s' = s + scale · E\[A(√q z)²\],  q = σw² s + σb²
///
/// and a block multiplies the squared norm of a gradient, from its output to its input, by
///
/// > 1 + scale · χ,  χ = σw² E\[A'(√q z)²\]
///
/// where the 1 is the term of the skip connection, which has no factors W and g'. With ReLU and He's σw² = 2, χ is 1
/// for every q, and both the stream and the gradient grow by (1 + scale)^blocks. With an A that saturates, the branch
/// adds at most a constant to s. Then s grows in proportion to the number of blocks, χ falls as 1/√s, and the logarithm
/// of the gradient's growth is proportional to √blocks. This is why gradients do not vanish in such stacks at any
/// depth.
///
/// # Source
/// Yang & Schoenholz, "Mean field residual networks: on the edge of chaos", NIPS 2017.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::theory::{MeanField, ResidualField};
///
/// // x + a W₂ relu(W₁ x) with a² = 1/50: 50 blocks multiply squared norms by 1.02⁵⁰.
/// let field = ResidualField { branch: MeanField::<Relu>::of(Initializer::he_normal())?, scale: 0.02 };
/// approx::assert_relative_eq!(field.gradient_growth(1.0, 50), 2.6916, max_relative = 1e-4);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias = "mean field theory")]
#[doc(alias = "skip connection")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResidualField<A> {
    /// W, b and A.
    pub branch: MeanField<A>,
    /// The variance of a weight of V times its fan-in. If V is multiplied by a constant, multiply this by the square of
    /// the constant.
    pub scale: f64,
}

impl<A: Activation> ResidualField<A> {
    /// Computes s', the mean square of the stream after a block, from the mean square `square` before it.
    pub fn next(&self, square: f64) -> f64 {
        square + self.scale * MeanField::<A>::output_square(self.branch.first(square))
    }

    /// Returns the factor by which the backward pass of a block multiplies the squared norm of a gradient, if the
    /// stream has the mean square `square` before the block.
    pub fn chi(&self, square: f64) -> f64 {
        1.0 + self.scale * self.branch.chi(self.branch.first(square))
    }

    /// Returns the squared norm of the gradient with respect to the input of the first block, divided by the one with
    /// respect to the output of the last. `square` is the mean square of the first block's input.
    pub fn gradient_growth(&self, square: f64, blocks: usize) -> f64 {
        core::iter::successors(Some(square), |&square| Some(self.next(square)))
            .take(blocks)
            .map(|square| self.chi(square))
            .product()
    }
}

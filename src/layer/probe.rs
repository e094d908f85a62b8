use super::{Layer, Segment};
use crate::tensor::Tensor;

/// Watches the backward pass go by, layer by layer: the chain rule's product, factor by factor.
///
/// Layers made of layers (tuples, arrays, [`Residual`](crate::stack::Residual), [`Concat`](crate::stack::Concat)) call it around each of their children;
/// leaf layers know nothing of it. [`NoProbe`] compiles away.
///
/// A whole network is shown by [`Network::loss_gradient_with`](crate::Network::loss_gradient_with): it is left last, and was
/// never entered.
pub trait Probe {
    /// Whether the gradient by the network's own input is wanted, which training has no use for.
    const WANTS_INPUT_GRAD: bool = true;

    /// The backward pass goes down into the child of this name.
    fn enter<X: Tensor, L: Layer<X>>(&mut self, name: Segment);

    /// The backward pass has gone through that child.
    fn leave<X: Tensor, L: Layer<X>>(&mut self, seen: Seen<'_, X, L>);
}

/// What went into a layer's backward pass, and what came out of it.
pub struct Seen<'a, X: Tensor, L: Layer<X>> {
    /// The layer itself.
    pub layer: &'a L,
    /// Its input in the forward pass.
    pub input: &'a [X],
    /// Its output in the forward pass.
    pub output: &'a [L::Output],
    /// dR/d`output`.
    pub output_grad: &'a [L::Output],
    /// dR/d`input`; `None` where nobody needed it.
    pub input_grad: Option<&'a [X]>,
    /// dR/dW, for each parameter W of the layer.
    pub gradient: &'a L,
}

/// Watches nothing, at no cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    const WANTS_INPUT_GRAD: bool = false;

    #[inline(always)]
    fn enter<X: Tensor, L: Layer<X>>(&mut self, _: Segment) {}

    #[inline(always)]
    fn leave<X: Tensor, L: Layer<X>>(&mut self, _: Seen<'_, X, L>) {}
}

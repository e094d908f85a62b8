use bytemuck::Pod;
use chainrule_parameters::Parameters;

use super::Layer;
use crate::tensor::Sample;

/// A layer at the place `PLACE` of a stack, where an `X` arrives: every [`Layer<X>`](Layer), at every place.
///
/// Stacks ask for this trait instead of `Layer<X>`, because the compiler's message can then say which of their layers is
/// wrong. `#[derive(Parameters)]` implements it. `Layer<X>` is not its supertrait, because the compiler would then report
/// that trait and not show the place; [`Layer`](At::Layer) is the layer itself.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{Self}`, cannot take `{X}` as its input",
    label = "`{X}` arrives at layer {PLACE}, `{Self}`",
    note = "each layer takes what the one before it gives, and layers are counted from 0"
)]
pub trait At<const PLACE: usize, X: Sample>: Parameters {
    /// `Self`.
    type Layer: Layer<X, Output = Self::Output>;

    /// The layer's output.
    type Output: Sample + Pod;

    /// Returns the layer.
    fn layer(&self) -> &Self::Layer;

    /// Returns the layer.
    fn layer_mut(&mut self) -> &mut Self::Layer;
}

/// An input of the layer `L` at the place `PLACE` of a stack: every sample for which `L` is [`At<PLACE, X>`](At).
///
/// The bounds of a stack are on the samples. If a layer is wrong, its output is not known; the compiler then does not
/// look at the layers after it, and reports one error.
pub trait InputAt<const PLACE: usize, L>: Sample {
    /// `L`.
    type Layer: Layer<Self, Output = Self::Output>;

    /// The layer's output.
    type Output: Sample + Pod;

    /// Returns the layer.
    fn layer(layer: &L) -> &Self::Layer;

    /// Returns the layer.
    fn layer_mut(layer: &mut L) -> &mut Self::Layer;
}

// `L::Is` is `L`, unless that is not a layer.
impl<const PLACE: usize, X: Sample, L: Parameters> InputAt<PLACE, L> for X
where
    L::Is: At<PLACE, X>,
{
    type Layer = <L::Is as At<PLACE, X>>::Layer;
    type Output = <L::Is as At<PLACE, X>>::Output;

    #[inline(always)]
    fn layer(layer: &L) -> &Self::Layer {
        At::layer(layer)
    }

    #[inline(always)]
    fn layer_mut(layer: &mut L) -> &mut Self::Layer {
        At::layer_mut(layer)
    }
}

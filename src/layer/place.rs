use bytemuck::Pod;
use chainrule_parameters::Parameters;

use super::Layer;
use crate::tensor::Sample;

/// A layer at the place `PLACE` of a stack, with the input `X`. Every [`Layer<X>`](Layer) implements it for every
/// place.
///
/// Stacks require this trait instead of `Layer<X>`, so that the compiler's message can name the place of the wrong
/// layer. `#[derive(Parameters)]` implements it. `Layer<X>` is not its supertrait, because the compiler would then
/// report an error about that trait, without the place. [`Layer`](At::Layer) is the layer itself.
#[diagnostic::on_unimplemented(
    message = "layer {PLACE} of this stack, `{Self}`, cannot take `{X}` as its input",
    label = "`{X}` arrives at layer {PLACE}, `{Self}`",
    note = "the input of a layer is the output of the layer before it; layers are counted from 0"
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

/// An input of the layer `L` at the place `PLACE` of a stack: a sample `X` for which `L` is [`At<PLACE, X>`](At).
///
/// The bounds of a stack are on the samples. If a layer is wrong, the compiler does not know its output. It then does
/// not check the layers after it, and reports one error.
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

// `L::Is` is `L` if `L` is a layer, and unknown otherwise.
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

/// Implements `At` for a layer with checks that have their own messages. For an input `$X`, the compiler reports the
/// error of the check, and for another input that of `At`. (With `#[diagnostic::do_not_recommend]`, which the derive
/// writes, it would report that of `At` for both.)
macro_rules! at_input {
    ([$($generics:tt)*] $layer:ty, $X:ty) => {
        impl<const PLACE: usize, $($generics)*> $crate::layer::At<PLACE, $X> for $layer
        where
            Self: $crate::layer::Layer<$X>,
        {
            type Layer = Self;
            type Output = <Self as $crate::layer::Layer<$X>>::Output;
            #[inline(always)]
            fn layer(&self) -> &Self {
                self
            }
            #[inline(always)]
            fn layer_mut(&mut self) -> &mut Self {
                self
            }
        }
    };
}
pub(crate) use at_input;

/// A generic type. [`Of<N>`](Wrapper::Of) is the type for a network `N`.
#[doc(hidden)]
pub trait Wrapper {
    type Of<N>;
}

/// The network itself, without a wrapper.
#[doc(hidden)]
#[derive(Debug)]
pub struct Bare;

impl Wrapper for Bare {
    type Of<N> = N;
}

/// An input of the network or layer `N`. The bound is on the sample, so that the compiler checks `N` only after it has
/// inferred the sample.
#[doc(hidden)]
pub trait TakenBy<N>: Sample {
    /// `N`.
    type Network: Layer<Self, Output = Self::Output>;
    type Output: Sample + Pod;
    fn network<W: Wrapper>(network: &W::Of<N>) -> &W::Of<Self::Network>;
    fn network_mut<W: Wrapper>(network: &mut W::Of<N>) -> &mut W::Of<Self::Network>;
}

impl<X: Sample, N: Parameters<Is: Layer<X>>> TakenBy<N> for X {
    type Network = N::Is;
    type Output = <N::Is as Layer<X>>::Output;
    fn network<W: Wrapper>(network: &W::Of<N>) -> &W::Of<N::Is> {
        network
    }
    fn network_mut<W: Wrapper>(network: &mut W::Of<N>) -> &mut W::Of<N::Is> {
        network
    }
}

/// The result of a check in the bounds of an [`At`] that succeeds.
#[doc(hidden)]
#[derive(Debug)]
pub struct Passed;

/// The layer `L` with the input `X`, after a check. [`Passed`] implements it. If the check fails, the compiler does
/// not know its result, does not check the layer, and reports only the message of the check.
#[doc(hidden)]
pub trait Then<X: Sample, L> {
    /// `L`.
    type Layer: Layer<X, Output = Self::Output>;
    type Output: Sample + Pod;
    fn layer(layer: &L) -> &Self::Layer;
    fn layer_mut(layer: &mut L) -> &mut Self::Layer;
}

impl<X: TakenBy<L>, L> Then<X, L> for Passed {
    type Layer = X::Network;
    type Output = X::Output;
    fn layer(layer: &L) -> &X::Network {
        X::network::<Bare>(layer)
    }
    fn layer_mut(layer: &mut L) -> &mut X::Network {
        X::network_mut::<Bare>(layer)
    }
}

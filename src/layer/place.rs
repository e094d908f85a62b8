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

/// Implements `At` for a layer with checks that have messages: the compiler's error for a `$X` is theirs, and for another
/// input that of `At`. (Below `#[diagnostic::do_not_recommend]`, which the derive writes, it would be that of `At` for
/// both.)
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

/// A generic type: [`Of<N>`](Wrapper::Of) is that type for a network `N`.
#[doc(hidden)]
pub trait Wrapper {
    type Of<N>;
}

/// The network itself.
#[doc(hidden)]
#[derive(Debug)]
pub struct Bare;

impl Wrapper for Bare {
    type Of<N> = N;
}

/// A sample that the network or layer `N` takes. The bound is on the sample, so that the compiler looks at `N` only when
/// it knows the sample.
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

/// The result of a check in the bounds of an [`At`]: that of one that holds.
#[doc(hidden)]
#[derive(Debug)]
pub struct Passed;

/// The layer `L`, which takes `X`, after a check. [`Passed`] implements it. The result of a check that fails is not known,
/// so the compiler does not look at the layer, and the message of the check is the only one.
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

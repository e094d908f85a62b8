//! Layers without the sizes of their input. They are never part of a network: [`Infer`](super::Infer) replaces each of
//! them by the layer with its sizes.

use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::After;
use crate::kernel::Real;
use crate::layer::{
    AffineOf, At, Backward, BatchNorm, Bias, Dense, Epsilon, GainAndBias, GroupNorm, Layer, LayerNorm,
    Linear, MachineEpsilon, Mode, NoBias, NormSettings, RmsNorm, WorkspaceMut,
};
use crate::tensor::{Image, Sample, Sequence, Tensor, Vector};

/// The setting for layers with a bias, the default. [`NoBias`] is the setting for layers without.
///
/// # Examples
/// ```
/// use chainrule::infer::WithBias;
/// use chainrule::prelude::*;
/// let net: Owned<Linear<2, 4>> = Infer::<Vector<2>, LinearTo<4, WithBias>>::init(&mut rng(0)); // as `LinearTo<4>`
/// ```
#[derive(Clone, Copy, Debug)]
pub struct WithBias;

/// Whether a layer with the output `Out` has a bias: [`WithBias`] or [`NoBias`].
/// See the example of [`LinearTo`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting for the bias of a layer",
    label = "expected `WithBias` or `NoBias`",
    note = "leave the setting out for a layer with a bias, or write `NoBias`"
)]
pub trait BiasOf<Out: Tensor>: 'static {
    /// The type of the bias: `Out`, or [`NoBias`].
    type Bias: Bias<Out>;
}

impl<Out: Tensor> BiasOf<Out> for WithBias {
    type Bias = Out;
}

impl<Out: Tensor> BiasOf<Out> for NoBias {
    type Bias = NoBias;
}

/// A layer that has all of its sizes. No layer of this file implements it.
#[diagnostic::on_unimplemented(
    message = "`{L}` has no input size: it can only be used inside `Infer`, which computes the size",
    label = "`{X}` arrives at `{L}`, which is not a layer by itself",
    note = "write the network as `Infer<Input, (..)>`, where `Input` is the type of its inputs, or write `#[infer]` above the struct in `network!`"
)]
#[doc(hidden)]
pub trait HasSizes<L, X> {
    /// The output of the layer.
    type Output: Sample + bytemuck::Pod;
}

/// Implements [`Layer`] with a bound that is never satisfied: its error says that the network needs `Infer`.
macro_rules! without_sizes {
    ([$($generics:tt)*] $layer:ty) => {
        impl<X: Sample, $($generics)*> Layer<X> for $layer
        where
            (): HasSizes<$layer, X>,
        {
            type Output = <() as HasSizes<$layer, X>>::Output;
            fn forward(&self, _: &[X], _: &mut [Self::Output], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {}
            fn backward(&self, _: Backward<'_, X, Self>) {}
        }
    };
}
pub(super) use without_sizes;

/// A linear layer with `OUT` outputs. It becomes a [`Linear`] on a vector. On a sequence or an image it becomes a
/// [`Dense`], without flattening and for any size.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Image<3, 224, 224>, (LinearTo<16>, Relu, LinearTo<10, NoBias>)>;
/// type Same = (Dense<Image<3, 224, 224>, Vector<16>>, Relu, Linear<16, 10, f32, NoBias>);
/// let net: Owned<Same> = Net::init(&mut rng(0));
/// ```
#[doc(alias("LazyLinear", "nn.LazyLinear", "fully connected"))]
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct LinearTo<const OUT: usize, B: 'static = WithBias> {
    #[parameter(skip)]
    bias: PhantomData<fn() -> B>,
}

/// A linear layer to any shape, such as `DenseTo<Image<1, 8, 8>>`. It becomes a [`Dense`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Vector<32>, DenseTo<Image<1, 8, 8>>>;
/// let net: Owned<Dense<Vector<32>, Image<1, 8, 8>>> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct DenseTo<Out: Tensor, B: 'static = WithBias> {
    #[parameter(skip)]
    to: PhantomData<fn() -> (Out, B)>,
}

/// Batch normalization of the features or channels of its input. It becomes a [`BatchNorm`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Image<3, 8, 8>, (ConvTo<16, 3>, AutoBatchNorm)>;
/// let net: Owned<(Conv2d<3, 16, 3>, BatchNorm<16>)> = Net::init(&mut rng(0));
///
/// type Same = Infer<Vector<4>, AutoBatchNorm<Epsilon<1, 1000>>>;
/// let norm: Owned<BatchNorm<4, f32, Epsilon<1, 1000>>> = Same::init(&mut rng(0));
/// ```
#[doc(alias("LazyBatchNorm1d", "LazyBatchNorm2d"))]
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoBatchNorm<S: NormSettings = Epsilon, A: 'static = GainAndBias> {
    #[parameter(skip)]
    settings: PhantomData<fn() -> (S, A)>,
}

/// Layer normalization of a vector, of each step of a sequence, or of an image. It becomes a [`LayerNorm`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Sequence<5, 8>, AutoLayerNorm>;
/// let net: Owned<LayerNorm<Vector<8>>> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoLayerNorm<S: NormSettings = Epsilon, A: 'static = GainAndBias> {
    #[parameter(skip)]
    settings: PhantomData<fn() -> (S, A)>,
}

/// RMS normalization of a vector, of each step of a sequence, or of an image. It becomes an [`RmsNorm`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Vector<8>, AutoRmsNorm>;
/// let net: Owned<RmsNorm<Vector<8>>> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoRmsNorm<S: NormSettings = MachineEpsilon, A: 'static = NoBias> {
    #[parameter(skip)]
    settings: PhantomData<fn() -> (S, A)>,
}

/// Normalization of the features or channels of its input, in `GROUPS` groups. It becomes a [`GroupNorm`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Image<8, 4, 4>, AutoGroupNorm<2>>;
/// let net: Owned<GroupNorm<2, 8>> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoGroupNorm<const GROUPS: usize, S: NormSettings = Epsilon, A: 'static = GainAndBias> {
    #[parameter(skip)]
    settings: PhantomData<fn() -> (S, A)>,
}

/// Implements [`After`] for a layer without its sizes: the layer that it becomes on each input shape.
macro_rules! becomes {
    ($([$($generics:tt)*] $written:ty, behind $X:ty: $layer:ty;)+) => {$(
        impl<const PLACE: usize, $($generics)*> After<PLACE, $X> for $written
        where
            $layer: At<PLACE, $X>,
        {
            type Layer = <$layer as At<PLACE, $X>>::Layer;
        }
    )+};
}
pub(super) use becomes;

becomes! {
    [const IN: usize, const OUT: usize, T: Real, B: BiasOf<Vector<OUT, T>>]
    LinearTo<OUT, B>, behind Vector<IN, T>: Linear<IN, OUT, T, B::Bias>;

    [const OUT: usize, const STEPS: usize, const IN: usize, T: Real, B: BiasOf<Vector<OUT, T>>]
    LinearTo<OUT, B>, behind Sequence<STEPS, IN, T>: Dense<Sequence<STEPS, IN, T>, Vector<OUT, T>, B::Bias>;

    [const OUT: usize, const C: usize, const H: usize, const W: usize, T: Real, B: BiasOf<Vector<OUT, T>>]
    LinearTo<OUT, B>, behind Image<C, H, W, T>: Dense<Image<C, H, W, T>, Vector<OUT, T>, B::Bias>;

    [X: Tensor, Out: Tensor, B: BiasOf<Out>]
    DenseTo<Out, B>, behind X: Dense<X, Out, B::Bias>;

    [const N: usize, T: Real, S: NormSettings, A: AffineOf<Vector<N, T>>]
    AutoBatchNorm<S, A>, behind Vector<N, T>: BatchNorm<N, T, S, A>;

    [const STEPS: usize, const N: usize, T: Real, S: NormSettings, A: AffineOf<Vector<N, T>>]
    AutoBatchNorm<S, A>, behind Sequence<STEPS, N, T>: BatchNorm<N, T, S, A>;

    [const C: usize, const H: usize, const W: usize, T: Real, S: NormSettings, A: AffineOf<Vector<C, T>>]
    AutoBatchNorm<S, A>, behind Image<C, H, W, T>: BatchNorm<C, T, S, A>;

    [const N: usize, T: Real, S: NormSettings, A: AffineOf<Vector<N, T>>]
    AutoLayerNorm<S, A>, behind Vector<N, T>: LayerNorm<Vector<N, T>, S, A>;

    [const STEPS: usize, const N: usize, T: Real, S: NormSettings, A: AffineOf<Vector<N, T>>]
    AutoLayerNorm<S, A>, behind Sequence<STEPS, N, T>: LayerNorm<Vector<N, T>, S, A>;

    [const C: usize, const H: usize, const W: usize, T: Real, S: NormSettings, A: AffineOf<Image<C, H, W, T>>]
    AutoLayerNorm<S, A>, behind Image<C, H, W, T>: LayerNorm<Image<C, H, W, T>, S, A>;

    [const N: usize, T: Real, S: NormSettings, A: AffineOf<Vector<N, T>, Bias = NoBias>]
    AutoRmsNorm<S, A>, behind Vector<N, T>: RmsNorm<Vector<N, T>, S, A>;

    [const STEPS: usize, const N: usize, T: Real, S: NormSettings, A: AffineOf<Vector<N, T>, Bias = NoBias>]
    AutoRmsNorm<S, A>, behind Sequence<STEPS, N, T>: RmsNorm<Vector<N, T>, S, A>;

    [const C: usize, const H: usize, const W: usize, T: Real, S: NormSettings, A: AffineOf<Image<C, H, W, T>, Bias = NoBias>]
    AutoRmsNorm<S, A>, behind Image<C, H, W, T>: RmsNorm<Image<C, H, W, T>, S, A>;

    [const GROUPS: usize, const C: usize, const H: usize, const W: usize, T: Real, S: NormSettings,
     A: AffineOf<Vector<C, T>>]
    AutoGroupNorm<GROUPS, S, A>, behind Image<C, H, W, T>: GroupNorm<GROUPS, C, T, S, A>;

    [const GROUPS: usize, const STEPS: usize, const C: usize, T: Real, S: NormSettings, A: AffineOf<Vector<C, T>>]
    AutoGroupNorm<GROUPS, S, A>, behind Sequence<STEPS, C, T>: GroupNorm<GROUPS, C, T, S, A>;

    [const GROUPS: usize, const C: usize, T: Real, S: NormSettings, A: AffineOf<Vector<C, T>>]
    AutoGroupNorm<GROUPS, S, A>, behind Vector<C, T>: GroupNorm<GROUPS, C, T, S, A>;
}

without_sizes!([const OUT: usize, B: 'static] LinearTo<OUT, B>);
without_sizes!([Out: Tensor, B: 'static] DenseTo<Out, B>);
without_sizes!([S: NormSettings, A: 'static] AutoBatchNorm<S, A>);
without_sizes!([S: NormSettings, A: 'static] AutoLayerNorm<S, A>);
without_sizes!([S: NormSettings, A: 'static] AutoRmsNorm<S, A>);
without_sizes!([const GROUPS: usize, S: NormSettings, A: 'static] AutoGroupNorm<GROUPS, S, A>);

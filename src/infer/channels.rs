//! Layers with parameters for each channel, without the number of channels.

use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::After;
use super::sizeless::{HasSizes, becomes, without_sizes};
use crate::kernel::Real;
use crate::layer::{Affine, AffineOf, At, Backward, ChannelPRelu, GainAndBias, Layer, Mode, WorkspaceMut};
use crate::tensor::{Image, Sample, Sequence, Vector};

/// A leaky ReLU with a trained slope for each feature or channel of its input. It becomes a [`ChannelPRelu`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Image<8, 4, 4>, AutoChannelPRelu>;
/// let net: Owned<ChannelPRelu<8>> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoChannelPRelu;

/// A trained factor and summand for each feature or channel of its input. It becomes an [`Affine`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Sequence<5, 8>, AutoAffine<NoBias>>;
/// let net: Owned<Affine<8, f32, NoBias>> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoAffine<A: 'static = GainAndBias> {
    #[parameter(skip)]
    trained: PhantomData<fn() -> A>,
}

becomes! {
    [const C: usize, T: Real] AutoChannelPRelu, behind Vector<C, T>: ChannelPRelu<C, T>;

    [const STEPS: usize, const C: usize, T: Real]
    AutoChannelPRelu, behind Sequence<STEPS, C, T>: ChannelPRelu<C, T>;

    [const C: usize, const H: usize, const W: usize, T: Real]
    AutoChannelPRelu, behind Image<C, H, W, T>: ChannelPRelu<C, T>;

    [const C: usize, T: Real, A: AffineOf<Vector<C, T>>] AutoAffine<A>, behind Vector<C, T>: Affine<C, T, A>;

    [const STEPS: usize, const C: usize, T: Real, A: AffineOf<Vector<C, T>>]
    AutoAffine<A>, behind Sequence<STEPS, C, T>: Affine<C, T, A>;

    [const C: usize, const H: usize, const W: usize, T: Real, A: AffineOf<Vector<C, T>>]
    AutoAffine<A>, behind Image<C, H, W, T>: Affine<C, T, A>;
}

without_sizes!([] AutoChannelPRelu);
without_sizes!([A: 'static] AutoAffine<A>);

//! Convolutions without the channels of their input.

use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::sizeless::{becomes, without_sizes};
use super::{After, BiasOf, HasSizes, WithBias};
use crate::kernel::Real;
use crate::layer::{
    At, Backward, Conv1d, Conv1dWith, Conv2d, Conv2dWith, DepthwiseConv2d, Layer, Mode, PixelSettings, Plain,
    StepSettings, Transposed, TransposedConv1d, TransposedConv1dWith, TransposedConv2d, TransposedConv2dWith,
    WindowSettings, WorkspaceMut,
};
use crate::tensor::{Image, Sample, Sequence, Vector};

/// A convolution with `OUT` output channels and windows of `K`. It becomes a [`Conv2d`] on an image, or a [`Conv1d`] on
/// a sequence.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Sequence<20, 3>, (ConvTo<8, 5>, ConvTo<4, 3, 1, 1, NoBias>)>;
/// let net: Owned<(Conv1d<3, 8, 5>, Conv1d<8, 4, 3, 1, 1, f32, NoBias>)> = Net::init(&mut rng(0));
/// ```
#[doc(alias("LazyConv2d", "LazyConv1d", "nn.LazyConv2d"))]
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct ConvTo<
    const OUT: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PAD: usize = 0,
    B: 'static = WithBias,
> {
    #[parameter(skip)]
    bias: PhantomData<fn() -> B>,
}

/// A convolution with `OUT` output channels and settings. It becomes a [`Conv2dWith`] on an image, or a [`Conv1dWith`]
/// on a sequence.
///
/// ```
/// use chainrule::prelude::*;
/// type Layers = (ConvToWith<8, (Kernel<1, 3>, Same)>, ConvToWith<8, (Kernel<3>, Groups<8>), NoBias>);
/// type Net = Infer<Image<4, 9, 9>, Layers>;
/// type Written = (Conv2dWith<4, 8, (Kernel<1, 3>, Same)>, Conv2dWith<8, 8, (Kernel<3>, Groups<8>), f32, NoBias>);
/// let net: Owned<Written> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct ConvToWith<const OUT: usize, S: WindowSettings, B: 'static = WithBias> {
    #[parameter(skip)]
    bias: PhantomData<fn() -> (S, B)>,
}

/// A transposed convolution with `OUT` output channels. It becomes a [`TransposedConv2d`] on an image, or a
/// [`TransposedConv1d`] on a sequence.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Image<8, 4, 4>, TransposedConvTo<4, 2, 2>>;
/// let net: Owned<TransposedConv2d<8, 4, 2, 2>> = Net::init(&mut rng(0));
/// ```
#[doc(alias("LazyConvTranspose2d", "deconvolution", "nn.LazyConvTranspose2d"))]
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct TransposedConvTo<
    const OUT: usize,
    const K: usize,
    const STRIDE: usize = 1,
    const PAD: usize = 0,
    B: 'static = WithBias,
> {
    #[parameter(skip)]
    bias: PhantomData<fn() -> B>,
}

/// A transposed convolution with `OUT` output channels and settings. It becomes a [`TransposedConv2dWith`] on an image,
/// or a [`TransposedConv1dWith`] on a sequence.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Sequence<10, 8>, TransposedConvToWith<4, (Kernel<4>, Stride<2>, Causal)>>;
/// let net: Owned<TransposedConv1dWith<8, 4, (Kernel<4>, Stride<2>, Causal)>> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct TransposedConvToWith<const OUT: usize, S: WindowSettings, B: 'static = WithBias> {
    #[parameter(skip)]
    bias: PhantomData<fn() -> (S, B)>,
}

/// A separate convolution of each channel of its input. It becomes a [`DepthwiseConv2d`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Image<8, 6, 6>, (AutoDepthwiseConv2d<3, 1, 1>, ConvTo<16, 1>)>;
/// let net: Owned<(DepthwiseConv2d<8, 3, 1, 1>, Conv2d<8, 16, 1>)> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoDepthwiseConv2d<
    const K: usize,
    const STRIDE: usize = 1,
    const PAD: usize = 0,
    B: 'static = WithBias,
> {
    #[parameter(skip)]
    bias: PhantomData<fn() -> B>,
}

becomes! {
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, const STEPS: usize, T: Real,
     B: BiasOf<Vector<OUT, T>>]
    ConvTo<OUT, K, S, P, B>, behind Sequence<STEPS, IN, T>: Conv1d<IN, OUT, K, S, P, T, B::Bias>;

    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, const H: usize, const W: usize,
     T: Real, B: BiasOf<Vector<OUT, T>>]
    ConvTo<OUT, K, S, P, B>, behind Image<IN, H, W, T>: Conv2d<IN, OUT, K, S, P, T, B::Bias>;

    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, const H: usize, const W: usize,
     T: Real, B: BiasOf<Vector<OUT, T>>]
    TransposedConvTo<OUT, K, S, P, B>, behind Image<IN, H, W, T>: TransposedConv2d<IN, OUT, K, S, P, T, B::Bias>;

    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, const STEPS: usize, T: Real,
     B: BiasOf<Vector<OUT, T>>]
    TransposedConvTo<OUT, K, S, P, B>, behind Sequence<STEPS, IN, T>: TransposedConv1d<IN, OUT, K, S, P, T, B::Bias>;

    [const IN: usize, const OUT: usize, S: StepSettings<Plain, IN, OUT>, const STEPS: usize, T: Real,
     B: BiasOf<Vector<OUT, T>>]
    ConvToWith<OUT, S, B>, behind Sequence<STEPS, IN, T>: Conv1dWith<IN, OUT, S, T, B::Bias>;

    [const IN: usize, const OUT: usize, S: PixelSettings<Plain, IN, OUT>, const H: usize, const W: usize, T: Real,
     B: BiasOf<Vector<OUT, T>>]
    ConvToWith<OUT, S, B>, behind Image<IN, H, W, T>: Conv2dWith<IN, OUT, S, T, B::Bias>;

    [const IN: usize, const OUT: usize, S: StepSettings<Transposed, OUT, IN>, const STEPS: usize, T: Real,
     B: BiasOf<Vector<OUT, T>>]
    TransposedConvToWith<OUT, S, B>, behind Sequence<STEPS, IN, T>: TransposedConv1dWith<IN, OUT, S, T, B::Bias>;

    [const IN: usize, const OUT: usize, S: PixelSettings<Transposed, OUT, IN>, const H: usize, const W: usize, T: Real,
     B: BiasOf<Vector<OUT, T>>]
    TransposedConvToWith<OUT, S, B>, behind Image<IN, H, W, T>: TransposedConv2dWith<IN, OUT, S, T, B::Bias>;

    [const C: usize, const K: usize, const S: usize, const P: usize, const H: usize, const W: usize, T: Real,
     B: BiasOf<Vector<C, T>>]
    AutoDepthwiseConv2d<K, S, P, B>, behind Image<C, H, W, T>: DepthwiseConv2d<C, K, S, P, T, B::Bias>;
}

without_sizes!([const OUT: usize, const K: usize, const S: usize, const P: usize, B: 'static] ConvTo<OUT, K, S, P, B>);
without_sizes!(
    [const OUT: usize, const K: usize, const S: usize, const P: usize, B: 'static]
    TransposedConvTo<OUT, K, S, P, B>
);
without_sizes!([const OUT: usize, S: WindowSettings, B: 'static] ConvToWith<OUT, S, B>);
without_sizes!([const OUT: usize, S: WindowSettings, B: 'static] TransposedConvToWith<OUT, S, B>);
without_sizes!([const K: usize, const S: usize, const P: usize, B: 'static] AutoDepthwiseConv2d<K, S, P, B>);

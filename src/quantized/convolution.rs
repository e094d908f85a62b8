use chainrule_kernel::Windows;
use chainrule_kernel::int8::{Channel, Order, Products, Weights};
use chainrule_parameters::Parameters;

use super::weights::{Real, bias_at, buffers};
use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{
    Bias, Conv1d, Conv1dWith, Conv2d, Conv2dWith, DepthwiseConv2d, Layer, PixelSettings, Pixels, Plain,
    StepSettings, StepWindows, WeightFields, WindowSettings,
};
use crate::tensor::{Image, Sequence, Tensor, Vector, len};

/// Implements [`Quantize`] for a convolution, from its int8 weights, the number of its output channels, its windows,
/// the order of its output, and the places of its weights.
macro_rules! convolution {
    (
        [$($generics:tt)*] $layer:ty, $X:ty, $Weights:ty, $outputs:ident, $windows:expr, $order:expr,
        $index:expr
    ) => {
        impl<$($generics)*, Y: Tensor<Scalar = f32>, B: Bias<Vector<$outputs>>> Quantize<$X> for $layer
        where
            Self: Layer<$X, Output = Y>,
        {
            /// The window of each output channel.
            type Int8 = Weights<$Weights, [Channel; $outputs]>;
            type Ranges = Interval;
            const BUFFERS: Buffers = {
                let windows: Windows = $windows;
                buffers(len::<$X>(), len::<Y>(), size_of::<$Weights>() / $outputs)
                    .with_scratch(Products::scratch(&windows))
            };

            fn quantize(
                &self,
                input: Quantization,
                range: &Interval,
                wanted: Option<Interval>,
                to: &mut Self::Int8,
            ) -> Result<Quantization, Error> {
                let layer = <Self as Parameters>::NAME;
                let output = Quantization::of_layer(wanted.unwrap_or(*range), layer)?;
                let (weights, inputs) = (self.weights(), size_of::<$Weights>() / $outputs);
                let index: fn(usize, usize, usize) -> usize = $index;
                let weight = |o, i| f64::from(weights[index(o, i, inputs)]);
                let bias = |o| bias_at(self.bias.as_numbers(), o);
                Real { weight, bias, layer }.quantize(input, output, to)?;
                Ok(output)
            }

            #[inline]
            fn run(int8: &Self::Int8, memory: Memory<'_>) {
                let (x, y) = (&memory.first[..<$X>::LEN], &mut memory.second[..Y::LEN]);
                int8.products().convolve(const { &$windows }, $order, x, y, memory.scratch);
            }
        }
    };
}

convolution!(
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, const H: usize, const W: usize]
    Conv2d<IN, OUT, K, S, P, f32, B>, Image<IN, H, W>,
    [[[[i8; K]; K]; IN]; OUT], OUT,
    Pixels::square(1, K, S, P).windows::<Image<IN, H, W>, Y>().0,
    Order::ChannelsFirst,
    |o, i, inputs| o * inputs + i
);
convolution!(
    [const C: usize, const K: usize, const S: usize, const P: usize, const H: usize, const W: usize]
    DepthwiseConv2d<C, K, S, P, f32, B>, Image<C, H, W>,
    [[[i8; K]; K]; C], C,
    Pixels::square(C, K, S, P).windows::<Image<C, H, W>, Y>().0,
    Order::ChannelsFirst,
    |o, i, inputs| o * inputs + i
);
// The weights of the layer are `[K, IN, OUT]`.
convolution!(
    [const IN: usize, const OUT: usize, const K: usize, const S: usize, const P: usize, const STEPS: usize]
    Conv1d<IN, OUT, K, S, P, f32, B>, Sequence<STEPS, IN>,
    [[[i8; IN]; K]; OUT], OUT,
    StepWindows::plain(K, S, P).windows_of_rows::<Sequence<STEPS, IN>, Y>(),
    Order::ChannelsLast,
    |o, i, _| i * OUT + o
);
convolution!(
    [const IN: usize, const OUT: usize, S: PixelSettings<Plain, IN, OUT>, const H: usize, const W: usize]
    Conv2dWith<IN, OUT, S, f32, B>, Image<IN, H, W>,
    <<S as WindowSettings>::Fields as WeightFields<IN, OUT>>::Int8OfPixels, OUT,
    Self::PIXELS.windows::<Image<IN, H, W>, Y>().0,
    Order::ChannelsFirst,
    |o, i, inputs| o * inputs + i
);
convolution!(
    [const IN: usize, const OUT: usize, S: StepSettings<Plain, IN, OUT>, const STEPS: usize]
    Conv1dWith<IN, OUT, S, f32, B>, Sequence<STEPS, IN>,
    <<S as WindowSettings>::Fields as WeightFields<IN, OUT>>::Int8OfSteps, OUT,
    Self::WINDOWS.windows_of_rows::<Sequence<STEPS, IN>, Y>(),
    Order::ChannelsLast,
    |o, i, _| i * OUT + o
);

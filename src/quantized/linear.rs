use chainrule_kernel::int8::{Channel, Packed, Weights};
use chainrule_parameters::Parameters;

use super::weights::{Real, bias_at, buffers};
use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{Bias, Dense, Linear};
use crate::tensor::{Image, Sequence, Tensor, Vector, len};

/// A tensor whose shape can contain packed data.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::quantized::PackedShape;
///
/// assert_eq!(size_of::<<Vector<3> as PackedShape>::Packed<i8>>(), 3); // an array of three bytes
/// ```
pub trait PackedShape: Tensor<Scalar = f32> {
    /// An array with the sides of this tensor.
    type Packed<E: Packed>: Packed;
}

impl<const A: usize> PackedShape for Vector<A> {
    type Packed<E: Packed> = [E; A];
}

impl<const A: usize, const B: usize> PackedShape for Sequence<A, B> {
    type Packed<E: Packed> = [[E; B]; A];
}

impl<const A: usize, const B: usize, const C: usize> PackedShape for Image<A, B, C> {
    type Packed<E: Packed> = [[[E; C]; B]; A];
}

macro_rules! linear {
    ([$($generics:tt)*] $layer:ty, $In:ty, $Out:ty) => {
        impl<$($generics)*> Quantize<$In> for $layer {
            /// The weights of each output, next to each other.
            type Int8 = Weights<
                <$Out as PackedShape>::Packed<<$In as PackedShape>::Packed<i8>>,
                <$Out as PackedShape>::Packed<Channel>,
            >;
            type Ranges = Interval;
            const BUFFERS: Buffers = buffers(len::<$In>(), len::<$Out>(), len::<$In>());

            fn quantize(
                &self,
                input: Quantization,
                range: &Interval,
                wanted: Option<Interval>,
                to: &mut Self::Int8,
            ) -> Result<Quantization, Error> {
                let layer = <Self as Parameters>::NAME;
                let output = Quantization::of_layer(wanted.unwrap_or(*range), layer)?;
                let weights = self.weights();
                let weight = |o, i| f64::from(weights[i * <$Out>::LEN + o]);
                let bias = |o| bias_at(self.bias.as_numbers(), o);
                Real { weight, bias, layer }.quantize(input, output, to)?;
                Ok(output)
            }

            #[inline]
            fn run(int8: &Self::Int8, memory: Memory<'_>) {
                int8.products().linear(&memory.first[..<$In>::LEN], &mut memory.second[..<$Out>::LEN]);
            }
        }
    };
}

linear!([In: PackedShape, Out: PackedShape, B: Bias<Out>] Dense<In, Out, B>, In, Out);
linear!(
    [const IN: usize, const OUT: usize, B: Bias<Vector<OUT>>] Linear<IN, OUT, f32, B>,
    Vector<IN>, Vector<OUT>
);

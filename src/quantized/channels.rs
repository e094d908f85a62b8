use chainrule_kernel::int8::{Channel, Weights};
use chainrule_parameters::Parameters;

use super::weights::{Real, bias_at, buffers};
use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{Affine, AffineOf, BatchNorm, Bias, Layer, NormSettings};
use crate::tensor::{Channels, Vector, len};

/// Implements [`Quantize`] for a layer that multiplies each channel by a number and adds another number. `$numbers`
/// returns both.
macro_rules! each_channel {
    ([$($generics:tt)*] $layer:ty, $numbers:expr) => {
        impl<const C: usize, X: Channels<C, Scalar = f32>, $($generics)*> Quantize<X> for $layer
        where
            Self: Layer<X, Output = X>,
        {
            /// One weight for each channel.
            type Int8 = Weights<[i8; C], [Channel; C]>;
            type Ranges = Interval;
            const BUFFERS: Buffers = buffers(len::<X>(), len::<X>(), 1);

            fn quantize(
                &self,
                input: Quantization,
                range: &Interval,
                wanted: Option<Interval>,
                to: &mut Self::Int8,
            ) -> Result<Quantization, Error> {
                let layer = <Self as Parameters>::NAME;
                let output = Quantization::of_layer(wanted.unwrap_or(*range), layer)?;
                let numbers = $numbers;
                Real { weight: |o, _| numbers(self, o).0, bias: |o| numbers(self, o).1, layer }
                    .quantize(input, output, to)?;
                Ok(output)
            }

            #[inline]
            fn run(int8: &Self::Int8, memory: Memory<'_>) {
                int8.products().scale(X::EACH, &memory.first[..X::LEN], &mut memory.second[..X::LEN]);
            }
        }
    };
}

each_channel!([A: AffineOf<Vector<C>>] Affine<C, f32, A>, |layer: &Self, o| {
    (layer.gain.as_numbers().map_or(1.0, |gain| f64::from(gain[o])), bias_at(layer.bias.as_numbers(), o))
});
each_channel!([S: NormSettings, A: AffineOf<Vector<C>>] BatchNorm<C, f32, S, A>, |layer: &Self, o| {
    let gain = layer.gain.as_numbers().map_or(1.0, |gain| f64::from(gain[o]));
    let factor = gain / libm::sqrt(f64::from(layer.running_variance[o]) + Self::EPSILON);
    (factor, bias_at(layer.bias.as_numbers(), o) - factor * f64::from(layer.running_mean[o]))
});

use chainrule_kernel::int8;

use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{LogSoftmax, Softmax};
use crate::tensor::{Sequence, Tensor, Vector, len};

/// Implements [`Quantize`] for a softmax, from its kernel and the scale and the zero point of its output.
macro_rules! softmax {
    ([$($generics:tt)*] $layer:ident, $X:ty, $columns:expr, $scale:expr, $zero_point:expr) => {
        impl<$($generics)*> Quantize<$X> for $layer {
            /// The table of exponentials.
            type Int8 = int8::$layer;
            type Ranges = ();
            const BUFFERS: Buffers = Buffers::from_to(len::<$X>(), len::<$X>());

            fn quantize(
                &self,
                input: Quantization,
                _: &(),
                _: Option<Interval>,
                to: &mut Self::Int8,
            ) -> Result<Quantization, Error> {
                *to = int8::$layer::of(f64::from(input.scale));
                Ok(Quantization { scale: $scale, zero_point: $zero_point })
            }

            #[inline]
            fn run(int8: &Self::Int8, memory: Memory<'_>) {
                let (x, y) = (&memory.first[..<$X>::LEN], &mut memory.second[..<$X>::LEN]);
                for (x, y) in x.chunks($columns.max(1)).zip(y.chunks_mut($columns.max(1))) {
                    int8.row(x, y);
                }
            }
        }
    };
    ($layer:ident, $scale:expr, $zero_point:expr) => {
        softmax!([const N: usize] $layer, Vector<N>, N, $scale, $zero_point);
        softmax!([const STEPS: usize, const N: usize] $layer, Sequence<STEPS, N>, N, $scale, $zero_point);
    };
}

softmax!(Softmax, 1.0 / 256.0, -128);
softmax!(LogSoftmax, 1.0 / 16.0, 127);

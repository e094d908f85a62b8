//! Layers that move numbers.

use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{LastStep, Layer, Permute, Reverse, Transpose, permute};
use crate::tensor::{Image, Sequence, Tensor, len};

/// Implements [`Quantize`] for a layer whose output consists of numbers of its input, in any order.
macro_rules! moved {
    ([$($generics:tt)*] $layer:ty, $X:ty, $run:expr) => {
        impl<$($generics)*, Y: Tensor<Scalar = f32>> Quantize<$X> for $layer
        where
            Self: Layer<$X, Output = Y>,
        {
            type Int8 = ();
            type Ranges = ();
            const BUFFERS: Buffers = Buffers::from_to(len::<$X>(), len::<Y>());

            fn needed(_: &(), wanted: Option<Interval>) -> Option<Interval> {
                wanted
            }

            fn quantize(
                &self,
                input: Quantization,
                _: &(),
                _: Option<Interval>,
                _: &mut (),
            ) -> Result<Quantization, Error> {
                Ok(input)
            }

            #[inline]
            fn run(_: &(), memory: Memory<'_>) {
                let run: fn(&[i8], &mut [i8]) = $run;
                run(&memory.first[..<$X>::LEN], &mut memory.second[..Y::LEN]);
            }
        }
    };
}

moved!([const A: usize, const B: usize] Transpose, Sequence<A, B>, |x, y| permute(x, [A, B], [1, 0], y));
moved!(
    [const A: usize, const B: usize, const C: usize] Transpose, Image<A, B, C>,
    |x, y| permute(x, [A, B, C], [0, 2, 1], y)
);
moved!(
    [const A: usize, const B: usize, const C: usize, const I: usize, const J: usize, const K: usize]
    Permute<I, J, K>, Image<A, B, C>,
    |x, y| permute(x, [A, B, C], [I, J, K], y)
);
moved!(
    [const STEPS: usize, const FEATURES: usize] LastStep, Sequence<STEPS, FEATURES>,
    |x, y| y.copy_from_slice(&x[x.len() - FEATURES..])
);
moved!(
    [const STEPS: usize, const FEATURES: usize] Reverse, Sequence<STEPS, FEATURES>,
    |x, y| {
        for step in 0..STEPS {
            y[step * FEATURES..][..FEATURES].copy_from_slice(&x[(STEPS - 1 - step) * FEATURES..][..FEATURES]);
        }
    }
);

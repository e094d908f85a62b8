use chainrule_kernel::Pooling;

use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, AvgPool1dWith,
    AvgPool2d, AvgPool2dWith, GeneralPool, GlobalAvgPool, GlobalMaxPool, Layer, MaxPool1d, MaxPool1dWith,
    MaxPool2d, MaxPool2dWith, WindowSettings,
};
use crate::tensor::{Image, Sample, Sequence, Tensor, len};

/// Implements [`Quantize`] for a pool, from its kind and its windows. Input and output have the same scale.
macro_rules! pool {
    (max [$($generics:tt)*] $layer:ty, $X:ty, $pooling:expr $(, $General:ident)?) => {
        pool!(
            [$($generics)*] $layer, $X, [$($General)?], Interval, |_, x, y| $pooling.max_int8(x, y),
            /// The largest of the clamped numbers is the clamped largest number.
            fn needed(range: &Interval, wanted: Option<Interval>) -> Option<Interval> {
                Some(wanted.unwrap_or(*range))
            }
        );
    };
    (mean [$($generics:tt)*] $layer:ty, $X:ty, $pooling:expr) => {
        pool!([$($generics)*] $layer, $X, [], (), |zero, x, y| $pooling.mean_int8(zero, x, y),);
    };
    (mean [$($generics:tt)*] $layer:ty, $X:ty, $pooling:expr, $General:ident) => {
        pool!(
            [$($generics)*] $layer, $X, [$General], (),
            |zero, x, y| $pooling.mean_int8(Self::COUNTS_PADDING, zero, x, y),
        );
    };
    ([$($generics:tt)*] $layer:ty, $X:ty, [$($General:ident)?], $Ranges:ty, $run:expr, $($needed:item)?) => {
        impl<$($generics)*, Y: Tensor<Scalar = f32>> Quantize<$X> for $layer
        where
            Self: Layer<$X, Output = Y> $(+ $General<$X>)?,
        {
            /// The zero point.
            type Int8 = [i8; 1];
            type Ranges = $Ranges;
            const BUFFERS: Buffers = Buffers::from_to(len::<$X>(), len::<Y>());

            $($needed)?

            fn quantize(
                &self,
                input: Quantization,
                _: &$Ranges,
                _: Option<Interval>,
                to: &mut [i8; 1],
            ) -> Result<Quantization, Error> {
                *to = [input.zero_point];
                Ok(input)
            }

            #[inline]
            fn run(&[zero]: &[i8; 1], memory: Memory<'_>) {
                let run: fn(i8, &[i8], &mut [i8]) = $run;
                run(zero, &memory.first[..<$X>::LEN], &mut memory.second[..Y::LEN]);
            }
        }
    };
}

macro_rules! pools {
    ($kind:ident $on_images:ident $on_sequences:ident) => {
        pool!(
            $kind [const K: usize, const S: usize, const P: usize, const C: usize, const H: usize, const W: usize]
            $on_images<K, S, P>, Image<C, H, W>,
            Pooling {
                plane: [H, W],
                places: [<Y as Sample>::SHAPE[1], <Y as Sample>::SHAPE[2]],
                window: [K; 2],
                stride: [S; 2],
                padding: [P; 2],
            }
        );
        pool!(
            $kind [const K: usize, const S: usize, const P: usize, const STEPS: usize, const FEATURES: usize]
            $on_sequences<K, S, P>, Sequence<STEPS, FEATURES>,
            Pooling {
                plane: [STEPS, FEATURES],
                places: [<Y as Sample>::SHAPE[0], FEATURES],
                window: [K, 1],
                stride: [S, 1],
                padding: [P, 0],
            }
        );
    };
    (@global $kind:ident $layer:ident) => {
        pool!(
            $kind [const C: usize, const H: usize, const W: usize] $layer, Image<C, H, W>,
            Pooling { plane: [H, W], places: [1; 2], window: [H, W], stride: [1; 2], padding: [0; 2] }
        );
        pool!(
            $kind [const STEPS: usize, const FEATURES: usize] $layer, Sequence<STEPS, FEATURES>,
            Pooling {
                plane: [STEPS, FEATURES],
                places: [1, FEATURES],
                window: [STEPS, 1],
                stride: [1; 2],
                padding: [0; 2],
            }
        );
    };
}

pools!(max MaxPool2d MaxPool1d);
pools!(mean AvgPool2d AvgPool1d);
pools!(@global max GlobalMaxPool);
pools!(@global mean GlobalAvgPool);

/// Pools with settings, and adaptive pools.
macro_rules! general_pools {
    ($($kind:ident [$($of_image:tt)*] $on_images:ty, [$($of_sequence:tt)*] $on_sequences:ty;)+) => {$(
        pool!(
            $kind [$($of_image)*, const C: usize, const H: usize, const W: usize] $on_images, Image<C, H, W>,
            const { <Self as GeneralPool<Image<C, H, W>>>::POOLING }, GeneralPool
        );
        pool!(
            $kind [$($of_sequence)*, const STEPS: usize, const FEATURES: usize] $on_sequences,
            Sequence<STEPS, FEATURES>,
            const { <Self as GeneralPool<Sequence<STEPS, FEATURES>>>::POOLING }, GeneralPool
        );
    )+};
}

general_pools! {
    max [S: WindowSettings] MaxPool2dWith<S>, [S: WindowSettings] MaxPool1dWith<S>;
    mean [S: WindowSettings] AvgPool2dWith<S>, [S: WindowSettings] AvgPool1dWith<S>;
    max [const A: usize, const B: usize] AdaptiveMaxPool2d<A, B>, [const A: usize] AdaptiveMaxPool1d<A>;
    mean [const A: usize, const B: usize] AdaptiveAvgPool2d<A, B>, [const A: usize] AdaptiveAvgPool1d<A>;
}

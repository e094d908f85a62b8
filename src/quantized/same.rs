//! Layers that do not change a number in evaluation mode.

use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{
    AlphaDropout, Dropout, Dropout1d, Dropout2d, Flatten, GaussianDropout, GaussianNoise, Identity, Layer,
    Reshape, transpose,
};
use crate::tensor::{Sample, Tensor, len};

/// Implements [`Quantize`] for a layer that returns its input, possibly in another order.
macro_rules! same {
    ([$($generics:tt)*] $layer:ty) => {
        impl<X: Tensor<Scalar = f32>, $($generics)*> Quantize<X> for $layer
        where
            Self: Layer<X, Output: Tensor<Scalar = f32>>,
        {
            type Int8 = ();
            type Ranges = ();
            const BUFFERS: Buffers = match moved::<X, Self>() {
                None => Buffers::in_place(len::<X>()),
                Some(_) => Buffers::from_to(len::<X>(), len::<X>()),
            };

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
                if let Some([rows, columns]) = moved::<X, Self>() {
                    transpose(&memory.first[..X::LEN], [rows, columns], &mut memory.second[..X::LEN]);
                }
            }
        }
    };
}

/// Returns the rows and columns of the input if the layer transposes it. This is the case if a sequence becomes another
/// tensor: see [`Flatten`].
const fn moved<X: Tensor, L: Layer<X>>() -> Option<[usize; 2]> {
    match (X::SHAPE, <L::Output as Sample>::SHAPE) {
        ([_, _], [_, _]) => None,
        ([steps, features], _) => Some([*steps, *features]),
        (_, [steps, features]) => Some([*features, *steps]),
        _ => None,
    }
}

same!([] Identity);
same!([] Flatten);
same!([To: Tensor] Reshape<To>);
same!([const PERCENT: u32] Dropout<PERCENT>);
same!([const PERCENT: u32] Dropout1d<PERCENT>);
same!([const PERCENT: u32] Dropout2d<PERCENT>);
same!([const PERCENT: u32] AlphaDropout<PERCENT>);
same!([const PERCENT: u32] GaussianDropout<PERCENT>);
same!([const NUM: u32, const DEN: u32] GaussianNoise<NUM, DEN>);

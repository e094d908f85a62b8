//! The gradient of a bias.

use super::Accumulate;
use crate::Real;
use crate::simd::{Kernel, Level, Vector};

/// The sums of channels over all their places in all samples.
#[doc(hidden)]
#[derive(Debug)]
pub struct BiasGradient<'a, T> {
    pub(super) planes: &'a [T],
    pub(super) places: usize,
    pub(super) accumulate: Accumulate,
    pub(super) gradient: &'a mut [T],
}

impl<T: Real> Kernel for BiasGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        /// How many channels are summed at a time.
        const CHANNELS: usize = 64;
        /// How many numbers are summed in `T`, in `TOGETHER` vectors; these sums are added in `f64`.
        const BLOCK: usize = 2048;
        let Self { planes, places, accumulate, gradient } = self;
        let channels = gradient.len();
        for (tile, gradient) in gradient.chunks_mut(CHANNELS).enumerate() {
            let mut totals = [0.0; CHANNELS];
            let start = tile * CHANNELS * places;
            for sample in planes.chunks_exact(places * channels) {
                let planes = sample[start..start + gradient.len() * places].chunks_exact(places);
                for (total, plane) in totals.iter_mut().zip(planes) {
                    for block in plane.chunks(BLOCK) {
                        // SAFETY: a level was passed.
                        *total += unsafe { sum::<L, T>(block) }.to_f64();
                    }
                }
            }
            for (gradient, total) in gradient.iter_mut().zip(totals) {
                let start = if accumulate == Accumulate::Add { gradient.to_f64() } else { 0.0 };
                *gradient = T::from_f64(start + total);
            }
        }
    }
}

/// Sums numbers in a few vectors.
///
/// # Safety
/// The processor has the level.
#[inline(always)]
unsafe fn sum<L: Level, T: Real>(numbers: &[T]) -> T {
    /// Several sums run side by side: a single sum would wait for each of its additions.
    const TOGETHER: usize = 4;
    let lanes = T::Vector::<L>::LANES;
    // SAFETY: the caller's promise. In a chunk, `at + count` is at most its length: `count` is
    // what is left of it or a whole vector, whichever is less, and not 0.
    unsafe {
        let one = T::Vector::<L>::splat(T::one());
        let mut sums = [T::Vector::<L>::zero(); TOGETHER];
        for chunk in numbers.chunks(TOGETHER * lanes) {
            let mut at = 0;
            for sum in &mut sums {
                let count = (chunk.len() - at).min(lanes);
                if count == 0 {
                    break;
                }
                let from = chunk.as_ptr().add(at);
                let numbers = if count == lanes {
                    T::Vector::<L>::read(from)
                } else {
                    T::Vector::<L>::read_first(from, count)
                };
                *sum = one.multiply_add(numbers, *sum);
                at += count;
            }
        }
        for at in 1..TOGETHER {
            sums[0] = one.multiply_add(sums[at], sums[0]);
        }
        sums[0].sum()
    }
}

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
        /// Several sums run side by side: a single sum would wait for each of its additions.
        const TOGETHER: usize = 4;
        let lanes = T::Vector::<L>::LANES;
        let Self { planes, places, accumulate, gradient } = self;
        if accumulate == Accumulate::Overwrite {
            gradient.fill(T::zero());
        }
        for planes in planes.chunks_exact(places * gradient.len()) {
            for (channel, plane) in planes.chunks_exact(places).enumerate() {
                // SAFETY: a level was passed. In a chunk, `at + count` is at most its length: `count` is what is left
                // of it or a whole vector, whichever is less, and not 0.
                gradient[channel] += unsafe {
                    let one = T::Vector::<L>::splat(T::one());
                    let mut sums = [T::Vector::<L>::zero(); TOGETHER];
                    for chunk in plane.chunks(TOGETHER * lanes) {
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
                };
            }
        }
    }
}

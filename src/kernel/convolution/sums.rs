//! The gradient of a bias.

use super::super::Real;
use super::super::simd::{Kernel, Level, Vector};

/// The sums of channels over all their places in all samples.
pub(super) struct Sums<'a, T> {
    pub(super) planes: &'a [T],
    pub(super) places: usize,
    pub(super) gradient: &'a mut [T],
}

impl<T: Real> Kernel for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    #[allow(unsafe_code)]
    fn run<L: Level>(self) {
        /// One sum alone waits for each of its additions.
        const TOGETHER: usize = 4;
        let (lanes, one) = (T::Vector::<L>::LANES, T::Vector::<L>::splat(T::one()));
        let Self { planes, places, gradient } = self;
        gradient.fill(T::ZEROS[0]);
        for planes in planes.chunks_exact(places * gradient.len()) {
            for (channel, plane) in planes.chunks_exact(places).enumerate() {
                let mut sums = [T::Vector::<L>::zero(); TOGETHER];
                for chunk in plane.chunks(TOGETHER * lanes) {
                    let mut at = 0;
                    for sum in &mut sums {
                        let count = (chunk.len() - at).min(lanes);
                        if count == 0 {
                            break;
                        }
                        // SAFETY: so many numbers of the chunk are left.
                        let numbers = unsafe {
                            let from = chunk.as_ptr().add(at);
                            if count == lanes {
                                T::Vector::<L>::read(from)
                            } else {
                                T::Vector::<L>::read_first(from, count)
                            }
                        };
                        *sum = one.multiply_add(numbers, *sum);
                        at += count;
                    }
                }
                for at in 1..TOGETHER {
                    sums[0] = one.multiply_add(sums[at], sums[0]);
                }
                gradient[channel] += sums[0].sum();
            }
        }
    }
}

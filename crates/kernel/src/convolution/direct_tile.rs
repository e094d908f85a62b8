//! The innermost loop of a direct convolution.
//!
//! The sums of a tile, a few channels of the target by a few vectors of places, stay in registers while all taps of all
//! channels of the source go by. A tap costs a vector of the source for each vector of places and a weight for each
//! channel, in all lanes. With four channels there are 12 sums, or 24 where there are 32 registers.

use crate::Real;
use crate::simd::{Level, VECTOR_BYTES, Vector};

/// The largest number of channels of a tile.
pub(super) const MAX_CHANNELS: usize = 4;

/// Vectors of places: where the first taps of the first vector are, if the tap were at 0, and the distance to those of
/// the next one.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) source: usize,
    pub(super) source_step: usize,
    pub(super) vectors: usize,
}

/// All tiles of a few channels of the target.
pub(super) struct Tiles<'a, T> {
    /// The channels of the source, and the distance between them.
    pub(super) copy: *const T,
    pub(super) copy_channel: usize,
    pub(super) channels: usize,
    /// Where the taps of a channel are, and where their weights are.
    pub(super) taps: &'a [[usize; 2]],
    pub(super) weights: *const T,
    /// The distances between the weights of two channels of the source, and of the target.
    pub(super) to_source: usize,
    pub(super) to_target: usize,
    pub(super) bias: &'a [T; MAX_CHANNELS],
    /// How many channels of the target there are: at most [`MAX_CHANNELS`].
    pub(super) high: usize,
}

impl<T: Real> Tiles<'_, T> {
    /// Computes these vectors, of all channels of the target.
    ///
    /// # Safety
    /// For each channel of the source, each tap and each vector of the run, a vector can be read; the weights of all
    /// channels and taps can be read; and a vector can be written at `to + r * to_plane + v * to_step`, for `r` below
    /// `high` and `v` below `run.vectors`. The processor has the level.
    #[inline(always)]
    pub(super) unsafe fn run<L: Level>(&self, run: Run, to: *mut T, [to_plane, to_step]: [usize; 2]) {
        let wide = T::Vector::<L>::LANES * size_of::<T>() == VECTOR_BYTES;
        let mut at = 0;
        while at < run.vectors {
            // SAFETY: the caller's promise: no more vectors are computed than are left.
            unsafe {
                let source = self.copy.add(run.source + at * run.source_step);
                let (to, steps) = (to.add(at * to_step), [run.source_step, to_plane, to_step]);
                at += match run.vectors - at {
                    1 => self.channels::<L, 1>(source, to, steps),
                    4 | 7 | 8 if wide => self.channels::<L, 4>(source, to, steps),
                    6 | 9.. if wide => self.channels::<L, 6>(source, to, steps),
                    // Two and two are faster than three and one.
                    2 | 4 => self.channels::<L, 2>(source, to, steps),
                    _ => self.channels::<L, 3>(source, to, steps),
                };
            }
        }
    }

    /// Computes `V` vectors, of all channels of the target. Returns `V`.
    ///
    /// # Safety
    /// As for [`run`](Tiles::run), with `V` for its vectors, and what [`tile`](Tiles::tile) says of the steps.
    #[inline(always)]
    unsafe fn channels<L: Level, const V: usize>(
        &self,
        source: *const T,
        to: *mut T,
        steps: [usize; 3],
    ) -> usize {
        // SAFETY: the caller's promise, with `high` for `R`.
        unsafe {
            match self.high {
                1 => self.tile::<L, 1, V>(source, to, steps),
                2 => self.tile::<L, 2, V>(source, to, steps),
                3 => self.tile::<L, 3, V>(source, to, steps),
                4 => self.tile::<L, 4, V>(source, to, steps),
                _ => unreachable!("a tile has at most four channels"),
            }
        }
        V
    }

    /// Computes `V` vectors of `R` channels.
    ///
    /// # Safety
    /// As for [`run`](Tiles::run), with `V` and `R` for its vectors and channels: the first one is read at `source`,
    /// and the others `source_step` from one another.
    #[inline(always)]
    unsafe fn tile<L: Level, const R: usize, const V: usize>(
        &self,
        source: *const T,
        to: *mut T,
        [source_step, to_plane, to_step]: [usize; 3],
    ) {
        // SAFETY: v < V, r < R, the taps are those of the table, and the channels are below `channels`: all these
        // vectors and weights are the caller's promise. The pointers after the last channel are not read.
        unsafe {
            let mut sums = [[T::Vector::<L>::zero(); V]; R];
            for r in 0..R {
                sums[r] = [T::Vector::<L>::splat(self.bias[r]); V];
            }
            let (mut source, mut weights) = (source, self.weights);
            for _ in 0..self.channels {
                for &[tap, weight] in self.taps {
                    let (source, weights) = (source.add(tap), weights.add(weight));
                    let mut places = [T::Vector::<L>::zero(); V];
                    for v in 0..V {
                        places[v] = T::Vector::<L>::read(source.add(v * source_step));
                    }
                    for r in 0..R {
                        let weight = T::Vector::<L>::splat(*weights.add(r * self.to_target));
                        for v in 0..V {
                            sums[r][v] = weight.multiply_add(places[v], sums[r][v]);
                        }
                    }
                }
                source = source.wrapping_add(self.copy_channel);
                weights = weights.wrapping_add(self.to_source);
            }
            for r in 0..R {
                for v in 0..V {
                    sums[r][v].write(to.add(r * to_plane + v * to_step));
                }
            }
        }
    }
}

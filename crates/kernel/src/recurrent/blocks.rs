//! The units of a row in blocks, and their elementary functions.
//!
//! A loop over arrays of constant length needs no checks whether slices overlap, and has no remainder.

use crate::Real;
use crate::elementary::{exp_m1_near_0, exp_near_0, sigmoid_end, sigmoid_start, tanh_end, tanh_start};

/// The units of a block: a whole number of vectors at nearly every level.
const UNITS: usize = 8;

/// The numbers of some units next to one another.
pub(super) type Block<T> = [T; UNITS];

/// Returns the blocks of a gate: those of the units that fill blocks, or the last one, filled with zeros.
#[inline(always)]
pub(super) fn padded<T: Real>(last: &[T]) -> [Block<T>; 1] {
    let mut block = [T::zero(); UNITS];
    block[..last.len()].copy_from_slice(last);
    [block]
}

/// Replaces the numbers of `S` gates by their logistic function, and those of `H` gates by their hyperbolic tangent.
///
/// An operation of such a function waits for the one before it. So `TILE` blocks go through each function's three parts
/// together, and the processor computes one of them while another one waits.
#[inline(always)]
pub(super) fn activate<T: Real, const TILE: usize, const S: usize, const H: usize>(
    mut sigmoids: [&mut [Block<T>]; S],
    mut tanhs: [&mut [Block<T>]; H],
) {
    let blocks = if S > 0 { sigmoids[0].len() } else { tanhs[0].len() };
    for s in 0..S {
        sigmoids[s] = &mut core::mem::take(&mut sigmoids[s])[..blocks];
    }
    for h in 0..H {
        tanhs[h] = &mut core::mem::take(&mut tanhs[h])[..blocks];
    }
    let mut first = 0;
    while first < blocks {
        let tile = if blocks - first < TILE { blocks - first } else { TILE };
        let (mut s_rounded, mut s_rest) = ([[[T::zero(); UNITS]; S]; TILE], [[[T::zero(); UNITS]; S]; TILE]);
        let (mut h_rounded, mut h_rest) = ([[[T::zero(); UNITS]; H]; TILE], [[[T::zero(); UNITS]; H]; TILE]);
        for b in 0..tile {
            for s in 0..S {
                for at in 0..UNITS {
                    (s_rounded[b][s][at], s_rest[b][s][at]) = sigmoid_start(sigmoids[s][first + b][at]);
                }
            }
            for h in 0..H {
                for at in 0..UNITS {
                    (h_rounded[b][h][at], h_rest[b][h][at]) = tanh_start(tanhs[h][first + b][at]);
                }
            }
        }
        for b in 0..tile {
            for s in 0..S {
                for at in 0..UNITS {
                    s_rest[b][s][at] = exp_near_0(s_rest[b][s][at]);
                }
            }
            for h in 0..H {
                for at in 0..UNITS {
                    h_rest[b][h][at] = exp_m1_near_0(h_rest[b][h][at]);
                }
            }
        }
        for b in 0..tile {
            for s in 0..S {
                let x = &mut sigmoids[s][first + b];
                for at in 0..UNITS {
                    x[at] = sigmoid_end(x[at], s_rounded[b][s][at], s_rest[b][s][at]);
                }
            }
            for h in 0..H {
                let x = &mut tanhs[h][first + b];
                for at in 0..UNITS {
                    x[at] = tanh_end(x[at], h_rounded[b][h][at], h_rest[b][h][at]);
                }
            }
        }
        first += tile;
    }
}

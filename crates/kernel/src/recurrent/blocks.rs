//! The units of a row in blocks, and their elementary functions.
//!
//! A loop over arrays of constant length has no remainder, and copies of the arrays cannot overlap. (With slices, the
//! compiler chooses the loop of single numbers when the gates of several rows lie between one another.)

use crate::Real;
use crate::elementary::{sigmoid, tanh};
use crate::simd::Level;

/// The units of the smallest block: a whole number of vectors at nearly every level.
pub(super) const UNITS: usize = 8;

/// Computes a row in blocks: a call for each, with the first unit and the length of the block as a constant. The units
/// that do not fill the smallest block are the last call.
macro_rules! in_blocks {
    ($hidden:expr, $at:ident => $block:ident::<$($type:ident),+>($($argument:expr),*), rest $rest:expr) => {
        let mut $at = 0;
        while $at + 4 * UNITS <= $hidden {
            $block::<$($type,)+ { 4 * UNITS }>($($argument),*);
            $at += 4 * UNITS;
        }
        if $at + 2 * UNITS <= $hidden {
            $block::<$($type,)+ { 2 * UNITS }>($($argument),*);
            $at += 2 * UNITS;
        }
        if $at + UNITS <= $hidden {
            $block::<$($type,)+ UNITS>($($argument),*);
            $at += UNITS;
        }
        if $at < $hidden {
            $rest;
        }
    };
}
pub(super) use in_blocks;

/// Returns the block of `N` units from a multiple of `N` on.
#[inline(always)]
pub(super) fn block<T, const N: usize>(numbers: &[T], at: usize) -> &[T; N] {
    &numbers.as_chunks().0[at / N]
}

/// Returns the block of `N` units from a multiple of `N` on.
#[inline(always)]
pub(super) fn block_mut<T, const N: usize>(numbers: &mut [T], at: usize) -> &mut [T; N] {
    &mut numbers.as_chunks_mut().0[at / N]
}

/// Returns these units, and zeros for those that do not exist.
#[inline(always)]
pub(super) fn padded<T: Real>(last: &[T]) -> [T; UNITS] {
    let mut block = [T::zero(); UNITS];
    block[..last.len()].copy_from_slice(last);
    block
}

/// Replaces the numbers of two or three gates by their logistic function.
#[inline(always)]
pub(super) fn sigmoids<L: Level, T: Real, const N: usize, const GATES: usize>(gates: [&mut [T; N]; GATES]) {
    if N > UNITS {
        for gate in 0..GATES {
            let x = &mut *gates[gate];
            for at in 0..N {
                x[at] = sigmoid::<L, T>(x[at]);
            }
        }
        return;
    }
    // A loop over so few numbers would be unrolled, and the compiler would compute them one by one. So there is one
    // loop over all gates, whose length is a whole number of vectors at every level.
    let mut all = [[T::zero(); N]; 4];
    for gate in 0..GATES {
        all[gate] = *gates[gate];
    }
    let used = if GATES == 2 { 2 } else { 4 };
    for x in all[..used].as_flattened_mut() {
        *x = sigmoid::<L, T>(*x);
    }
    for gate in 0..GATES {
        *gates[gate] = all[gate];
    }
}

/// Replaces numbers by their hyperbolic tangent.
#[inline(always)]
pub(super) fn tanhs<L: Level, T: Real, const N: usize>(x: &mut [T; N]) {
    for at in 0..N {
        x[at] = tanh::<L, T>(x[at]);
    }
}

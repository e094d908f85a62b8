//! The units of a row in blocks, and their elementary functions.
//!
//! A loop over arrays of constant length has no remainder, and copies of the arrays cannot overlap. (With slices, the
//! compiler chooses the loop of single numbers when the gates of several rows lie between one another.)

use crate::Real;
use crate::elementary::{exp_m1_near_0, exp_near_0, sigmoid_end, sigmoid_start, tanh_end, tanh_start};

/// The units of the smallest block: a whole number of vectors at nearly every level.
pub(super) const UNITS: usize = 8;

/// Computes a row in blocks: a call for each, with the first unit and the length of the block as a constant. The units that
/// do not fill the smallest block are the last call.
macro_rules! in_blocks {
    ($hidden:expr, $at:ident => $block:ident($($argument:expr),*), rest $rest:expr) => {
        let mut $at = 0;
        while $at + 4 * UNITS <= $hidden {
            $block::<T, { 4 * UNITS }>($($argument),*);
            $at += 4 * UNITS;
        }
        if $at + 2 * UNITS <= $hidden {
            $block::<T, { 2 * UNITS }>($($argument),*);
            $at += 2 * UNITS;
        }
        if $at + UNITS <= $hidden {
            $block::<T, UNITS>($($argument),*);
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

/// Replaces the numbers of `S` gates by their logistic function, and those of `H` gates by their hyperbolic tangent.
///
/// An operation of such a function waits for the one before it. So all units go through each of the functions' three
/// parts together: the processor computes one of them while another one waits.
#[inline(always)]
pub(super) fn activate<T: Real, const N: usize, const S: usize, const H: usize>(
    sigmoids: [&mut [T; N]; S],
    tanhs: [&mut [T; N]; H],
) {
    let mut s = [[[T::zero(); N]; 2]; S];
    let mut h = [[[T::zero(); N]; 2]; H];
    for gate in 0..S {
        let (x, [rounded, rest]) = (&*sigmoids[gate], &mut s[gate]);
        for at in 0..N {
            (rounded[at], rest[at]) = sigmoid_start(x[at]);
        }
    }
    for gate in 0..H {
        let (x, [rounded, rest]) = (&*tanhs[gate], &mut h[gate]);
        for at in 0..N {
            (rounded[at], rest[at]) = tanh_start(x[at]);
        }
    }
    for gate in 0..S {
        let rest = &mut s[gate][1];
        for at in 0..N {
            rest[at] = exp_near_0(rest[at]);
        }
    }
    for gate in 0..H {
        let rest = &mut h[gate][1];
        for at in 0..N {
            rest[at] = exp_m1_near_0(rest[at]);
        }
    }
    for (x, [rounded, rest]) in sigmoids.into_iter().zip(&s) {
        for at in 0..N {
            x[at] = sigmoid_end(x[at], rounded[at], rest[at]);
        }
    }
    for (x, [rounded, rest]) in tanhs.into_iter().zip(&h) {
        for at in 0..N {
            x[at] = tanh_end(x[at], rounded[at], rest[at]);
        }
    }
}

//! Samples side by side: the same number of as many samples as a vector has lanes, in one vector.

use super::super::product::Product;
use super::super::simd::{Level, Vector};

/// Copies `len` numbers of `count` samples, `apart` from one another, to `len` vectors. The other lanes are 0.
///
/// # Safety
/// So many numbers and vectors are there, `count` is at most the number of lanes, and the processor has the level.
#[inline(always)]
#[allow(unsafe_code)]
pub(super) unsafe fn interleave<L: Level, T: Product>(
    from: *const T,
    apart: usize,
    count: usize,
    len: usize,
    to: *mut T,
) {
    let (lanes, block) = (T::Vector::<L>::LANES, T::Vector::<L>::BLOCK);
    let mut lane = 0;
    while lane < lanes {
        // SAFETY: numbers below len of samples below count, which are there, go to vectors below len.
        unsafe {
            if lane + block <= count && len >= block {
                let (from, to, mut at) = (from.add(lane * apart), to.add(lane), 0);
                while at < len {
                    // The last block begins early enough to be whole.
                    at = if at + block > len { len - block } else { at };
                    T::Vector::<L>::transpose(from.add(at), apart, to.add(at * lanes), lanes);
                    at += block;
                }
            } else {
                for lane in lane..lane + block {
                    for at in 0..len {
                        *to.add(at * lanes + lane) =
                            if lane < count { *from.add(lane * apart + at) } else { T::ZEROS[0] };
                    }
                }
            }
        }
        lane += block;
    }
}

/// Copies `len` vectors back to the numbers of `count` samples.
///
/// # Safety
/// As for [`interleave`].
#[inline(always)]
#[allow(unsafe_code)]
pub(super) unsafe fn separate<L: Level, T: Product>(
    from: *const T,
    to: *mut T,
    apart: usize,
    count: usize,
    len: usize,
) {
    let (lanes, block) = (T::Vector::<L>::LANES, T::Vector::<L>::BLOCK);
    let mut lane = 0;
    while lane < count {
        // SAFETY: vectors below len, which are there, go to numbers below len of samples below count.
        unsafe {
            if lane + block <= count && len >= block {
                let (from, to, mut at) = (from.add(lane), to.add(lane * apart), 0);
                while at < len {
                    at = if at + block > len { len - block } else { at };
                    T::Vector::<L>::transpose(from.add(at * lanes), lanes, to.add(at), apart);
                    at += block;
                }
            } else {
                let end = if lane + block < count { lane + block } else { count };
                for lane in lane..end {
                    for at in 0..len {
                        *to.add(lane * apart + at) = *from.add(at * lanes + lane);
                    }
                }
            }
        }
        lane += block;
    }
}

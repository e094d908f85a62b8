//! Interleaving: one vector has the same element of several samples, one sample in each lane.

use crate::Real;
use crate::simd::{Level, Vector};

/// Copies `len` numbers of each of `count` samples to `len` vectors, a lane for each sample. The other lanes are 0.
///
/// # Safety
/// `len` numbers can be read at `from + i * apart` for each `i` below `count`, and `len` vectors can be written at
/// `to`; `count` is at most the number of lanes, and the processor has the level.
#[inline(always)]
pub(super) unsafe fn interleave<L: Level, T: Real>(
    from: *const T,
    apart: usize,
    count: usize,
    len: usize,
    to: *mut T,
) {
    let (lanes, block) = (T::Vector::<L>::LANES, T::Vector::<L>::BLOCK);
    let mut lane = 0;
    while lane < lanes {
        // SAFETY: numbers below `len` of samples below `count` go to lanes of vectors below `len`; `BLOCK` divides the
        // lanes, and a block is transposed only where `BLOCK` samples and `BLOCK` numbers are left.
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
                            if lane < count { *from.add(lane * apart + at) } else { T::zero() };
                    }
                }
            }
        }
        lane += block;
    }
}

/// Copies `len` vectors back to `len` numbers of each of `count` samples.
///
/// # Safety
/// `len` vectors can be read at `from`, and `len` numbers can be written at `to + i * apart` for each `i` below
/// `count`; `count` is at most the number of lanes, and the processor has the level.
#[inline(always)]
pub(super) unsafe fn separate<L: Level, T: Real>(
    from: *const T,
    to: *mut T,
    apart: usize,
    count: usize,
    len: usize,
) {
    let (lanes, block) = (T::Vector::<L>::LANES, T::Vector::<L>::BLOCK);
    let mut lane = 0;
    while lane < count {
        // SAFETY: lanes of vectors below `len` go to numbers below `len` of samples below `count`; a block is
        // transposed only where `BLOCK` samples and `BLOCK` numbers are left.
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

//! Products whose inner dimension is a batch: as deep as the user's data.

use super::{Accumulate, Initial, Strided, gemm};
use crate::Real;

/// The terms of a part, which are added in `T`: their rounding errors are at most 128 times 6e-8 in `f32`.
const PART: usize = 128;
/// How many numbers of `c` are summed at a time, on the stack.
const NUMBERS: usize = 4096;
/// The columns of a block of `c` with several rows: a block is a square.
const WIDE: usize = 64;
/// From this length on, the inner dimension is divided, if `c` is one block, ..
const DEEP: usize = 512;
/// .. or larger than a block: then `b` is packed for each of them, which costs time, ..
const DEEPER: usize = 4096;
/// .. but not if it is larger than this. A batch that is deep enough to need it would not fit in memory.
const LARGEST: usize = 1 << 18;

/// Computes `c = a b`, or adds it to `c`, as [`gemm`], with rounding errors that do not grow with `inner`: the sums
/// over parts of it are added in `f64`.
///
/// # Panics
/// As [`gemm`].
#[inline]
pub fn gemm_deep<T: Real>(
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    accumulate: Accumulate,
    c: &mut [T],
    inner: usize,
    columns: usize,
) {
    let deep = if c.len() <= NUMBERS { DEEP } else { DEEPER };
    if inner > deep && c.len() <= LARGEST {
        return in_parts(a, b, accumulate, c, inner, columns);
    }
    gemm(a, b, accumulate.into(), c, inner, columns);
}

#[inline(never)]
fn in_parts<T: Real>(
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    accumulate: Accumulate,
    c: &mut [T],
    inner: usize,
    columns: usize,
) {
    if columns == 0 {
        return;
    }
    let (mut totals, mut part) = ([0.0; NUMBERS], [T::zero(); NUMBERS]);
    let wide = if c.len() <= NUMBERS { columns } else { columns.min(WIDE) };
    let high = NUMBERS / wide;
    for (block, c) in c.chunks_mut(high * columns).enumerate() {
        let rows = c.len() / columns;
        for first in (0..columns).step_by(wide) {
            let wide = wide.min(columns - first);
            let (totals, part) = (&mut totals[..rows * wide], &mut part[..rows * wide]);
            totals.fill(0.0);
            for depth in (0..inner).step_by(PART) {
                let a = a.starting_at(block * high, depth);
                let b = b.starting_at(depth, first);
                gemm(a, b, Initial::Zero, part, PART.min(inner - depth), wide);
                totals.iter_mut().zip(&*part).for_each(|(total, part)| *total += part.to_f64());
            }
            for (c, totals) in c.chunks_mut(columns).zip(totals.chunks(wide)) {
                for (c, total) in c[first..].iter_mut().zip(totals) {
                    let start = if accumulate == Accumulate::Add { c.to_f64() } else { 0.0 };
                    *c = T::from_f64(start + total);
                }
            }
        }
    }
}

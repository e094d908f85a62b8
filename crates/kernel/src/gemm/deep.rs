//! Products whose inner dimension is a batch: as deep as the user's data.

use super::{Accumulate, Initial, Strided, gemm};
use crate::Real;

/// From this length on, the inner dimension is divided. A product adds the sums of every 256 terms in `T`.
const DEEP: usize = 8192;
/// How many numbers of `c` are summed at a time, on the stack.
const NUMBERS: usize = 2048;

/// Computes `c = a b`, or adds it to `c`, as [`gemm`], with rounding errors that do not grow with `inner`: the sums over
/// parts of it are added in `f64`.
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
    if inner > DEEP {
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
    let wide = columns.min(NUMBERS);
    let high = NUMBERS / wide;
    for (block, c) in c.chunks_mut(high * columns).enumerate() {
        let rows = c.len() / columns;
        for first in (0..columns).step_by(wide) {
            let wide = wide.min(columns - first);
            let (totals, part) = (&mut totals[..rows * wide], &mut part[..rows * wide]);
            totals.fill(0.0);
            for depth in (0..inner).step_by(DEEP) {
                let a = a.starting_at(block * high, depth);
                let b = b.starting_at(depth, first);
                gemm(a, b, Initial::Zero, part, DEEP.min(inner - depth), wide);
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

//! Attention of a sequence.

use super::block::{Running, finish, multiply, scale, transpose};
use super::{Attention, BLOCK, PART, QUERIES, Rows};
use crate::gemm::gemm_in_order;
use crate::simd::{Kernel, Level, dispatch};
use crate::size::product;
use crate::{Accumulate, Real, Strided};

/// Computes attention: `out[t, h] = softmax(q[t, h] kᵀ / √head) v`.
///
/// `q` has a row for each query, and `out` too, contiguous: `heads` times `head` numbers. `k` and `v` have a row of
/// `key_heads` times `head` numbers for each key. `logs` is filled with the logarithm of the sum of the exponentials of
/// the scores, for each head and query, which [`attention_gradient`](super::attention_gradient) reads.
///
/// # Panics
/// When a slice is too short, or `out` or `logs` has another length.
pub fn attention<T: Real>(
    sizes: &Attention,
    q: Rows<'_, T>,
    k: Rows<'_, T>,
    v: Rows<'_, T>,
    out: &mut [T],
    logs: &mut [T],
) {
    let [wide, key_wide] = sizes.widths();
    q.check(sizes.queries, wide);
    k.check(sizes.keys, key_wide);
    v.check(sizes.keys, key_wide);
    assert!(out.len() == product([sizes.queries, wide]), "the output of attention has another length");
    assert!(logs.len() == product([sizes.queries, sizes.heads]), "the logarithms have another length");
    dispatch(Forward { sizes: *sizes, q, k, v, out, logs });
}

pub(super) struct Forward<'a, T> {
    pub(super) sizes: Attention,
    pub(super) q: Rows<'a, T>,
    pub(super) k: Rows<'a, T>,
    pub(super) v: Rows<'a, T>,
    pub(super) out: &'a mut [T],
    pub(super) logs: &'a mut [T],
}

impl<T: Real> Kernel for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { sizes, q, k, v, out, logs } = self;
        let Attention { queries, heads, key_heads, head, .. } = sizes;
        let (wide, group, scale) = (heads * head, heads / key_heads, scale::<T>(head));
        let mut scores = [[T::zero(); BLOCK]; QUERIES];
        let mut keys = [[T::zero(); BLOCK]; PART];
        out.fill(T::zero());
        for h in 0..heads {
            let (from, key_from) = (h * head, h / group * head);
            for first in (0..queries).step_by(QUERIES) {
                let rows = QUERIES.min(queries - first);
                let mut running = [Running::new(); QUERIES];
                let end = sizes.seen(first + rows - 1)[1];
                let mut start = sizes.seen(first)[0] / BLOCK * BLOCK;
                while start < end {
                    let count = BLOCK.min(sizes.keys - start);
                    let [row, row_end] = sizes.rows(first, rows, start);
                    let scores = &mut scores[..row_end - row];
                    for part in (0..head).step_by(PART) {
                        let inner = PART.min(head - part);
                        transpose(level, k.from(start, key_from + part), 0, count, inner, &mut keys);
                        let (a, b) = (q.from(row, from + part), Strided::rows(keys.as_flattened(), BLOCK));
                        let (sides, c) = ([scores.len(), inner, BLOCK], scores.as_flattened_mut());
                        gemm_in_order(level, a, b, Accumulate::from(part > 0), (c, BLOCK), sides);
                    }
                    for (query, scores) in (row..).zip(&mut *scores) {
                        let seen = sizes.seen(query).map(|key| key.saturating_sub(start).min(BLOCK));
                        let factor = running[query - first].add::<L>(scores, scale, seen);
                        multiply(&mut out[query * wide + from..][..head], factor);
                    }
                    let (a, b) = (Strided::rows(scores.as_flattened(), BLOCK), v.from(start, key_from));
                    let c = (out.get_mut(row * wide + from..).unwrap_or_default(), wide);
                    gemm_in_order(level, a, b, Accumulate::Add, c, [scores.len(), count, head]);
                    start += BLOCK;
                }
                for (query, running) in (first..first + rows).zip(running) {
                    let [factor, log] = running.end();
                    finish(&mut out[query * wide + from..][..head], factor);
                    logs[h * queries + query] = log;
                }
            }
        }
    }
}

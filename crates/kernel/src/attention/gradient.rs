//! The gradient of attention.

use super::block::{mask, scale, transpose};
use super::{Attention, BLOCK, PART, QUERIES, Rows};
use crate::elementary::exp;
use crate::gemm::gemm_in_order;
use crate::simd::{Kernel, Level, dispatch};
use crate::size::product;
use crate::{Accumulate, Real, Strided};

/// What the gradient of attention reads.
#[derive(Clone, Copy, Debug)]
pub struct AttentionSaved<'a, T> {
    /// The queries.
    pub q: Rows<'a, T>,
    /// The keys.
    pub k: Rows<'a, T>,
    /// The values.
    pub v: Rows<'a, T>,
    /// The output of [`attention`](super::attention).
    pub out: &'a [T],
    /// The logarithms that `attention` has computed.
    pub logs: &'a [T],
}

/// Computes the gradient of attention. `dq`, `dk` and `dv`, contiguous rows as the output, are overwritten.
///
/// With the probabilities p = exp(s - log) and their gradient dp = dout vᵀ, the gradient of the scores is
/// ds = p (dp - Σ out dout) / √head; dq = ds k, dk = dsᵀ q, dv = pᵀ dout.
///
/// # Panics
/// As [`attention`](super::attention).
pub fn attention_gradient<T: Real>(
    sizes: &Attention,
    saved: AttentionSaved<'_, T>,
    out_grad: &[T],
    dq: &mut [T],
    dk: &mut [T],
    dv: &mut [T],
) {
    let [wide, key_wide] = sizes.widths();
    saved.q.check(sizes.queries, wide);
    saved.k.check(sizes.keys, key_wide);
    saved.v.check(sizes.keys, key_wide);
    let (len, keys_len) = (product([sizes.queries, wide]), product([sizes.keys, key_wide]));
    assert!([saved.out.len(), out_grad.len(), dq.len()] == [len; 3], "rows of queries have another length");
    assert!([dk.len(), dv.len()] == [keys_len; 2], "rows of keys have another length");
    assert!(saved.logs.len() == product([sizes.queries, sizes.heads]), "the logarithms have another length");
    dispatch(Gradient { sizes: *sizes, saved, out_grad, dq, dk, dv });
}

pub(super) struct Gradient<'a, T> {
    pub(super) sizes: Attention,
    pub(super) saved: AttentionSaved<'a, T>,
    pub(super) out_grad: &'a [T],
    pub(super) dq: &'a mut [T],
    pub(super) dk: &'a mut [T],
    pub(super) dv: &'a mut [T],
}

impl<T: Real> Kernel for Gradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { sizes, saved, out_grad, dq, dk, dv } = self;
        let AttentionSaved { q, k, v, out, logs } = saved;
        let Attention { queries, keys, heads, key_heads, head, .. } = sizes;
        let (wide, key_wide, group) = (heads * head, key_heads * head, heads / key_heads);
        let scale = scale::<T>(head);
        let mut p = [[T::zero(); BLOCK]; QUERIES];
        let mut ds = [[T::zero(); BLOCK]; QUERIES];
        let mut columns = [[T::zero(); BLOCK]; PART];
        dq.fill(T::zero());
        dk.fill(T::zero());
        dv.fill(T::zero());
        for h in 0..heads {
            let (from, key_from) = (h * head, h / group * head);
            for first in (0..queries).step_by(QUERIES) {
                let rows = QUERIES.min(queries - first);
                let mut delta = [T::zero(); QUERIES];
                for (query, delta) in (first..first + rows).zip(&mut delta) {
                    let at = query * wide + from;
                    *delta = dot(&out[at..][..head], &out_grad[at..][..head]);
                }
                let end = sizes.seen(first + rows - 1)[1];
                let mut start = sizes.seen(first)[0] / BLOCK * BLOCK;
                while start < end {
                    let count = BLOCK.min(keys - start);
                    let [row, row_end] = sizes.rows(first, rows, start);
                    let (p, ds) = (&mut p[..row_end - row], &mut ds[..row_end - row]);
                    let rows = p.len();
                    let out_grad = Rows::new(out_grad, wide);
                    for part in (0..head).step_by(PART) {
                        let (inner, add) = (PART.min(head - part), Accumulate::from(part > 0));
                        for (rows_of, columns_of, c) in [(q, k, &mut *p), (out_grad, v, &mut *ds)] {
                            let from_keys = columns_of.from(start, key_from + part);
                            transpose(level, from_keys, 0, count, inner, &mut columns);
                            let (a, b) = (
                                rows_of.from(row, from + part),
                                Strided::rows(columns.as_flattened(), BLOCK),
                            );
                            gemm_in_order(
                                level,
                                a,
                                b,
                                add,
                                (c.as_flattened_mut(), BLOCK),
                                [rows, inner, BLOCK],
                            );
                        }
                    }
                    for ((query, p), ds) in (row..).zip(&mut *p).zip(&mut *ds) {
                        let seen = sizes.seen(query).map(|key| key.saturating_sub(start).min(BLOCK));
                        let (log, delta) = (logs[h * queries + query], delta[query - first]);
                        for at in 0..BLOCK {
                            p[at] = exp::<L, T>(p[at] * scale - log);
                        }
                        mask(p, seen, T::zero());
                        for at in 0..BLOCK {
                            ds[at] = p[at] * (ds[at] - delta) * scale;
                        }
                        mask(ds, seen, T::zero());
                    }
                    let [p, ds] = [p.as_flattened(), ds.as_flattened()];
                    let (q, k, out_grad) =
                        (q.from(row, from), k.from(start, key_from), out_grad.from(row, from));
                    let (key_at, key_side) = (start * key_wide + key_from, [count, rows, head]);
                    for (numbers, b, to) in [(p, out_grad, &mut *dv), (ds, q, &mut *dk)] {
                        let a = Strided { numbers, strides: [1, BLOCK] };
                        gemm_in_order(level, a, b, Accumulate::Add, (&mut to[key_at..], key_wide), key_side);
                    }
                    let to = (dq.get_mut(row * wide + from..).unwrap_or_default(), wide);
                    gemm_in_order(
                        level,
                        Strided::rows(ds, BLOCK),
                        k,
                        Accumulate::Add,
                        to,
                        [rows, count, head],
                    );
                    start += BLOCK;
                }
            }
        }
    }
}

/// Returns Σ a b, in several sums side by side.
#[inline(always)]
fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [T::zero(); 8];
    for (a, b) in a.iter().zip(b) {
        for at in 0..8 {
            sums[at] += a[at] * b[at];
        }
    }
    let mut total = T::zero();
    for sum in sums {
        total += sum;
    }
    for (&a, &b) in a_rest.iter().zip(b_rest) {
        total += a * b;
    }
    total
}

//! Attention of one step of a stream.

use super::block::{Running, finish, multiply, scale, transpose};
use super::{BLOCK, PART, Rows};
use crate::gemm::gemm_in_order;
use crate::simd::{Kernel, Level, dispatch};
use crate::size::product;
use crate::{Accumulate, Real, Strided};

/// The sizes of a step.
#[derive(Clone, Copy, Debug)]
pub struct AttentionStep {
    /// The heads of the query.
    pub heads: usize,
    /// The heads of the keys and values. It divides `heads`.
    pub key_heads: usize,
    /// The numbers of a head.
    pub head: usize,
    /// How many keys the query sees at most, the key of the same step included.
    pub window: usize,
    /// The steps before this one.
    pub position: usize,
    /// The rows of the ring, at least as many as the query sees. The key of step `t` is in row `t` modulo this.
    pub capacity: usize,
}

/// Computes the attention of one query on a ring buffer of keys, whose newest key is that of the same step.
///
/// The result has the bits that [`attention`](super::attention) computes for this query with
/// [`Reach::Before`](super::Reach::Before) and the same window.
///
/// # Panics
/// When a slice has another length, or the ring has fewer rows than the query sees.
pub fn attention_step<T: Real>(sizes: &AttentionStep, q: &[T], keys: &[T], values: &[T], out: &mut [T]) {
    let AttentionStep { heads, key_heads, head, window, position, capacity } = *sizes;
    assert!(heads > 0 && head > 0 && window > 0, "a step of attention has a head and a window");
    assert!(
        key_heads > 0 && heads.is_multiple_of(key_heads),
        "the heads of the keys do not divide the queries'"
    );
    assert!(
        position < usize::MAX && window.min(position + 1) <= capacity,
        "the ring is smaller than the window"
    );
    let (wide, ring) = (product([heads, head]), product([capacity, key_heads, head]));
    assert!(q.len() == wide && out.len() == wide, "the query or the output has another length");
    assert!(keys.len() == ring && values.len() == ring, "the ring has another length");
    dispatch(Step { sizes: *sizes, q, keys, values, out });
}

pub(super) struct Step<'a, T> {
    pub(super) sizes: AttentionStep,
    pub(super) q: &'a [T],
    pub(super) keys: &'a [T],
    pub(super) values: &'a [T],
    pub(super) out: &'a mut [T],
}

impl<T: Real> Kernel for Step<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { sizes, q, keys, values, out } = self;
        let AttentionStep { heads, key_heads, head, window, position, capacity } = sizes;
        let row = key_heads * head;
        let (scale, group) = (scale::<T>(head), heads / key_heads);
        let (ring_keys, ring_values) = (Rows::new(keys, row), Rows::new(values, row));
        let (first, end) = ((position + 1).saturating_sub(window), position + 1);
        let mut keys = [[T::zero(); BLOCK]; PART];
        out.fill(T::zero());
        for h in 0..heads {
            let (key_from, q) = (h / group * head, &q[h * head..][..head]);
            let out = &mut out[h * head..][..head];
            let mut running = Running::new();
            let mut start = first / BLOCK * BLOCK;
            while start < end {
                let seen = [first.max(start) - start, end.min(start + BLOCK) - start];
                // The keys that it sees are at most two parts of the ring.
                let count = seen[1] - seen[0];
                let at = (start + seen[0]) % capacity;
                let before = count.min(capacity - at);
                let runs = [(at, seen[0], before), (0, seen[0] + before, count - before)];
                let mut scores = [T::zero(); BLOCK];
                for part in (0..head).step_by(PART) {
                    let inner = PART.min(head - part);
                    for (at, place, count) in runs {
                        transpose(level, ring_keys.from(at, key_from + part), place, count, inner, &mut keys);
                    }
                    let (a, b) = (Strided::rows(&q[part..], head), Strided::rows(keys.as_flattened(), BLOCK));
                    let add = Accumulate::from(part > 0);
                    gemm_in_order(level, a, b, add, (&mut scores, BLOCK), [1, inner, BLOCK]);
                }
                let factor = running.add::<L>(&mut scores, scale, seen);
                multiply(out, factor);
                for (at, place, count) in runs {
                    let (a, b) = (Strided::rows(&scores[place..], BLOCK), ring_values.from(at, key_from));
                    gemm_in_order(level, a, b, Accumulate::Add, (&mut *out, head), [1, count, head]);
                }
                start += BLOCK;
            }
            finish(out, running.end()[0]);
        }
    }
}

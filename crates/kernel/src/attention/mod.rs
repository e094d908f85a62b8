//! Attention: softmax(q kᵀ / √head) v, in one pass over blocks of keys.
//!
//! The scores of a block of queries and a block of keys stay in the first-level cache. The softmax is the one of
//! running maxima (Milakov and Gimelshein 2018; Dao and others 2022): when a block has a larger score than those before
//! it, what was summed so far is scaled down. So no memory grows with queries times keys, at any size, and the backward
//! pass computes the probabilities again from the logarithm of each query's sum.
//!
//! Blocks of keys start at multiples of [`BLOCK`], whatever the window of a query, and a key that a query does not see
//! adds exactly nothing. So the result of a query has the same bits whether it is computed with others or alone, from a
//! ring of keys ([`attention_step`]).

mod block;
mod forward;
mod gradient;
mod step;
#[cfg(test)]
mod tests;

pub use forward::attention;
pub use gradient::{AttentionSaved, attention_gradient};
pub use step::{AttentionStep, attention_step};

use super::Strided;
use super::size::{product, sum};

/// The keys of a block.
const BLOCK: usize = 32;
/// The queries of a block, in sequences.
const QUERIES: usize = 64;
/// How many numbers of a head are transposed at a time.
const PART: usize = 64;

/// Which keys a query sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    All,
    /// Query `t` sees the keys `t + 1 - window ..= t`: causal, and plainly so with a window of `usize::MAX`.
    Before {
        /// How many keys a query sees, the key of the same step included.
        window: usize,
    },
}

/// The sizes of one sample's attention, and what is masked.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// The number of queries.
    pub queries: usize,
    /// The number of keys, at least 1. Padding beyond them is not read.
    pub keys: usize,
    /// The heads of the queries.
    pub heads: usize,
    /// The heads of the keys and values. It divides `heads`: each is used by as many heads of the queries in a row.
    pub key_heads: usize,
    /// The numbers of a head.
    pub head: usize,
    /// Which keys a query sees. A query that sees none (it comes more than its window after the last key) has an output
    /// of 0.
    pub reach: Reach,
}

/// The rows of a matrix, whose beginnings are `row` numbers apart: a part of a wider one, perhaps.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    /// The numbers, from the first of the first row on.
    pub numbers: &'a [T],
    /// The distance between two rows.
    pub row: usize,
}

impl<'a, T> Rows<'a, T> {
    /// Contiguous rows of this many numbers.
    pub const fn new(numbers: &'a [T], row: usize) -> Self {
        Self { numbers, row }
    }

    /// Panics unless there are `rows` rows of `wide` numbers.
    #[track_caller]
    fn check(&self, rows: usize, wide: usize) {
        if rows > 0 {
            assert!(rows == 1 || self.row >= wide, "rows of attention overlap");
            let end = sum([product([rows - 1, self.row]), wide]);
            assert!(end <= self.numbers.len(), "attention has fewer rows than its sizes say");
        }
    }

    /// Returns the matrix from this row and number on. It is empty where there are none.
    #[inline(always)]
    fn from(self, row: usize, at: usize) -> Strided<'a, T> {
        let numbers = self.numbers.get(row * self.row + at..).unwrap_or_default();
        Strided { numbers, strides: [self.row, 1] }
    }
}

impl Attention {
    /// Returns the numbers of a query, and those of a key.
    #[track_caller]
    fn widths(&self) -> [usize; 2] {
        let Self { keys, heads, key_heads, head, .. } = *self;
        assert!(keys > 0 && head > 0, "attention has at least one key, and heads of at least one number");
        assert!(key_heads > 0 && heads > 0, "attention has at least one head");
        assert!(heads.is_multiple_of(key_heads), "the heads of the keys do not divide those of the queries");
        [product([heads, head]), product([key_heads, head])]
    }

    /// Returns the keys that a query sees: from the first on, to before the second.
    #[inline(always)]
    fn seen(&self, query: usize) -> [usize; 2] {
        match self.reach {
            Reach::All => [0, self.keys],
            Reach::Before { window } => {
                let end = query + 1;
                [end.saturating_sub(window), if end < self.keys { end } else { self.keys }]
            }
        }
    }

    /// Returns which queries of a range see a key of the block that starts at `start`, as a range.
    #[inline(always)]
    fn rows(&self, first: usize, rows: usize, start: usize) -> [usize; 2] {
        let Reach::Before { window } = self.reach else { return [first, first + rows] };
        // The last query that sees the block's last key sees `window - 1` keys before its own.
        let last = start.saturating_add(BLOCK - 1).saturating_add(window);
        [first.max(start), last.min(first + rows).max(first.max(start))]
    }
}

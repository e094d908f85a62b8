//! A block of queries with a block of keys.

use super::{BLOCK, PART};
use crate::elementary::exp_below_0;
use crate::simd::{Level, Vector};
use crate::{Real, Strided};

/// Part of a head, for each key of a block: its columns are keys (or values).
pub(super) type Transposed<T> = [[T; BLOCK]; PART];

/// Copies `deep` numbers of each of `count` keys (or values) to the columns from `at` on.
#[inline(always)]
pub(super) fn transpose<T: Real, L: Level>(
    _: L,
    from: Strided<'_, T>,
    at: usize,
    count: usize,
    deep: usize,
    to: &mut Transposed<T>,
) {
    assert!(from.holds(count, deep) && from.strides[1] == 1, "there are fewer keys");
    assert!(at <= BLOCK && count <= BLOCK - at && deep <= PART, "a block has fewer columns");
    let (block, row) = (T::Vector::<L>::BLOCK, from.strides[0]);
    let (whole_count, whole_deep) = (count - count % block, deep - deep % block);
    let mut key = 0;
    while key < whole_count {
        let mut d = 0;
        while d < whole_deep {
            // SAFETY: a level was passed. The keys from `key` on and their numbers from `d` on, `block` of each, were
            // checked above: they are within `from`, and columns and rows of `to`.
            unsafe {
                let to = to.as_mut_ptr().cast::<T>().add(d * BLOCK + at + key);
                T::Vector::<L>::transpose(from.numbers.as_ptr().add(key * row + d), row, to, BLOCK);
            }
            d += block;
        }
        key += block;
    }
    for key in 0..count {
        for d in if key < whole_count { whole_deep } else { 0 }..deep {
            to[d][at + key] = from.numbers[key * row + d];
        }
    }
}

/// The softmax of a query over the keys so far.
#[derive(Clone, Copy)]
pub(super) struct Running<T> {
    /// The largest score.
    pub(super) largest: T,
    /// The sum of the exponentials of the differences from it.
    pub(super) total: T,
}

impl<T: Real> Running<T> {
    /// Before the first key.
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { largest: -T::MAX, total: T::zero() }
    }

    /// Replaces the products of a query with the keys of a block by the exponentials of their scores, and those of keys
    /// that it does not see by 0. Returns the factor for what was summed with the exponentials before.
    #[inline(always)]
    pub(super) fn add<L: Level>(&mut self, products: &mut [T; BLOCK], scale: T, seen: [usize; 2]) -> T {
        let mut scores = [T::zero(); BLOCK];
        for at in 0..BLOCK {
            scores[at] = products[at] * scale;
        }
        mask(&mut scores, seen, -T::MAX);
        let mut most = [self.largest; LANES];
        for chunk in scores.as_chunks::<LANES>().0 {
            for at in 0..LANES {
                most[at] = larger(chunk[at], most[at]);
            }
        }
        let largest = largest(most);
        for at in 0..BLOCK {
            products[at] = exp_below_0::<L, T>(scores[at] - largest);
        }
        mask(products, seen, T::zero());
        let mut sums = [T::zero(); LANES];
        for chunk in products.as_chunks::<LANES>().0 {
            for at in 0..LANES {
                sums[at] += chunk[at];
            }
        }
        let factor = exp_below_0::<L, T>(self.largest - largest);
        self.total = self.total * factor + total(sums);
        self.largest = largest;
        factor
    }

    /// Returns what the sum with the exponentials is to be multiplied by, and the logarithm of their sum. Both are 0 if
    /// the query sees no key.
    #[inline(always)]
    pub(super) fn end(self) -> [T; 2] {
        if self.total == T::zero() {
            return [T::zero(); 2];
        }
        [T::one() / self.total, self.largest + self.total.ln()]
    }
}

/// The number of maxima, or sums, that are computed at a time.
const LANES: usize = 16;

#[inline(always)]
fn larger<T: Real>(x: T, than: T) -> T {
    if x > than { x } else { than }
}

/// Returns the largest of these.
#[inline(always)]
fn largest<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for at in 0..half {
            lanes[at] = larger(lanes[at], lanes[at + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// Returns the sum of these.
#[inline(always)]
fn total<T: Real>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for at in 0..half {
            lanes[at] += lanes[at + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// Replaces the scores of keys that a query does not see.
#[inline(always)]
pub(super) fn mask<T: Real>(numbers: &mut [T; BLOCK], [first, end]: [usize; 2], by: T) {
    if first == 0 && end >= BLOCK {
        return;
    }
    // As numbers, the places are compared by the same vectors.
    let (first, end) = (T::from_f64(first as f64), T::from_f64(end as f64));
    for at in 0..BLOCK {
        let place = T::from_f64(at as f64);
        numbers[at] = if place >= first && place < end { numbers[at] } else { by };
    }
}

/// Multiplies numbers by a factor.
#[inline(always)]
pub(super) fn multiply<T: Real>(numbers: &mut [T], factor: T) {
    for x in numbers {
        *x *= factor;
    }
}

/// Multiplies the output of a query by the factor of its end. A zero without a sign: which sign it has could depend on
/// keys that the query does not see.
#[inline(always)]
pub(super) fn finish<T: Real>(output: &mut [T], factor: T) {
    for x in output {
        *x = *x * factor + T::zero();
    }
}

/// Returns 1/√head.
#[inline(always)]
pub(super) fn scale<T: Real>(head: usize) -> T {
    T::from_f64(1.0 / libm::sqrt(head as f64))
}

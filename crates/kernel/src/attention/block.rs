//! A block of queries with a block of keys.

use super::{BLOCK, PART};
use crate::simd::{Lanes, Level};
use crate::{Real, Strided, exp};

/// A product `c += a b` of these sides. The rows of `c` are `c_row` numbers apart.
#[derive(Clone, Copy)]
pub(super) struct Sides {
    pub(super) rows: usize,
    pub(super) inner: usize,
    pub(super) columns: usize,
    pub(super) c_row: usize,
}

/// Computes `c += a b`, where each number of `c` is one sum, in the order of `inner`.
#[inline(always)]
pub(super) fn add_product<T: Real, L: Level>(
    _: L,
    sides: Sides,
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    c: &mut [T],
) {
    let Sides { rows, inner, columns, c_row } = sides;
    for row in 0..rows {
        let c = &mut c[row * c_row..][..columns];
        for k in 0..inner {
            let a = a.numbers[row * a.strides[0] + k * a.strides[1]];
            let b = &b.numbers[k * b.strides[0]..][..columns];
            for (c, &b) in c.iter_mut().zip(b) {
                *c = Lanes::multiply_add::<L>(a, b, *c);
            }
        }
    }
}

/// Columns of a block: part of a head, for each key.
pub(super) type Transposed<T> = [[T; BLOCK]; PART];

/// Copies `deep` numbers of each of `count` keys (or values) to the columns from `at` on.
#[inline(always)]
pub(super) fn transpose<T: Real>(
    from: Strided<'_, T>,
    at: usize,
    count: usize,
    deep: usize,
    to: &mut Transposed<T>,
) {
    for key in 0..count {
        let from = &from.numbers[key * from.strides[0]..][..deep];
        for (to, &x) in to.iter_mut().zip(from) {
            to[at + key] = x;
        }
    }
}

/// The softmax of a query so far.
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
    pub(super) fn add(&mut self, products: &mut [T; BLOCK], scale: T, seen: [usize; 2]) -> T {
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
        let largest = fold(most, larger);
        for at in 0..BLOCK {
            products[at] = exp(scores[at] - largest);
        }
        mask(products, seen, T::zero());
        let mut sums = [T::zero(); LANES];
        for chunk in products.as_chunks::<LANES>().0 {
            for at in 0..LANES {
                sums[at] += chunk[at];
            }
        }
        let factor = exp(self.largest - largest);
        self.total = self.total * factor + fold(sums, |a, b| a + b);
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

/// How many maxima, or sums, go side by side.
const LANES: usize = 16;

#[inline(always)]
fn larger<T: Real>(x: T, than: T) -> T {
    if x > than { x } else { than }
}

/// Combines halves, until there is one.
#[inline(always)]
fn fold<T: Real>(mut lanes: [T; LANES], combine: impl Fn(T, T) -> T) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for at in 0..half {
            lanes[at] = combine(lanes[at], lanes[at + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// Replaces what a query does not see.
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
        *x = *x * factor;
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

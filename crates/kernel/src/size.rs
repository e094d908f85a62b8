//! Arithmetic on sizes that panics where it would wrap, in release as in debug. On constants the compiler removes the
//! checks.

/// Returns the product of these sizes.
///
/// # Panics
/// When it is larger than a `usize` can hold.
#[inline(always)]
pub(crate) const fn product<const N: usize>(sizes: [usize; N]) -> usize {
    let (mut product, mut at) = (1_usize, 0);
    while at < N {
        product = match product.checked_mul(sizes[at]) {
            Some(product) => product,
            None => panic!("the sizes are too large: their product overflows"),
        };
        at += 1;
    }
    product
}

/// Returns the sum of these sizes.
///
/// # Panics
/// When it is larger than a `usize` can hold.
#[inline(always)]
pub(crate) const fn sum<const N: usize>(sizes: [usize; N]) -> usize {
    let (mut sum, mut at) = (0_usize, 0);
    while at < N {
        sum = match sum.checked_add(sizes[at]) {
            Some(sum) => sum,
            None => panic!("the sizes are too large: their sum overflows"),
        };
        at += 1;
    }
    sum
}

/// Returns the larger of two sizes, also in constants.
#[inline(always)]
pub(crate) const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_multiplied_and_added() {
        assert_eq!((product([2, 3, 4]), product([]), sum([1, 2, 3]), sum([])), (24, 1, 6, 0));
        assert_eq!(product([usize::MAX, 1]), usize::MAX);
    }

    #[test]
    #[should_panic(expected = "their product overflows")]
    fn a_product_that_wraps_panics() {
        product([(1 << (usize::BITS - 1)) + 1, 2]);
    }

    #[test]
    #[should_panic(expected = "their sum overflows")]
    fn a_sum_that_wraps_panics() {
        sum([usize::MAX, 1]);
    }
}

//! The matrix product that everything linear is made of, register-tiled, chosen for the processor at run time.
//!
//! `c += a b`, each matrix read through two strides, so that one kernel serves the forward pass, the gradient of the weights
//! (which reads its inputs as their transpose) and the gradient of the inputs (which reads the weights so).
//!
//! A tile of `c`, a few rows by two vectors of columns, stays in registers while a strip of `a` and a strip of `b` go by. The lanes
//! of a vector are written out as arrays, because the compiler's vectoriser does not always find them by itself. Inside, there
//! are loops only: a closure may be compiled apart, without the processor's features, where `mul_add` is a call.

/// Rows of `c` in a tile.
const ROWS: usize = 4;
/// Steps along the inner dimension before the next tile: a strip of `b` this long stays in the first cache.
const DEPTH: usize = 128;

/// A matrix as the kernel reads it: row `r`, column `c` stands at `numbers[r * strides[0] + c * strides[1]]`.
#[derive(Clone, Copy)]
pub struct Strided<'a, T> {
    pub(crate) numbers: &'a [T],
    pub(crate) strides: [usize; 2],
}

impl<'a, T> Strided<'a, T> {
    /// A matrix whose rows follow one another.
    pub(crate) fn rows(numbers: &'a [T], columns: usize) -> Self {
        Self { numbers, strides: [columns, 1] }
    }

    /// The transpose of a matrix whose rows follow one another.
    pub(crate) fn transposed(numbers: &'a [T], columns: usize) -> Self {
        Self { numbers, strides: [1, columns] }
    }
}

/// What the kernel needs of a scalar: its instance of the product for this processor.
#[doc(hidden)]
pub trait Lanes: Copy {
    fn add_product(a: Strided<'_, Self>, b: Strided<'_, Self>, c: &mut [Self], inner: usize, columns: usize);
}

/// `c += a b`, with `inner` columns of `a` and rows of `b`, and `columns` columns of `b` and of `c`, whose rows follow one another.
///
/// # Panics
/// When `a` or `b` is smaller than that, or `c` is not a whole number of rows.
pub(crate) fn add_product<T: Lanes>(
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    c: &mut [T],
    inner: usize,
    columns: usize,
) {
    T::add_product(a, b, c, inner, columns);
}

macro_rules! product {
    ($scalar:ident, $module:ident, avx2: $avx2:literal, baseline: $baseline:literal) => {
        mod $module {
            use super::{DEPTH, Lanes, ROWS, Strided};

            type T = $scalar;

            /// `a * b + c`, in one rounding where the processor has it.
            #[inline(always)]
            fn multiply_add<const FUSED: bool>(a: T, b: T, c: T) -> T {
                #[cfg(feature = "std")]
                if FUSED {
                    return a.mul_add(b, c);
                }
                a * b + c
            }

            /// A tile of `R` rows and `V` vectors of `L` columns of `c`, from `depth` columns of `a` and rows of `b`.
            /// `b`'s columns are next to one another. `a`, `b` and `c` begin at the tile.
            #[inline(always)]
            fn tile<const FUSED: bool, const L: usize, const R: usize, const V: usize>(
                a: Strided<'_, T>,
                b: Strided<'_, T>,
                c: &mut [T],
                depth: usize,
                columns: usize,
            ) {
                assert!(depth > 0 && (R - 1) * a.strides[0] + (depth - 1) * a.strides[1] < a.numbers.len());
                assert!((depth - 1) * b.strides[0] + V * L <= b.numbers.len());
                let mut sums = [[[0.0; L]; V]; R];
                for r in 0..R {
                    for v in 0..V {
                        sums[r][v].copy_from_slice(&c[r * columns + v * L..][..L]);
                    }
                }
                for k in 0..depth {
                    // SAFETY: r < R and k < depth, so the index is at most the one asserted above; likewise for b, of
                    // which V * L numbers are read from a row's first on.
                    #[allow(unsafe_code)]
                    let (a, b) = unsafe {
                        let mut column = [0.0; R];
                        for r in 0..R {
                            column[r] = *a.numbers.get_unchecked(r * a.strides[0] + k * a.strides[1]);
                        }
                        let row = b.numbers.as_ptr().add(k * b.strides[0]);
                        (column, row.cast::<[[T; L]; V]>().read())
                    };
                    for r in 0..R {
                        for v in 0..V {
                            for l in 0..L {
                                sums[r][v][l] = multiply_add::<FUSED>(a[r], b[v][l], sums[r][v][l]);
                            }
                        }
                    }
                }
                for r in 0..R {
                    for v in 0..V {
                        c[r * columns + v * L..][..L].copy_from_slice(&sums[r][v]);
                    }
                }
            }

            /// All rows of a strip of `V` vectors of `L` columns of `c`.
            #[inline(always)]
            fn strip<const FUSED: bool, const L: usize, const V: usize>(
                a: Strided<'_, T>,
                b: Strided<'_, T>,
                c: &mut [T],
                column: usize,
                depth: usize,
                columns: usize,
            ) {
                if b.strides[1] == 1 {
                    return tiles::<FUSED, L, V>(a, b, c, column, depth, columns);
                }
                // A strip of b whose columns are not next to one another is copied to where they are.
                let mut packed = [[[0.0; L]; V]; DEPTH];
                for k in 0..depth {
                    for v in 0..V {
                        for l in 0..L {
                            packed[k][v][l] = b.numbers[k * b.strides[0] + (v * L + l) * b.strides[1]];
                        }
                    }
                }
                let packed = Strided::rows(packed.as_flattened().as_flattened(), V * L);
                tiles::<FUSED, L, V>(a, packed, c, column, depth, columns);
            }

            /// The tiles of a strip, from `b`'s columns next to one another.
            #[inline(always)]
            fn tiles<const FUSED: bool, const L: usize, const V: usize>(
                a: Strided<'_, T>,
                b: Strided<'_, T>,
                c: &mut [T],
                column: usize,
                depth: usize,
                columns: usize,
            ) {
                let rows = c.len() / columns;
                let mut row = 0;
                while row < rows {
                    let a = Strided { numbers: &a.numbers[row * a.strides[0]..], ..a };
                    let c = &mut c[row * columns + column..];
                    match rows - row {
                        1 => tile::<FUSED, L, 1, V>(a, b, c, depth, columns),
                        2 => tile::<FUSED, L, 2, V>(a, b, c, depth, columns),
                        3 => tile::<FUSED, L, 3, V>(a, b, c, depth, columns),
                        _ => tile::<FUSED, L, ROWS, V>(a, b, c, depth, columns),
                    }
                    row += ROWS;
                }
            }

            #[inline(always)]
            fn add_product<const FUSED: bool, const L: usize>(
                a: Strided<'_, T>,
                b: Strided<'_, T>,
                c: &mut [T],
                inner: usize,
                columns: usize,
            ) {
                assert!(c.len() % columns == 0, "c is not a whole number of rows");
                let mut start = 0;
                while start < inner && !c.is_empty() {
                    let depth = if inner - start < DEPTH { inner - start } else { DEPTH };
                    let a = Strided { numbers: &a.numbers[start * a.strides[1]..], ..a };
                    let mut column = 0;
                    while column < columns {
                        let first = start * b.strides[0] + column * b.strides[1];
                        let b = Strided { numbers: &b.numbers[first..], ..b };
                        column += match columns - column {
                            1..$baseline => {
                                strip::<FUSED, 1, 1>(a, b, c, column, depth, columns);
                                1
                            }
                            rest if rest < L => {
                                strip::<FUSED, $baseline, 1>(a, b, c, column, depth, columns);
                                $baseline
                            }
                            rest if rest < 2 * L => {
                                strip::<FUSED, L, 1>(a, b, c, column, depth, columns);
                                L
                            }
                            _ => {
                                strip::<FUSED, L, 2>(a, b, c, column, depth, columns);
                                2 * L
                            }
                        };
                    }
                    start += depth;
                }
            }

            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            mod avx2 {
                use super::{Strided, T};

                #[target_feature(enable = "avx2,fma")]
                pub(super) fn add_product(
                    a: Strided<'_, T>,
                    b: Strided<'_, T>,
                    c: &mut [T],
                    inner: usize,
                    columns: usize,
                ) {
                    super::add_product::<true, $avx2>(a, b, c, inner, columns);
                }

                pub(super) fn available() -> bool {
                    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
                }
            }

            impl Lanes for T {
                fn add_product(
                    a: Strided<'_, T>,
                    b: Strided<'_, T>,
                    c: &mut [T],
                    inner: usize,
                    columns: usize,
                ) {
                    #[cfg(all(feature = "std", target_arch = "x86_64"))]
                    if avx2::available() {
                        // SAFETY: the processor has just said that it has the features this function asks for.
                        #[allow(unsafe_code)]
                        return unsafe { avx2::add_product(a, b, c, inner, columns) };
                    }
                    add_product::<false, $baseline>(a, b, c, inner, columns);
                }
            }
        }
    };
}
product!(f32, single, avx2: 8, baseline: 4);
product!(f64, double, avx2: 4, baseline: 2);

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes around every edge of the tiles: lanes, pairs of lanes, rows, depth of a strip.
    const SIZES: [usize; 14] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 67, 300];

    fn numbers(len: usize, seed: u64) -> Vec<f64> {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(seed);
        (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    fn transpose(matrix: &[f64], columns: usize) -> Vec<f64> {
        let rows = matrix.len() / columns;
        (0..matrix.len()).map(|at| matrix[at % rows * columns + at / rows]).collect()
    }

    #[test]
    fn the_product_equals_the_naive_loop_for_every_size_around_the_tiles_and_every_stride() {
        for rows in [1, 2, 3, 4, 5, 8, 9] {
            for inner in SIZES {
                for columns in SIZES {
                    let (a, b) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
                    let (a_transposed, b_transposed) = (transpose(&a, inner), transpose(&b, columns));
                    let start = numbers(rows * columns, 3);
                    let naive = |at: usize| -> f64 {
                        let (r, j) = (at / columns, at % columns);
                        start[at] + (0..inner).map(|k| a[r * inner + k] * b[k * columns + j]).sum::<f64>()
                    };
                    // A sum of n terms below 1 in any order is within n^2 roundings of the exact one.
                    let tolerance = f64::EPSILON * ((inner + 1) * (inner + 1)) as f64;
                    for a in [Strided::rows(&a, inner), Strided::transposed(&a_transposed, rows)] {
                        for b in [Strided::rows(&b, columns), Strided::transposed(&b_transposed, inner)] {
                            let mut c = start.clone();
                            add_product(a, b, &mut c, inner, columns);
                            for at in 0..rows * columns {
                                approx::assert_abs_diff_eq!(c[at], naive(at), epsilon = tolerance);
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_product_of_nothing_changes_nothing() {
        let mut c = [1.0_f32; 3];
        add_product(Strided::rows(&[], 0), Strided::rows(&[], 3), &mut c, 0, 3);
        add_product(Strided::rows(&[], 2), Strided::rows(&[1.0; 6], 3), &mut [], 2, 3);
        assert_eq!(c, [1.0; 3]);
    }
}

//! The two matrix products that a linear layer is made of, register-tiled, chosen for the processor at run time.
//!
//! All matrices are dense and row-major. Both products run along contiguous outputs in chunks of `L` lanes that are
//! written out, because the compiler's vectoriser does not always find them by itself.
//!
//! * [`add_product`]: `c += a b`, with `a` read through two strides. It is the forward pass (`a` the inputs, one
//!   sample a row) and the weight gradient (`a` the inputs again, transposed by their strides).
//! * [`add_product_transposed`]: `c += a bᵀ`. It is the input gradient, and a convolution's weight gradient.

/// Rows of `c` worked out together.
const ROWS: usize = 4;
/// Steps along the inner dimension for which a tile of `a` is packed.
const DEPTH: usize = 256;

/// What the kernels need of a scalar: its instances of the products for this processor.
#[doc(hidden)]
pub trait Lanes: Copy {
    fn add_product(a: &[Self], strides: [usize; 2], b: &[Self], c: &mut [Self], inner: usize, columns: usize);
    fn add_product_transposed(a: &[Self], b: &[Self], c: &mut [Self], inner: usize, columns: usize);
}

/// `c[r, j] += Σ_k a[r * strides[0] + k * strides[1]] · b[k, j]`, with `b` of `inner` rows and `c` of
/// `columns` columns.
pub(crate) fn add_product<T: Lanes>(
    a: &[T],
    strides: [usize; 2],
    b: &[T],
    c: &mut [T],
    inner: usize,
    columns: usize,
) {
    T::add_product(a, strides, b, c, inner, columns);
}

/// `c[r, j] += Σ_k a[r, k] · b[j, k]`, with `a` and `b` of `inner` columns and `c` of `columns` columns.
pub(crate) fn add_product_transposed<T: Lanes>(a: &[T], b: &[T], c: &mut [T], inner: usize, columns: usize) {
    T::add_product_transposed(a, b, c, inner, columns);
}

macro_rules! products {
    ($scalar:ident, $module:ident, avx2: $avx2:literal, baseline: $baseline:literal) => {
        mod $module {
            use super::{DEPTH, Lanes, ROWS};

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

            /// One tile of `R` rows and `V` chunks of `L` columns of `c`, from packed `a` and strided `b`.
            #[inline(always)]
            fn tile<const FUSED: bool, const L: usize, const R: usize, const V: usize>(
                a: &[[T; ROWS]],
                b: &[T],
                c: &mut [T],
                columns: usize,
                column: usize,
            ) {
                let mut sums = [[[0.0; L]; V]; R];
                for (row, sums) in sums.iter_mut().enumerate() {
                    for (v, sums) in sums.iter_mut().enumerate() {
                        sums.copy_from_slice(&c[row * columns + column + v * L..][..L]);
                    }
                }
                for (a, b) in a.iter().zip(b.chunks_exact(columns)) {
                    let b = &b[column..column + V * L];
                    for r in 0..R {
                        for v in 0..V {
                            for l in 0..L {
                                sums[r][v][l] = multiply_add::<FUSED>(a[r], b[v * L + l], sums[r][v][l]);
                            }
                        }
                    }
                }
                for (row, sums) in sums.iter().enumerate() {
                    for (v, sums) in sums.iter().enumerate() {
                        c[row * columns + column + v * L..][..L].copy_from_slice(sums);
                    }
                }
            }

            /// All columns of `R` rows of `c`: pairs of chunks, then a chunk, then what is left one by one.
            #[inline(always)]
            fn rows<const FUSED: bool, const L: usize, const R: usize>(
                a: &[[T; ROWS]],
                b: &[T],
                c: &mut [T],
                columns: usize,
            ) {
                let mut column = 0;
                while column + 2 * L <= columns {
                    tile::<FUSED, L, R, 2>(a, b, c, columns, column);
                    column += 2 * L;
                }
                if column + L <= columns {
                    tile::<FUSED, L, R, 1>(a, b, c, columns, column);
                    column += L;
                }
                while column < columns {
                    tile::<FUSED, 1, R, 1>(a, b, c, columns, column);
                    column += 1;
                }
            }

            #[inline(always)]
            fn add_product<const FUSED: bool, const L: usize>(
                a: &[T],
                strides: [usize; 2],
                b: &[T],
                c: &mut [T],
                inner: usize,
                columns: usize,
            ) {
                let mut packed = [[0.0; ROWS]; DEPTH];
                for start in (0..inner).step_by(DEPTH) {
                    let depth = DEPTH.min(inner - start);
                    let b = &b[start * columns..][..depth * columns];
                    for (block, c) in c.chunks_mut(ROWS * columns).enumerate() {
                        let height = c.len() / columns;
                        for (k, packed) in packed[..depth].iter_mut().enumerate() {
                            for (r, packed) in packed[..height].iter_mut().enumerate() {
                                *packed = a[(block * ROWS + r) * strides[0] + (start + k) * strides[1]];
                            }
                        }
                        let a = &packed[..depth];
                        match height {
                            4 => rows::<FUSED, L, 4>(a, b, c, columns),
                            3 => rows::<FUSED, L, 3>(a, b, c, columns),
                            2 => rows::<FUSED, L, 2>(a, b, c, columns),
                            _ => rows::<FUSED, L, 1>(a, b, c, columns),
                        }
                    }
                }
            }

            /// `R` rows by `J` columns of `a bᵀ`: `R * J` dot products that share their loads.
            #[inline(always)]
            fn dots<const FUSED: bool, const L: usize, const R: usize, const J: usize>(
                a: &[T],
                b: &[T],
                inner: usize,
            ) -> [[T; J]; R] {
                let a: [&[T]; R] = core::array::from_fn(|r| &a[r * inner..][..inner]);
                let b: [&[T]; J] = core::array::from_fn(|j| &b[j * inner..][..inner]);
                let mut sums = [[[0.0; L]; J]; R];
                let whole = inner - inner % L;
                for k in (0..whole).step_by(L) {
                    for r in 0..R {
                        let a = &a[r][k..k + L];
                        for j in 0..J {
                            let b = &b[j][k..k + L];
                            for l in 0..L {
                                sums[r][j][l] = multiply_add::<FUSED>(a[l], b[l], sums[r][j][l]);
                            }
                        }
                    }
                }
                core::array::from_fn(|r| {
                    core::array::from_fn(|j| {
                        let rest = a[r][whole..].iter().zip(&b[j][whole..]);
                        let rest = rest.fold(0.0, |sum, (&a, &b)| multiply_add::<FUSED>(a, b, sum));
                        sums[r][j].iter().sum::<T>() + rest
                    })
                })
            }

            #[inline(always)]
            fn columns_of<const FUSED: bool, const L: usize, const R: usize>(
                a: &[T],
                b: &[T],
                c: &mut [T],
                inner: usize,
                columns: usize,
            ) {
                let mut column = 0;
                while column + 2 <= columns {
                    let sums = dots::<FUSED, L, R, 2>(a, &b[column * inner..], inner);
                    for (r, sums) in sums.iter().enumerate() {
                        c[r * columns + column..][..2].iter_mut().zip(sums).for_each(|(c, sum)| *c += sum);
                    }
                    column += 2;
                }
                if column < columns {
                    let sums = dots::<FUSED, L, R, 1>(a, &b[column * inner..], inner);
                    for (r, [sum]) in sums.iter().enumerate() {
                        c[r * columns + column] += *sum;
                    }
                }
            }

            #[inline(always)]
            fn add_product_transposed<const FUSED: bool, const L: usize>(
                a: &[T],
                b: &[T],
                c: &mut [T],
                inner: usize,
                columns: usize,
            ) {
                for (a, c) in a.chunks(ROWS * inner).zip(c.chunks_mut(ROWS * columns)) {
                    match c.len() / columns {
                        4 => columns_of::<FUSED, L, 4>(a, b, c, inner, columns),
                        3 => columns_of::<FUSED, L, 3>(a, b, c, inner, columns),
                        2 => columns_of::<FUSED, L, 2>(a, b, c, inner, columns),
                        _ => columns_of::<FUSED, L, 1>(a, b, c, inner, columns),
                    }
                }
            }

            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            mod avx2 {
                use super::T;

                #[target_feature(enable = "avx2,fma")]
                pub(super) fn add_product(
                    a: &[T],
                    strides: [usize; 2],
                    b: &[T],
                    c: &mut [T],
                    inner: usize,
                    columns: usize,
                ) {
                    super::add_product::<true, $avx2>(a, strides, b, c, inner, columns);
                }

                #[target_feature(enable = "avx2,fma")]
                pub(super) fn add_product_transposed(
                    a: &[T],
                    b: &[T],
                    c: &mut [T],
                    inner: usize,
                    columns: usize,
                ) {
                    super::add_product_transposed::<true, $avx2>(a, b, c, inner, columns);
                }

                pub(super) fn available() -> bool {
                    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
                }
            }

            impl Lanes for T {
                fn add_product(
                    a: &[T],
                    strides: [usize; 2],
                    b: &[T],
                    c: &mut [T],
                    inner: usize,
                    columns: usize,
                ) {
                    #[cfg(all(feature = "std", target_arch = "x86_64"))]
                    if avx2::available() {
                        // SAFETY: the processor has just said that it has the features this function asks for.
                        #[allow(unsafe_code)]
                        return unsafe { avx2::add_product(a, strides, b, c, inner, columns) };
                    }
                    add_product::<false, $baseline>(a, strides, b, c, inner, columns);
                }

                fn add_product_transposed(a: &[T], b: &[T], c: &mut [T], inner: usize, columns: usize) {
                    #[cfg(all(feature = "std", target_arch = "x86_64"))]
                    if avx2::available() {
                        // SAFETY: the processor has just said that it has the features this function asks for.
                        #[allow(unsafe_code)]
                        return unsafe { avx2::add_product_transposed(a, b, c, inner, columns) };
                    }
                    add_product_transposed::<false, $baseline>(a, b, c, inner, columns);
                }
            }
        }
    };
}
products!(f32, single, avx2: 8, baseline: 4);
products!(f64, double, avx2: 4, baseline: 2);

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes around every edge of the tiles: lanes, pairs of lanes, rows, packing depth.
    const SIZES: [usize; 14] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 67, 300];

    fn numbers(len: usize, seed: u64) -> Vec<f64> {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(seed);
        (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    #[test]
    fn both_products_equal_the_naive_loop_for_every_size_around_the_tiles() {
        for rows in [1, 2, 3, 4, 5, 8, 9] {
            for inner in SIZES {
                for columns in SIZES {
                    let a = numbers(rows * inner, 1);
                    let b = numbers(inner * columns, 2);
                    let start = numbers(rows * columns, 3);
                    let naive: Vec<f64> = (0..rows * columns)
                        .map(|at| {
                            let (r, j) = (at / columns, at % columns);
                            (0..inner).map(|k| a[r * inner + k] * b[k * columns + j]).sum()
                        })
                        .collect();

                    let mut c = start.clone();
                    add_product(&a, [inner, 1], &b, &mut c, inner, columns);
                    let transposed: Vec<f64> =
                        (0..rows * inner).map(|at| a[at % rows * inner + at / rows]).collect();
                    let mut c_strided = start.clone();
                    add_product(&transposed, [1, rows], &b, &mut c_strided, inner, columns);
                    let b_transposed: Vec<f64> =
                        (0..inner * columns).map(|at| b[at % inner * columns + at / inner]).collect();
                    let mut c_transposed = start.clone();
                    add_product_transposed(&a, &b_transposed, &mut c_transposed, inner, columns);

                    // A sum of n terms below 1 in any order is within n^2 roundings of the exact one.
                    let tolerance = f64::EPSILON * ((inner + 1) * (inner + 1)) as f64;
                    for at in 0..rows * columns {
                        approx::assert_abs_diff_eq!(c[at], start[at] + naive[at], epsilon = tolerance);
                        approx::assert_abs_diff_eq!(c_strided[at], c[at], epsilon = 0.0);
                        approx::assert_abs_diff_eq!(c_transposed[at], c[at], epsilon = tolerance);
                    }
                }
            }
        }
    }
}

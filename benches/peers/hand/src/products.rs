//! C = A B, by whichever library.

use std::hint::black_box;

use common::{Job, digest, transposed, uniform};
use nalgebra::{DMatrixView, DMatrixViewMut, Dyn};

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    numbers: &'a [f32],
    /// The distance between rows, and between columns.
    strides: [usize; 2],
}

/// Row after row.
pub fn rows(numbers: &[f32], columns: usize) -> Matrix<'_> {
    Matrix { numbers, strides: [columns, 1] }
}

impl Matrix<'_> {
    pub fn transpose(self) -> Self {
        let [row, column] = self.strides;
        Matrix { strides: [column, row], ..self }
    }
}

/// `c = a b`, or `c += a b`, with a of m x k, b of k x n and c of m x n, which lies row after row; the sizes are
/// `[m, k, n]`.
pub type Product = fn(sizes: [usize; 3], a: Matrix, b: Matrix, add: bool, c: &mut [f32], threads: usize);

pub fn by(variant: &str) -> Product {
    match variant {
        "gemm" => by_gemm,
        "nalgebra" => by_nalgebra,
        #[cfg(feature = "openblas")]
        "openblas" => openblas::product,
        _ => panic!("no products by {variant}"),
    }
}

fn check([m, k, n]: [usize; 3], a: Matrix, b: Matrix, c: &[f32]) {
    let within = |x: Matrix, rows: usize, columns: usize| {
        (rows - 1) * x.strides[0] + (columns - 1) * x.strides[1] < x.numbers.len()
    };
    assert!(within(a, m, k) && within(b, k, n) && m * n <= c.len());
}

fn by_gemm([m, k, n]: [usize; 3], a: Matrix, b: Matrix, add: bool, c: &mut [f32], threads: usize) {
    use gemm::Parallelism::{None, Rayon};
    check([m, k, n], a, b, c);
    let ([ar, ac], [br, bc]) = (a.strides.map(|s| s as isize), b.strides.map(|s| s as isize));
    let (a, b, c) = (a.numbers.as_ptr(), b.numbers.as_ptr(), c.as_mut_ptr());
    let parallel = if threads > 1 { Rayon(threads) } else { None };
    // SAFETY: `check` found the last number of each matrix within its slice.
    unsafe {
        gemm::gemm(
            m, n, k, c, 1, n as isize, add, a, ac, ar, b, bc, br, 1.0, 1.0, false, false, false, parallel,
        )
    }
}

/// Not for sides of 5 and less, where nalgebra 0.35 uses another loop: on a matrix whose rows are not contiguous, that
/// loop runs over the gaps as well, past the end of `c`.
fn by_nalgebra([m, k, n]: [usize; 3], a: Matrix, b: Matrix, add: bool, c: &mut [f32], _: usize) {
    // nalgebra's matrices lie column after column: C' = B' A'.
    assert!(n > 5 && m > 5 && k > 5);
    let mut c = DMatrixViewMut::from_slice(c, n, m);
    c.gemm(1.0, &strided(b, n, k), &strided(a, k, m), if add { 1.0 } else { 0.0 });
}

/// The transpose of a matrix, as nalgebra has it.
fn strided<'a>(x: Matrix<'a>, rows: usize, columns: usize) -> DMatrixView<'a, f32, Dyn, Dyn> {
    let [column, row] = x.strides;
    DMatrixView::from_slice_with_strides_generic(x.numbers, Dyn(rows), Dyn(columns), Dyn(row), Dyn(column))
}

#[cfg(feature = "openblas")]
mod openblas {
    use super::{Matrix, check};

    #[rustfmt::skip]
    #[link(name = "openblas")]
    unsafe extern "C" {
        fn openblas_set_num_threads(threads: i32);
        fn cblas_sgemm(
            order: i32, transpose_a: i32, transpose_b: i32, m: i32, n: i32, k: i32,
            alpha: f32, a: *const f32, lda: i32, b: *const f32, ldb: i32, beta: f32, c: *mut f32, ldc: i32,
        );
        fn cblas_sgemv(
            order: i32, transpose: i32, m: i32, n: i32,
            alpha: f32, a: *const f32, lda: i32, x: *const f32, dx: i32, beta: f32, y: *mut f32, dy: i32,
        );
    }

    const ROWS: i32 = 101;
    const AS_IT_IS: i32 = 111;
    const TRANSPOSED: i32 = 112;

    pub fn product([m, k, n]: [usize; 3], a: Matrix, b: Matrix, add: bool, c: &mut [f32], threads: usize) {
        check([m, k, n], a, b, c);
        assert_eq!([a.strides[1], b.strides[1]], [1, 1]);
        let [m, k, n, lda, ldb] = [m, k, n, a.strides[0], b.strides[0]].map(|size| size as i32);
        let (a, b, c, beta) = (a.numbers.as_ptr(), b.numbers.as_ptr(), c.as_mut_ptr(), f32::from(add));
        // SAFETY: `check` found the last number of each matrix within its slice.
        unsafe {
            openblas_set_num_threads(threads as i32);
            if m == 1 {
                cblas_sgemv(ROWS, TRANSPOSED, k, n, 1.0, b, ldb, a, 1, beta, c, 1);
            } else {
                cblas_sgemm(ROWS, AS_IT_IS, AS_IT_IS, m, n, k, 1.0, a, lda, b, ldb, beta, c, n);
            }
        }
    }
}

/// F adds to what is there, P does not.
pub fn run(job: &Job) {
    let product = by(&job.variant);
    let (size, batch, scale, add) =
        if job.workload == "P" { (1024, 1024, 1.0, false) } else { (64, job.batch(), 0.125, true) };
    let w = transposed(&uniform(1, size * size, scale), size);
    let (x, mut c) = (uniform(2, batch * size, 1.0), vec![0.0; batch * size]);
    let call = |c: &mut Vec<f32>| {
        let (x, w) = (rows(black_box(&x), size), rows(black_box(&w), size));
        product([batch, size, size], x, w, add, c, job.threads);
    };
    job.kernel(&mut c, call, |c| digest(c));
}

//! Singular values of large matrices.

use alloc::vec;
use alloc::vec::Vec;

use super::tridiagonal::eigenvalues;
use crate::kernel::{Kernel, Level, dispatch, dot, norm};

/// Computes the singular values of a square matrix of side `n`. They are exact up to the rounding of the largest.
/// `None` if the method does not converge. The numbers of the matrix should be near 1 in size.
///
/// # Source
/// Golub, Kahan, "Calculating the singular values and pseudo-inverse of a matrix", SIAM J. Numer. Anal. 2 (1965).
/// Reflections from both sides make the matrix bidiagonal. The singular values of a bidiagonal matrix are eigenvalues
/// of a symmetric tridiagonal matrix of side 2n with a diagonal of zeros (theorem 1 there). Its other eigenvalues are
/// their negatives.
pub(super) fn of_square(a: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    let off_diagonal = dispatch(Bidiagonal { a, n });
    let mut values = eigenvalues(vec![0.0; 2 * n], off_diagonal, &mut [])?;
    values.sort_by(|a, b| b.total_cmp(a));
    values.truncate(n);
    values.iter_mut().for_each(|value| *value = value.max(0.0));
    Some(values)
}

/// The bidiagonalization of a square matrix, row after row.
struct Bidiagonal {
    a: Vec<f64>,
    n: usize,
}

impl Kernel for Bidiagonal {
    /// Alternates numbers of the diagonal and of the upper diagonal.
    type Output = Vec<f64>;

    /// Each step reads the matrix twice: once for the product of the rows with `u`, and once to reflect the rows from
    /// both sides and to add up the next `w`.
    #[inline(always)]
    fn run<L: Level>(self, _: L) -> Vec<f64> {
        let Self { mut a, n } = self;
        let mut found = Vec::with_capacity(2 * n);
        let mut v: Vec<f64> = (0..n).map(|row| a[row * n]).collect();
        let (mut beta, diagonal) = reflector(&mut v);
        found.push(diagonal);
        // The products of v with the columns after its own.
        let mut w = vec![0.0; n - 1];
        for (row, &v) in a.chunks_exact(n).zip(&v) {
            w.iter_mut().zip(&row[1..]).for_each(|(sum, x)| *sum += v * x);
        }
        for k in 0..n - 1 {
            // v reflects the rows from k on, from the left. u reflects the columns after k, from the right.
            let mut u: Vec<f64> =
                a[k * n + k + 1..][..w.len()].iter().zip(&w).map(|(x, w)| x - beta * v[0] * w).collect();
            let (gamma, upper) = reflector(&mut u);
            found.push(upper);
            let wu = dot(&w, &u);
            let y: Vec<f64> = (k + 1..n)
                .map(|row| dot(&a[row * n + k + 1..][..u.len()], &u) - beta * v[row - k] * wu)
                .collect();
            let mut next: Vec<f64> = (0..n - 1 - k)
                .map(|at| a[(k + 1 + at) * n + k + 1] - beta * v[at + 1] * w[0] - gamma * y[at] * u[0])
                .collect();
            let (next_beta, diagonal) = reflector(&mut next);
            found.push(diagonal);
            let mut sums = vec![0.0; u.len()];
            for at in 0..n - 1 - k {
                let (left, right, next) = (beta * v[at + 1], gamma * y[at], next[at]);
                let row = &mut a[(k + 1 + at) * n + k + 1..][..u.len()];
                for (((x, w), u), sum) in row.iter_mut().zip(&w).zip(&u).zip(&mut sums) {
                    *x -= left * w + right * u;
                    *sum += next * *x;
                }
            }
            sums.remove(0);
            (v, beta, w) = (next, next_beta, sums);
        }
        found
    }
}

/// Replaces `x` by the vector v of the reflection 1 - β v vᵀ that maps `x` to the first axis. Returns β, and the number
/// on that axis.
#[inline(always)]
fn reflector(x: &mut [f64]) -> (f64, f64) {
    let length = -norm(x).copysign(x[0]);
    x[0] -= length;
    let square = dot(x, x);
    (if square > 0.0 { 2.0 / square } else { 0.0 }, length)
}

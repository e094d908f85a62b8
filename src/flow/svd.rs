//! Singular values of a matrix.

use alloc::vec;
use alloc::vec::Vec;

use super::bidiagonal::of_square;
use super::figures::norm;

/// The largest number of rows or columns for Jacobi's method. For 128 it takes ten times as long.
const JACOBI: usize = 32;
/// The maximum number of sweeps of Jacobi's method, which needs six to ten.
const SWEEPS: usize = 60;

/// Computes the singular values of a matrix in descending order. `columns` is the length of a row. There are as many
/// values as the shorter side has elements. They are exact up to the rounding of the largest. `None` if the matrix is
/// not finite, or if the method does not converge.
///
/// Up to 32 rows or columns it uses Jacobi's method, and above that Householder's bidiagonalization: 8/3 n³ operations.
pub(super) fn singular_values(matrix: Vec<f64>, columns: usize) -> Option<Vec<f64>> {
    if columns == 0 || matrix.is_empty() {
        return Some(Vec::new());
    }
    let rows = matrix.len() / columns;
    let (mut a, count, len) = if rows <= columns {
        (matrix, rows, columns)
    } else {
        ((0..matrix.len()).map(|at| matrix[at % rows * columns + at / rows]).collect(), columns, rows)
    };
    if !a.iter().all(|x| x.is_finite()) {
        return None;
    }
    let scale = a.iter().fold(0.0, |scale, x| f64::max(scale, x.abs()));
    if scale == 0.0 {
        return Some(vec![0.0; count]);
    }
    a.iter_mut().for_each(|x| *x /= scale); // so that squares neither overflow nor vanish
    let len = if len > count { triangle(&mut a, len) } else { len };
    let mut values = if count <= JACOBI { jacobi(&mut a, len) } else { of_square(a, count) }?;
    values.iter_mut().for_each(|value| *value *= scale);
    values.sort_by(|a, b| b.total_cmp(a));
    Some(values)
}

/// Rotates pairs of rows until they are orthogonal. Their lengths are then the singular values.
///
/// # Source
/// Hestenes, "Inversion of matrices by biorthogonalization and related results", SIAM J. Appl. Math. 6 (1958); Demmel,
/// Veselić, "Jacobi's method is more accurate than QR", SIAM J. Matrix Anal. Appl. 13 (1992), algorithm 4.1.
fn jacobi(a: &mut [f64], len: usize) -> Option<Vec<f64>> {
    let count = a.len() / len;
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..count {
            for q in p + 1..count {
                let (before, after) = a.split_at_mut(q * len);
                rotated |= orthogonalize(&mut before[p * len..][..len], &mut after[..len]);
            }
        }
        if !rotated {
            return Some(a.chunks_exact(len).map(norm).collect());
        }
    }
    None
}

/// Reduces rows of length `len` by Householder's reflections to a lower triangle with the same singular values. Returns
/// the new length of the rows, which is their number. The time of a rotation is proportional to this length.
///
/// # Source
/// Golub, Van Loan, "Matrix computations", 4th edition, section 5.2.2, on the transposed matrix.
fn triangle(a: &mut Vec<f64>, len: usize) -> usize {
    let count = a.len() / len;
    for k in 0..count {
        let (above, below) = a.split_at_mut((k + 1) * len);
        let row = &mut above[k * len + k..];
        let length = -norm(row).copysign(row[0]);
        row[0] -= length;
        let [square, ..] = products(row, row);
        if square > 0.0 {
            for other in below.chunks_exact_mut(len) {
                let [.., product] = products(row, &other[k..]);
                let factor = 2.0 * product / square;
                other[k..].iter_mut().zip(&*row).for_each(|(x, v)| *x -= factor * v);
            }
        }
        row.fill(0.0);
        row[0] = length;
    }
    *a = a.chunks_exact(len).flat_map(|row| &row[..count]).copied().collect();
    count
}

/// Computes p·p, q·q and p·q, with four sums for each. In a single sum each addition would wait for the one before.
fn products(p: &[f64], q: &[f64]) -> [f64; 3] {
    let ((p, p_rest), (q, q_rest)) = (p.as_chunks::<4>(), q.as_chunks::<4>());
    let [mut pp, mut qq, mut pq] = [[0.0; 4]; 3];
    for (p, q) in p.iter().zip(q) {
        for at in 0..4 {
            pp[at] += p[at] * p[at];
            qq[at] += q[at] * q[at];
            pq[at] += p[at] * q[at];
        }
    }
    for (at, (p, q)) in p_rest.iter().zip(q_rest).enumerate() {
        pp[at] += p * p;
        qq[at] += q * q;
        pq[at] += p * q;
    }
    [pp, qq, pq].map(|sums| sums.iter().sum())
}

/// Rotates two rows until they are orthogonal. Returns whether a rotation was needed.
fn orthogonalize(p: &mut [f64], q: &mut [f64]) -> bool {
    let [pp, qq, pq] = products(p, q);
    // Rows of zeros are orthogonal to all others.
    if pq.abs() <= f64::EPSILON * p.len() as f64 * (pp * qq).sqrt() || pp.min(qq) == 0.0 {
        return false;
    }
    let zeta = (qq - pp) / (2.0 * pq);
    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    for (p, q) in p.iter_mut().zip(q) {
        (*p, *q) = (cosine * *p - sine * *q, sine * *p + cosine * *q);
    }
    true
}

//! Eigenvalues of symmetric tridiagonal matrices.

use alloc::vec::Vec;

/// The maximum number of steps for one eigenvalue, which takes about two.
const STEPS: usize = 60;

/// Returns the rows of the identity.
pub(super) fn identity(count: usize) -> Vec<Vec<f64>> {
    (0..count).map(|at| (0..count).map(|i| f64::from(u8::from(i == at))).collect()).collect()
}

/// Computes the eigenvalues of a symmetric tridiagonal matrix with the diagonal `d` and the off-diagonal `e`, by the QL
/// method with implicit shifts. `None` if it does not converge. The method rotates `vectors`, one for each row: if they
/// start as the rows of the identity, they become the eigenvectors. Without vectors, it computes only the eigenvalues.
///
/// # Source
/// Dubrulle, "A short note on the implicit QL algorithm for symmetric tridiagonal matrices", Numer. Math. 15 (1970):
/// the procedure `imtql1` of EISPACK. An off-diagonal number counts as 0 if it is below the rounding of the largest
/// row.
pub(super) fn eigenvalues(mut d: Vec<f64>, mut e: Vec<f64>, vectors: &mut [Vec<f64>]) -> Option<Vec<f64>> {
    let n = d.len();
    e.push(0.0);
    let row = |at: usize| d[at].abs() + e[at].abs() + if at > 0 { e[at - 1].abs() } else { 0.0 };
    let small = f64::EPSILON * (0..n).map(row).fold(0.0, f64::max);
    for l in 0..n {
        for step in 0.. {
            let m = (l..n - 1).find(|&at| e[at].abs() <= small).unwrap_or(n - 1);
            if m == l {
                break;
            }
            if step == STEPS {
                return None;
            }
            let g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let mut g = d[m] - d[l] + e[l] / (g + g.hypot(1.0).copysign(g));
            let (mut sine, mut cosine, mut p) = (1.0, 1.0, 0.0);
            let mut done = true;
            for i in (l..m).rev() {
                let (f, b) = (sine * e[i], cosine * e[i]);
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    done = false;
                    break;
                }
                (sine, cosine) = (f / r, g / r);
                g = d[i + 1] - p;
                let r = (d[i] - g) * sine + 2.0 * cosine * b;
                p = sine * r;
                d[i + 1] = g + p;
                g = cosine * r - b;
                if let [x, y] = vectors.get_mut(i..i + 2).unwrap_or_default() {
                    for (x, y) in x.iter_mut().zip(y) {
                        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
                    }
                }
            }
            if done {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
    Some(d)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// The matrix of second differences has the eigenvalues 2 - 2 cos(π k / (n + 1)).
    #[test]
    fn a_tridiagonal_matrix_has_its_known_eigenvalues_and_vectors() {
        for count in [1_usize, 2, 3, 10, 60] {
            let (diagonal, off_diagonal) = (vec![2.0; count], vec![-1.0; count - 1]);
            let mut vectors = identity(count);
            let values = eigenvalues(diagonal.clone(), off_diagonal.clone(), &mut vectors).unwrap();
            assert_eq!(eigenvalues(diagonal, off_diagonal, &mut []).unwrap(), values);
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            for (k, value) in (1..).zip(&sorted) {
                let angle = core::f64::consts::PI * f64::from(k) / (count as f64 + 1.0);
                assert!(
                    (value - (2.0 - 2.0 * angle.cos())).abs() < 1e-14 * count as f64,
                    "{count} {k} {value}"
                );
            }
            for (value, vector) in values.iter().zip(&vectors) {
                for row in 0..count {
                    let at = |row: usize| vector.get(row).copied().unwrap_or(0.0);
                    let product = 2.0 * at(row) - at(row.wrapping_sub(1)) - at(row + 1);
                    assert!((product - value * at(row)).abs() < 1e-13, "{count}");
                }
            }
        }
        // Separate blocks, and zeros.
        let mut values = eigenvalues(vec![1.0, 5.0, 0.0, 0.0], vec![0.0; 3], &mut []).unwrap();
        values.sort_by(f64::total_cmp);
        assert_eq!(values, [0.0, 0.0, 1.0, 5.0]);
    }
}

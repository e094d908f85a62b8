//! The extreme eigenvalues of a symmetric operator that is only given by its products with vectors.

use alloc::vec;
use alloc::vec::Vec;

use super::tridiagonal::{eigenvalues, identity};
use crate::Error;
use crate::kernel::{dot, norm};
use crate::random::normal;

/// Computes a product with the operator.
pub(super) type Apply<'a> = dyn FnMut(&[f64]) -> Result<Vec<f64>, Error> + 'a;

/// Approximate eigenvectors, of length 1, of the largest and the smallest eigenvalue, and the number of products that
/// were computed.
pub(super) struct Ends {
    pub(super) largest: Vec<f64>,
    pub(super) smallest: Vec<f64>,
    pub(super) products: usize,
}

/// Computes the eigenvectors of the largest and the smallest eigenvalue of a symmetric operator on vectors of this
/// length. It uses the Lanczos method from a random start, with full reorthogonalization. It ends after `most`
/// products, or when both residuals are below `tolerance` times the larger absolute eigenvalue.
///
/// # Source
/// Lanczos, "An iteration method for the solution of the eigenvalue problem", 1950; Parlett, "The symmetric eigenvalue
/// problem", 1980, sections 13.2 (the residual) and 13.8 (reorthogonalization: twice is enough).
pub(super) fn ends(len: usize, apply: &mut Apply<'_>, most: usize, tolerance: f64) -> Result<Ends, Error> {
    let mut rng = crate::random::rng(0);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let (mut diagonal, mut off_diagonal) = (Vec::new(), Vec::new());
    let mut next: Vec<f64> = (0..len).map(|_| normal(&mut rng)).collect();
    let mut length = norm(&next);
    loop {
        next.iter_mut().for_each(|x| *x /= length);
        let mut product = apply(&next)?;
        diagonal.push(dot(&next, &product));
        basis.push(next);
        for _ in 0..2 {
            for vector in &basis {
                let along = dot(vector, &product);
                product.iter_mut().zip(vector).for_each(|(x, v)| *x -= along * v);
            }
        }
        length = norm(&product);
        let mut vectors = identity(diagonal.len());
        let values = eigenvalues(diagonal.clone(), off_diagonal.clone(), &mut vectors);
        // With finite numbers it converges. A product that is not finite is an error before this.
        let values = values.ok_or(Error::NonFiniteLoss { value: f64::NAN })?;
        let [low, high] = extremes(&values);
        let scale = values[low].abs().max(values[high].abs());
        let steps = basis.len();
        let residual = |at: usize| length * vectors[at][steps - 1].abs();
        let close = residual(low).max(residual(high)) <= tolerance * scale;
        // A length that is only rounding: the operator maps the space of the vectors so far to itself.
        let closed = length <= f64::EPSILON * scale * len as f64 || length == 0.0;
        if (close && steps > 1) || closed || steps >= most.clamp(1, len) {
            let [largest, smallest] = [high, low].map(|at| combined(&basis, &vectors[at]));
            return Ok(Ends { largest, smallest, products: steps });
        }
        off_diagonal.push(length);
        next = product;
    }
}

/// Returns the indices of the smallest and the largest value.
fn extremes(values: &[f64]) -> [usize; 2] {
    let mut found = [0, 0];
    for (at, value) in values.iter().enumerate() {
        if *value < values[found[0]] {
            found[0] = at;
        }
        if *value > values[found[1]] {
            found[1] = at;
        }
    }
    found
}

/// Returns the linear combination of the vectors with these factors, scaled to length 1.
fn combined(basis: &[Vec<f64>], factors: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; basis[0].len()];
    for (vector, factor) in basis.iter().zip(factors) {
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += factor * x);
    }
    let length = norm(&sum);
    sum.iter_mut().for_each(|x| *x /= length);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_spectrum_are_found_from_few_products() {
        // 500 eigenvalues between -1 and 1, one of 10 and one of -3.
        let value = |at: usize| match at {
            17 => 10.0,
            400 => -3.0,
            _ => (at as f64).sin(),
        };
        let mut apply =
            |v: &[f64]| Ok(v.iter().enumerate().map(|(at, x)| value(at) * x).collect::<Vec<f64>>());
        let found = ends(500, &mut apply, 100, 1e-8).unwrap();
        assert!(found.products < 30, "{}", found.products);
        // The error of a vector is at most the residual, 1e-8 times 10, over the distance to the other eigenvalues.
        assert!(
            (found.largest[17].abs() - 1.0).abs() < 1e-8 && (found.smallest[400].abs() - 1.0).abs() < 1e-7
        );
        assert_eq!(ends(500, &mut apply, 5, 1e-8).unwrap().products, 5);
        assert_eq!(ends(1, &mut apply, 30, 1e-3).unwrap().largest[0].abs(), 1.0);
        // There are three different eigenvalues, so the fourth product adds no new direction.
        let mut apply = |v: &[f64]| Ok(v.iter().enumerate().map(|(at, x)| (at % 3) as f64 * x).collect());
        let found = ends(90, &mut apply, 30, 0.0).unwrap();
        assert!(found.products <= 4, "{}", found.products);
        let mut zero = |v: &[f64]| Ok(vec![0.0; v.len()]);
        assert_eq!(ends(90, &mut zero, 30, 1e-3).unwrap().products, 1);
    }
}

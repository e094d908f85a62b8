//! Rotary positions.

use crate::kernel::Real;

/// Computes the cosine and the sine of the angle of each pair of numbers of a head, for each step from `first`:
/// `[steps][head / 2][2]`.
pub(crate) fn angles<T: Real>(base: u32, head: usize, first: usize, table: &mut [T]) {
    if head < 2 {
        return;
    }
    for (at, row) in table.chunks_exact_mut(head / 2 * 2).enumerate() {
        let step = (first + at) as f64;
        for (pair, cosine_and_sine) in row.chunks_exact_mut(2).enumerate() {
            let angle = step * libm::pow(f64::from(base), -2.0 * pair as f64 / head as f64);
            cosine_and_sine[0] = T::from_f64(libm::cos(angle));
            cosine_and_sine[1] = T::from_f64(libm::sin(angle));
        }
    }
}

/// Rotates each head of each step of `x` by its angles, or in the opposite direction if `back` is set. A row of `x` has
/// `width` numbers. `table` has the angles of one sample, and each sample has the same number of rows.
pub(crate) fn rotate<T: Real>(table: &[T], head: usize, width: usize, back: bool, x: &mut [T]) {
    let half = head / 2;
    for (row, angles) in x.chunks_exact_mut(width).zip(table.chunks_exact(half * 2).cycle()) {
        for head in row.chunks_exact_mut(head) {
            let (first, second) = head.split_at_mut(half);
            for ((x0, x1), angle) in first.iter_mut().zip(second).zip(angles.chunks_exact(2)) {
                let (cosine, sine) = (angle[0], if back { -angle[1] } else { angle[1] });
                (*x0, *x1) = (*x0 * cosine - *x1 * sine, *x1 * cosine + *x0 * sine);
            }
        }
    }
}

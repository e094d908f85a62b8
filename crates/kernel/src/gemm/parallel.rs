//! A large product on all cores. Its rows (or its columns, if there are more of them) are halved until each core has a
//! part. Every number is the same sum in the same order, whichever thread computes it.

use super::driver::TILE_ROWS;
use super::tile::MAX_LANES;
use super::{Gemm, LARGE, Operands, gemm_packed};

/// Computes a large product on this number of cores.
///
/// # Safety
/// As for [`gemm_parallel`].
pub(super) unsafe fn gemm_large<T: Gemm + Send + Sync>(operands: Operands<T>, cores: usize) {
    let cores = cores.min(operands.multiply_adds() / LARGE).max(1);
    // SAFETY: the caller's promise.
    unsafe { gemm_parallel(operands, cores) }
}

/// Computes a product on this number of cores.
///
/// # Safety
/// The operands come from [`Operands::new`] (or are a part of such), `inner` is not 0, and what they were made from is
/// still borrowed.
pub(super) unsafe fn gemm_parallel<T: Gemm + Send + Sync>(operands: Operands<T>, cores: usize) {
    let Operands { rows, columns, .. } = operands;
    let middle = if cores < 2 || operands.multiply_adds() < 2 * LARGE {
        None
    } else if columns > rows {
        middle(columns, 2 * MAX_LANES).map(|at| (Operands { columns: at, ..operands }, operands.from(0, at)))
    } else {
        middle(rows, TILE_ROWS).map(|at| (Operands { rows: at, ..operands }, operands.from(at, 0)))
    };
    let Some((first, second)) = middle else {
        // SAFETY: the caller's promise.
        return unsafe { gemm_packed(operands) };
    };
    let (first, second) = (Part(first), Part(second));
    rayon::join(
        // SAFETY: a part of the caller's operands, which `join` does not outlive.
        || unsafe { gemm_parallel(first.operands(), cores / 2) },
        // SAFETY: the other part of the caller's operands, which `join` does not outlive.
        || unsafe { gemm_parallel(second.operands(), cores - cores / 2) },
    );
}

/// About the middle of a length, at a multiple of `tile`; none if one of the halves would be empty.
pub(super) fn middle(length: usize, tile: usize) -> Option<usize> {
    let at = (length / 2).next_multiple_of(tile);
    (0 < at && at < length).then_some(at)
}

/// A part of a product, for another thread.
struct Part<T>(Operands<T>);

impl<T> Part<T> {
    fn operands(self) -> Operands<T> {
        self.0
    }
}

// SAFETY: `a`, `b` and the initial numbers are read through pointers from several threads (`T: Sync`), numbers of `c`
// are written by another thread than the one that owns them (`T: Send`), and no two parts have a number of `c` in
// common: `middle` is inside of the length that it divides. Initial numbers that are in `c` are those of the same part.
unsafe impl<T: Send + Sync> Send for Part<T> {}

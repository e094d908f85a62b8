//! Products with one row (a single sample), or with several of which each is computed as if it was alone. The driver of
//! larger products would cost as much as the product of a small layer.

use super::tile::Tile;
use super::{Gemm, Initial, Operands, Strided};
use crate::simd::{Kernel, Level, Vector};

/// Computes `c = initial + a b` for one row, within the instance of a level: the same sums as [`gemm`](super::gemm).
///
/// # Panics
/// As `gemm`.
#[inline(always)]
pub(crate) fn gemv<T: Gemm, L: Level>(level: L, a: &[T], b: &[T], initial: Initial<'_, T>, c: &mut [T]) {
    let (inner, columns) = (a.len(), c.len());
    let operands =
        Operands::new(Strided::rows(a, inner), Strided::rows(b, columns), initial, c, inner, columns);
    // SAFETY: `new` has checked the operands, which have one row and a `b` that is not transposed; the slices are
    // borrowed until this function returns.
    unsafe { Gemv::new(&operands) }.run(level);
}

/// A product row by row, with a `b` that is not transposed.
pub(super) struct Gemv<'a, T>(&'a Operands<T>);

impl<'a, T: Gemm> Gemv<'a, T> {
    /// # Safety
    /// The operands come from [`Operands::new`] and have a `b` that is not transposed; what they were made
    /// from is borrowed until the kernel has run.
    pub(super) unsafe fn new(operands: &'a Operands<T>) -> Self {
        Self(operands)
    }
}

impl<T: Gemm> Kernel for Gemv<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Operands { rows, inner, columns, .. } = *self.0;
        let width = 8 * T::Vector::<L>::LANES;
        for row in 0..rows {
            let mut column = 0;
            // SAFETY: a level was passed. The operands are checked; this row, the columns up to `columns` and the
            // whole depth are theirs.
            unsafe {
                while columns - column >= width {
                    Tile::new(self.0, row, column, 0, inner).sums::<L, 1, 8>(width);
                    column += width;
                }
                if column < columns {
                    Tile::new(self.0, row, column, 0, inner).run::<L>(1, columns - column);
                }
            }
        }
    }
}

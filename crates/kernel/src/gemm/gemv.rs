//! Products with one row (a single sample). The driver of larger products would cost as much as the product of a small
//! layer.

use super::tile::{Tile, divided};
use super::{DEPTH, Gemm, Initial, Operands, Strided};
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
    unsafe { within(level, &operands) };
}

/// Runs the kernel within the instance of a level. (In a debug build it is not inlined: the stack
/// frame of each kernel that calls it would be larger than the stack of a small thread.)
///
/// # Safety
/// As for [`Gemv::new`].
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn within<T: Gemm, L: Level>(level: L, operands: &Operands<T>) {
    // SAFETY: the caller's promise.
    let kernel = unsafe { Gemv::new(operands) };
    if cfg!(debug_assertions) { level.run(kernel) } else { kernel.run(level) }
}

/// A product of one row, with a `b` that is not transposed.
pub(super) struct Gemv<'a, T>(&'a Operands<T>);

impl<'a, T: Gemm> Gemv<'a, T> {
    /// # Safety
    /// The operands come from [`Operands::new`] and have a `b` that is not transposed, and one row; what they were made
    /// from is borrowed until the kernel has run.
    pub(super) unsafe fn new(operands: &'a Operands<T>) -> Self {
        Self(operands)
    }
}

impl<T: Gemm> Kernel for Gemv<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Operands { inner, columns, order_of, .. } = *self.0;
        let lanes = T::Vector::<L>::LANES;
        let mut column = 0;
        // SAFETY: a level was passed. The operands are checked; the row, the columns up to `columns` and the depth up
        // to `inner` are theirs. A tile of 8 whole vectors has undivided sums.
        unsafe {
            if divided::<T, L>(inner, order_of) > 0 {
                // In the parts of the depth in which a batch computes them.
                let mut depth = 0;
                loop {
                    let deep = if inner - depth < DEPTH { inner - depth } else { DEPTH };
                    Tile::new::<L>(self.0, 0, 0, depth, deep).run_row::<L>(columns);
                    depth += deep;
                    if depth == inner {
                        return;
                    }
                }
            }
            // The last tile has 5 to 12 vectors: fewer would wait for one another.
            while columns - column > 12 * lanes {
                Tile::new::<L>(self.0, 0, column, 0, inner).row::<L, 8, 1, false>(8 * lanes);
                column += 8 * lanes;
            }
            Tile::new::<L>(self.0, 0, column, 0, inner).run_row::<L>(columns - column);
        }
    }
}

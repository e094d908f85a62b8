//! A few rows with a transposed `b`: dot products of its columns, which are contiguous, with the rows of `a`.

use super::{Gemm, Operands};
use crate::simd::{Kernel, Level, Vector};

/// How many dot products are summed at the same time.
const TOGETHER: usize = 4;

/// A product of an `a` with contiguous rows and a `b` with contiguous columns.
pub(super) struct DotProducts<T>(Operands<T>);

impl<T: Gemm> Kernel for DotProducts<T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Operands { rows, columns, .. } = self.0;
        for row in 0..rows {
            let mut column = 0;
            while column + TOGETHER <= columns {
                // SAFETY: a level was passed; the row and `TOGETHER` columns from this one on are the product's.
                unsafe { self.dots::<L, TOGETHER>(row, column) };
                column += TOGETHER;
            }
            while column < columns {
                // SAFETY: a level was passed; this row and this column are the product's.
                unsafe { self.dots::<L, 1>(row, column) };
                column += 1;
            }
        }
    }
}

impl<T: Gemm> DotProducts<T> {
    /// # Safety
    /// The operands come from [`Operands::new`], `inner` is not 0, the columns of `a` and the rows of `b` are 1 apart,
    /// and what they were made from is borrowed until the kernel has run.
    pub(super) unsafe fn new(operands: Operands<T>) -> Self {
        Self(operands)
    }

    /// Computes `COUNT` numbers of `c` in a row, from a column on.
    ///
    /// # Safety
    /// The row and these columns are the product's, the columns of `a` and the rows of `b` are 1 apart, and the
    /// processor has the level.
    #[inline(always)]
    unsafe fn dots<L: Level, const COUNT: usize>(&self, row: usize, column: usize) {
        let lanes = T::Vector::<L>::LANES;
        let Operands { a, a_row, b, b_column, initial, initial_row, initial_column, c, c_row, inner, .. } =
            self.0;
        // SAFETY: each read is of `inner` numbers of this row of `a` or of these columns of `b`, the last ones under a
        // mask; the last two lines touch these columns of this row. All of that is the product's, as the caller
        // promises.
        unsafe {
            let (a, b) = (a.add(row * a_row), b.add(column * b_column));
            let mut sums = [T::Vector::<L>::zero(); COUNT];
            let whole = inner - inner % lanes;
            let mut k = 0;
            while k < whole {
                let a = T::Vector::<L>::read(a.add(k));
                for j in 0..COUNT {
                    sums[j] = a.multiply_add(T::Vector::<L>::read(b.add(j * b_column + k)), sums[j]);
                }
                k += lanes;
            }
            if whole < inner {
                let a = T::Vector::<L>::read_first(a.add(whole), inner - whole);
                for j in 0..COUNT {
                    let b = T::Vector::<L>::read_first(b.add(j * b_column + whole), inner - whole);
                    sums[j] = a.multiply_add(b, sums[j]);
                }
            }
            for j in 0..COUNT {
                let initial = *initial.add(row * initial_row + (column + j) * initial_column);
                *c.add(row * c_row + column + j) = initial + sums[j].sum();
            }
        }
    }
}

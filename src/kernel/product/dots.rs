//! A few rows with a transposed `b`: dot products of its rows, which lie well, with those of `a`.

use super::super::simd::{Kernel, Level, Vector};
use super::{Product, Sides};

/// So many dot products are summed side by side.
const TOGETHER: usize = 4;

/// The columns of `a` are next to one another, and so are the rows of `b`.
pub(super) struct Dots<T>(pub(super) Sides<T>);

impl<T: Product> Kernel for Dots<T> {
    type Output = ();

    #[inline(always)]
    #[allow(unsafe_code)]
    fn run<L: Level>(self) {
        let Sides { rows, columns, .. } = self.0;
        for row in 0..rows {
            let mut column = 0;
            while column + TOGETHER <= columns {
                // SAFETY: so many columns from there are the product's.
                unsafe { self.dots::<L, TOGETHER>(row, column) };
                column += TOGETHER;
            }
            while column < columns {
                // SAFETY: so is this one.
                unsafe { self.dots::<L, 1>(row, column) };
                column += 1;
            }
        }
    }
}

#[allow(unsafe_code)]
impl<T: Product> Dots<T> {
    /// The numbers of `c` in a row, from a column on.
    #[inline(always)]
    unsafe fn dots<L: Level, const COUNT: usize>(&self, row: usize, column: usize) {
        let lanes = T::Vector::<L>::LANES;
        let Sides { a, a_row, b, b_column, start, start_row, start_column, c, c_row, inner, .. } = self.0;
        // SAFETY: the caller's; the last numbers of a row are read under a mask.
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
                let start = *start.add(row * start_row + (column + j) * start_column);
                *c.add(row * c_row + column + j) = start + sums[j].sum();
            }
        }
    }
}

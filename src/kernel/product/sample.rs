//! One row: a sample through a layer. What leads the tiles of larger products would cost as much as a small layer itself.

use super::super::simd::{Kernel, Level, Vector};
use super::tile::Tile;
use super::{Product, Sides};

/// The rows of `b` lie well.
pub(super) struct Sample<'a, T>(pub(super) &'a Sides<T>);

impl<T: Product> Kernel for Sample<'_, T> {
    type Output = ();

    #[inline(always)]
    #[allow(unsafe_code)]
    fn run<L: Level>(self) {
        let Sides { inner, columns, .. } = *self.0;
        let width = 8 * T::Vector::<L>::LANES;
        let mut column = 0;
        // SAFETY: `product` has checked the sides, and neither columns nor depth go beyond them.
        unsafe {
            while columns - column >= width {
                Tile::at(self.0, 0, column, 0, inner).sums::<L, 1, 8>(width);
                column += width;
            }
            if column < columns {
                Tile::at(self.0, 0, column, 0, inner).run::<L>(1, columns - column);
            }
        }
    }
}

//! Large products. A block of `b` is packed into the second-level cache, and a panel of `a`, six rows, into the first:
//! the panel stays there while the tiles read the block once.
//!
//! Both are packed in the order in which a tile reads them. The block is packed once for all rows of `c`, a panel once
//! for each block. So a tile reads from the cache only, whatever the distance between the rows of `a` and `b` is, and
//! knows the distances in the panel at compile time.
//!
//! Each number is one sum in the order of the inner dimension, as in an undivided [`tile`](super::tile): a sum that is
//! written to `c` between two blocks and read again has the same bits as one that stays in a register.

use core::mem::MaybeUninit;

use super::driver::{Partition, TILE_ROWS};
use super::pack::{PANEL, pack_panel, pack_strips};
use super::tile::MAX_LANES;
use super::{DEPTH, Gemm, Operands, STRIPS};
use crate::simd::{Kernel, Level, Vector};

/// A packed panel of `a`: `PANEL` numbers for each `k`.
#[repr(align(64))]
struct Panel<T>(MaybeUninit<[T; PANEL * DEPTH]>);

/// A product with packed operands.
pub(super) struct PackedGemm<T> {
    operands: Operands<T>,
    block: *mut T,
    numbers: usize,
}

impl<T: Gemm> PackedGemm<T> {
    /// # Safety
    /// The operands come from [`Operands::new`] (or are a part of such), are not empty, `inner` is not 0, their sums
    /// are not divided, and what they were made from is borrowed until the kernel has run. For as long, this many
    /// `numbers` can be read and written at `block`; they are at least a strip of `DEPTH` rows.
    pub(super) unsafe fn new(operands: Operands<T>, block: *mut T, numbers: usize) -> Self {
        Self { operands, block, numbers }
    }
}

impl<T: Gemm> Kernel for PackedGemm<T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { operands, block, numbers } = self;
        let Operands { rows, inner, columns, .. } = operands;
        let width = 2 * T::Vector::<L>::LANES;
        let mut panel = Panel::<T>(MaybeUninit::uninit());
        let panel: *mut T = panel.0.as_mut_ptr().cast();
        let depths = Partition::new(inner, DEPTH);
        let deepest = inner.div_ceil(depths.parts);
        let strips = Partition::new(columns.div_ceil(width), numbers / (deepest * width));
        let tiles = Partition::new(rows, TILE_ROWS);
        for part in 0..depths.parts {
            let (depth, deep) = depths.part(part);
            for part in 0..strips.parts {
                let (first, count) = strips.part(part);
                let (first, end) = (first * width, (first + count) * width);
                let end = if end < columns { end } else { columns };
                // SAFETY: a level was passed, and `new` requires checked operands: the rows are below `rows`, the
                // columns below `columns`, `depth + deep` is at most `inner`. The block holds `deepest` rows of as many
                // strips as the partition allows, the panel `DEPTH` columns of `PANEL` rows. A tile reads what was just
                // packed for its rows and its strip.
                unsafe {
                    let mut start = first;
                    while start < end {
                        let stop = if end - start < STRIPS * width { end } else { start + STRIPS * width };
                        pack_strips::<L, T>(
                            &operands,
                            start,
                            stop,
                            depth,
                            deep,
                            block.add((start - first) * deep),
                        );
                        start = stop;
                    }
                    for at in 0..tiles.parts {
                        let (row, high) = tiles.part(at);
                        pack_panel::<L, T>(&operands, row, high, depth, deep, panel);
                        for strip in 0..count {
                            let column = first + strip * width;
                            let strip = block.add(strip * deep * width);
                            let tile = Tile { operands: &operands, panel, strip, row, column, depth, deep };
                            tile.run::<L>(high, end - column);
                        }
                    }
                }
            }
        }
    }
}

/// A tile of `c` whose operands are packed.
struct Tile<'a, T> {
    operands: &'a Operands<T>,
    panel: *const T,
    strip: *const T,
    row: usize,
    column: usize,
    depth: usize,
    deep: usize,
}

impl<T: Gemm> Tile<'_, T> {
    /// Computes `high` rows of two vectors, or of the `wide` numbers that are left of `c`.
    ///
    /// # Safety
    /// The panel has `high` rows and `deep` columns, the strip as many rows of two vectors. The product has `high` rows
    /// from `row` on and `wide` columns from `column` on. The processor has the level.
    #[inline(always)]
    unsafe fn run<L: Level>(&self, high: usize, wide: usize) {
        let Operands { initial, initial_row, initial_column, c, c_row, .. } = *self.operands;
        let width = 2 * T::Vector::<L>::LANES;
        // SAFETY: the rows and columns are the product's, as the caller promises. A narrow tile is computed in `edge`,
        // which has `TILE_ROWS` rows of two vectors.
        unsafe {
            let c = c.add(self.row * c_row + self.column);
            let (initial, initial_row) = if self.depth == 0 {
                (initial.add(self.row * initial_row + self.column * initial_column), initial_row)
            } else {
                (c.cast_const(), c_row)
            };
            let mut edge = MaybeUninit::<[T; TILE_ROWS * 2 * MAX_LANES]>::uninit();
            let edge: *mut T = edge.as_mut_ptr().cast();
            let whole = wide >= width;
            let (from, from_row, to, to_row) = if whole {
                (initial, initial_row, c, c_row)
            } else {
                for r in 0..high {
                    for j in 0..width {
                        *edge.add(r * width + j) =
                            if j < wide { *initial.add(r * initial_row + j) } else { T::ZEROS.0[0] };
                    }
                }
                (edge.cast_const(), width, edge, width)
            };
            match high {
                1 => self.sums::<L, 1>(from, from_row, to, to_row),
                2 => self.sums::<L, 2>(from, from_row, to, to_row),
                3 => self.sums::<L, 3>(from, from_row, to, to_row),
                4 => self.sums::<L, 4>(from, from_row, to, to_row),
                5 => self.sums::<L, 5>(from, from_row, to, to_row),
                _ => self.sums::<L, TILE_ROWS>(from, from_row, to, to_row),
            }
            if !whole {
                for r in 0..high {
                    for j in 0..wide {
                        *c.add(r * c_row + j) = *edge.add(r * width + j);
                    }
                }
            }
        }
    }

    /// Computes `R` rows of two vectors.
    ///
    /// # Safety
    /// As for [`run`](Tile::run); `R` rows of two vectors can be read from `initial` and written to `c`.
    #[inline(always)]
    unsafe fn sums<L: Level, const R: usize>(
        &self,
        mut initial: *const T,
        initial_row: usize,
        mut c: *mut T,
        c_row: usize,
    ) {
        let lanes = T::Vector::<L>::LANES;
        // SAFETY: `r` is below `R`, and `k` below `deep`: rows and columns that the caller promises.
        unsafe {
            let mut sums = [[T::Vector::<L>::zero(); 2]; R];
            for r in 0..R {
                sums[r] = [T::Vector::<L>::read(initial), T::Vector::<L>::read(initial.add(lanes))];
                initial = initial.wrapping_add(initial_row);
                // The next tile is right of this one.
                T::Vector::<L>::prefetch_near(c.wrapping_add(r * c_row + 2 * lanes));
                T::Vector::<L>::prefetch_near(c.wrapping_add(r * c_row + 3 * lanes));
            }
            let (mut a, mut b) = (self.panel, self.strip);
            for _ in 0..self.deep / UNROLLED {
                for k in 0..UNROLLED {
                    multiply_add::<T, L, R>(a.add(k * PANEL), b.add(k * 2 * lanes), &mut sums);
                }
                (a, b) = (a.add(UNROLLED * PANEL), b.add(UNROLLED * 2 * lanes));
            }
            for _ in 0..self.deep % UNROLLED {
                multiply_add::<T, L, R>(a, b, &mut sums);
                (a, b) = (a.add(PANEL), b.add(2 * lanes));
            }
            for r in 0..R {
                sums[r][0].write(c);
                sums[r][1].write(c.add(lanes));
                c = c.wrapping_add(c_row);
            }
        }
    }
}

/// How many steps of the inner dimension are one iteration of the loop.
const UNROLLED: usize = 4;

/// Adds the products of a column of the panel and a row of the strip.
///
/// # Safety
/// `R` numbers can be read at `a` and two vectors at `b`; the processor has the level.
#[inline(always)]
unsafe fn multiply_add<T: Gemm, L: Level, const R: usize>(
    a: *const T,
    b: *const T,
    sums: &mut [[T::Vector<L>; 2]; R],
) {
    let lanes = T::Vector::<L>::LANES;
    // SAFETY: the caller's promise. A prefetch needs none.
    unsafe {
        for line in 0..(2 * lanes * size_of::<T>()).div_ceil(64) {
            T::Vector::<L>::prefetch_near(b.wrapping_add(AHEAD * 2 * lanes + line * (64 / size_of::<T>())));
        }
        let row = [T::Vector::<L>::read(b), T::Vector::<L>::read(b.add(lanes))];
        for r in 0..R {
            let a = T::Vector::<L>::splat(*a.add(r));
            for v in 0..2 {
                sums[r][v] = a.multiply_add(row[v], sums[r][v]);
            }
        }
    }
}

/// How many rows of a strip are prefetched.
const AHEAD: usize = 8;

//! Products that copy what they read often to where it lies well: strips of `b`, and blocks of `a`.

use core::mem::MaybeUninit;

use super::super::simd::{Kernel, Level, Vector};
use super::tile::{MOST_LANES, Tile};
use super::{DEPTH, Product, Sides};

/// A strip of `b` is two vectors wide.
const STRIP: usize = DEPTH * 2 * MOST_LANES;
/// So many strips of `b` are copied at a time beside blocks of `a`, so that whole cache lines of its rows are read.
const STRIPS: usize = 4;
/// Numbers of a block of `a`: 128 KiB of `f32`, a quarter of a second-level cache.
const BLOCK: usize = 128 * DEPTH;

/// Copies the strips of `b`.
pub(super) struct Strips<T>(pub(super) Sides<T>);

impl<T: Product> Kernel for Strips<T> {
    type Output = ();

    #[inline(always)]
    #[allow(unsafe_code)]
    fn run<L: Level>(self) {
        let mut strip = MaybeUninit::<[T; STRIP]>::uninit();
        let strip = strip.as_mut_ptr().cast::<T>();
        let mut depth = 0;
        while depth < self.0.inner {
            let deep = if self.0.inner - depth < DEPTH { self.0.inner - depth } else { DEPTH };
            // SAFETY: `product` has checked the sides, and neither rows nor depth go beyond them; the strip has room.
            unsafe { strips::<L, T>(&self.0, None, 0, self.0.rows, depth, deep, strip, 1) };
            depth += deep;
        }
    }
}

/// Copies blocks of `a` too.
pub(super) struct Blocks<T>(pub(super) Sides<T>);

impl<T: Product> Kernel for Blocks<T> {
    type Output = ();

    #[inline(always)]
    #[allow(unsafe_code)]
    fn run<L: Level>(self) {
        let mut strip = MaybeUninit::<[T; STRIPS * STRIP]>::uninit();
        let mut block = MaybeUninit::<[T; BLOCK]>::uninit();
        let (strip, block) = (strip.as_mut_ptr().cast::<T>(), block.as_mut_ptr().cast::<T>());
        let Sides { rows, inner, .. } = self.0;
        let mut depth = 0;
        while depth < inner {
            let deep = if inner - depth < DEPTH { inner - depth } else { DEPTH };
            let (mut row, mut blocks) = (0, rows.div_ceil(BLOCK / DEPTH));
            while row < rows {
                let high = (rows - row).div_ceil(blocks);
                // SAFETY: `product` has checked the sides, and neither rows nor depth go beyond them; strips and block have room.
                unsafe {
                    pack_block::<T>(&self.0, row, high, depth, deep, block);
                    strips::<L, T>(&self.0, Some(block), row, high, depth, deep, strip, STRIPS);
                }
                row += high;
                blocks -= 1;
            }
            depth += deep;
        }
    }
}

/// All strips of `b`, `together` of them copied at a time, for `high` rows, which are those of `block` if there is one.
#[inline(always)]
#[allow(unsafe_code, clippy::too_many_arguments)]
unsafe fn strips<L: Level, T: Product>(
    sides: &Sides<T>,
    block: Option<*const T>,
    first: usize,
    high: usize,
    depth: usize,
    deep: usize,
    strip: *mut T,
    together: usize,
) {
    let width = 2 * T::Vector::<L>::LANES;
    let mut column = 0;
    while column < sides.columns {
        let end =
            if sides.columns - column < together * width { sides.columns } else { column + together * width };
        // SAFETY: the strips are of `b`, there is room for so many together, and the tiles are those of the caller's rows.
        unsafe {
            pack_strips::<L, T>(sides, column, end, depth, deep, strip);
            let mut strip = strip;
            while column < end {
                let wide = if end - column < width { end - column } else { width };
                let (mut row, mut tiles) = (0, high.div_ceil(6));
                while row < high {
                    let rows = (high - row).div_ceil(tiles);
                    let mut tile = Tile::at(sides, first + row, column, depth, deep);
                    (tile.b, tile.b_row, tile.b_end) = (strip, width, strip.add(deep * width));
                    if let Some(block) = block {
                        (tile.a, tile.a_row, tile.a_column) = (block.add(row * deep), 1, rows);
                    }
                    tile.run::<L>(rows, wide);
                    row += rows;
                    tiles -= 1;
                }
                column += wide;
                strip = strip.add(deep * width);
            }
        }
    }
}

/// Copies the rows of a block of `a`, tile by tile as [`strips`] cuts them: all that a step of a tile reads is together.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn pack_block<T: Product>(
    sides: &Sides<T>,
    first: usize,
    high: usize,
    depth: usize,
    deep: usize,
    to: *mut T,
) {
    let (mut row, mut tiles) = (0, high.div_ceil(6));
    while row < high {
        let rows = (high - row).div_ceil(tiles);
        // SAFETY: the rows are `a`'s, and `to` has room for all of a block.
        unsafe {
            let from = sides.a.add((first + row) * sides.a_row + depth * sides.a_column);
            let to = to.add(row * deep);
            for k in 0..deep {
                for r in 0..rows {
                    *to.add(k * rows + r) = *from.add(r * sides.a_row + k * sides.a_column);
                }
            }
        }
        row += rows;
        tiles -= 1;
    }
}

/// Copies the strips of `b` between two columns, one after the other, to rows of two vectors. What the last has more is 0.
#[inline(always)]
#[allow(unsafe_code)]
unsafe fn pack_strips<L: Level, T: Product>(
    sides: &Sides<T>,
    first: usize,
    end: usize,
    depth: usize,
    deep: usize,
    to: *mut T,
) {
    let (block, width) = (T::Vector::<L>::BLOCK, 2 * T::Vector::<L>::LANES);
    let whole = (end - first) / width;
    // SAFETY: the columns are `b`'s, and `to` has room for the strips.
    unsafe {
        let from = sides.b.add(depth * sides.b_row + first * sides.b_column);
        if sides.b_column == 1 {
            for k in 0..deep {
                for strip in 0..whole {
                    let from = from.add(k * sides.b_row + strip * width);
                    let to = to.add((strip * deep + k) * width);
                    T::Vector::<L>::read(from).write(to);
                    T::Vector::<L>::read(from.add(width / 2)).write(to.add(width / 2));
                }
            }
        }
        let mut strip = if sides.b_column == 1 { whole } else { 0 };
        while first + strip * width < end {
            let from = from.add(strip * width * sides.b_column);
            let to = to.add(strip * deep * width);
            let wide = if strip < whole { width } else { end - first - strip * width };
            // Whole blocks of a transpose are turned round by themselves.
            let (whole_deep, whole_wide) =
                if sides.b_row == 1 { (deep - deep % block, wide - wide % block) } else { (0, 0) };
            let mut j = 0;
            while j < whole_wide {
                let mut k = 0;
                while k < whole_deep {
                    let from = from.add(k + j * sides.b_column);
                    T::Vector::<L>::transpose(from, sides.b_column, to.add(k * width + j), width);
                    k += block;
                }
                j += block;
            }
            for k in 0..deep {
                let first = if k < whole_deep { whole_wide } else { 0 };
                for j in first..width {
                    *to.add(k * width + j) =
                        if j < wide { *from.add(k * sides.b_row + j * sides.b_column) } else { T::ZEROS[0] };
                }
            }
            strip += 1;
        }
    }
}

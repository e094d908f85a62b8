//! A large product on all cores: halves of its rows, or of its columns where these are more, until each core has a part.
//! Every number is the same sum in the same order, wherever it is worked out.

use super::tile::MOST_LANES;
use super::walk::TILE_ROWS;
use super::{LARGE, Product, Sides, large};

pub(super) fn side_by_side<T: Product>(sides: Sides<T>, cores: usize) {
    let Sides { rows, inner, columns, .. } = sides;
    if cores < 2 || rows * inner * columns < 2 * LARGE {
        return large(sides);
    }
    let halves = if columns > rows {
        middle(columns, 2 * MOST_LANES).map(|at| (Sides { columns: at, ..sides }, sides.from(0, at)))
    } else {
        middle(rows, TILE_ROWS).map(|at| (Sides { rows: at, ..sides }, sides.from(at, 0)))
    };
    let Some((one, other)) = halves else { return large(sides) };
    let (one, other) = (Part(one), Part(other));
    rayon::join(|| side_by_side(one.sides(), cores / 2), || side_by_side(other.sides(), cores - cores / 2));
}

/// About the middle of a length, at whole tiles; if there are some on both sides of it.
pub(super) fn middle(length: usize, tile: usize) -> Option<usize> {
    let at = (length / 2).next_multiple_of(tile);
    (0 < at && at < length).then_some(at)
}

/// A part of a product, for another thread.
struct Part<T>(Sides<T>);

impl<T> Part<T> {
    fn sides(self) -> Sides<T> {
        self.0
    }
}

// SAFETY: what the pointers lead to is borrowed until the product is done, `a`, `b` and the start to be read by all; and no two parts
// have a number of `c` in common, since `middle` is inside of what it cuts.
#[allow(unsafe_code)]
unsafe impl<T> Send for Part<T> {}

//! Every way through a product against three loops, and its cutting for several cores.

#[cfg(feature = "threads")]
use super::parallel::{middle, side_by_side};
use super::*;
use crate::kernel::Real;
use crate::kernel::simd::{Kernel, Level, for_each_level};
use alloc::vec;
use alloc::vec::Vec;

/// Whole numbers from -4 to 4: their sums of products are exact in any order, so that every level must give the same.
fn numbers<T: Real>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|at| T::of((((at + 1) * (seed + 7) * 7919) % 1009 % 9) as f64 - 4.0)).collect()
}

fn transpose<T: Real>(matrix: &[T], columns: usize) -> Vec<T> {
    let rows = matrix.len() / columns;
    (0..matrix.len()).map(|at| matrix[at % rows * columns + at / rows]).collect()
}

/// Every way through a product of these sides, in the level, against three loops: from each start, with `a` and `b` as they are
/// and transposed.
fn check<T: Real, L: Level>(rows: usize, inner: usize, columns: usize) {
    let (a, b) = (numbers::<T>(rows * inner, 1), numbers::<T>(inner * columns, 2));
    let (a_turned, b_turned) = (transpose(&a, inner.max(1)), transpose(&b, columns));
    let (before, row) = (numbers::<T>(rows * columns, 3), numbers::<T>(columns, 4));
    let mut naive = vec![T::zero(); rows * columns];
    for (r, c) in naive.chunks_exact_mut(columns).enumerate() {
        for k in 0..inner {
            let b = &b[k * columns..][..columns];
            c.iter_mut().zip(b).for_each(|(c, &b)| *c += a[r * inner + k] * b);
        }
    }
    for (at, a) in [Strided::rows(&a, inner), Strided::transposed(&a_turned, rows)].into_iter().enumerate() {
        for (bt, b) in
            [Strided::rows(&b, columns), Strided::transposed(&b_turned, inner)].into_iter().enumerate()
        {
            for (st, start) in [Start::Zero, Start::Row(&row), Start::Output].into_iter().enumerate() {
                let mut kernels: [fn(Sides<T>); 5] = [
                    |sides| Walk { sides, strips: None, block: None }.run::<L>(),
                    |sides| {
                        let mut strips = vec![T::zero(); STRIPS * DEPTH * 2 * MOST_LANES];
                        Walk { sides, strips: Some(strips.as_mut_ptr()), block: None }.run::<L>();
                    },
                    |sides| {
                        let mut strips = vec![T::zero(); STRIPS * DEPTH * 2 * MOST_LANES];
                        let mut block = vec![T::zero(); BLOCK];
                        let (strips, block) = (Some(strips.as_mut_ptr()), Some(block.as_mut_ptr()));
                        Walk { sides, strips, block }.run::<L>();
                    },
                    |sides| Dots(sides).run::<L>(),
                    |sides| Sample(&sides).run::<L>(),
                ];
                // What each of them asks of its sides.
                let fits =
                    [bt == 0 || inner == 0, inner > 0, inner > 0, at == 0 && bt == 1, rows == 1 && bt == 0];
                for (kernel, fits) in kernels.iter_mut().zip(fits) {
                    if !fits {
                        continue;
                    }
                    // A number behind the last: nobody writes there.
                    let mut c = before.clone();
                    c.push(T::of(77.0));
                    kernel(Sides::of(a, b, start, &mut c[..rows * columns], inner, columns));
                    for (place, &c) in c[..rows * columns].iter().enumerate() {
                        let added = [T::zero(), row[place % columns], before[place]][st];
                        assert!(
                            c == naive[place] + added,
                            "{rows} x {inner} x {columns}, a {at}, b {bt}, start {st}: {c} at {place}"
                        );
                    }
                    assert!(c[rows * columns] == T::of(77.0));
                }
            }
        }
    }
}

/// Around every edge: rows of a tile, lanes and pairs of lanes of every level, depth of a strip.
#[test]
fn every_product_equals_three_loops_on_a_grid_of_sizes() {
    for_each_level!(L => {
        for rows in [1, 2, 3, 4, 5, 6, 7, 11, 13] {
            for inner in [0, 1, 2, 7, 8, 17] {
                for columns in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33] {
                    check::<f32, L>(rows, inner, columns);
                    check::<f64, L>(rows, inner, columns);
                }
            }
        }
    });
}

#[test]
fn every_product_equals_three_loops_beyond_a_strip_and_a_block() {
    for_each_level!(L => {
        for [rows, inner, columns] in [[1, 300, 131], [1, 5, 260], [3, 257, 65], [130, 5, 67], [131, 259, 10], [7, 513, 140]] {
            check::<f32, L>(rows, inner, columns);
            check::<f64, L>(rows, inner, columns);
        }
    });
}

#[test]
fn the_sizes_choose_a_product_that_can_do_them() {
    // One of each rule: a sample, a batch, a transposed b, rows of 4 KiB, a large one; their sums are exact.
    for [rows, inner, columns] in
        [[1, 784, 128], [32, 128, 64], [64, 100, 30], [9, 16, 1024], [26, 1300, 500]]
    {
        let (a, b) = (numbers::<f32>(rows * inner, 1), numbers::<f32>(inner * columns, 2));
        let (a_turned, b_turned) = (transpose(&a, inner), transpose(&b, columns));
        let last: f32 = (0..inner).map(|k| a[(rows - 1) * inner + k] * b[k * columns + columns - 1]).sum();
        for a in [Strided::rows(&a, inner), Strided::transposed(&a_turned, rows)] {
            for b in [Strided::rows(&b, columns), Strided::transposed(&b_turned, inner)] {
                let mut c = vec![0.0; rows * columns];
                product(a, b, Start::Zero, &mut c, inner, columns);
                assert_eq!(c[rows * columns - 1], last, "{rows} x {inner} x {columns}");
            }
        }
    }
}

#[test]
#[cfg(feature = "threads")]
fn a_product_is_cut_where_both_halves_have_some() {
    for tile in [2 * MOST_LANES, walk::TILE_ROWS] {
        for length in 1..300 {
            match middle(length, tile) {
                Some(at) => assert!(0 < at && at < length, "{length} at {at}"),
                None => assert!(length <= tile, "{length} in tiles of {tile}"),
            }
        }
    }
}

#[test]
#[cfg(feature = "threads")]
fn more_cores_than_a_narrow_product_has_strips_give_the_same() {
    let [rows, inner, columns] = [25, 52_000, 154];
    let (a, b) = (numbers::<f32>(rows * inner, 1), numbers::<f32>(inner * columns, 2));
    let product = |cores| {
        let mut c = vec![0.0; rows * columns];
        let (a, b) = (Strided::rows(&a, inner), Strided::rows(&b, columns));
        side_by_side(Sides::of(a, b, Start::Zero, &mut c, inner, columns), cores);
        c
    };
    assert!(product(64) == product(1));
}

#[test]
fn a_product_of_nothing_changes_nothing() {
    let mut c = [1.0_f32; 3];
    add_product(Strided::rows(&[], 0), Strided::rows(&[], 3), &mut c, 0, 3);
    add_product(Strided::rows(&[], 2), Strided::rows(&[1.0; 6], 3), &mut [], 2, 3);
    assert_eq!(c, [1.0; 3]);
}

#[test]
#[should_panic(expected = "a or b is smaller than the product")]
fn a_side_that_is_too_short_is_refused() {
    add_product(Strided::rows(&[1.0_f32; 5], 3), Strided::rows(&[1.0; 6], 2), &mut [0.0; 4], 3, 2);
}

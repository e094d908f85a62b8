//! Every algorithm of a product against three loops, and its division among several cores.

#[cfg(feature = "threads")]
use super::parallel::{gemm_parallel, middle};
use super::*;
use crate::Real;
use crate::simd::{Level, for_each_level};
use alloc::vec;
use alloc::vec::Vec;

/// Whole numbers from -4 to 4: their sums of products are exact in any order, so that every level must give the same.
fn numbers<T: Real>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|at| T::from_f64((((at + 1) * (seed + 7) * 7919) % 1009 % 9) as f64 - 4.0)).collect()
}

pub(super) fn transpose<T: Real>(matrix: &[T], columns: usize) -> Vec<T> {
    let rows = matrix.len() / columns;
    (0..matrix.len()).map(|at| matrix[at % rows * columns + at / rows]).collect()
}

/// Compares every algorithm for a product of these sides, at this level, with three loops: for each initial value, with
/// `a` and `b` as they are and transposed.
fn check<T: Real, L: Level>(level: L, rows: usize, inner: usize, columns: usize) {
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
            for (st, start) in [Initial::Zero, Initial::Row(&row), Initial::Output].into_iter().enumerate() {
                // SAFETY: each is called with what it asks for only (`fits`), on matrices that outlive the call.
                let kernels: [fn(Operands<T>, L); 5] = [
                    |operands, level| level.run(unsafe { Direct::new(&operands) }),
                    |operands, level| {
                        let mut strips = vec![T::zero(); STRIPS_BLOCK];
                        // SAFETY: as above; the buffer has as many numbers as the driver asks for.
                        level.run(unsafe { GemmDriver::new(operands, strips.as_mut_ptr()) });
                    },
                    |operands, level| {
                        let mut block = vec![T::zero(); STRIPS_BLOCK];
                        // SAFETY: as above; an undivided sum of whole numbers is the divided one.
                        level.run(unsafe { PackedGemm::new(operands, block.as_mut_ptr(), STRIPS_BLOCK) });
                    },
                    |operands, level| level.run(unsafe { DotProducts::new(operands) }),
                    |operands, level| level.run(unsafe { Gemv::new(&operands) }),
                ];
                // What each of them asks of its operands.
                let fits =
                    [bt == 0 || inner == 0, inner > 0, inner > 0, at == 0 && bt == 1, bt == 0 && rows == 1];
                for (kernel, fits) in kernels.iter().zip(fits) {
                    if !fits {
                        continue;
                    }
                    // A number past the last, which must not be written.
                    let mut c = before.clone();
                    c.push(T::from_f64(77.0));
                    kernel(Operands::new(a, b, start, &mut c[..rows * columns], inner, columns), level);
                    for (place, &c) in c[..rows * columns].iter().enumerate() {
                        let added = [T::zero(), row[place % columns], before[place]][st];
                        assert!(
                            c == naive[place] + added,
                            "{rows} x {inner} x {columns}, a {at}, b {bt}, start {st}: {c} at {place}"
                        );
                    }
                    assert!(c[rows * columns] == T::from_f64(77.0));
                }
            }
        }
    }
}

/// Around every edge: rows of a tile, lanes and pairs of lanes of every level, depth of a strip.
#[test]
fn every_product_equals_three_loops_on_a_grid_of_sizes() {
    for_each_level!(level => {
        for rows in [1, 2, 3, 4, 5, 6, 7, 11, 13] {
            for inner in [0, 1, 2, 7, 17, 35] {
                for columns in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33] {
                    check::<f32, _>(level, rows, inner, columns);
                    check::<f64, _>(level, rows, inner, columns);
                }
            }
        }
    });
}

#[test]
fn every_product_equals_three_loops_beyond_a_strip_and_a_block() {
    for_each_level!(level => {
        for [rows, inner, columns] in [[1, 300, 131], [1, 5, 260], [3, 257, 65], [130, 5, 67], [131, 259, 10], [7, 513, 140],
            [14, 270, 900]] {
            check::<f32, _>(level, rows, inner, columns);
            check::<f64, _>(level, rows, inner, columns);
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
                gemm(a, b, Initial::Zero, &mut c, inner, columns);
                assert_eq!(c[rows * columns - 1], last, "{rows} x {inner} x {columns}");
            }
        }
    }
}

#[test]
#[cfg(feature = "threads")]
fn a_product_is_cut_where_both_halves_have_some() {
    for tile in [2 * MAX_LANES, driver::TILE_ROWS] {
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
        // SAFETY: `a`, `b` and `c` outlive the call, and `inner` is not 0.
        unsafe { gemm_parallel(Operands::new(a, b, Initial::Zero, &mut c, inner, columns), cores) };
        c
    };
    assert!(product(64) == product(1));
}

#[test]
fn a_product_of_nothing_changes_nothing() {
    let mut c = [1.0_f32; 3];
    gemm(Strided::rows(&[], 0), Strided::rows(&[], 3), Initial::Output, &mut c, 0, 3);
    gemm(Strided::rows(&[], 2), Strided::rows(&[1.0; 6], 3), Initial::Output, &mut [], 2, 3);
    assert_eq!(c, [1.0; 3]);
}

/// A row or a column that is read again and again is a matrix too.
#[test]
fn strides_of_zero_repeat_a_row_or_a_column() {
    let row: Vec<f32> = numbers(5, 1);
    let a = vec![1.0; 300];
    for (rows, inner) in [(1, 3), (2, 3), (4, 3), (9, 30), (100, 3)] {
        let mut c = vec![0.0; rows * 5];
        let b = Strided { numbers: &row[..], strides: [0, 1] };
        gemm(Strided { numbers: &a, strides: [1, 1] }, b, Initial::Zero, &mut c, inner, 5);
        assert!(c.chunks(5).all(|c| c.iter().zip(&row).all(|(c, b)| *c == inner as f32 * b)));
    }
}

/// Wrong arguments of a product of 3 x 4 by 4 x 2.
fn refused(a: [usize; 2], b: [usize; 2], inner: usize, columns: usize, len: usize) -> bool {
    std::panic::catch_unwind(|| {
        let (a, b) = (
            Strided { numbers: &[1.0_f32; 12][..], strides: a },
            Strided { numbers: &[1.0; 8][..], strides: b },
        );
        gemm(a, b, Initial::Zero, &mut vec![0.0; len], inner, columns);
    })
    .is_err()
}

#[test]
fn sizes_and_strides_that_lie_are_refused() {
    assert!(!refused([4, 1], [2, 1], 4, 2, 6));
    let half = 1 << (usize::BITS - 1);
    for huge in [13, half, half + 1, usize::MAX / 2, usize::MAX / 4, usize::MAX - 1, usize::MAX] {
        assert!(refused([4, 1], [2, 1], huge, 2, 6), "an inner dimension of {huge}");
        assert!(refused([4, 1], [2, 1], 4, huge, 6), "{huge} columns");
        assert!(refused([huge, 1], [2, 1], 4, 2, 6), "rows of a {huge} apart");
        assert!(refused([4, huge], [2, 1], 4, 2, 6), "columns of a {huge} apart");
        assert!(refused([4, 1], [huge, 1], 4, 2, 6), "rows of b {huge} apart");
        assert!(refused([4, 1], [2, huge], 4, 2, 6), "columns of b {huge} apart");
        assert!(refused([huge, huge], [huge, huge], huge, huge, 6));
    }
    assert!(refused([4, 1], [2, 1], 4, 0, 6), "no columns");
    assert!(refused([4, 1], [2, 1], 4, 2, 7), "half a row");
    assert!(refused([4, 1], [2, 1], 4, 2, 8), "a row of c more than a has");
}

#[test]
fn the_distance_between_neighbors_that_do_not_exist_may_be_any() {
    for huge in [0, 1, 1 << (usize::BITS - 1), usize::MAX] {
        let mut c = [5.0_f32, 5.0];
        let (a, b) = (
            Strided { numbers: &[2.0][..], strides: [huge; 2] },
            Strided { numbers: &[3.0, 4.0][..], strides: [huge, 1] },
        );
        gemm(a, b, Initial::Zero, &mut c, 1, 2);
        assert_eq!(c, [6.0, 8.0]);
        // One column, however far the next would be.
        let b = Strided { numbers: &[3.0, 4.0][..], strides: [1, huge] };
        gemm(Strided { numbers: &[1.0, 1.0], strides: [huge, 1] }, b, Initial::Zero, &mut c[..1], 2, 1);
        assert_eq!(c, [7.0, 8.0]);
        // Nothing is read.
        let nothing = Strided { numbers: &[][..], strides: [huge; 2] };
        gemm(nothing, nothing, Initial::Zero, &mut c, 0, 2);
        gemm(nothing, nothing, Initial::Row(&[1.0]), &mut c, 0, 1);
        assert_eq!(c, [1.0, 1.0]);
    }
}

#[test]
#[should_panic(expected = "the initial row is shorter")]
fn an_initial_row_that_is_too_short_is_refused() {
    gemm(
        Strided::rows(&[1.0_f32; 2], 1),
        Strided::rows(&[1.0; 2], 2),
        Initial::Row(&[1.0]),
        &mut [0.0; 4],
        1,
        2,
    );
}

/// Numbers between -1/2 and 1/2, whose sums are not exact.
pub(super) fn fractions<T: Real>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|at| T::from_f64(((at * 7919 + seed * 31 + 3) % 1009) as f64 / 1009.0 - 0.5)).collect()
}

/// Compares each row of a product, by every algorithm, with the same row alone.
fn check_rows<T: Real, L: Level>(level: L, rows: usize, inner: usize, columns: usize) {
    // Rows of `a` overlap, as windows do; `b` is followed by other numbers, or by none.
    let a = fractions::<T>(rows + inner + 2, 1);
    let (b, row) = (fractions::<T>(inner * columns + rows % 2 * 70, 2), fractions::<T>(columns, 3));
    let windows = |first: usize| Strided { numbers: &a[first..], strides: [1, 1] };
    let mut alone = vec![T::zero(); rows * columns];
    for (first, c) in alone.chunks_exact_mut(columns).enumerate() {
        let b = Strided::rows(&b[..inner * columns], columns);
        let operands = Operands::new(windows(first), b, Initial::Row(&row), c, inner, columns);
        // SAFETY: `b` is not transposed, there is one row, and the matrices outlive the call.
        level.run(unsafe { Gemv::new(&operands) });
    }
    let mut strips = vec![T::zero(); STRIPS_BLOCK];
    for algorithm in 0..3 {
        if inner == 0 && algorithm > 0 || algorithm == 2 && tile::divided::<T, L>(inner, columns) > 0 {
            continue;
        }
        let mut together = vec![T::zero(); rows * columns];
        let b = Strided::rows(&b, columns);
        let operands = Operands::new(windows(0), b, Initial::Row(&row), &mut together, inner, columns);
        // SAFETY: `inner` is not 0 for the packed ones, `b` is not transposed, the sums of a product with panels are
        // not divided, and the matrices and the buffer, of its full length, outlive the call.
        unsafe {
            match algorithm {
                0 => level.run(Direct::new(&operands)),
                1 => level.run(GemmDriver::new(operands, strips.as_mut_ptr())),
                _ => {
                    let mut block = vec![T::zero(); STRIPS_BLOCK];
                    level.run(PackedGemm::new(operands, block.as_mut_ptr(), STRIPS_BLOCK));
                }
            }
        }
        assert!(alone == together, "{rows} x {inner} x {columns}, algorithm {algorithm}");
    }
}

#[test]
fn the_bits_of_a_row_do_not_depend_on_the_other_rows() {
    for_each_level!(level => {
        for rows in 1..70 {
            for columns in [1, 5, 16, 17, 31, 33, 50, 70, 97, 113] {
                check_rows::<f32, _>(level, rows, 12 + rows % 23, columns);
                check_rows::<f64, _>(level, rows, 12 + rows % 23, columns);
            }
        }
        for rows in [1, 2, 3, 4, 5, 6, 7, 9, 14] {
            for columns in (1..140).chain([193, 260]) {
                check_rows::<f32, _>(level, rows, columns % 9 * 5, columns);
                check_rows::<f64, _>(level, rows, columns % 9 * 5, columns);
            }
            for (inner, columns) in [(255, 3), (256, 9), (257, 40), (600, 33), (601, 12), (520, 130)] {
                check_rows::<f32, _>(level, rows, inner, columns);
                check_rows::<f64, _>(level, rows, inner, columns);
            }
        }
    });
}

/// The same through the function that chooses the algorithm, also for a product that is divided among cores.
#[test]
fn a_row_of_any_batch_has_the_bits_that_it_has_alone() {
    for [rows, inner, columns] in [
        [2, 64, 64],
        [7, 100, 10],
        [9, 20, 1024],
        [50, 128, 65],
        [64, 300, 24],
        [130, 1100, 260],
        [400, 700, 130],
    ] {
        let (a, b) = (fractions::<f32>(rows * inner, 1), fractions::<f32>(inner * columns, 2));
        let mut together = vec![0.0; rows * columns];
        let b = Strided::rows(&b, columns);
        gemm(Strided::rows(&a, inner), b, Initial::Zero, &mut together, inner, columns);
        for (row, together) in together.chunks_exact(columns).enumerate() {
            let mut alone = vec![0.0; columns];
            gemm(Strided::rows(&a[row * inner..], inner), b, Initial::Zero, &mut alone, inner, columns);
            assert_eq!(alone, together, "row {row} of {rows} x {inner} x {columns}");
        }
    }
}

#[test]
fn a_row_of_a_product_with_a_transposed_b_can_have_the_same_bits_in_every_batch() {
    for [inner, columns] in [[1, 1], [8, 3], [64, 65], [300, 24], [40, 130]] {
        let (a, b) = (fractions::<f32>(70 * inner, 1), fractions::<f32>(inner * columns, 2));
        let product = |first: usize, rows: usize| {
            let mut c = vec![0.0; rows * columns];
            let (a, b) = (Strided::rows(&a[first * inner..], inner), Strided::transposed(&b, inner));
            gemm_rows_alike(a, b, Initial::Zero, &mut c, inner, columns);
            c
        };
        for rows in [1, 2, 8, 9, 49, 70] {
            for (row, c) in product(0, rows).chunks_exact(columns).enumerate() {
                assert_eq!(c, product(row, 1), "row {row} of {rows} x {inner} x {columns}");
            }
        }
    }
}

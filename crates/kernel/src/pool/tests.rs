//! Both poolings against their definition; wrong geometries.

use super::*;
use alloc::vec;
use alloc::vec::Vec;

/// Returns all geometries of a window up to 4 with a stride up to 5 on a side up to 7: (side, window, stride, padding,
/// places).
fn sides() -> Vec<[usize; 5]> {
    let mut sides = vec![];
    for side in 1..=7_usize {
        for window in 1..=4 {
            for stride in 1..=5 {
                for padding in 0..=window / 2 {
                    if let Some(free) = (side + 2 * padding).checked_sub(window) {
                        sides.push([side, window, stride, padding, free / stride + 1]);
                    }
                }
            }
        }
    }
    sides
}

/// Returns the definition, number by number: the indices of a window's numbers in the plane, `None` where it is
/// padding.
fn window(pooling: &Pooling, place: usize) -> Vec<Option<usize>> {
    let at = [place / pooling.places[1], place % pooling.places[1]];
    let mut numbers = vec![];
    for i in 0..pooling.window[0] {
        for j in 0..pooling.window[1] {
            let index = |axis: usize, tap: usize| {
                let padded = at[axis] * pooling.stride[axis] + tap;
                padded.checked_sub(pooling.padding[axis]).filter(|&y| y < pooling.plane[axis])
            };
            numbers.push(index(0, i).zip(index(1, j)).map(|(y, x)| y * pooling.plane[1] + x));
        }
    }
    numbers
}

#[test]
fn both_poolings_and_their_gradients_are_the_definition_for_every_small_window() {
    let mut checked = 0;
    // Longer than one chunk, and than two.
    let wide = [[70, 3, 1, 1, 70], [70, 2, 2, 1, 36], [33, 2, 1, 0, 32]];
    for (at, rows) in sides().into_iter().enumerate() {
        // With each side of the rows, some of the columns: all pairs would take minutes.
        for columns in sides().into_iter().skip(at % 7).step_by(7).chain(wide) {
            let [plane, size, stride, padding, places] = core::array::from_fn(|i| [rows[i], columns[i]]);
            let pooling = Pooling { plane, window: size, stride, padding, places };
            // Two planes of small whole numbers, with ties, all negative, so that padding would win if it took part.
            let (n, m) = (pooling.plane_len(), pooling.places_len());
            let x: Vec<f64> = (0..2 * n).map(|i| -1.0 - (i * 7 % 5) as f64).collect();
            let dy: Vec<f64> = (0..2 * m).map(|i| (i + 1) as f64).collect();
            let (mut max, mut mean) = (vec![0.0; 2 * m], vec![0.0; 2 * m]);
            let (mut max_dx, mut mean_dx) = (vec![0.0; 2 * n], vec![0.0; 2 * n]);
            let count = (size[0] * size[1]) as f64;
            for place in 0..2 * m {
                let offset = place / m * n;
                let window = window(&pooling, place % m);
                let covered: Vec<usize> = window.into_iter().flatten().map(|at| at + offset).collect();
                let largest = covered.iter().fold(f64::NEG_INFINITY, |max, &at| max.max(x[at]));
                max[place] = largest;
                max_dx[*covered.iter().find(|&&at| x[at] == largest).unwrap()] += dy[place];
                mean[place] = covered.iter().map(|&at| x[at]).sum::<f64>() / count;
                covered.iter().for_each(|&at| mean_dx[at] += dy[place] / count);
            }

            // All sums are of the same numbers in the same order (the places', the window's), so they are equal; but
            // the gradient of the mean is summed tap by tap here: n terms are within n roundings of the sum.
            let (mut y, mut dx) = (vec![0.5; 2 * m], vec![0.5; 2 * n]);
            pooling.max(&x, &mut y);
            assert_eq!(y, max, "{pooling:?}");
            pooling.max_gradient(&x, &y, &dy, &mut dx);
            assert_eq!(dx, max_dx, "{pooling:?}");
            pooling.mean(&x, &mut y);
            assert_eq!(y, mean, "{pooling:?}");
            pooling.mean_gradient(&dy, &mut dx);
            for (dx, expected) in dx.iter().zip(&mean_dx) {
                assert!((dx - expected).abs() <= count * f64::EPSILON * expected, "{pooling:?}");
            }
            checked += 1;
        }
    }
    assert!(checked > 2000);
}

#[test]
fn geometries_that_lie_are_refused() {
    let run = |plane, places, window, stride, padding, x: usize, y: usize| {
        let pooling = Pooling { plane, places, window, stride, padding };
        std::panic::catch_unwind(|| pooling.max(&vec![1.0_f32; x], &mut vec![0.0; y])).is_ok()
    };
    assert!(run([4, 4], [2, 2], [2, 2], [2, 2], [0, 0], 32, 8));
    const HALF: usize = 1 << (usize::BITS - 1);
    for huge in [HALF, HALF + 1, usize::MAX / 2 + 3, usize::MAX] {
        assert!(!run([4, huge], [2, 2], [2, 2], [2, 2], [0, 0], 32, 8), "a plane of {huge}");
        assert!(!run([4, 4], [huge, 2], [2, 2], [2, 2], [0, 0], 32, 8), "{huge} places");
        assert!(!run([4, 4], [2, 2], [2, huge], [2, 2], [0, 0], 32, 8), "a window of {huge}");
        assert!(!run([4, 4], [2, 2], [2, 2], [huge, 2], [0, 0], 32, 8), "a stride of {huge}");
        assert!(!run([4, 4], [2, 2], [2, 2], [2, 2], [huge, 0], 32, 8), "a padding of {huge}");
    }
    assert!(!run([4, 4], [2, 2], [2, 2], [0, 2], [0, 0], 32, 8), "no stride");
    assert!(!run([4, 4], [2, 2], [2, 2], [2, 2], [0, 0], 31, 8), "half a plane");
    assert!(!run([4, 4], [2, 2], [2, 2], [2, 2], [0, 0], 32, 4), "fewer outputs than inputs");
    assert!(!run([4, 0], [2, 2], [2, 2], [2, 2], [0, 0], 0, 0), "an empty plane");
}

//! Convolutions.

use alloc::vec;

use super::super::{Order, Products};
use super::{Random, channels, requantize};
use crate::convolution::{WindowPlaces, Windows};

/// Groups, channels of each, rows, columns, output channels of a group.
type Case = (usize, usize, WindowPlaces, WindowPlaces, usize);

#[test]
fn a_convolution_is_that_of_the_reference() {
    let places = |side, kernel, stride, dilation, before, places| WindowPlaces {
        side,
        kernel,
        stride,
        dilation,
        before,
        places,
    };
    let cases: [Case; 7] = [
        (1, 1, places(5, 3, 1, 1, 1, 5), places(6, 3, 1, 1, 1, 6), 2),
        (1, 3, places(9, 5, 1, 1, 0, 5), places(17, 5, 1, 1, 2, 17), 4),
        (1, 4, places(3, 1, 1, 1, 0, 3), places(11, 1, 1, 1, 0, 11), 5),
        (1, 2, places(9, 3, 2, 1, 1, 5), places(8, 2, 2, 1, 0, 4), 3),
        (1, 2, places(9, 3, 1, 2, 2, 9), places(12, 4, 1, 3, 4, 11), 3),
        (6, 1, places(7, 3, 1, 1, 1, 7), places(7, 3, 1, 1, 1, 7), 1),
        (2, 3, places(2, 3, 3, 1, 1, 1), places(4, 7, 1, 1, 5, 8), 2),
    ];
    let mut random = Random(4);
    for (case, (groups, each, rows, columns, outputs)) in cases.into_iter().enumerate() {
        let windows = Windows::along(groups, each, rows, columns);
        let taps = each * rows.kernel * columns.kernel;
        let x = random.many(groups * each * rows.side * columns.side);
        let weights = random.many(groups * outputs * taps);
        let (channels, numbers) = channels(&mut random, groups * outputs);
        let (input_zero, output_zero) = (random.int8(), random.int8());
        let products = Products { weights: &weights, channels: &channels, input_zero, output_zero };
        let all = rows.places * columns.places;
        let mut first = vec![0; groups * outputs * all];
        let mut scratch = vec![77; Products::scratch(&windows)];
        products.convolve(&windows, Order::ChannelsFirst, &x, &mut first, &mut scratch);
        for o in 0..groups * outputs {
            for r in 0..rows.places {
                for c in 0..columns.places {
                    let mut sum = numbers[o].0;
                    for i in 0..each {
                        for m in 0..rows.kernel {
                            for n in 0..columns.kernel {
                                let row = (r * rows.stride + m * rows.dilation) as i32 - rows.before as i32;
                                let column = (c * columns.stride + n * columns.dilation) as i32
                                    - columns.before as i32;
                                let inside = (0..rows.side as i32).contains(&row)
                                    && (0..columns.side as i32).contains(&column);
                                let channel = (o / outputs) * each + i;
                                let at = (channel * rows.side) as i32 + row;
                                let at = at * columns.side as i32 + column;
                                let x = if inside { x[at as usize] } else { input_zero };
                                let w = weights[((o * each + i) * rows.kernel + m) * columns.kernel + n];
                                sum += i32::from(w) * i32::from(x);
                            }
                        }
                    }
                    let expected = requantize(sum, numbers[o].1, numbers[o].2) + i32::from(output_zero);
                    let (expected, place) = (expected.clamp(-128, 127) as i8, r * columns.places + c);
                    assert_eq!(first[o * all + place], expected, "case {case}: {o} {r} {c}");
                }
            }
        }
    }
}

#[test]
fn a_convolution_of_steps_is_that_of_the_reference() {
    let mut random = Random(8);
    // Groups, features of each, output features of each, and the windows over the steps.
    for (groups, each, outputs, [steps, kernel, stride, dilation, before, places]) in [
        (1, 3, 5, [9, 4, 2, 1, 1, 4]),
        (1, 1, 2, [20, 3, 1, 1, 2, 20]),
        (3, 2, 1, [7, 3, 1, 2, 4, 7]),
        (4, 1, 1, [11, 5, 1, 1, 2, 11]),
    ] {
        let rows = WindowPlaces { side: steps, kernel, stride, dilation, before, places };
        let columns = WindowPlaces { side: each, kernel: each, stride: 1, dilation: 1, before: 0, places: 1 };
        let windows = Windows::along(groups, 1, rows, columns);
        let (x, weights) =
            (random.many(steps * groups * each), random.many(groups * outputs * kernel * each));
        let (channels, numbers) = channels(&mut random, groups * outputs);
        let (input_zero, output_zero) = (random.int8(), random.int8());
        let products = Products { weights: &weights, channels: &channels, input_zero, output_zero };
        let mut y = vec![0; places * groups * outputs];
        let mut scratch = vec![77; Products::scratch(&windows)];
        products.convolve(&windows, Order::ChannelsLast, &x, &mut y, &mut scratch);
        for (at, &y) in y.iter().enumerate() {
            let (place, o) = (at / (groups * outputs), at % (groups * outputs));
            let mut sum = numbers[o].0;
            for k in 0..kernel {
                let step = (place * stride + k * dilation).checked_sub(before).filter(|&step| step < steps);
                for i in 0..each {
                    let feature = (o / outputs) * each + i;
                    let x = step.map_or(input_zero, |step| x[step * groups * each + feature]);
                    sum += i32::from(weights[(o * kernel + k) * each + i]) * i32::from(x);
                }
            }
            let expected = requantize(sum, numbers[o].1, numbers[o].2) + i32::from(output_zero);
            assert_eq!(i32::from(y), expected.clamp(-128, 127), "{groups} groups of {each}, output {at}");
        }
    }
}

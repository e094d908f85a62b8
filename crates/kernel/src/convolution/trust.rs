//! Wrong sizes must panic, in release as in debug.

use alloc::vec;
use std::panic::catch_unwind;

use super::*;

const HALF: usize = 1 << (usize::BITS - 1);
const HUGE: [usize; 7] = [100, HALF, HALF + 1, HALF + 2, usize::MAX / 2, usize::MAX - 1, usize::MAX];

/// Returns whether windows with these sizes panic: groups, channels, height, width, kernel, stride, padding, and the
/// output's sides.
fn refused(
    [groups, channels, height, width, kernel, stride, padding, out_height, out_width]: [usize; 9],
) -> bool {
    let windows = || {
        Windows::new(groups, [channels, height, width], [kernel, stride, padding], [out_height, out_width])
    };
    catch_unwind(windows).is_err()
}

#[test]
fn windows_that_leave_their_image_or_overflow_are_refused() {
    // Two channels of 6 x 5 pixels, windows of 3 in steps of 1: 4 x 3 places.
    let honest = [1, 2, 6, 5, 3, 1, 0, 4, 3];
    assert!(!refused(honest));
    for (at, name) in
        ["groups", "channels", "height", "width", "kernel", "stride", "", "out height", "out width"]
            .into_iter()
            .enumerate()
    {
        let with = |size| {
            let mut sizes = honest;
            sizes[at] = size;
            sizes
        };
        assert!(refused(with(0)) || name.is_empty(), "no {name}");
        for huge in &HUGE[1..] {
            assert!(refused(with(*huge)), "{name} {huge}");
        }
    }
    for (at, one_more) in [(4, 4), (5, 2), (7, 5), (8, 4)] {
        let mut sizes = honest;
        sizes[at] = one_more;
        assert!(refused(sizes), "{sizes:?}");
    }
    // Sizes whose product wraps to a small number.
    assert!(refused([HALF, 2, 6, 5, 3, 1, 0, 4, 3]));
    assert!(refused([1, 2, HALF, HALF, 3, 1, 0, 4, 3]));
    assert!(refused([1, 2, 6, 5, 3, HALF, 0, 3, 3]));
    assert!(refused([1, 2, 6, 5, 3, 1, HALF, 4, 3]));
}

#[test]
fn windows_along_two_axes_that_overflow_are_refused() {
    let honest = [7, 3, 2, 2, 1, 2]; // side, kernel, stride, dilation, before, places
    let refused = |[side, kernel, stride, dilation, before, places]: [usize; 6], other: bool| {
        let axis = WindowPlaces { side, kernel, stride, dilation, before, places };
        let honest = WindowPlaces { side: 5, kernel: 2, stride: 1, dilation: 1, before: 0, places: 4 };
        let (rows, columns) = if other { (honest, axis) } else { (axis, honest) };
        catch_unwind(|| Windows::along(1, 2, rows, columns)).is_err()
    };
    for other in [false, true] {
        assert!(!refused(honest, other));
        for at in 0..honest.len() {
            let with = |size| {
                let mut sizes = honest;
                sizes[at] = size;
                sizes
            };
            assert!(refused(with(0), other) || at == 4, "number {at} is 0");
            for huge in &HUGE[1..] {
                assert!(refused(with(*huge), other), "number {at} is {huge}");
            }
        }
        // A stride and a dilation that are never taken.
        assert!(!refused([7, 1, usize::MAX, usize::MAX, 0, 1], other));
        // Sizes whose products wrap to small numbers.
        assert!(refused([7, 3, 1, HALF, 0, 1], other) && refused([7, 1, HALF, 1, 0, 3], other));
    }
}

#[test]
fn a_stride_longer_than_the_image_is_that_of_one_place() {
    for stride in [6, HALF, usize::MAX] {
        let windows = Windows::new(1, [1, 5, 5], [5, stride, 0], [1, 1]);
        let (mut workspace, mut output) = (vec![0.0_f32; windows.workspace_len::<f32>(1)], [0.0; 16]);
        convolve(&windows, &[1.0; 25], None, &[1.0; 16 * 25], &mut output, &mut workspace);
        assert_eq!(output, [25.0; 16]);
        let mut image = [0.0; 16 * 25];
        convolve_transposed(&windows, &[2.0; 25], None, &[1.0; 16], &mut image, &mut workspace);
        assert_eq!(image, [2.0; 16 * 25]);
    }
}

/// Calls all three convolutions with windows of 3 on a batch, with slices of these lengths. Returns whether each
/// panics.
fn calls([weights, images, outputs, workspace]: [usize; 4], bias: Option<usize>) -> [bool; 3] {
    let windows = Windows::new(1, [2, 6, 5], [3, 1, 1], [6, 5]);
    let bias = bias.map(|len| vec![0.5_f32; len]);
    let slices = || (vec![1.0; weights], vec![1.0; images], vec![1.0; outputs], vec![0.0; workspace]);
    [
        catch_unwind(|| {
            let (w, x, mut y, mut room) = slices();
            convolve(&windows, &w, bias.as_deref(), &x, &mut y, &mut room);
        }),
        catch_unwind(|| {
            let (w, mut x, y, mut room) = slices();
            convolve_transposed(&windows, &w, bias.as_deref(), &y, &mut x, &mut room);
        }),
        catch_unwind(|| {
            let (mut w, x, y, mut room) = slices();
            weight_gradient(&windows, &y, &x, Accumulate::Overwrite, &mut w, &mut room);
        }),
    ]
    .map(|result| result.is_err())
}

#[test]
fn slices_of_other_lengths_are_refused() {
    let windows = Windows::new(1, [2, 6, 5], [3, 1, 1], [6, 5]);
    for samples in [1, 16, 19] {
        // Three channels of the output.
        let honest = [3 * 18, samples * 60, samples * 90, windows.workspace_len::<f32>(3)];
        assert_eq!(calls(honest, None), [false; 3]);
        for at in 0..3 {
            for wrong in [0, 1, honest[at] - 1, honest[at] + 1] {
                let mut lens = honest;
                lens[at] = wrong;
                assert_eq!(calls(lens, None), [true; 3], "{lens:?} instead of {honest:?}");
            }
        }
        assert_eq!(
            calls([honest[0], honest[1], honest[2], 17], None),
            [true; 3],
            "a workspace of 17 numbers"
        );
        assert_eq!(calls(honest, Some(3)), [false, true, false]);
        assert_eq!(calls(honest, Some(2)), [true, false, false]);
    }
}

#[test]
fn a_workspace_of_nearly_the_length_that_is_needed_panics_or_suffices() {
    let windows = Windows::new(1, [2, 6, 5], [3, 1, 1], [6, 5]);
    let len = windows.workspace_len::<f32>(3);
    for short in 1..len {
        // The bound is that of the widest vectors: narrower ones may accept less. The call must panic or succeed.
        calls([3 * 18, 16 * 60, 16 * 90, len - short], None);
    }
}

#[test]
#[should_panic(expected = "the workspace of a convolution has 0 numbers")]
fn the_message_says_how_long_a_workspace_must_be() {
    let windows = Windows::new(1, [1, 2, 2], [1, 1, 0], [2, 2]);
    convolve(&windows, &[1.0_f32], None, &[1.0; 4], &mut [0.0; 4], &mut []);
}

#[test]
fn channels_that_the_groups_do_not_divide_are_refused() {
    let windows = Windows::new(2, [1, 3, 3], [3, 1, 0], [1, 1]);
    assert!(catch_unwind(|| windows.workspace_len::<f32>(3)).is_err());
    assert!(catch_unwind(|| windows.workspace_len::<f32>(0)).is_err());
    for huge in [HALF, usize::MAX - 1] {
        assert!(catch_unwind(|| windows.workspace_len::<f32>(huge)).is_err());
    }
    let mut workspace = vec![0.0; windows.workspace_len::<f32>(2)];
    convolve(&windows, &[1.0; 18], None, &[1.0; 18], &mut [0.0_f32; 2], &mut workspace);
}

#[test]
fn a_bias_gradient_of_sizes_that_lie_is_refused() {
    for (planes, places, channels) in
        [(12, 0, 3), (12, 4, 0), (12, 5, 2), (0, HALF, 2), (0, HALF + 1, 2), (12, usize::MAX, 3)]
    {
        let result = catch_unwind(|| {
            bias_gradient(&vec![1.0_f32; planes], places, Accumulate::Add, &mut vec![0.0; channels]);
        });
        assert!(result.is_err(), "{planes} numbers, {places} places, {channels} channels");
    }
}

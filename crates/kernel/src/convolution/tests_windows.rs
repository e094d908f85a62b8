//! The windows of the tests.

use alloc::vec;
use alloc::vec::Vec;

use super::{WindowPlaces, Windows};

/// Windows of a kernel, a stride and a padding on an image, if they fit.
pub(super) fn windows(
    [channels, height, width]: [usize; 3],
    [kernel, stride, padding]: [usize; 3],
) -> Option<Windows> {
    let out = |side: usize| Some((side + 2 * padding).checked_sub(kernel)? / stride + 1);
    let (out_height, out_width) = (out(height)?, out(width)?);
    Some(Windows::new(1, [channels, height, width], [kernel, stride, padding], [out_height, out_width]))
}

/// Returns every window on a few small images. Among them: windows wider than the image, strides past the window,
/// paddings past the window.
fn small_windows() -> Vec<Windows> {
    let mut all = vec![];
    for image in [[1, 1, 1], [2, 1, 4], [1, 5, 5], [3, 6, 4], [2, 3, 11]] {
        for kernel in [1, 2, 3, 5] {
            for stride in [1, 2, 3, 7] {
                for padding in [0, 1, 2, 6] {
                    all.extend(windows(image, [kernel, stride, padding]));
                }
            }
        }
    }
    // All but these: windows of 2, 3 and 5 on the least sides 1, 1, 5, 4, 3, and of 5 on 1, 1 when padded by 1.
    assert_eq!(all.len(), 5 * 4 * 4 * 4 - (2 + 2 + 4) * 4 - 2 * 4);
    all
}

/// Windows along one axis of this side: kernel, stride, dilation, padding before, padding after. With the padding
/// after they are all that fit, or one fewer, so that pixels at the end are in no window.
fn along(
    side: usize,
    [kernel, stride, dilation, before, after]: [usize; 5],
    fewer: bool,
) -> Option<WindowPlaces> {
    let span = (kernel - 1) * dilation + 1;
    let places = (side + before + after).checked_sub(span)? / stride + 1 - usize::from(fewer);
    (places > 0).then_some(WindowPlaces { side, kernel, stride, dilation, before, places })
}

/// Returns windows whose numbers differ by axis: dilations with and without a divisor in common with the stride,
/// windows that reach past the image on one side only, rows that are one window.
fn windows_that_differ_by_axis() -> Vec<Windows> {
    let axes = [
        [1, 1, 1, 0, 0],
        [2, 1, 2, 0, 1],
        [3, 1, 2, 2, 2],
        [3, 2, 2, 1, 3],
        [2, 3, 2, 4, 0],
        [3, 2, 3, 0, 0],
        [3, 4, 6, 6, 7],
        [4, 2, 1, 3, 0],
        [1, 3, 5, 0, 2],
        [5, 1, 1, 0, 4],
    ];
    let mut all = vec![];
    for (at, rows) in axes.into_iter().enumerate() {
        for (other, columns) in axes.into_iter().enumerate() {
            let [height, width] = [[7, 5], [4, 11], [1, 6], [9, 8]][(at + other) % 4];
            let rows = along(height, rows, (at + other) % 3 == 0);
            if let (Some(rows), Some(columns)) = (rows, along(width, columns, at % 3 == 1)) {
                all.push(Windows::along(1 + (at + other) % 2, 1 + at % 3, rows, columns));
            }
        }
    }
    assert!(all.len() > 60, "{} windows", all.len());
    all
}

/// All windows of both kinds.
pub(super) fn all_windows() -> impl Iterator<Item = (usize, Windows)> {
    small_windows().into_iter().chain(windows_that_differ_by_axis()).enumerate()
}

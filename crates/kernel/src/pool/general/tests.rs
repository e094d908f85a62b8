//! The windows against their definition; wrong geometries.

use super::*;

#[test]
fn adaptive_windows_are_those_of_pytorch() {
    let windows = |side, places| {
        let axis = PoolingAxis { side, places, windows: PoolingWindows::Adaptive };
        (0..places)
            .map(|place| (axis.taps(place).first, axis.taps(place).count))
            .collect::<alloc::vec::Vec<_>>()
    };
    // Computed by hand from start = floor(i in / out) and end = ceil((i + 1) in / out).
    assert_eq!(windows(7, 3), [(0, 3), (2, 3), (4, 3)]);
    assert_eq!(windows(4, 2), [(0, 2), (2, 2)]);
    assert_eq!(windows(3, 5), [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1)]);
}

/// All numbers of all small windows, by their definition.
#[test]
fn sliding_windows_cover_what_their_definition_says() {
    let mut checked = 0;
    for (side, window, stride) in
        (1..6).flat_map(|a| (1..4).flat_map(move |b| (1..4).map(move |c| (a, b, c))))
    {
        for (dilation, before, after) in
            (1..4).flat_map(|a| (0..3).flat_map(move |b| (0..3).map(move |c| (a, b, c))))
        {
            let padding = [before, after];
            let windows = PoolingWindows::Sliding { window, stride, dilation, padding };
            let axis = PoolingAxis { side, places: 5, windows };
            for place in 0..5 {
                let positions = (0..window).map(|tap| place * stride + tap * dilation);
                let padded = positions.clone().filter(|at| *at < before + side + after).count();
                let on_plane =
                    positions.filter(|at| (before..before + side).contains(at)).map(|at| at - before);
                let on_plane: alloc::vec::Vec<_> = on_plane.collect();
                let taps = axis.taps(place);
                let found: alloc::vec::Vec<_> =
                    (0..taps.count).map(|tap| taps.first + tap * taps.step).collect();
                assert_eq!((found, taps.padded), (on_plane, padded), "{axis:?} at {place}");
                checked += 1;
            }
        }
    }
    assert!(checked > 5000);
}

#[test]
fn sizes_that_lie_are_refused() {
    let run = |side, places, windows, x: usize, y: usize| {
        let column = PoolingAxis { side: 1, places: 1, windows: PoolingWindows::Adaptive };
        let pooling = GeneralPooling { axes: [PoolingAxis { side, places, windows }, column] };
        std::panic::catch_unwind(|| pooling.max(&alloc::vec![1.0_f32; x], &mut alloc::vec![0.0; y])).is_ok()
    };
    let sliding =
        |window, stride, dilation, padding| PoolingWindows::Sliding { window, stride, dilation, padding };
    assert!(run(4, 2, sliding(2, 2, 1, [0, 0]), 4, 2));
    assert!(run(4, 2, PoolingWindows::Adaptive, 8, 4));
    const HALF: usize = 1 << (usize::BITS - 1);
    for huge in [HALF, usize::MAX] {
        assert!(!run(huge, 2, PoolingWindows::Adaptive, 4, 2), "a side of {huge}");
        assert!(!run(4, huge, PoolingWindows::Adaptive, 4, 2), "{huge} places");
        assert!(!run(4, 2, sliding(huge, 2, 2, [0, 0]), 4, 2), "a window of {huge}");
        assert!(!run(4, 2, sliding(2, huge, 1, [0, 0]), 4, 2), "a stride of {huge}");
        assert!(!run(4, 2, sliding(2, 2, huge, [0, 0]), 4, 2), "a dilation of {huge}");
        assert!(!run(4, 2, sliding(2, 2, 1, [huge, huge]), 4, 2), "a padding of {huge}");
    }
    assert!(!run(4, 2, sliding(2, 0, 1, [0, 0]), 4, 2), "no stride");
    assert!(!run(4, 2, sliding(2, 2, 1, [0, 0]), 5, 2), "more than a plane");
    assert!(!run(0, 2, PoolingWindows::Adaptive, 0, 0), "an empty plane");
}

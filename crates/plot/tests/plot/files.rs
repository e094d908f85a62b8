//! PNGs, panels, files; and what cannot be drawn or saved.

use std::path::Path;

use chainrule_plot::{Bars, HeatMap, Histograms, Lines, Picture, Pixels, PlotError, Scatter};

use crate::svg::*;

#[test]
fn a_png_has_the_size_of_its_picture_and_ink_on_it() {
    let picture = line(&[(0.0, 1.0), (1.0, 2.0)]).picture().unwrap();
    let bytes = picture.png().unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), picture.size());
    assert_eq!(info.buffer_size(), 3 * (info.width * info.height) as usize);
    let of_color = |color: [u8; 3]| pixels.chunks_exact(3).filter(|pixel| **pixel == color).count();
    // The line rises over at least 600 x 300 pixels, and one pixel in each column is all its own.
    assert!(of_color([0, 114, 178]) > 600, "{} pixels of the line", of_color([0, 114, 178]));
    assert!(of_color([255; 3]) > pixels.len() / 3 * 9 / 10, "the background is not white");
    // The title, in its rows, has dark pixels: the font is there.
    let title = &pixels[3 * 900 * 10..3 * 900 * 40];
    assert!(title.chunks_exact(3).filter(|pixel| pixel[0] < 128).count() > 50, "no title");
}

#[test]
fn panels_are_next_to_and_below_each_other() {
    let panel = || line(&[(0.0, 1.0), (1.0, 2.0)]).picture().unwrap();
    let (width, height) = panel().size();
    assert_eq!(Picture::side_by_side([panel(), panel()]).size(), (2 * width, height));
    assert_eq!(Picture::below([panel(), panel(), panel()]).size(), (width, 3 * height));
    let grid = Picture::grid(2, [panel(), panel(), panel()]);
    assert_eq!(grid.size(), (2 * width, 2 * height));
    let lines = drawn_lines(&grid.svg().unwrap(), FIRST);
    let start = lines[0][0];
    let (width, height) = (10.0 * f64::from(width), 10.0 * f64::from(height));
    assert_eq!(lines[1][0], (start.0 + width, start.1));
    assert_eq!(lines[2][0], (start.0, start.1 + height));
}

#[test]
fn a_picture_is_saved_by_the_ending_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let picture = Pixels::new("Small", 1, 1).row("a", [[0.5f32]]).picture().unwrap();
    let save = |name: &str| {
        picture.save(folder.path().join(name)).map(|()| std::fs::read(folder.path().join(name)).unwrap())
    };
    assert_eq!(save("flow.svg").unwrap(), picture.svg().unwrap().into_bytes());
    assert_eq!(save("flow.PNG").unwrap(), picture.png().unwrap());
    for name in ["flow.jpg", "flow"] {
        assert!(matches!(save(name), Err(PlotError::Ending { path }) if path == folder.path().join(name)));
        assert!(!folder.path().join(name).exists());
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let picture = line(&[(0.0, 1.0)]).picture().unwrap();
    for path in ["no/such/folder/flow.svg", "no/such/folder/flow.png"].map(Path::new) {
        let error = picture.save(path).unwrap_err();
        assert!(matches!(&error, PlotError::Io { path: named, .. } if named == path));
        assert!(error.to_string().starts_with("no/such/folder/flow"), "{error}");
    }
}

#[test]
fn nothing_to_draw_is_an_error_that_names_the_picture() {
    let none = || [] as [(f64, f64); 0];
    let results = [
        Lines::new("Nothing").picture(),
        Lines::new("Nothing").line("a", none()).level(1.0, "level").picture(),
        Lines::new("Nothing").log_x().line("a", [(0.0, 1.0), (f64::INFINITY, 1.0)]).picture(),
        Bars::new("Nothing", [] as [&str; 0]).series("a", []).picture(),
        Bars::new("Nothing", ["a"]).picture(),
        Histograms::new("Nothing").picture(),
        Histograms::new("Nothing").panel("a", &[1.0], &[]).picture(),
        HeatMap::new("Nothing", [1.0]).picture(),
        HeatMap::new("Nothing", []).row("a", []).picture(),
        Scatter::new("Nothing").class("a", none()).picture(),
        Pixels::new("Nothing", 2, 2).row("a", [] as [[f32; 4]; 0]).picture(),
        Pixels::new("Nothing", 0, 2).row("a", [[] as [f32; 0]]).picture(),
    ];
    for (index, result) in results.into_iter().enumerate() {
        assert!(
            matches!(&result, Err(PlotError::Empty { title, .. }) if title == "Nothing"),
            "{index}: {result:?}"
        );
    }
    let nothing = Picture::side_by_side([]);
    assert!(
        matches!(nothing.svg(), Err(PlotError::Empty { .. }))
            && matches!(nothing.png(), Err(PlotError::Empty { .. }))
    );
}

#[test]
fn what_does_not_fit_together_is_named() {
    let message = |result: Result<Picture, PlotError>| result.unwrap_err().to_string();
    let cases = [
        (
            message(Bars::new("T", ["a", "b"]).series("gain", [1.0]).picture()),
            "`T`: the series `gain` must have 2 values, but has 1",
        ),
        (
            message(HeatMap::new("T", [1.0]).row("w", [1.0, 2.0]).picture()),
            "`T`: the row `w` must have 1 values, but has 2",
        ),
        (
            message(Histograms::new("T").panel("p", &[0.0, 1.0], &[1, 2]).picture()),
            "`T`: `p`, with 2 counts, for its edges must have 3 values, but has 2",
        ),
        (
            message(Histograms::new("T").panel("p", &[0.0, 0.0], &[1]).picture()),
            "`T`, `p`: the edges of the bins must be finite and rise, but edge 1 does not",
        ),
        (
            message(Pixels::new("T", 2, 2).row("r", [[1.0, 2.0]]).picture()),
            "`T`: image 0 of the row `r` must have 4 values, but has 2",
        ),
        (
            message(Bars::new("T", vec!["a"; 601]).series("s", vec![1.0; 601]).picture()),
            "`T` has 601 rows, but room for 600: draw a part of them",
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn a_png_that_memory_cannot_hold_is_refused() {
    let panel = line(&[(0.0, 1.0)]).picture().unwrap();
    let large = Picture::grid(8, vec![panel; 48]);
    assert!(matches!(large.png(), Err(PlotError::TooLarge { width: 7200, .. })));
    assert!(large.svg().is_ok());
}

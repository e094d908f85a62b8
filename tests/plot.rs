//! Pictures: what an SVG says and where it puts things, how large a PNG is, and what cannot be drawn.

use std::path::Path;

use chainrule::plot::{Bars, HeatMap, Histograms, Lines, Picture, Pixels, PlotError, Scatter};
use proptest::prelude::*;

/// Okabe and Ito's first two colours, and half of the first: a line, the next line, and what the first is compared with.
const FIRST: &str = "#0072B2";
const SECOND: &str = "#D55E00";
const FIRST_DARK: &str = "#003959";

fn line(points: &[(f64, f64)]) -> Lines {
    Lines::new("Title").x("depth").y("gradient").line("a line", points.iter().copied())
}

/// The elements of an SVG with this tag and colour.
fn elements<'s>(svg: &'s str, tag: &str, colour: &str) -> Vec<&'s str> {
    let start = format!("<{tag} ");
    svg.lines().filter(|line| line.starts_with(&start) && line.contains(&format!("\"{colour}\""))).collect()
}

/// A number of an element: `x` of `<rect x="3" ..>`.
fn attribute(element: &str, name: &str) -> f64 {
    let start = element.find(&format!(" {name}=\"")).expect(name) + name.len() + 3;
    element[start..].split('"').next().unwrap().parse().unwrap()
}

/// The corners of a polyline.
fn corners(element: &str) -> Vec<(f64, f64)> {
    let points = element.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
    let number = |text: &str| text.parse().unwrap();
    points
        .split_whitespace()
        .map(|point| point.split_once(',').unwrap())
        .map(|(x, y)| (number(x), number(y)))
        .collect()
}

/// The texts of an SVG, each on a line of its own between its tags.
fn texts(svg: &str) -> Vec<&str> {
    let lines: Vec<&str> = svg.lines().collect();
    lines.windows(2).filter(|pair| pair[0].starts_with("<text ")).map(|pair| pair[1]).collect()
}

fn assert_says(picture: &Picture, expected: &[&str]) {
    let svg = picture.svg().unwrap();
    let texts = texts(&svg);
    for text in expected {
        assert!(texts.contains(text), "no `{text}` among {texts:?}");
    }
}

/// The lines of the data: longer than the 28 units of a legend's.
fn drawn_lines(svg: &str, colour: &str) -> Vec<Vec<(f64, f64)>> {
    let lines = elements(svg, "polyline", colour).into_iter().map(corners);
    lines.filter(|line| line[line.len() - 1].0 - line[0].0 != 280.0).collect()
}

#[test]
fn lines_say_what_they_show() {
    let picture = line(&[(1.0, 0.5), (2.0, 0.7)])
        .line("another & <third>", [(1.0, 0.1), (2.0, 0.2)])
        .level(0.3, "a level")
        .note("A note.")
        .picture()
        .unwrap();
    assert_says(
        &picture,
        &["Title", "depth", "gradient", "a line", "another &amp; &lt;third&gt;", "a level", "A note.", "0.4"],
    );
}

#[test]
fn each_line_is_one_polyline_and_one_more_for_each_gap() {
    let holes = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 2.0), (4.0, 1.0), (5.0, f64::INFINITY)];
    let svg =
        line(&holes).line("whole", (0..9).map(|x| (f64::from(x), 1.5))).picture().unwrap().svg().unwrap();
    assert_eq!(drawn_lines(&svg, FIRST).len(), 2);
    assert_eq!(drawn_lines(&svg, SECOND).len(), 1);
    assert!(texts(&svg).contains(&"NaN") && texts(&svg).contains(&"inf"), "{svg}");
}

#[test]
fn two_decades_are_twice_as_long_as_one() {
    let svg = line(&[(0.0, 1e-12), (1.0, 1e-11), (3.0, 1e-9)]).log_y().picture().unwrap().svg().unwrap();
    let [a, b, c] = drawn_lines(&svg, FIRST)[0][..] else { panic!("not three points") };
    // Each coordinate is rounded to a whole number: a difference is off by at most 1, twice a difference by 2.
    assert!(((b.1 - c.1) - 2.0 * (a.1 - b.1)).abs() <= 3.0 && a.1 - b.1 > 1000.0, "{a:?} {b:?} {c:?}");
    assert!(((c.0 - b.0) - 2.0 * (b.0 - a.0)).abs() <= 3.0 && b.0 - a.0 > 1000.0, "{a:?} {b:?} {c:?}");
}

#[test]
fn a_point_stands_where_the_numbers_of_its_axes_stand() {
    let svg = line(&[(3.0, 0.01), (4.0, 0.1), (5.0, 10.0)]).log_y().picture().unwrap().svg().unwrap();
    let tick = |label: &str| {
        let lines: Vec<&str> = svg.lines().collect();
        let index = lines.iter().position(|line| *line == label).expect(label);
        (attribute(lines[index - 1], "x"), attribute(lines[index - 1], "y"))
    };
    let points = &drawn_lines(&svg, FIRST)[0];
    // Of 10 to a unit: rounding, and the 0.09 of 12 units by which a text is moved.
    for (point, (x, y)) in points.iter().zip([("3", "0.01"), ("4", "0.1"), ("5", "10")]) {
        assert!((point.0 - tick(x).0).abs() <= 2.0, "{point:?} is not above {x}");
        assert!((point.1 - tick(y).1).abs() <= 13.0, "{point:?} is not beside {y}");
    }
}

#[test]
fn zero_on_a_logarithmic_axis_is_marked_at_its_lower_edge() {
    let points = [(0.0, 1.0), (1.0, 0.0), (2.0, 1e-3)];
    let svg = line(&points).log_y().picture().unwrap().svg().unwrap();
    assert!(texts(&svg).contains(&"0"));
    // The markers of the line are discs, so a triangle in its colour is the mark of the zero.
    let triangles = elements(&svg, "polygon", FIRST);
    assert_eq!(triangles.len(), 1);
    let lowest =
        elements(&svg, "circle", FIRST).into_iter().map(|disc| attribute(disc, "cy")).fold(0.0, f64::max);
    assert!(
        corners(triangles[0]).iter().all(|corner| corner.1 > lowest),
        "{triangles:?} is not below {lowest}"
    );
}

#[test]
fn a_line_without_a_place_on_the_x_axis_is_counted() {
    let picture = line(&[(0.0, 1.0), (f64::NAN, 1.0), (1.0, 2.0)]).picture().unwrap();
    assert_says(&picture, &["Not shown, because their x has no place on this axis: 1 of 3 points."]);
}

#[test]
fn a_dashed_line_has_the_colour_of_the_line_before_it_but_darker() {
    let ends = [(0.0, 0.0), (9.0, 5.0)];
    let svg = line(&ends).dashed("predicted", ends).picture().unwrap().svg().unwrap();
    // The legend's dashes are level, the line's rise.
    let mut dashes = drawn_lines(&svg, FIRST_DARK);
    dashes.retain(|dash| dash[0].1 != dash[1].1);
    assert!(dashes.len() > 20, "{} dashes", dashes.len());
    let length = |line: &[(f64, f64)]| f64::hypot(line[1].0 - line[0].0, line[1].1 - line[0].1);
    // Of a dash of 8 units only the last may be shorter; of 10 each, and rounded at both ends.
    for dash in &dashes[..dashes.len() - 1] {
        assert!((length(dash) - 80.0).abs() <= 1.5, "{dash:?}");
    }
    assert!(length(&dashes[dashes.len() - 1]) <= 81.5, "{dashes:?}");
    // 8 of line, 4 of gap: two thirds are drawn. The last dash may be cut, and lengths are rounded.
    let drawn: f64 = dashes.iter().map(|dash| length(dash)).sum();
    let share = drawn / length(&drawn_lines(&svg, FIRST)[0]);
    assert!((share - 2.0 / 3.0).abs() < 0.02, "{share}");
}

#[test]
fn a_line_of_many_points_keeps_its_extremes() {
    let value = |x: u32| match x {
        33_333 => -5.0,
        77_777 => 5.0,
        _ => f64::from(x % 7) / 7.0,
    };
    let spiky: Vec<_> = (0..100_000).map(|x| (f64::from(x), value(x))).collect();
    let svg = line(&spiky).picture().unwrap().svg().unwrap();
    // Four points for each of at most 900 units.
    let points = &drawn_lines(&svg, FIRST)[0];
    assert!(points.len() <= 3600, "{} points", points.len());
    let mut heights: Vec<f64> = points.iter().map(|point| point.1).collect();
    heights.sort_by(f64::total_cmp);
    // The spikes are 4.1 and 5 units of y away from the rest, and the axis of 450 units shows 10.8 of them.
    let [top, second, .., second_last, bottom] = heights[..] else { panic!("{heights:?}") };
    assert!(second - top > 1600.0, "the spike upwards is gone: {top}, {second}");
    assert!(bottom - second_last > 1600.0, "the spike downwards is gone: {second_last}, {bottom}");
}

#[test]
fn bars_are_as_long_as_their_values() {
    let picture = Bars::new("Dead units", ["layers.0", "layers.1", "layers.2"])
        .x("share of the units")
        .y("layer")
        .series("dead", [0.1, 0.2, f64::NAN])
        .series("saturated", [0.4, 0.0, -0.1])
        .level(0.3, "too many")
        .picture()
        .unwrap();
    assert_says(
        &picture,
        &["Dead units", "share of the units", "layer", "layers.2", "dead", "saturated", "too many"],
    );
    assert_says(&picture, &["A cross is a value that is NaN or infinite (1 of 6)."]);
    let svg = picture.svg().unwrap();
    // The last of each colour is the legend's.
    let bars = |colour| {
        let mut bars = elements(&svg, "rect", colour);
        bars.pop();
        bars
    };
    let widths = |bars: &[&str]| -> Vec<f64> { bars.iter().map(|bar| attribute(bar, "width")).collect() };
    let (dead, saturated) = (bars(FIRST), bars(SECOND));
    assert_eq!((dead.len(), saturated.len()), (2, 3));
    // All from zero: those of positive values start where that of the negative one ends.
    let zero = attribute(dead[0], "x");
    assert_eq!((attribute(dead[1], "x"), attribute(saturated[0], "x")), (zero, zero));
    assert!((attribute(saturated[2], "x") + attribute(saturated[2], "width") - zero).abs() <= 1.0);
    let tick = svg.lines().zip(svg.lines().skip(1)).find(|pair| pair.1 == "0").unwrap().0;
    assert!((attribute(tick, "x") - zero).abs() <= 1.0, "{tick}, not {zero}");
    // Each below the other, the name of the row beside the line between them.
    let name = svg.lines().zip(svg.lines().skip(1)).find(|pair| pair.1 == "layers.1").unwrap().0;
    let between = attribute(saturated[1], "y");
    assert_eq!(attribute(dead[1], "y") + attribute(dead[1], "height"), between);
    // 0.09 of 12 units lower, of 10 each.
    assert!((attribute(name, "y") - between).abs() <= 13.0, "{name} beside {between}");
    let (dead, saturated) = (widths(&dead), widths(&saturated));
    let unit = dead[0];
    for (width, times) in [(dead[1], 2.0), (saturated[0], 4.0), (saturated[1], 0.0), (saturated[2], 1.0)] {
        // Rounded at both ends, `times` of a `unit` that is too.
        assert!((width - times * unit).abs() <= 1.0 + times, "{width} is not {times} x {unit}");
    }
}

#[test]
fn sixty_four_rows_all_have_their_names_in_a_higher_picture() {
    let names: Vec<String> = (0..64).map(|index| format!("layers.{index}")).collect();
    let picture = Bars::new("Many", &names).series("gain", vec![1.0; 64]).picture().unwrap();
    assert_says(&picture, &names.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(picture.size().1 > 900, "{picture:?}");
}

#[test]
fn a_long_name_keeps_its_beginning_and_its_end() {
    let name = "encoder.layers.12.attention.self_attention.projection.weight";
    let svg = Bars::new("Long", [name]).series("", [1.0]).picture().unwrap().svg().unwrap();
    let shortened = texts(&svg).into_iter().find(|text| text.contains('…')).expect("an ellipsis");
    let (start, end) = shortened.split_once('…').unwrap();
    assert!(name.starts_with(start) && name.ends_with(end), "{shortened}");
    // A letter of Ubuntu Light is some 0.55 em wide, here of 12 units and with 17 % to spare: 230 units have room for 30.
    let count = shortened.chars().count();
    assert!((25..=35).contains(&count) && start.len().abs_diff(end.len()) <= 1, "{shortened}");
}

#[test]
fn a_name_is_one_line_without_what_xml_forbids() {
    let bars = Bars::new("Two\nlines", ["a\u{1}b\u{ffff}"]).series("", [1.0]).picture().unwrap();
    assert_says(&bars, &["Two lines", "a b "]);
}

#[test]
fn histograms_have_a_panel_each_and_bars_in_proportion() {
    let picture = Histograms::new("Outputs")
        .x("output")
        .panel("layers.0", &[0.0, 1.0, 2.0], &[30, 10])
        .panel("layers.1", &[0.0, 1.0, 2.0], &[0, 7])
        .picture()
        .unwrap();
    assert_says(
        &picture,
        &["Outputs", "output", "layers.0", "layers.1", "75 %", "100 %", "share of the values"],
    );
    let svg = picture.svg().unwrap();
    let panels = elements(&svg, "polygon", FIRST);
    assert_eq!(panels.len(), 2);
    let outline = corners(panels[0]);
    let (first, second, floor) = (outline[0].1, outline[2].1, outline[4].1);
    assert!(((floor - first) - 3.0 * (floor - second)).abs() <= 4.0, "{outline:?}");
}

#[test]
fn a_logarithmic_histogram_says_what_share_is_zero() {
    let panel =
        Histograms::new("Gradients").log_x().panel("layers.0", &[0.0, 1e-9, 1e-6, 1e-3], &[25, 50, 25]);
    assert_says(&panel.picture().unwrap(), &["25 % at or near 0", "50 %"]);
}

#[test]
fn of_many_histograms_the_first_and_the_last_are_among_the_twenty() {
    let many = (0..64)
        .fold(Histograms::new("Deep"), |all, index| all.panel(format!("layers.{index}"), &[0.0, 1.0], &[1]));
    let picture = many.picture().unwrap();
    assert_says(&picture, &["Deep (20 of 64)", "layers.0", "layers.63"]);
    assert_eq!(elements(&picture.svg().unwrap(), "polygon", FIRST).len(), 20);
}

#[test]
fn a_heat_map_has_a_cell_for_each_value_and_a_key_for_each_colour() {
    let picture = HeatMap::new("Gradients", [0.0, 50.0, 100.0])
        .x("step")
        .y("layer")
        .value("RMS of dR/dW")
        .log()
        .row("layers.0", [1e-6, 1e-3, f64::NAN])
        .row("layers.1", [1e-5, 0.0, f64::INFINITY])
        .picture()
        .unwrap();
    assert_says(
        &picture,
        &["Gradients", "step", "layer", "RMS of dR/dW", "layers.0", "layers.1", "0", "50", "100"],
    );
    assert_says(&picture, &["NaN: no value", "infinite", "1e-5", "1e-3"]);
    let svg = picture.svg().unwrap();
    // The cells of a row share its width, without a gap.
    let row: Vec<&str> =
        ["#440154", "#CDCDCD"].into_iter().map(|colour| elements(&svg, "rect", colour)[0]).collect();
    let [first, last] = row[..] else { unreachable!() };
    let width = attribute(first, "width");
    assert!((attribute(last, "x") - attribute(first, "x") - 2.0 * width).abs() <= 10.0, "{first} {last}");
    assert!((attribute(last, "width") - width).abs() <= 10.0, "{first} {last}");
    // Viridis from its dark end to its bright one; grey and red in a cell and in the legend each.
    assert_eq!(elements(&svg, "rect", "#440154").len(), 1);
    assert_eq!(elements(&svg, "rect", "#FEE825").len(), 1);
    assert_eq!(elements(&svg, "rect", "#CDCDCD").len(), 2);
    assert_eq!(elements(&svg, "rect", SECOND).len(), 2);
}

#[test]
fn a_heat_map_of_many_columns_shows_means_and_hides_no_nan() {
    let values = (0..1000).map(|step| if step == 500 { f64::NAN } else { f64::from(step) });
    let map = HeatMap::new("Long", (0..1000).map(f64::from)).row("a", values).picture().unwrap();
    assert_says(&map, &["A cell is the mean of 4 columns; NaN, inf or 0 where one of them is."]);
    assert_eq!(elements(&map.svg().unwrap(), "rect", "#CDCDCD").len(), 2, "one cell and its key");
}

#[test]
fn a_scatter_plot_has_every_point_and_the_boundary_of_its_regions() {
    let picture = Scatter::new("Halves")
        .x("x")
        .y("y")
        .class("left", [(0.0, 0.0), (0.0, 1.0), (0.2, f64::NAN)])
        .class("right", [(1.0, 0.0), (1.0, 1.0)])
        .regions(|x, _| usize::from(x > 0.25))
        .picture()
        .unwrap();
    assert_says(
        &picture,
        &[
            "Halves",
            "left",
            "right",
            "boundary",
            "Not shown, because they are NaN or infinite: 1 of 5 points.",
        ],
    );
    let svg = picture.svg().unwrap();
    let centres: Vec<f64> =
        elements(&svg, "circle", FIRST).into_iter().map(|disc| attribute(disc, "cx")).collect();
    let squares: Vec<f64> =
        elements(&svg, "polygon", SECOND).into_iter().map(|square| corners(square)[0].0).collect();
    assert_eq!((centres.len(), squares.len()), (3, 3), "two points and the legend's each");
    // The boundary is a quarter of the way from x = 0 to x = 1, within the eighth of a unit (1.25) to which it is sought.
    // Pieces of some two units; the legend has 24.
    let mut boundary = drawn_lines(&svg, "#222222");
    boundary.retain(|piece| (piece[0].0 - piece[1].0).abs() < 100.0);
    let (zero, one) = (centres[0], squares.iter().sum::<f64>() - squares[2] - squares[0]);
    // A square's first corner is a marker's radius right of and above its centre: 3.4 x 1.25 / sqrt 2 units.
    let expected = zero + 0.25 * (one - 10.0 * 3.4 * 1.25 / 2f64.sqrt() - zero);
    assert!(boundary.len() > 100, "{} pieces", boundary.len());
    for (x, _) in boundary.iter().flatten() {
        assert!((x - expected).abs() <= 3.0, "{x}, not {expected}");
    }
}

#[test]
fn pixels_are_squares_of_their_grey() {
    let picture = Pixels::new("Autoencoder", 2, 2)
        .row("input", [[0.0f32, 1.0, 0.5, 0.5], [1.0, 0.0, 0.0, 1.0]])
        .row("output", [[0.2f32, 0.2, 0.2, f32::NAN]])
        .picture()
        .unwrap();
    assert_says(&picture, &["Autoencoder", "input", "output", "Red pixels are NaN."]);
    let svg = picture.svg().unwrap();
    let black: Vec<f64> =
        elements(&svg, "rect", "#000000").into_iter().map(|pixel| attribute(pixel, "width")).collect();
    assert_eq!(black.len(), 3);
    let side = black[0];
    let (half, fifth) = (elements(&svg, "rect", "#808080"), elements(&svg, "rect", "#333333"));
    assert_eq!(
        (half.len(), attribute(half[0], "width"), attribute(half[0], "height")),
        (1, 2.0 * side, side)
    );
    assert_eq!((fifth.len(), elements(&svg, "rect", SECOND).len()), (2, 1));
}

#[test]
fn a_png_has_the_size_of_its_picture_and_ink_on_it() {
    let picture = line(&[(0.0, 1.0), (1.0, 2.0)]).picture().unwrap();
    let bytes = picture.png().unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), picture.size());
    assert_eq!(info.buffer_size(), 3 * (info.width * info.height) as usize);
    let of_colour = |colour: [u8; 3]| pixels.chunks_exact(3).filter(|pixel| **pixel == colour).count();
    // The line rises over at least 600 x 300 pixels, and one pixel in each column is all its own.
    assert!(of_colour([0, 114, 178]) > 600, "{} pixels of the line", of_colour([0, 114, 178]));
    assert!(of_colour([255; 3]) > pixels.len() / 3 * 9 / 10, "the background is not white");
    // The title, in its rows, has dark pixels: the font is there.
    let title = &pixels[3 * 900 * 10..3 * 900 * 40];
    assert!(title.chunks_exact(3).filter(|pixel| pixel[0] < 128).count() > 50, "no title");
}

#[test]
fn panels_stand_beside_and_below_each_other() {
    let panel = || line(&[(0.0, 1.0), (1.0, 2.0)]).picture().unwrap();
    let (width, height) = panel().size();
    assert_eq!(Picture::beside([panel(), panel()]).size(), (2 * width, height));
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
    let nothing = Picture::beside([]);
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

/// Any number, the awkward ones often.
fn number() -> impl Strategy<Value = f64> {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        f64::MAX,
        f64::MIN,
        5e-324,
        1e-300,
        1.0,
        -1.0,
    ];
    prop_oneof![proptest::sample::select(odd.to_vec()), proptest::num::f64::ANY, -1e3..1e3f64]
}

/// Whether everything lies within a picture. Not at its edge: that is where `plotters` puts what lies outside.
fn check(result: Result<Picture, PlotError>) -> Result<(), TestCaseError> {
    let picture = match result {
        Ok(picture) => picture,
        Err(PlotError::Empty { .. }) => return Ok(()),
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };
    let svg = picture.svg().map_err(|error| TestCaseError::fail(error.to_string()))?;
    let (width, height) = (10.0 * f64::from(picture.size().0), 10.0 * f64::from(picture.size().1));
    let inside = |x: f64, y: f64| 0.0 < x && x < width && 0.0 < y && y < height;
    // The first three are the frame, the one within it, and the white of the whole picture.
    for element in svg.lines().filter(|line| line.contains("=\"")).skip(3) {
        let corners = match element.split([' ', '>']).next().unwrap() {
            "<polyline" | "<polygon" => corners(element),
            "<circle" => vec![(attribute(element, "cx"), attribute(element, "cy"))],
            "<text" => vec![(attribute(element, "x"), attribute(element, "y"))],
            "<rect" => {
                let (x, y) = (attribute(element, "x"), attribute(element, "y"));
                vec![(x, y), (x + attribute(element, "width"), y + attribute(element, "height"))]
            }
            // A name with `="` in it.
            _ => continue,
        };
        prop_assert!(corners.iter().all(|(x, y)| inside(*x, *y)), "{element}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_numbers_make_lines_within_the_picture(
        points in prop::collection::vec((number(), number()), 0..30),
        (log_x, log_y) in any::<(bool, bool)>(),
        level in number(),
        name in any::<String>(),
    ) {
        let mut lines = line(&points).dashed(&name, points.iter().copied()).level(level, &name);
        if log_x { lines = lines.log_x() }
        if log_y { lines = lines.log_y() }
        check(lines.picture())?;
    }

    #[test]
    fn any_numbers_make_bars_and_heat_maps_within_the_picture(
        rows in prop::collection::vec((any::<String>(), number(), number()), 1..40),
        columns in (number(), number()),
        log: bool,
    ) {
        let names = rows.iter().map(|row| row.0.as_str());
        let bars = Bars::new("Bars", names).series("a", rows.iter().map(|row| row.1)).series("b", rows.iter().map(|row| row.2));
        check(bars.level(columns.0, "level").picture())?;
        let map = rows.iter().fold(HeatMap::new("Map", [columns.0, columns.1]), |map, row| map.row(&row.0, [row.1, row.2]));
        check(if log { map.log() } else { map }.picture())?;
    }

    #[test]
    fn any_numbers_make_histograms_scatter_plots_and_pixels_within_the_picture(
        mut values in prop::collection::vec(number(), 2..20),
        counts in prop::collection::vec(any::<u64>(), 19),
        log: bool,
    ) {
        check(Pixels::new("Pixels", values.len(), 1).row("row", [&values]).picture())?;
        let points = values.windows(2).map(|pair| (pair[0], pair[1]));
        check(Scatter::new("Scatter").class("a", points).regions(|x, y| usize::from(x > y)).picture())?;
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        values.dedup();
        let histograms = Histograms::new("Histograms").panel("a", &values, &counts[..values.len().saturating_sub(1)]);
        prop_assume!(!values.is_empty());
        check(if log { histograms.log_x() } else { histograms }.picture())?;
    }
}

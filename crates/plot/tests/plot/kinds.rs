//! Every other kind of picture: it says what it shows, and in the right proportion.

use chainrule_plot::{Bars, HeatMap, Histograms, Pixels, Scatter};

use crate::svg::*;

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
    // The last of each color is the legend's.
    let bars = |color| {
        let mut bars = elements(&svg, "rect", color);
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
    // Each below the other, the name of the row next to the line between them.
    let name = svg.lines().zip(svg.lines().skip(1)).find(|pair| pair.1 == "layers.1").unwrap().0;
    let between = attribute(saturated[1], "y");
    assert_eq!(attribute(dead[1], "y") + attribute(dead[1], "height"), between);
    // 0.09 of 12 units lower, of 10 each.
    assert!((attribute(name, "y") - between).abs() <= 13.0, "{name} next to {between}");
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
    // A letter of Ubuntu Light is some 0.55 em wide, here of 12 units and with 17 % to spare: 230 units have room for
    // 30.
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
fn a_heat_map_has_a_cell_for_each_value_and_a_key_for_each_color() {
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
        ["#440154", "#CDCDCD"].into_iter().map(|color| elements(&svg, "rect", color)[0]).collect();
    let [first, last] = row[..] else { unreachable!() };
    let width = attribute(first, "width");
    assert!((attribute(last, "x") - attribute(first, "x") - 2.0 * width).abs() <= 10.0, "{first} {last}");
    assert!((attribute(last, "width") - width).abs() <= 10.0, "{first} {last}");
    // Viridis from its dark end to its bright one; gray and red in a cell and in the legend each.
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
    let centers: Vec<f64> =
        elements(&svg, "circle", FIRST).into_iter().map(|disc| attribute(disc, "cx")).collect();
    let squares: Vec<f64> =
        elements(&svg, "polygon", SECOND).into_iter().map(|square| corners(square)[0].0).collect();
    assert_eq!((centers.len(), squares.len()), (3, 3), "two points and the legend's each");
    // The boundary is a quarter of the way from x = 0 to x = 1, within the eighth of a unit (1.25) to which it is
    // sought. Pieces of some two units; the legend has 24.
    let mut boundary = drawn_lines(&svg, "#222222");
    boundary.retain(|piece| (piece[0].0 - piece[1].0).abs() < 100.0);
    let (zero, one) = (centers[0], squares.iter().sum::<f64>() - squares[2] - squares[0]);
    // A square's first corner is a marker's radius right of and above its center: 3.4 x 1.25 / sqrt 2 units.
    let expected = zero + 0.25 * (one - 10.0 * 3.4 * 1.25 / 2f64.sqrt() - zero);
    assert!(boundary.len() > 100, "{} pieces", boundary.len());
    for (x, _) in boundary.iter().flatten() {
        assert!((x - expected).abs() <= 3.0, "{x}, not {expected}");
    }
}

#[test]
fn pixels_are_squares_of_their_gray() {
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

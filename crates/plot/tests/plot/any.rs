//! Pictures of any numbers at all.

use chainrule_plot::{Bars, HeatMap, Histograms, Picture, Pixels, PlotError, Scatter};
use proptest::prelude::*;

use crate::svg::*;

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

/// Returns whether all elements are inside a picture, not at its edge, where `plotters` puts elements that are outside.
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

//! Lines: one for each series, at the places that the axes say.

use crate::svg::*;

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
        assert!((point.1 - tick(y).1).abs() <= 13.0, "{point:?} is not next to {y}");
    }
}

#[test]
fn zero_on_a_logarithmic_axis_is_marked_at_its_lower_edge() {
    let points = [(0.0, 1.0), (1.0, 0.0), (2.0, 1e-3)];
    let svg = line(&points).log_y().picture().unwrap().svg().unwrap();
    assert!(texts(&svg).contains(&"0"));
    // The markers of the line are discs, so a triangle in its color is the mark of the zero.
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
fn a_dashed_line_has_the_color_of_the_line_before_it_but_darker() {
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

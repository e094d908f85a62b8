//! What an SVG says, and where.

use chainrule_plot::{Lines, Picture};

/// Okabe and Ito's first two colors, and half of the first: a line, the next line, and what the first is compared
/// with.
pub(crate) const FIRST: &str = "#0072B2";
pub(crate) const SECOND: &str = "#D55E00";
pub(crate) const FIRST_DARK: &str = "#003959";

pub(crate) fn line(points: &[(f64, f64)]) -> Lines {
    Lines::new("Title").x("depth").y("gradient").line("a line", points.iter().copied())
}

/// Returns the elements of an SVG with this tag and color.
pub(crate) fn elements<'s>(svg: &'s str, tag: &str, color: &str) -> Vec<&'s str> {
    let start = format!("<{tag} ");
    svg.lines().filter(|line| line.starts_with(&start) && line.contains(&format!("\"{color}\""))).collect()
}

/// Returns a number of an element: `x` of `<rect x="3" ..>`.
pub(crate) fn attribute(element: &str, name: &str) -> f64 {
    let start = element.find(&format!(" {name}=\"")).expect(name) + name.len() + 3;
    element[start..].split('"').next().unwrap().parse().unwrap()
}

/// Returns the corners of a polyline.
pub(crate) fn corners(element: &str) -> Vec<(f64, f64)> {
    let points = element.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
    let number = |text: &str| text.parse().unwrap();
    points
        .split_whitespace()
        .map(|point| point.split_once(',').unwrap())
        .map(|(x, y)| (number(x), number(y)))
        .collect()
}

/// Returns the texts of an SVG, each on a separate line between its tags.
pub(crate) fn texts(svg: &str) -> Vec<&str> {
    let lines: Vec<&str> = svg.lines().collect();
    lines.windows(2).filter(|pair| pair[0].starts_with("<text ")).map(|pair| pair[1]).collect()
}

pub(crate) fn assert_says(picture: &Picture, expected: &[&str]) {
    let svg = picture.svg().unwrap();
    let texts = texts(&svg);
    for text in expected {
        assert!(texts.contains(text), "no `{text}` among {texts:?}");
    }
}

/// Returns the lines of the data: longer than the 28 units of a legend's.
pub(crate) fn drawn_lines(svg: &str, color: &str) -> Vec<Vec<(f64, f64)>> {
    let lines = elements(svg, "polyline", color).into_iter().map(corners);
    lines.filter(|line| line[line.len() - 1].0 - line[0].0 != 280.0).collect()
}

//! Colors that color-blind readers can distinguish, and markers for print in gray.
//!
//! # Source
//! Okabe, Ito, "Color Universal Design" (2008): the colors of the series. Its yellow is too pale for a line on white;
//! gray stands in for it. Smith, van der Walt, matplotlib (2015): viridis, the colors of values.

use plotters::style::RGBColor;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};

use super::mark::{Mark, Point};

pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const GRAY: RGBColor = RGBColor(102, 102, 102);
pub(super) const GRID: RGBColor = RGBColor(228, 228, 228);
pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);
/// A value that is missing. Viridis has no gray.
pub(super) const MISSING: RGBColor = RGBColor(205, 205, 205);
/// A value that is infinite. Viridis has no red.
pub(super) const INFINITE: RGBColor = RGBColor(213, 94, 0);

const SERIES: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(140, 140, 140),
];

/// Returns the color of a series.
pub(super) fn series(index: usize) -> RGBColor {
    SERIES[index % SERIES.len()]
}

/// Returns a series' color for what is drawn over its line, and must be seen there.
pub(super) fn dark(index: usize) -> RGBColor {
    let RGBColor(red, green, blue) = series(index);
    RGBColor(red / 2, green / 2, blue / 2)
}

/// Returns a series' color as the background of its marks.
pub(super) fn pale(index: usize) -> RGBColor {
    let RGBColor(red, green, blue) = series(index);
    let pale = |channel: u8| (0.3 * f64::from(channel) + 0.7 * 255.0) as u8;
    RGBColor(pale(red), pale(green), pale(blue))
}

/// Returns the color of a value, 0 for the least and 1 for the greatest.
pub(super) fn of_value(share: f64) -> RGBColor {
    ViridisRGB.get_color(if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.5 })
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    Plus,
    Star,
    Cross,
    Pentagon,
    /// The color of the background.
    Down,
}

const MARKERS: [Marker; 8] = {
    use Marker::{Cross, Diamond, Disc, Pentagon, Plus, Square, Star, Triangle};
    [Disc, Square, Triangle, Diamond, Plus, Star, Cross, Pentagon]
};

/// Returns the marker of a series. From the ninth on, other pairs of color and marker.
pub(super) fn marker(index: usize) -> Marker {
    MARKERS[(index + index / MARKERS.len()) % MARKERS.len()]
}

impl Marker {
    /// Returns the marker as large as a disc of this radius.
    pub(super) fn at(self, center: Point, radius: f64, color: RGBColor) -> Mark {
        // Corners by turns at these distances from the center, the first one at this share of pi, counter-clockwise
        // from the right.
        let (corners, distances, angle): (usize, &[f64], f64) = match self {
            Self::Disc => return Mark::Disc { center, radius, color },
            Self::Square => (4, &[1.25], 0.25),
            Self::Triangle => (3, &[1.4], 0.5),
            Self::Down => (3, &[1.4], -0.5),
            Self::Diamond => (4, &[1.4], 0.5),
            Self::Pentagon => (5, &[1.2], 0.5),
            Self::Star => (10, &[1.6, 0.65], 0.5),
            Self::Plus => return cross(center, radius * 1.4, color, 0.0),
            Self::Cross => return cross(center, radius * 1.4, color, 0.25),
        };
        let corner = |index: usize| {
            let angle = std::f64::consts::PI * (angle + 2.0 * index as f64 / corners as f64);
            let distance = radius * distances[index % distances.len()];
            (center.0 + distance * angle.cos(), center.1 - distance * angle.sin())
        };
        Mark::Polygon { points: (0..corners).map(corner).collect(), color }
    }
}

/// Returns a plus of two bars, turned by this share of pi.
fn cross(center: Point, radius: f64, color: RGBColor, turn: f64) -> Mark {
    const ARM: f64 = 0.24;
    let (sin, cos) = (std::f64::consts::PI * turn).sin_cos();
    let quarter = [(1.0, -ARM), (1.0, ARM), (ARM, ARM)];
    let points = (0..4).flat_map(|_| quarter).enumerate().map(|(index, mut corner)| {
        for _ in 0..index / quarter.len() {
            corner = (-corner.1, corner.0);
        }
        let (x, y) = (corner.0 * cos - corner.1 * sin, corner.0 * sin + corner.1 * cos);
        (center.0 + radius * x, center.1 + radius * y)
    });
    Mark::Polygon { points: points.collect(), color }
}

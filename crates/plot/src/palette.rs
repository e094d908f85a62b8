//! Colours that colour-blind readers can distinguish, and markers for print in grey.
//!
//! # Source
//! Okabe, Ito, "Color Universal Design" (2008): the colours of the series. Its yellow is too pale for a line on white;
//! grey stands in for it. Smith, van der Walt, matplotlib (2015): viridis, the colours of values.

use plotters::style::RGBColor;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};

use super::mark::{Mark, Point};

pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const GREY: RGBColor = RGBColor(102, 102, 102);
pub(super) const GRID: RGBColor = RGBColor(228, 228, 228);
pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);
/// A value that is missing. Viridis has no grey.
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

/// Returns the colour of a series.
pub(super) fn series(index: usize) -> RGBColor {
    SERIES[index % SERIES.len()]
}

/// Returns a series' colour for what is drawn over its line, and must be seen there.
pub(super) fn dark(index: usize) -> RGBColor {
    let RGBColor(red, green, blue) = series(index);
    RGBColor(red / 2, green / 2, blue / 2)
}

/// Returns a series' colour as the background of its marks.
pub(super) fn pale(index: usize) -> RGBColor {
    let RGBColor(red, green, blue) = series(index);
    let pale = |channel: u8| (0.3 * f64::from(channel) + 0.7 * 255.0) as u8;
    RGBColor(pale(red), pale(green), pale(blue))
}

/// Returns the colour of a value, 0 for the least and 1 for the greatest.
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
    /// The colour of the background.
    Down,
}

const MARKERS: [Marker; 8] = {
    use Marker::{Cross, Diamond, Disc, Pentagon, Plus, Square, Star, Triangle};
    [Disc, Square, Triangle, Diamond, Plus, Star, Cross, Pentagon]
};

/// Returns the marker of a series. From the ninth on, other pairs of colour and marker.
pub(super) fn marker(index: usize) -> Marker {
    MARKERS[(index + index / MARKERS.len()) % MARKERS.len()]
}

impl Marker {
    /// Returns the marker as large as a disc of this radius.
    pub(super) fn at(self, centre: Point, radius: f64, colour: RGBColor) -> Mark {
        // Corners by turns at these distances from the centre, the first one at this share of pi, counter-clockwise
        // from the right.
        let (corners, distances, angle): (usize, &[f64], f64) = match self {
            Self::Disc => return Mark::Disc { centre, radius, colour },
            Self::Square => (4, &[1.25], 0.25),
            Self::Triangle => (3, &[1.4], 0.5),
            Self::Down => (3, &[1.4], -0.5),
            Self::Diamond => (4, &[1.4], 0.5),
            Self::Pentagon => (5, &[1.2], 0.5),
            Self::Star => (10, &[1.6, 0.65], 0.5),
            Self::Plus => return cross(centre, radius * 1.4, colour, 0.0),
            Self::Cross => return cross(centre, radius * 1.4, colour, 0.25),
        };
        let corner = |index: usize| {
            let angle = std::f64::consts::PI * (angle + 2.0 * index as f64 / corners as f64);
            let distance = radius * distances[index % distances.len()];
            (centre.0 + distance * angle.cos(), centre.1 - distance * angle.sin())
        };
        Mark::Polygon { points: (0..corners).map(corner).collect(), colour }
    }
}

/// Returns a plus of two bars, turned by this share of pi.
fn cross(centre: Point, radius: f64, colour: RGBColor, turn: f64) -> Mark {
    const ARM: f64 = 0.24;
    let (sin, cos) = (std::f64::consts::PI * turn).sin_cos();
    let quarter = [(1.0, -ARM), (1.0, ARM), (ARM, ARM)];
    let points = (0..4).flat_map(|_| quarter).enumerate().map(|(index, mut corner)| {
        for _ in 0..index / quarter.len() {
            corner = (-corner.1, corner.0);
        }
        let (x, y) = (corner.0 * cos - corner.1 * sin, corner.0 * sin + corner.1 * cos);
        (centre.0 + radius * x, centre.1 + radius * y)
    });
    Mark::Polygon { points: points.collect(), colour }
}

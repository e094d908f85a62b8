//! The elements of a picture: marks in units of the picture, drawn by `plotters`.

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{Circle, DrawingArea, DrawingBackend, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, TextStyle};

/// A point of a picture, from its upper left corner.
pub(super) type Point = (f64, f64);

#[derive(Clone)]
pub(super) enum Mark {
    Line { points: Vec<Point>, color: RGBColor, width: f64 },
    Polygon { points: Vec<Point>, color: RGBColor },
    Rectangle { corner: Point, size: Point, color: RGBColor },
    Disc { center: Point, radius: f64, color: RGBColor },
    Text { at: Point, text: String, size: f64, color: RGBColor, align: HPos, turned: bool },
}

/// What differs between SVG and pixels.
pub(super) struct Device {
    /// Pixels in a unit: `plotters` knows whole pixels only.
    pub(super) scale: f64,
    pub(super) family: FontFamily<'static>,
    /// What `plotters` calls a font's size, in em.
    pub(super) font_size: f64,
    /// How far below the middle of a text `plotters` must be told to draw it, in em.
    pub(super) drop: f64,
    /// Whether a line is drawn piece by piece: where a thick line crosses itself, the pixels of `plotters` have holes.
    pub(super) pieces: bool,
}

impl Mark {
    pub(super) fn line(points: impl Into<Vec<Point>>, color: RGBColor, width: f64) -> Self {
        Self::Line { points: points.into(), color, width }
    }

    pub(super) fn rectangle(corner: Point, size: Point, color: RGBColor) -> Self {
        Self::Rectangle { corner, size, color }
    }

    /// A text on one line, halfway up at `at`.
    pub(super) fn text(at: Point, text: impl Into<String>, size: f64, color: RGBColor, align: HPos) -> Self {
        Self::Text { at, text: text.into(), size, color, align, turned: false }
    }

    /// A text that reads upwards, its middle at `at`.
    pub(super) fn turned_text(at: Point, text: impl Into<String>, size: f64, color: RGBColor) -> Self {
        Self::Text { at, text: text.into(), size, color, align: HPos::Center, turned: true }
    }

    pub(super) fn shift(&mut self, (x, y): Point) {
        let shift = |point: &mut Point| *point = (point.0 + x, point.1 + y);
        match self {
            Self::Line { points, .. } | Self::Polygon { points, .. } => points.iter_mut().for_each(shift),
            Self::Rectangle { corner: at, .. } | Self::Disc { center: at, .. } | Self::Text { at, .. } => {
                shift(at)
            }
        }
    }

    pub(super) fn draw<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        device: &Device,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let pixel = |value: f64| (value * device.scale).round() as i32;
        let place = |point: &Point| (pixel(point.0), pixel(point.1));
        match self {
            Self::Line { points, color, width } => {
                let width = pixel(*width).max(1) as u32;
                let style = color.stroke_width(width);
                if !device.pieces {
                    return area.draw(&PathElement::new(points.iter().map(place).collect::<Vec<_>>(), style));
                }
                for ends in points.windows(2) {
                    area.draw(&PathElement::new([place(&ends[0]), place(&ends[1])], style))?;
                }
                for joint in points.iter().skip(1).rev().skip(1) {
                    area.draw(&Circle::new(place(joint), width / 2, color.filled()))?;
                }
                Ok(())
            }
            Self::Polygon { points, color } => {
                area.draw(&Polygon::new(points.iter().map(place).collect::<Vec<_>>(), color.filled()))
            }
            Self::Rectangle { corner, size, color } => {
                let opposite = (corner.0 + size.0, corner.1 + size.1);
                area.draw(&Rectangle::new([place(corner), place(&opposite)], color.filled()))
            }
            Self::Disc { center, radius, color } => {
                area.draw(&Circle::new(place(center), pixel(*radius), color.filled()))
            }
            Self::Text { at, text, size, color, align, turned } => {
                let size = size * device.scale * device.font_size;
                let font = FontDesc::new(device.family, size, FontStyle::Normal);
                let font = if *turned { font.transform(FontTransform::Rotate270) } else { font };
                let drop = size / device.font_size * device.drop / device.scale;
                let at = if *turned { (at.0 + drop, at.1) } else { (at.0, at.1 + drop) };
                let style = TextStyle::from(font).pos(Pos::new(*align, VPos::Center)).color(color);
                area.draw(&Text::new(text.as_str(), place(&at), style))
            }
        }
    }
}

/// Returns a line in dashes: lengths of line and gap by turns.
pub(super) fn dashed(points: &[Point], pattern: &[f64], color: RGBColor, width: f64) -> Vec<Mark> {
    let length = |ends: &[Point]| f64::hypot(ends[1].0 - ends[0].0, ends[1].1 - ends[0].1);
    // A line of many turns gets longer dashes, so that their number has a bound.
    let stretch = (points.windows(2).map(length).sum::<f64>() / 20_000.0).max(1.0);
    let mut dashes = Vec::new();
    let (mut turn, mut left) = (0, pattern[0] * stretch);
    let mut dash: Vec<Point> = points.first().copied().into_iter().collect();
    for ends in points.windows(2) {
        let (start, end, length) = (ends[0], ends[1], length(ends));
        let mut gone = 0.0;
        while length - gone > left {
            gone += left;
            let share = gone / length;
            let at = (start.0 + share * (end.0 - start.0), start.1 + share * (end.1 - start.1));
            dash.push(at);
            if turn % 2 == 0 {
                dashes.push(Mark::line(std::mem::take(&mut dash), color, width));
            }
            dash = vec![at];
            turn += 1;
            left = pattern[turn % pattern.len()] * stretch;
        }
        left -= length - gone;
        dash.push(end);
    }
    if turn % 2 == 0 && dash.len() > 1 {
        dashes.push(Mark::line(dash, color, width));
    }
    dashes
}

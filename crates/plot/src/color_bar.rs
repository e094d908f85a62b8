//! The key to the colors of values.

use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::frame::{LABEL, Region, TICK};
use super::mark::Mark;
use super::palette::{GRAY, INK, of_value};
use super::text;

/// The width of the bar with its numbers and its label.
pub(super) const WIDTH: f64 = 110.0;

pub(super) fn draw(axis: &Axis, label: &str, place: Region, marks: &mut Vec<Mark>) {
    const STRIPES: usize = 105;
    let edge = |stripe: usize| (place.bottom() - place.height * stripe as f64 / STRIPES as f64).round();
    for stripe in 0..STRIPES {
        let (top, bottom) = (edge(stripe + 1), edge(stripe));
        let color = of_value((stripe as f64 + 0.5) / STRIPES as f64);
        marks.push(Mark::rectangle((place.left, top), (place.width, bottom - top), color));
    }
    let mut widest: f64 = 0.0;
    for tick in axis.ticks((place.height / 35.0).max(2.0) as usize) {
        let (x, y) = (place.right(), place.y(tick.at));
        let length = if tick.label.is_empty() { 3.0 } else { 5.0 };
        marks.push(Mark::line([(x, y), (x + length, y)], GRAY, 1.0));
        widest = widest.max(text::width(&tick.label, TICK));
        marks.push(Mark::text((x + 8.0, y), tick.label, TICK, INK, HPos::Left));
    }
    let label = text::shorten(label, LABEL, place.height);
    marks.push(Mark::turned_text((place.right() + 20.0 + widest, place.y(0.5)), label, LABEL, INK));
}

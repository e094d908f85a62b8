//! What the lines, markers and colors of a picture mean.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::mark::{Mark, Point};
use super::palette::{GRAY, INK};
use super::text;

/// A line of a legend: what is drawn, around the origin and 28 wide, and what it means.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) marks: Vec<Mark>,
    pub(super) text: String,
}

const TEXT: f64 = 12.0;
const TEXT_LEFT: f64 = 36.0;
const WIDEST: f64 = 205.0;
/// From one line of a legend to the next.
pub(super) const PITCH: f64 = 20.0;

impl Entry {
    pub(super) fn new(marks: impl IntoIterator<Item = Mark>, text: impl Into<String>) -> Self {
        Self { marks: marks.into_iter().collect(), text: text.into() }
    }

    pub(super) fn swatch(color: RGBColor, text: impl Into<String>) -> Self {
        let edge = Mark::rectangle((-10.0, -6.0), (20.0, 12.0), GRAY);
        Self::new([edge, Mark::rectangle((-9.5, -5.5), (19.0, 11.0), color)], text)
    }
}

/// Returns how wide a legend of these entries is.
pub(super) fn width(entries: &[Entry]) -> f64 {
    let one = |entry: &Entry| text::width(&entry.text, TEXT).min(WIDEST);
    entries.iter().map(one).reduce(f64::max).map_or(0.0, |widest| TEXT_LEFT + widest)
}

/// Draws a legend downwards from this corner.
pub(super) fn draw(entries: Vec<Entry>, corner: Point, marks: &mut Vec<Mark>) {
    for (index, mut entry) in entries.into_iter().enumerate() {
        let y = corner.1 + PITCH * (index as f64 + 0.5);
        entry.marks.iter_mut().for_each(|mark| mark.shift((corner.0 + 14.0, y)));
        marks.append(&mut entry.marks);
        let text = text::shorten(&entry.text, TEXT, WIDEST);
        marks.push(Mark::text((corner.0 + TEXT_LEFT, y), text, TEXT, INK, HPos::Left));
    }
}

//! The frame of a picture: title, axes, and the sentences below.

use plotters::style::text_anchor::HPos;

use super::axis::{Axis, Tick};
use super::mark::{Mark, Point};
use super::palette::{GRAY, GRID, INK};
use super::text;

/// What a side of the frame shows.
pub(super) enum Scale {
    Numbers(Axis),
    /// A name for each row, from the top, or for each column, from the left.
    Names(Vec<String>),
}

/// Where the data go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Region {
    pub(super) fn x(&self, at: f64) -> f64 {
        self.left + at * self.width
    }

    pub(super) fn y(&self, at: f64) -> f64 {
        self.top + (1.0 - at) * self.height
    }

    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) x_label: &'a str,
    pub(super) y_label: &'a str,
    pub(super) x: &'a Scale,
    pub(super) y: &'a Scale,
    /// The whole picture's.
    pub(super) width: f64,
    /// The data's.
    pub(super) height: f64,
    /// What is kept free at the right, for a legend.
    pub(super) right: f64,
    pub(super) grid: bool,
    pub(super) notes: &'a [String],
}

pub(super) const WIDTH: f64 = 900.0;
pub(super) const HEIGHT: f64 = 450.0;
pub(super) const TITLE: f64 = 16.0;
pub(super) const LABEL: f64 = 13.0;
pub(super) const TICK: f64 = 12.0;
pub(super) const NOTE: f64 = 11.0;
pub(super) const MARGIN: f64 = 16.0;
pub(super) const TOP: f64 = 46.0;
/// The least distance of names below each other.
pub(super) const NAME_PITCH: f64 = 14.0;
const WIDEST_NAME: f64 = 230.0;
const NOTE_PITCH: f64 = 16.0;

impl Frame<'_> {
    /// Draws the frame. Returns the region of the data, and the height of the picture.
    pub(super) fn draw(&self, marks: &mut Vec<Mark>) -> (Region, f64) {
        let y_ticks = self.y.up(self.height);
        let widest = y_ticks.iter().map(|tick| text::width(&tick.label, TICK)).fold(0.0, f64::max);
        let label_width = if self.y_label.is_empty() { 0.0 } else { 22.0 };
        let left = (MARGIN + label_width + widest + 8.0).round();
        let right = MARGIN + self.right.max(12.0);
        let region = Region {
            left,
            top: TOP,
            width: (self.width - left - right).round(),
            height: self.height.round(),
        };
        title(self.title, self.width, marks);
        for tick in &y_ticks {
            let y = region.y(tick.at);
            if self.grid && !tick.label.is_empty() {
                marks.push(Mark::line([(region.left, y), (region.right(), y)], GRID, 1.0));
            }
            if !matches!(self.y, Scale::Names(_)) {
                let length = if tick.label.is_empty() { 3.0 } else { 5.0 };
                marks.push(Mark::line([(region.left - length, y), (region.left, y)], GRAY, 1.0));
            }
            marks.push(Mark::text((region.left - 8.0, y), &tick.label, TICK, INK, HPos::Right));
        }
        for tick in self.x.across(region.width) {
            let x = region.x(tick.at);
            if self.grid && !tick.label.is_empty() {
                marks.push(Mark::line([(x, region.top), (x, region.bottom())], GRID, 1.0));
            }
            let length = if tick.label.is_empty() { 3.0 } else { 5.0 };
            marks.push(Mark::line([(x, region.bottom()), (x, region.bottom() + length)], GRAY, 1.0));
            // Whole within the picture, also at its right edge.
            let half = text::width(&tick.label, TICK) / 2.0;
            let x = x.min(self.width - 4.0 - half);
            marks.push(Mark::text((x, region.bottom() + 15.0), tick.label, TICK, INK, HPos::Center));
        }
        let corners =
            [(region.left, region.top), (region.left, region.bottom()), (region.right(), region.bottom())];
        marks.push(Mark::line(corners, GRAY, 1.0));
        let mut bottom = region.bottom() + 26.0;
        if !self.y_label.is_empty() {
            let label = text::shorten(self.y_label, LABEL, region.height + 40.0);
            marks.push(Mark::turned_text((MARGIN + 4.0, region.y(0.5)), label, LABEL, INK));
        }
        if !self.x_label.is_empty() {
            let label = text::shorten(self.x_label, LABEL, region.width);
            marks.push(Mark::text((region.x(0.5), bottom + 11.0), label, LABEL, INK, HPos::Center));
            bottom += 22.0;
        }
        (region, notes(self.notes, (region.left, bottom), self.width, marks))
    }
}

pub(super) fn title(title: &str, width: f64, marks: &mut Vec<Mark>) {
    let title = text::shorten(title, TITLE, width - 2.0 * MARGIN);
    marks.push(Mark::text((width / 2.0, 24.0), title, TITLE, INK, HPos::Center));
}

/// Draws sentences below each other. Returns where the picture ends.
pub(super) fn notes(notes: &[String], corner: Point, width: f64, marks: &mut Vec<Mark>) -> f64 {
    for (index, note) in notes.iter().enumerate() {
        let y = corner.1 + NOTE_PITCH * (index as f64 + 0.5) + 4.0;
        let note = text::shorten(note, NOTE, width - corner.0 - MARGIN);
        marks.push(Mark::text((corner.0, y), note, NOTE, GRAY, HPos::Left));
    }
    (corner.1 + NOTE_PITCH * notes.len() as f64 + 10.0).ceil()
}

/// Returns the height of a row and that of all rows: 450 units, or more where the names need more.
pub(super) fn row_pitch(rows: usize) -> f64 {
    const MOST: f64 = 1800.0;
    // Whole units, so that the cells of a heat map meet without a seam.
    let pitch = (HEIGHT / rows as f64).clamp(NAME_PITCH, 40.0);
    if pitch * rows as f64 <= MOST { pitch.floor() } else { (MOST / rows as f64).floor().max(2.0) }
}

impl Scale {
    /// Returns the ticks of an axis of this height.
    fn up(&self, height: f64) -> Vec<Tick> {
        match self {
            Self::Numbers(axis) => axis.ticks((height / 50.0).max(2.0) as usize),
            Self::Names(names) => {
                let every = (NAME_PITCH * names.len() as f64 / height - 0.01).ceil().max(1.0) as usize;
                let name = |(index, name): (usize, &String)| Tick {
                    at: 1.0 - (index as f64 + 0.5) / names.len() as f64,
                    label: text::shorten(name, TICK, WIDEST_NAME),
                };
                names.iter().enumerate().step_by(every).map(name).collect()
            }
        }
    }

    /// Returns the ticks of an axis of this width: as many as fit next to each other.
    pub(super) fn across(&self, width: f64) -> Vec<Tick> {
        const GAP: f64 = 12.0;
        let fits = |ticks: &[Tick]| {
            let named: Vec<_> = ticks.iter().filter(|tick| !tick.label.is_empty()).collect();
            named.windows(2).all(|pair| {
                let widths = text::width(&pair[0].label, TICK) + text::width(&pair[1].label, TICK);
                (pair[1].at - pair[0].at) * width >= widths / 2.0 + GAP
            })
        };
        match self {
            Self::Numbers(axis) => {
                let most = (width / 40.0).clamp(2.0, 12.0) as usize;
                let tries = (1..=most).rev().map(|most| axis.ticks(most));
                let mut tries = tries.skip_while(|ticks| !fits(ticks));
                tries.next().unwrap_or_default()
            }
            Self::Names(names) => {
                let every_nth = |every: usize| {
                    let name = |(index, name): (usize, &String)| Tick {
                        at: (index as f64 + 0.5) / names.len() as f64,
                        label: text::shorten(name, TICK, WIDEST_NAME / 2.0),
                    };
                    names.iter().enumerate().step_by(every).map(name).collect::<Vec<_>>()
                };
                let strides = (0..).flat_map(|power| [1, 2, 5].map(|times| times * 10usize.pow(power)));
                let mut strides = strides.take_while(|every| *every < 10 * names.len().max(1));
                strides
                    .find_map(|every| Some(every_nth(every)).filter(|ticks| fits(ticks)))
                    .unwrap_or_default()
            }
        }
    }
}

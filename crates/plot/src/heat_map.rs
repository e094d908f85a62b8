use plotters::style::RGBColor;

use super::axis::{Axis, alone};
use super::bars::MOST_ROWS;
use super::color_bar;
use super::frame::{Frame, Region, Scale, TOP, WIDTH, row_pitch};
use super::legend::{self, Entry};
use super::mark::Mark;
use super::palette::{INFINITE, MISSING, WHITE, of_value};
use super::{Picture, PlotError};

/// A heat map: a color for each row and column, such as layers and training steps.
///
/// The first row is on top; columns are equally wide, whatever their distance. What has no color (NaN, an infinity, a
/// zero on a logarithmic scale) is gray, red or white, and the legend says so. Where there are more columns than can be
/// told apart, a cell is the mean of several, and a note says so; a value without a color is never averaged away.
///
/// # Examples
/// ```
/// use chainrule_plot::HeatMap;
///
/// let picture = HeatMap::new("Gradient in training", [0.0, 100.0, 200.0])
///     .x("step")
///     .y("layer")
///     .value("RMS of dR/dW")
///     .log()
///     .row("layers.0", [1e-9, 1e-7, 1e-5])
///     .row("layers.1", [1e-4, 1e-3, f64::NAN])
///     .picture()?;
/// assert!(picture.svg()?.contains("NaN"));
/// # Ok::<(), chainrule_plot::PlotError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct HeatMap {
    title: String,
    x: String,
    y: String,
    value: String,
    log: bool,
    columns: Vec<f64>,
    rows: Vec<(String, Vec<f64>)>,
    notes: Vec<String>,
}

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell {
    Nan,
    Infinite,
    NotPositive,
    Value(RGBColor),
}

/// The columns that can be told apart.
const MOST_COLUMNS: usize = 250;

impl HeatMap {
    /// Creates a heat map with columns at these numbers, and no rows.
    pub fn new(title: impl Into<String>, columns: impl IntoIterator<Item = f64>) -> Self {
        Self {
            title: title.into(),
            x: String::new(),
            y: String::new(),
            value: String::new(),
            log: false,
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Sets the label of the x axis: what the columns are, with the unit.
    pub fn x(mut self, label: impl Into<String>) -> Self {
        self.x = label.into();
        self
    }

    /// Sets the label of the y axis: what the rows are.
    pub fn y(mut self, label: impl Into<String>) -> Self {
        self.y = label.into();
        self
    }

    /// Sets the label of the color bar: what the colors show, with the unit.
    pub fn value(mut self, label: impl Into<String>) -> Self {
        self.value = label.into();
        self
    }

    /// Makes the colors logarithmic.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Adds a row, one value for each column; NaN where there is none.
    pub fn row(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.rows.push((name.into(), values.into_iter().collect()));
        self
    }

    /// Adds a sentence below the picture.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Draws the map.
    ///
    /// # Errors
    /// [`PlotError::Empty`], without rows or columns; [`PlotError::Count`], when a row has not one value for each
    /// column; [`PlotError::Crowded`], for more than 600 rows.
    pub fn picture(mut self) -> Result<Picture, PlotError> {
        self.check()?;
        let together = self.columns.len().div_ceil(MOST_COLUMNS);
        if together > 1 {
            self.merge(together);
            self.notes.push(format!(
                "A cell is the mean of {together} columns; NaN, inf or 0 where one of them is."
            ));
        }
        let axis = Axis::of(self.rows.iter().flat_map(|row| row.1.iter().copied()), self.log, 0.0);
        let cells = |row: &(String, Vec<f64>)| row.1.iter().map(|value| self.cell(*value, &axis)).collect();
        let cells: Vec<Vec<Cell>> = self.rows.iter().map(cells).collect();

        let negative = self.rows.iter().flat_map(|row| &row.1).any(|value| *value < 0.0);
        let below = if negative { "0 or negative" } else { "0" };
        let kinds = [(Cell::Nan, "NaN: no value"), (Cell::Infinite, "infinite"), (Cell::NotPositive, below)];
        let seen = kinds.into_iter().filter(|(kind, _)| cells.iter().flatten().any(|cell| cell == kind));
        let entries: Vec<Entry> = seen.map(|(kind, name)| Entry::swatch(kind.color(), name)).collect();
        let valued = cells.iter().flatten().any(|cell| matches!(cell, Cell::Value(_)));

        let x = Scale::Names(self.columns.iter().copied().map(alone).collect());
        let y = Scale::Names(self.rows.iter().map(|row| row.0.clone()).collect());
        let frame = Frame {
            title: &self.title,
            x_label: &self.x,
            y_label: &self.y,
            x: &x,
            y: &y,
            width: WIDTH,
            height: (row_pitch(self.rows.len()) * self.rows.len() as f64).max(LEAST_HEIGHT),
            right: 14.0 + legend::width(&entries).max(color_bar::WIDTH),
            grid: false,
            notes: &self.notes,
        };
        let mut marks = Vec::new();
        let (region, height) = frame.draw(&mut marks);
        for (index, row) in cells.iter().enumerate() {
            draw_row(row, index, cells.len(), region, &mut marks);
        }
        let left = region.right() + 14.0;
        let legend_height = legend::PITCH * entries.len() as f64;
        legend::draw(entries, (left - 4.0, TOP), &mut marks);
        if valued {
            let (top, most) = (TOP + legend_height + 8.0, region.height - legend_height - 8.0);
            let place = Region { left, top, width: 16.0, height: most.min(420.0) };
            color_bar::draw(&axis, &self.value, place, &mut marks);
        }
        Ok(Picture { width: WIDTH, height, marks })
    }

    fn check(&self) -> Result<(), PlotError> {
        let (title, columns, rows) = (self.title.clone(), self.columns.len(), self.rows.len());
        if columns == 0 || rows == 0 {
            return Err(PlotError::Empty { title, cure: "give it columns and at least one row" });
        }
        if rows > MOST_ROWS {
            return Err(PlotError::Crowded { title, what: "rows", count: rows, most: MOST_ROWS });
        }
        match self.rows.iter().find(|row| row.1.len() != columns) {
            Some((name, values)) => {
                let what = format!("the row `{name}`");
                Err(PlotError::Count { title, what, expected: columns, found: values.len() })
            }
            None => Ok(()),
        }
    }

    /// Merges this many columns into one.
    fn merge(&mut self, together: usize) {
        self.columns = self.columns.iter().step_by(together).copied().collect();
        let log = self.log;
        for (_, values) in &mut self.rows {
            *values = values.chunks(together).map(|values| mean(values, log)).collect();
        }
    }

    fn cell(&self, value: f64, axis: &Axis) -> Cell {
        match axis.place(value) {
            Some(at) => Cell::Value(of_value(at)),
            None if value.is_nan() => Cell::Nan,
            None if value.is_infinite() => Cell::Infinite,
            None => Cell::NotPositive,
        }
    }
}

/// The width of the numbers next to the color bar.
const LEAST_HEIGHT: f64 = 220.0;

/// Returns the mean (the geometric mean on a logarithmic scale), or the first value that has no color.
fn mean(values: &[f64], log: bool) -> f64 {
    if let Some(odd) = values.iter().find(|value| !value.is_finite() || (log && **value <= 0.0)) {
        return *odd;
    }
    let count = values.len() as f64;
    if log {
        10f64.powf(values.iter().map(|value| value.log10() / count).sum())
    } else {
        values.iter().map(|value| value / count).sum()
    }
}

impl Cell {
    fn color(self) -> RGBColor {
        match self {
            Self::Nan => MISSING,
            Self::Infinite => INFINITE,
            Self::NotPositive => WHITE,
            Self::Value(color) => color,
        }
    }
}

/// Draws the cells of a row, equal neighbors as one.
fn draw_row(cells: &[Cell], row: usize, rows: usize, region: Region, marks: &mut Vec<Mark>) {
    // On whole units, so that neighbors meet without a seam.
    let edge = |start: f64, length: f64, index: usize, count: usize| {
        (start + length * index as f64 / count as f64).round()
    };
    let top = edge(region.top, region.height, row, rows);
    let height = edge(region.top, region.height, row + 1, rows) - top;
    let mut first = 0;
    for run in cells.chunk_by(|a, b| a == b) {
        let left = edge(region.left, region.width, first, cells.len());
        first += run.len();
        let width = edge(region.left, region.width, first, cells.len()) - left;
        marks.push(Mark::rectangle((left, top), (width, height), run[0].color()));
    }
}

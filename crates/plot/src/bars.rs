use super::axis::Axis;
use super::frame::{Frame, Scale, TOP, WIDTH, row_pitch};
use super::legend::{self, Entry};
use super::mark::{Mark, dashed};
use super::palette::{GRAY, INK, Marker, series};
use super::{Picture, PlotError};

/// A chart of horizontal bars from zero, one row for each name: one number for each layer, for example.
///
/// # Examples
/// ```
/// use chainrule_plot::Bars;
///
/// let picture = Bars::new("Units that do not learn", ["layers.0", "layers.1"])
///     .x("share of the units")
///     .series("dead", [0.0, 0.25])
///     .series("saturated", [0.1, 0.4])
///     .picture()?;
/// assert!(picture.svg()?.contains("layers.1"));
/// # Ok::<(), chainrule_plot::PlotError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Bars {
    title: String,
    x: String,
    y: String,
    rows: Vec<String>,
    series: Vec<(String, Vec<f64>)>,
    levels: Vec<(f64, String)>,
    notes: Vec<String>,
}

/// The most rows of a picture.
pub(super) const MOST_ROWS: usize = 600;

impl Bars {
    /// Creates a chart with rows of these names, from the top, and no bars.
    pub fn new(title: impl Into<String>, rows: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            title: title.into(),
            x: String::new(),
            y: String::new(),
            rows: rows.into_iter().map(Into::into).collect(),
            series: Vec::new(),
            levels: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Sets the label of the x axis: what the bars show, with the unit.
    pub fn x(mut self, label: impl Into<String>) -> Self {
        self.x = label.into();
        self
    }

    /// Sets the label of the y axis: what the rows are.
    pub fn y(mut self, label: impl Into<String>) -> Self {
        self.y = label.into();
        self
    }

    /// Adds a bar to each row.
    pub fn series(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.series.push((name.into(), values.into_iter().collect()));
        self
    }

    /// Adds a vertical line at this value. The legend says what it is.
    pub fn level(mut self, x: f64, label: impl Into<String>) -> Self {
        self.levels.push((x, label.into()));
        self
    }

    /// Adds a sentence below the picture.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Draws the bars.
    ///
    /// # Errors
    /// [`PlotError::Empty`], without rows or without a series; [`PlotError::Count`], when a series has not one value
    /// for each row; [`PlotError::Crowded`], for more than 600 rows.
    pub fn picture(mut self) -> Result<Picture, PlotError> {
        let (title, rows) = (self.title.clone(), self.rows.len());
        if rows == 0 || self.series.is_empty() {
            return Err(PlotError::Empty { title, cure: "give it rows and a series of values" });
        }
        if rows > MOST_ROWS {
            return Err(PlotError::Crowded { title, what: "rows", count: rows, most: MOST_ROWS });
        }
        if let Some((name, values)) = self.series.iter().find(|series| series.1.len() != rows) {
            let what = format!("the series `{name}`");
            return Err(PlotError::Count { title, what, expected: rows, found: values.len() });
        }
        let values = || self.series.iter().flat_map(|series| series.1.iter().copied());
        let unknown = values().filter(|value| !value.is_finite()).count();
        if unknown > 0 {
            self.notes.push(format!(
                "A cross is a value that is NaN or infinite ({unknown} of {}).",
                values().count()
            ));
        }
        let levels = self.levels.iter().map(|level| level.0);
        let axis = Axis::of(values().chain(levels).chain([0.0]), false, 0.03);

        let alone = self.series.len() == 1 && self.levels.is_empty();
        let swatches = self.series.iter().enumerate();
        let swatches = swatches.map(|(index, (name, _))| Entry::swatch(series(index), name));
        let levels = self.levels.iter().enumerate().map(|(index, (_, label))| {
            Entry::new(dashed(&[(-14.0, 0.0), (14.0, 0.0)], DASHES[index % 3], INK, 1.5), label)
        });
        let entries: Vec<Entry> = swatches.filter(|_| !alone).chain(levels).collect();
        let (x, y) = (Scale::Numbers(axis.clone()), Scale::Names(self.rows.clone()));
        let pitch = row_pitch(rows);
        let frame = Frame {
            title: &self.title,
            x_label: &self.x,
            y_label: &self.y,
            x: &x,
            y: &y,
            width: WIDTH,
            height: (pitch * rows as f64).max(legend::PITCH * entries.len() as f64),
            right: if entries.is_empty() { 0.0 } else { 14.0 + legend::width(&entries) },
            grid: false,
            notes: &self.notes,
        };
        let mut marks = Vec::new();
        let (region, height) = frame.draw(&mut marks);
        for tick in x.across(region.width).iter().filter(|tick| !tick.label.is_empty()) {
            let x = region.x(tick.at);
            marks.push(Mark::line([(x, region.top), (x, region.bottom())], super::palette::GRID, 1.0));
        }
        let zero = region.x(axis.place(0.0).unwrap_or(0.0));
        let pitch = region.height / rows as f64;
        let bar = 0.8 * pitch / self.series.len() as f64;
        for (place, (_, values)) in self.series.iter().enumerate() {
            for (row, value) in values.iter().enumerate() {
                let top = region.top + pitch * (row as f64 + 0.1) + bar * place as f64;
                match axis.place(*value).map(|at| region.x(at)) {
                    Some(x) => {
                        let corner = (x.min(zero), top);
                        marks.push(Mark::rectangle(corner, ((x - zero).abs(), bar), series(place)));
                    }
                    None => {
                        let center = (zero + 7.0, top + bar / 2.0);
                        marks.push(Marker::Cross.at(center, (bar / 2.0).clamp(1.5, 4.0), series(place)));
                    }
                }
            }
        }
        marks.push(Mark::line([(zero, region.top), (zero, region.bottom())], GRAY, 1.0));
        for (index, (value, _)) in self.levels.iter().enumerate() {
            let Some(x) = axis.place(*value).map(|at| region.x(at)) else { continue };
            marks.extend(dashed(&[(x, region.top), (x, region.bottom())], DASHES[index % 3], INK, 1.5));
        }
        legend::draw(entries, (region.right() + 14.0, TOP), &mut marks);
        Ok(Picture { width: WIDTH, height, marks })
    }
}

const DASHES: [&[f64]; 3] = [&[6.0, 4.0], &[2.0, 3.0], &[9.0, 3.0, 2.0, 3.0]];

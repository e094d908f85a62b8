use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::curve::{Curve, Edges, Stroke};
use super::frame::{Frame, HEIGHT, NOTE, Region, Scale, TOP, WIDTH};
use super::legend::{self, Entry};
use super::mark::{Mark, dashed};
use super::palette::{GRAY, INK, dark};
use super::{Picture, PlotError, text};

/// A line chart: curves over one pair of axes.
///
/// Each line has its own color and marker. A marker is drawn at every point, or at a dozen of them where there are
/// many. Values that have no position on an axis leave a gap and are marked at the edge: a zero on a logarithmic axis
/// and an infinity where they would be, a NaN on top; the legend says so.
///
/// # Examples
/// ```
/// use chainrule_plot::Lines;
///
/// let sigmoid = (0..50).map(|depth| (f64::from(depth), 0.236f64.powi(depth)));
/// let picture = Lines::new("Gradient against depth")
///     .x("depth (layers)")
///     .y("RMS of dR/dZ")
///     .log_y()
///     .line("sigmoid", sigmoid.clone().map(|(depth, gradient)| (depth, 1.1 * gradient)))
///     .dashed("sigmoid, predicted", sigmoid)
///     .level(1.2e-38, "least f32")
///     .picture()?;
/// assert!(picture.svg()?.contains("RMS of dR/dZ"));
/// # Ok::<(), chainrule_plot::PlotError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Lines {
    title: String,
    x: String,
    y: String,
    log_x: bool,
    log_y: bool,
    lines: Vec<Line>,
    levels: Vec<(f64, String)>,
    notes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
    stroke: Stroke,
}

impl Lines {
    /// Creates a chart without lines.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            x: String::new(),
            y: String::new(),
            log_x: false,
            log_y: false,
            lines: Vec::new(),
            levels: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Sets the label of the x axis, with the unit.
    pub fn x(mut self, label: impl Into<String>) -> Self {
        self.x = label.into();
        self
    }

    /// Sets the label of the y axis, with the unit.
    pub fn y(mut self, label: impl Into<String>) -> Self {
        self.y = label.into();
        self
    }

    /// Makes the x axis logarithmic.
    pub fn log_x(mut self) -> Self {
        self.log_x = true;
        self
    }

    /// Makes the y axis logarithmic.
    pub fn log_y(mut self) -> Self {
        self.log_y = true;
        self
    }

    /// Adds a line through these points (x, y), in their order.
    pub fn line(mut self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let place = self.lines.iter().filter(|line| matches!(line.stroke, Stroke::Solid(_))).count();
        self.add(name.into(), points, Stroke::Solid(place));
        self
    }

    /// Adds a dashed line without markers: a reference for the last line. It has that line's color, darker, or is
    /// black if there is no line.
    pub fn dashed(mut self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let stroke = match self.lines.last().map(|line| line.stroke) {
            None => Stroke::Dashed(INK, 0),
            Some(Stroke::Solid(place)) => Stroke::Dashed(dark(place), 0),
            Some(Stroke::Dashed(color, pattern)) => Stroke::Dashed(color, pattern + 1),
        };
        self.add(name.into(), points, stroke);
        self
    }

    /// Adds a horizontal line at this y, with its label next to it. A level that has no position on the axis is left
    /// out.
    pub fn level(mut self, y: f64, label: impl Into<String>) -> Self {
        self.levels.push((y, label.into()));
        self
    }

    /// Adds a sentence below the picture.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn add(&mut self, name: String, points: impl IntoIterator<Item = (f64, f64)>, stroke: Stroke) {
        self.lines.push(Line { name, points: points.into_iter().collect(), stroke });
    }

    /// Draws the lines.
    ///
    /// # Errors
    /// [`PlotError::Empty`], when no line has a point whose x has a place on the axis.
    pub fn picture(mut self) -> Result<Picture, PlotError> {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let x_axis = Axis::of(points().map(|point| point.0), self.log_x, 0.02);
        let placed = || points().filter(|point| x_axis.place(point.0).is_some());
        let lost = points().count() - placed().count();
        if placed().next().is_none() {
            let cure = "give it a line with at least one point of a finite x";
            return Err(PlotError::Empty { title: self.title, cure });
        }
        let levels = self.levels.iter().map(|level| level.0);
        let y_axis = Axis::of(placed().map(|point| point.1).chain(levels), self.log_y, 0.04);
        if lost > 0 {
            self.notes.push(format!(
                "Not shown, because their x has no place on this axis: {lost} of {} points.",
                points().count()
            ));
        }

        let mut edges = Edges::default();
        placed().for_each(|point| edges.see(point.1, self.log_y));
        let named = self.lines.iter().filter(|line| !line.name.is_empty());
        let entries: Vec<Entry> =
            named.map(|line| line.stroke.entry(&line.name)).chain(edges.entries()).collect();
        let levels_width =
            self.levels.iter().map(|level| text::width(&level.1, NOTE)).fold(0.0, f64::max).min(130.0);
        let right = levels_width + 14.0 + legend::width(&entries);

        let (x, y) = (Scale::Numbers(x_axis.clone()), Scale::Numbers(y_axis.clone()));
        let frame = Frame {
            title: &self.title,
            x_label: &self.x,
            y_label: &self.y,
            x: &x,
            y: &y,
            width: WIDTH,
            height: HEIGHT.max(legend::PITCH * entries.len() as f64),
            right,
            grid: true,
            notes: &self.notes,
        };
        let mut marks = Vec::new();
        let (region, height) = frame.draw(&mut marks);
        self.draw_levels(&y_axis, region, levels_width, &mut marks);
        for line in &self.lines {
            Curve { points: &line.points, stroke: line.stroke, x: &x_axis, y: &y_axis, region }
                .draw(&mut marks);
        }
        let left = region.right() + levels_width + 14.0;
        legend::draw(entries, (left, TOP), &mut marks);
        Ok(Picture { width: WIDTH, height, marks })
    }

    fn draw_levels(&self, axis: &Axis, region: Region, room: f64, marks: &mut Vec<Mark>) {
        let place = |(value, label): &(f64, String)| Some((region.y(axis.place(*value)?), label.clone()));
        let mut levels: Vec<_> = self.levels.iter().filter_map(place).collect();
        levels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = f64::NEG_INFINITY;
        for (y, label) in levels {
            marks.extend(dashed(&[(region.left, y), (region.right(), y)], &[2.0, 3.0], GRAY, 1.2));
            // Labels of levels that are close are moved apart.
            let label_y = y.max(free);
            free = label_y + NOTE + 3.0;
            let label = text::shorten(&label, NOTE, room);
            marks.push(Mark::text((region.right() + 5.0, label_y), label, NOTE, GRAY, HPos::Left));
        }
    }
}

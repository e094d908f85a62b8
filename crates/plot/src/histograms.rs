use plotters::style::text_anchor::HPos;

use super::axis::Axis;
use super::frame::{LABEL, MARGIN, NOTE, Region, Scale, TICK, TOP, WIDTH, notes, title};
use super::mark::Mark;
use super::palette::{GRAY, GRID, INK, series};
use super::{Picture, PlotError, text};

/// Small histograms over one common x axis: a panel for each layer.
///
/// The bars are shares of all values of the panel; the number next to each panel is its highest bar. Where bins are at
/// or below zero on a logarithmic axis, the panel says what share they hold. Of more than 20 panels, 20 are drawn.
///
/// # Examples
/// ```
/// use chainrule_plot::Histograms;
///
/// let picture = Histograms::new("Activations")
///     .x("output of the layer")
///     .panel("layers.0", &[-1.0, 0.0, 1.0], &[10, 30])
///     .panel("layers.1", &[-1.0, 0.0, 1.0], &[39, 1])
///     .picture()?;
/// assert!(picture.svg()?.contains("layers.1"));
/// # Ok::<(), chainrule_plot::PlotError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Histograms {
    title: String,
    x: String,
    log_x: bool,
    panels: Vec<Panel>,
    notes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Panel {
    name: String,
    edges: Vec<f64>,
    counts: Vec<u64>,
}

const MOST_PANELS: usize = 20;
/// From one panel to the next below.
const PITCH: f64 = 118.0;
const PANEL_HEIGHT: f64 = 84.0;
const GAP: f64 = 56.0;

impl Histograms {
    /// Creates a chart without panels.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), x: String::new(), log_x: false, panels: Vec::new(), notes: Vec::new() }
    }

    /// Sets the label of the x axis, with the unit.
    pub fn x(mut self, label: impl Into<String>) -> Self {
        self.x = label.into();
        self
    }

    /// Makes the x axis logarithmic.
    pub fn log_x(mut self) -> Self {
        self.log_x = true;
        self
    }

    /// Adds a panel: the number of values between each edge and the next.
    pub fn panel(mut self, name: impl Into<String>, edges: &[f64], counts: &[u64]) -> Self {
        self.panels.push(Panel { name: name.into(), edges: edges.to_vec(), counts: counts.to_vec() });
        self
    }

    /// Adds a sentence below the picture.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Draws the panels.
    ///
    /// # Errors
    /// [`PlotError::Empty`], without panels or bins; [`PlotError::Count`], when a panel has not one edge more than
    /// counts; [`PlotError::Edges`], when its edges are not finite or do not rise.
    pub fn picture(mut self) -> Result<Picture, PlotError> {
        self.check()?;
        let all = self.panels.len();
        if all > MOST_PANELS {
            // Evenly, with the first and the last.
            let chosen = (0..MOST_PANELS).map(|index| index * (all - 1) / (MOST_PANELS - 1));
            self.panels = chosen.map(|index| self.panels[index].clone()).collect();
            self.title += &format!(" ({MOST_PANELS} of {all})");
        }
        let axis =
            Axis::of(self.panels.iter().flat_map(|panel| panel.edges.iter().copied()), self.log_x, 0.0);
        let count = self.panels.len();
        let columns = if count <= 3 { count } else { 4.min(count.div_ceil(2)) };
        let rows = count.div_ceil(columns);
        let left = MARGIN + 22.0 + 34.0;
        let width = ((WIDTH - left - MARGIN + GAP) / columns as f64 - GAP).floor();
        let (pitch, panel_height) = if rows == 1 { (300.0, 266.0) } else { (PITCH, PANEL_HEIGHT) };

        let mut marks = Vec::new();
        title(&self.title, WIDTH, &mut marks);
        for (index, panel) in self.panels.iter().enumerate() {
            let (row, column) = (index / columns, index % columns);
            let place = Region {
                left: left + column as f64 * (width + GAP),
                top: TOP + 18.0 + row as f64 * pitch,
                width,
                height: panel_height,
            };
            let lowest = index + columns >= count;
            panel.draw(&axis, place, lowest, &mut marks);
        }
        let bottom = TOP + rows as f64 * pitch + 8.0;
        let middle = TOP + 18.0 + ((rows - 1) as f64 * pitch + panel_height) / 2.0;
        marks.push(Mark::turned_text((MARGIN + 4.0, middle), "share of the values", LABEL, INK));
        let label = text::shorten(&self.x, LABEL, WIDTH - 2.0 * MARGIN);
        marks.push(Mark::text((WIDTH / 2.0, bottom + 12.0), label, LABEL, INK, HPos::Center));
        let height = notes(&self.notes, (left, bottom + 22.0), WIDTH, &mut marks);
        Ok(Picture { width: WIDTH, height, marks })
    }

    fn check(&self) -> Result<(), PlotError> {
        let title = || self.title.clone();
        if self.panels.iter().all(|panel| panel.counts.is_empty() && panel.edges.len() < 2) {
            return Err(PlotError::Empty { title: title(), cure: "give it at least one panel with a bin" });
        }
        for Panel { name, edges, counts } in &self.panels {
            if edges.len() != counts.len() + 1 {
                let what = format!("`{name}`, with {} counts, for its edges", counts.len());
                return Err(PlotError::Count {
                    title: title(),
                    what,
                    expected: counts.len() + 1,
                    found: edges.len(),
                });
            }
            let rises = |index: &usize| {
                edges[*index].is_finite() && (*index == 0 || edges[*index] > edges[index - 1])
            };
            if let Some(index) = (0..edges.len()).find(|index| !rises(index)) {
                return Err(PlotError::Edges { title: title(), panel: name.clone(), index });
            }
        }
        Ok(())
    }
}

impl Panel {
    fn draw(&self, axis: &Axis, place: Region, with_numbers: bool, marks: &mut Vec<Mark>) {
        const COLOR: usize = 0;
        let total: f64 = self.counts.iter().map(|count| *count as f64).sum();
        let share = |count: u64| if total > 0.0 { count as f64 / total } else { 0.0 };
        let bins = || self.edges.windows(2).zip(&self.counts);
        let edge = |value: f64| axis.place(value).map(|at| place.x(at));
        let drawn =
            || bins().filter_map(|(ends, count)| Some((edge(ends[0])?, edge(ends[1])?, share(*count))));
        let highest = drawn().map(|bin| bin.2).fold(0.0, f64::max);

        marks.push(Mark::line([(place.left, place.top), (place.right(), place.top)], GRID, 1.0));
        if highest > 0.0 {
            let outline = drawn().flat_map(|(left, right, share)| {
                let top = place.bottom() - place.height * share / highest;
                [(left, top), (right, top)]
            });
            let mut points: Vec<_> = outline.collect();
            let ends = (points[0].0, points[points.len() - 1].0);
            points.extend([(ends.1, place.bottom()), (ends.0, place.bottom())]);
            marks.push(Mark::Polygon { points, color: series(COLOR) });
            let label = percent(highest);
            marks.push(Mark::text((place.left - 5.0, place.top), label, NOTE, INK, HPos::Right));
        }
        let hidden: f64 = bins().filter(|bin| edge(bin.0[0]).is_none()).map(|bin| share(*bin.1)).sum();
        let remark = match () {
            () if total == 0.0 => Some("no values".into()),
            () if hidden > 0.0 => Some(format!("{} at or near 0", percent(hidden))),
            () => None,
        };
        let remark_width = remark.as_ref().map_or(0.0, |remark| text::width(remark, NOTE) + 8.0);
        let name = text::shorten(&self.name, TICK, place.width - remark_width);
        marks.push(Mark::text((place.left, place.top - 9.0), name, TICK, INK, HPos::Left));
        marks.extend(
            remark.map(|text| Mark::text((place.right(), place.top - 9.0), text, NOTE, GRAY, HPos::Right)),
        );
        marks.push(Mark::line([(place.left, place.bottom()), (place.right(), place.bottom())], GRAY, 1.0));
        for tick in Scale::Numbers(axis.clone()).across(place.width) {
            let x = place.x(tick.at);
            marks.push(Mark::line([(x, place.bottom()), (x, place.bottom() + 4.0)], GRAY, 1.0));
            if with_numbers {
                marks.push(Mark::text((x, place.bottom() + 14.0), tick.label, NOTE, INK, HPos::Center));
            }
        }
    }
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    match percent {
        10.0.. => format!("{percent:.0} %"),
        0.1.. => format!("{percent:.1} %"),
        _ => format!("{percent:.0e} %"),
    }
}

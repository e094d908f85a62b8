use std::fmt;

use super::axis::Axis;
use super::frame::{Frame, HEIGHT, Scale, TOP};
use super::legend::{self, Entry};
use super::mark::Mark;
use super::palette::{INK, WHITE, marker, pale, series};
use super::regions::{self, Regions};
use super::{Picture, PlotError};

/// Points of several classes, over the regions in which a classifier expects them.
///
/// # Examples
/// ```
/// use chainrule_plot::Scatter;
///
/// let picture = Scatter::new("Exclusive or")
///     .x("first input")
///     .y("second input")
///     .class("equal", [(0.0, 0.0), (1.0, 1.0)])
///     .class("different", [(0.0, 1.0), (1.0, 0.0)])
///     .regions(|x, y| usize::from((x > 0.5) != (y > 0.5)))
///     .picture()?;
/// assert!(picture.svg()?.contains("different"));
/// # Ok::<(), chainrule_plot::PlotError>(())
/// ```
#[must_use]
pub struct Scatter<'f> {
    title: String,
    x: String,
    y: String,
    classes: Vec<(String, Vec<(f64, f64)>)>,
    regions: Option<Box<dyn FnMut(f64, f64) -> usize + 'f>>,
    notes: Vec<String>,
}

const WIDTH: f64 = 700.0;

impl fmt::Debug for Scatter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scatter")
            .field("title", &self.title)
            .field("classes", &self.classes)
            .finish_non_exhaustive()
    }
}

impl<'f> Scatter<'f> {
    /// Creates a chart without points.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            x: String::new(),
            y: String::new(),
            classes: Vec::new(),
            regions: None,
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

    /// Adds a class, numbered from 0 in this order.
    pub fn class(mut self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.classes.push((name.into(), points.into_iter().collect()));
        self
    }

    /// Colors the background by this classifier, the number of a class for each (x, y). It is called about 50,000
    /// times.
    pub fn regions(mut self, classifier: impl FnMut(f64, f64) -> usize + 'f) -> Self {
        self.regions = Some(Box::new(classifier));
        self
    }

    /// Adds a sentence below the picture.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Draws the points and regions.
    ///
    /// # Errors
    /// [`PlotError::Empty`], without a finite point.
    pub fn picture(mut self) -> Result<Picture, PlotError> {
        let points = || self.classes.iter().flat_map(|class| class.1.iter().copied());
        let finite = || points().filter(|(x, y)| x.is_finite() && y.is_finite());
        if finite().next().is_none() {
            return Err(PlotError::Empty {
                title: self.title,
                cure: "give it a class with at least one finite point",
            });
        }
        let lost = points().count() - finite().count();
        if lost > 0 {
            self.notes.push(format!(
                "Not shown, because they are NaN or infinite: {lost} of {} points.",
                points().count()
            ));
        }
        let x_axis = Axis::of(finite().map(|point| point.0), false, 0.05);
        let y_axis = Axis::of(finite().map(|point| point.1), false, 0.05);
        let swatches = self.classes.iter().enumerate().map(|(index, (name, _))| {
            let background = Entry::swatch(pale(index), name);
            let background = background.marks.into_iter().filter(|_| self.regions.is_some());
            Entry::new(background.chain(dot(index, (0.0, 0.0))), name)
        });
        let mut entries: Vec<Entry> = swatches.collect();
        if self.regions.is_some() {
            entries.push(Entry::new(
                [Mark::line([(-12.0, 0.0), (12.0, 0.0)], INK, regions::BOUNDARY)],
                "boundary",
            ));
        }
        let (x, y) = (Scale::Numbers(x_axis.clone()), Scale::Numbers(y_axis.clone()));
        let frame = Frame {
            title: &self.title,
            x_label: &self.x,
            y_label: &self.y,
            x: &x,
            y: &y,
            width: WIDTH,
            height: HEIGHT.max(legend::PITCH * entries.len() as f64),
            right: 14.0 + legend::width(&entries),
            grid: false,
            notes: &self.notes,
        };
        let mut marks = Vec::new();
        let (region, height) = frame.draw(&mut marks);
        if let Some(classifier) = &mut self.regions {
            Regions::ask(classifier, &x_axis, &y_axis, region).draw(&mut marks);
        }
        // The points of the classes alternate, so that no class covers the others.
        let longest = self.classes.iter().map(|class| class.1.len()).max().unwrap_or(0);
        for index in 0..longest {
            for (class, (_, points)) in self.classes.iter().enumerate() {
                let Some((x, y)) = points.get(index) else { continue };
                if let (Some(x), Some(y)) = (x_axis.place(*x), y_axis.place(*y)) {
                    marks.extend(dot(class, (region.x(x), region.y(y))));
                }
            }
        }
        legend::draw(entries, (region.right() + 14.0, TOP), &mut marks);
        Ok(Picture { width: WIDTH, height, marks })
    }
}

/// Returns a class's marker with a white rim.
fn dot(class: usize, at: (f64, f64)) -> [Mark; 2] {
    [marker(class).at(at, 4.4, WHITE), marker(class).at(at, 3.4, series(class))]
}

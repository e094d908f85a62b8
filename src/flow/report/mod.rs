//! One page of HTML: the network as a diagram, its gradients, and their changes during training.

mod error;
mod figures;
mod items;
mod network;
mod packed;
mod section;
mod section_of;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::path::Path;

use serde::Serialize;

use super::{Flow, Histogram, Record, Recorder};
use crate::atomic_file;
use network::Page;
use section::{Line, Section};

pub use error::ReportError;
pub use section::Cell;
pub use section_of::ReportSection;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// In the order in which they run.
const SCRIPTS: &[&str] = &[
    include_str!("script/data.js"),
    include_str!("script/format.js"),
    include_str!("script/draw.js"),
    include_str!("script/diagram.js"),
    include_str!("script/details.js"),
    include_str!("script/verdict.js"),
    include_str!("script/charts.js"),
    include_str!("script/tables.js"),
    include_str!("script/page.js"),
];

/// A report on a network and its gradients: one HTML file that needs no server, no internet connection and no other
/// file.
///
/// It shows the verdict and its cure, the network as a diagram (colored by the gradient, with each skip connection,
/// branch and nested layer), every figure of the flow in sortable tables, and the recorded steps of a training with a
/// slider. [`Flow::report`] and [`Recorder::report`] are the short forms.
///
/// ```
/// use chainrule::flow::{Recorder, Report};
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, [Residual<(Tanh, Linear<8, 8>)>; 4], Linear<8, 1>);
///
/// let (inputs, targets) = ([Vector([0.0, 1.0]), Vector([1.0, 0.0])], [Vector([1.0]), Vector([-1.0])]);
/// let net = Net::init(&mut rng(1));
/// let before = net.flow(&MeanSquaredError, &inputs, &targets)?;
/// let (mut trainer, mut recorder) = (Trainer::new(net, MeanSquaredError, Adam::new(0.01), 1), Recorder::every(10));
/// for _ in 0..100 {
///     trainer.step_recorded(&inputs, &targets, &mut recorder)?;
/// }
/// let after = trainer.network.flow(&MeanSquaredError, &inputs, &targets)?;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("flow.html");
/// Report::new("Four residual blocks")
///     .flow("before", &before)
///     .flow("after", &after)
///     .recorder(&recorder)
///     .note("Data", "Two samples.")
///     .table("Accuracy", ["set", "share"], [vec!["training".into(), 0.98.into()]])
///     .save(&path)?;
/// before.report(&path)?; // the short form: this flow alone
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Size
/// Each figure has four significant digits. The page itself is 80 kB. With 200 layers and 2,000 recorded steps it is 10
/// MB. If a recorder has more than a million (2²⁰) layers times steps, counting stacks, the page shows only every
/// second, third, .. record, and says so. If there are more than 2¹⁷ parameter tensors times steps, a step has one
/// figure for all parameters of a layer together.
#[doc(alias = "html")]
#[doc(alias = "dashboard")]
#[derive(Clone, Debug)]
pub struct Report<'a> {
    title: String,
    flows: Vec<(String, &'a Flow)>,
    records: &'a [Record],
    marks: Vec<Mark>,
    sections: Vec<Section>,
}

/// A text at a step of the training.
#[derive(Clone, Debug, Serialize)]
struct Mark {
    step: u64,
    text: String,
}

impl<'a> Report<'a> {
    /// Creates an empty report.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), flows: Vec::new(), records: &[], marks: Vec::new(), sections: Vec::new() }
    }

    /// Adds a flow under a name, such as `before training`. All flows and records of a report must be of the same
    /// network.
    ///
    /// If the flow has [parts](Flow::parts), the report has a section with a verdict for each.
    pub fn flow(mut self, name: impl Into<String>, flow: &'a Flow) -> Self {
        let name = name.into();
        self.flows.push((name.clone(), flow));
        section_of::parts(self, &name, flow)
    }

    /// Adds the recorded steps of a training, and its [warnings](Recorder::warnings).
    pub fn recorder(self, recorder: &'a Recorder) -> Self {
        section_of::warnings(self.records(recorder.records()), recorder.warnings())
    }

    /// Adds the section, or the sections, of a result: of noise, curvature, singular values, a coordinate check, a
    /// learning-rate test, a diagnosis, or of your own type.
    pub fn section(self, result: &impl ReportSection) -> Self {
        result.add_to(self)
    }

    /// Adds recorded steps.
    pub fn records(mut self, records: &'a [Record]) -> Self {
        self.records = records;
        self
    }

    /// Marks a step of the training on the slider and in the charts, for example the step of a warning.
    pub fn mark(mut self, step: u64, text: impl Into<String>) -> Self {
        self.marks.push(Mark { step, text: text.into() });
        self
    }

    /// Adds a section of text. Text between backticks is shown as code, and the path of a layer becomes a link to it.
    pub fn note(mut self, title: impl Into<String>, text: impl Into<String>) -> Self {
        self.sections.push(Section::Note { title: title.into(), text: text.into() });
        self
    }

    /// Adds a section with a sortable table. A cell whose text is the path of a layer becomes a link to it.
    pub fn table<C: ToString>(
        mut self,
        title: impl Into<String>,
        columns: impl IntoIterator<Item = C>,
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) -> Self {
        self.sections.push(Section::Table {
            title: title.into(),
            columns: columns.into_iter().map(|column| column.to_string()).collect(),
            rows: rows.into_iter().collect(),
        });
        self
    }

    /// Adds a section with a histogram.
    pub fn histogram(mut self, title: impl Into<String>, histogram: &Histogram) -> Self {
        self.sections.push(Section::Histogram { title: title.into(), histogram: histogram.clone() });
        self
    }

    /// Adds a section with a line chart: the names of its axes, and the points of each line. The second axis is
    /// logarithmic if all of its numbers are positive and span more than two decades.
    pub fn lines<'b>(
        mut self,
        title: impl Into<String>,
        [x, y]: [&str; 2],
        lines: impl IntoIterator<Item = (&'b str, Vec<(f64, f64)>)>,
    ) -> Self {
        let lines = lines.into_iter().map(|(name, points)| Line::new(name, &points)).collect();
        self.sections.push(Section::Lines { title: title.into(), x: x.into(), y: y.into(), lines });
        self
    }

    /// Returns the page.
    ///
    /// # Errors
    /// [`ReportError::Empty`] if there is nothing to show. [`ReportError::OtherNetwork`] if the flows and records
    /// belong to different networks.
    pub fn html(&self) -> Result<String, ReportError> {
        let data = Page::of(self)?.to_json();
        let script: String = SCRIPTS.iter().copied().collect();
        let title = escaped(&self.title);
        let parts = [("{title}", &title[..]), ("{style}", STYLE), ("{data}", &data), ("{script}", &script)];
        // Searches each placeholder after the previous one, so that a text of the data is never taken for a
        // placeholder.
        let (mut page, mut rest) = (String::with_capacity(data.len() + (1 << 17)), PAGE);
        for (place, part) in parts {
            let (before, after) = rest.split_once(place).unwrap_or((rest, ""));
            page += before;
            page += part;
            rest = after;
        }
        page += rest;
        Ok(page)
    }

    /// Writes the page to a file. It replaces an existing file when the new one is complete.
    ///
    /// # Errors
    /// The errors of [`html`](Report::html), and [`ReportError::Io`]. An existing file is then unchanged.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        let (path, html) = (path.as_ref(), self.html()?);
        atomic_file::write(path, html.as_bytes())
            .map_err(|error| ReportError::Io { path: path.into(), source: error.into() })
    }
}

impl Flow {
    /// Writes a page of HTML about this flow. See the example of [`Report`].
    ///
    /// # Errors
    /// The errors of [`Report::save`].
    pub fn report(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        Report::new("Gradient flow").flow("this batch", self).save(path)
    }
}

impl Recorder {
    /// Writes a page of HTML about the recorded training. See the example of [`Report`].
    ///
    /// # Errors
    /// The errors of [`Report::save`]. [`ReportError::Empty`] without records.
    pub fn report(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        Report::new("Gradient flow in training").recorder(self).save(path)
    }
}

/// Escapes a text for HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

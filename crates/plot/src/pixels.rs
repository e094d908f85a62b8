use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::frame::{LABEL, MARGIN, TOP, WIDTH, notes, title};
use super::mark::Mark;
use super::palette::{INFINITE, INK};
use super::{Picture, PlotError, text};

/// Rows of small gray images, 0 black and 1 white: an autoencoder's inputs above its outputs, for example.
///
/// # Examples
/// ```
/// use chainrule_plot::Pixels;
///
/// let picture = Pixels::new("Reconstructions", 2, 2)
///     .row("input", [[0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]])
///     .row("output", [[0.1, 0.9, 0.8, 0.2], [0.9, 0.9, 0.1, 0.1]])
///     .picture()?;
/// assert!(picture.svg()?.contains("output"));
/// # Ok::<(), chainrule_plot::PlotError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Pixels {
    title: String,
    width: usize,
    height: usize,
    rows: Vec<(String, Vec<Vec<f64>>)>,
    notes: Vec<String>,
}

const GAP: f64 = 6.0;
/// The most units a picture of images may be wide or high.
const LARGEST: f64 = 4000.0;

impl Pixels {
    /// Creates a picture without images, for images of `width` x `height` pixels.
    pub fn new(title: impl Into<String>, width: usize, height: usize) -> Self {
        Self { title: title.into(), width, height, rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row of images, each given row by row from its upper left. Values are cut to 0..1.
    pub fn row<T: Copy + Into<f64>>(
        mut self,
        name: impl Into<String>,
        images: impl IntoIterator<Item = impl AsRef<[T]>>,
    ) -> Self {
        let image = |image: &[T]| image.iter().map(|value| (*value).into()).collect();
        self.rows.push((name.into(), images.into_iter().map(|pixels| image(pixels.as_ref())).collect()));
        self
    }

    /// Adds a sentence below the picture.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Draws the images.
    ///
    /// # Errors
    /// [`PlotError::Empty`], without an image or a pixel; [`PlotError::Count`], when an image has not `width` x
    /// `height` values; [`PlotError::Crowded`], when a row has more images, or there are more rows, than fit into a
    /// picture.
    pub fn picture(mut self) -> Result<Picture, PlotError> {
        let columns = self.rows.iter().map(|row| row.1.len()).max().unwrap_or(0);
        self.check(columns)?;
        let images = || self.rows.iter().flat_map(|row| &row.1);
        if images().flatten().any(|value| value.is_nan()) {
            self.notes.push("Red pixels are NaN.".into());
        }
        let widest = self.rows.iter().map(|row| text::width(&row.0, LABEL)).fold(0.0, f64::max).min(200.0);
        let left = (MARGIN + widest + 10.0).round();
        // Each pixel a square of whole units, so that neighbors meet without a seam.
        let room = (WIDTH - left - MARGIN + GAP) / columns as f64 - GAP;
        let side = (room / self.width as f64).min(120.0 / self.height as f64).floor().max(1.0);
        let (image_width, image_height) = (side * self.width as f64, side * self.height as f64);
        let width = (left + columns as f64 * (image_width + GAP) + MARGIN).max(WIDTH / 2.0);

        let mut marks = Vec::new();
        title(&self.title, width, &mut marks);
        for (index, (name, images)) in self.rows.iter().enumerate() {
            let top = TOP + index as f64 * (image_height + GAP);
            let name = text::shorten(name, LABEL, widest);
            marks.push(Mark::text(
                (left - 10.0, (top + image_height / 2.0).round()),
                name,
                LABEL,
                INK,
                HPos::Right,
            ));
            for (column, image) in images.iter().enumerate() {
                let corner = (left + column as f64 * (image_width + GAP), top);
                for (row, pixels) in image.chunks_exact(self.width).enumerate() {
                    draw_row(pixels, (corner.0, corner.1 + row as f64 * side), side, &mut marks);
                }
            }
        }
        let bottom = TOP + self.rows.len() as f64 * (image_height + GAP);
        let height = notes(&self.notes, (left, bottom), width, &mut marks);
        Ok(Picture { width, height, marks })
    }

    fn check(&self, columns: usize) -> Result<(), PlotError> {
        let title = || self.title.clone();
        if columns == 0 || self.width == 0 || self.height == 0 {
            return Err(PlotError::Empty {
                title: title(),
                cure: "give it a row with at least one image of at least one pixel",
            });
        }
        let most = |side: usize| (LARGEST / (side as f64 + GAP)) as usize;
        for (what, count, most) in [
            ("images in a row", columns, most(self.width)),
            ("rows of images", self.rows.len(), most(self.height)),
        ] {
            if count > most {
                return Err(PlotError::Crowded { title: title(), what, count, most });
            }
        }
        for (name, images) in &self.rows {
            let expected = self.width * self.height;
            if let Some(index) = images.iter().position(|image| image.len() != expected) {
                let what = format!("image {index} of the row `{name}`");
                return Err(PlotError::Count { title: title(), what, expected, found: images[index].len() });
            }
        }
        Ok(())
    }
}

/// Draws a row of pixels, equal neighbors as one.
fn draw_row(pixels: &[f64], corner: (f64, f64), side: f64, marks: &mut Vec<Mark>) {
    let colors: Vec<RGBColor> = pixels.iter().map(|value| gray(*value)).collect();
    let mut left = corner.0;
    for run in colors.chunk_by(|a, b| a == b) {
        let width = side * run.len() as f64;
        marks.push(Mark::rectangle((left, corner.1), (width, side), run[0]));
        left += width;
    }
}

fn gray(value: f64) -> RGBColor {
    if value.is_nan() {
        return INFINITE;
    }
    let gray = (255.0 * value.clamp(0.0, 1.0)).round() as u8;
    RGBColor(gray, gray, gray)
}

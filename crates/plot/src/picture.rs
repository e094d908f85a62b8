use std::fmt;
use std::path::Path;

use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend};
use plotters::style::{FontFamily, WHITE};

use super::PlotError;
use super::mark::{Device, Mark};
use super::text;

/// A finished picture, which can be saved, or be a panel of a larger one.
///
/// # Examples
/// ```
/// use chainrule_plot::{Lines, Picture};
///
/// let loss = Lines::new("Loss").x("step").line("training", [(0.0, 2.3), (1.0, 1.1)]).picture()?;
/// let rate = Lines::new("Rate").x("step").line("rate", [(0.0, 0.1), (1.0, 0.05)]).picture()?;
/// let both = Picture::side_by_side([loss, rate]);
/// assert_eq!(both.size().0, 1800);
/// assert!(both.svg()?.contains("Loss"));
/// # Ok::<(), chainrule_plot::PlotError>(())
/// ```
#[derive(Clone)]
pub struct Picture {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) marks: Vec<Mark>,
}

/// Pixels in a unit of the picture while an SVG is drawn: `plotters` rounds to whole pixels, and a curve must be
/// smooth.
const SVG_SCALE: f64 = 10.0;
/// Pixels in a pixel while a PNG is drawn; their mean is what is saved, so that edges are smooth.
const PNG_SCALE: usize = 3;
/// The largest PNG in pixels: 4096 x 4096, 450 MB while it is drawn.
const MOST_PIXELS: u64 = 1 << 24;

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { width, height, marks } = self;
        write!(f, "Picture({width} x {height}, {} marks)", marks.len())
    }
}

impl Picture {
    /// Returns the picture's width and height: the pixels of its PNG, the units of its SVG.
    pub fn size(&self) -> (u32, u32) {
        (self.width.ceil() as u32, self.height.ceil() as u32)
    }

    /// Puts these pictures in a row.
    pub fn side_by_side(panels: impl IntoIterator<Item = Self>) -> Self {
        Self::grid(usize::MAX, panels)
    }

    /// Puts these pictures in a column, the first on top.
    pub fn below(panels: impl IntoIterator<Item = Self>) -> Self {
        Self::grid(1, panels)
    }

    /// Puts these pictures in rows of `columns` pictures.
    pub fn grid(columns: usize, panels: impl IntoIterator<Item = Self>) -> Self {
        let panels: Vec<Self> = panels.into_iter().collect();
        let columns = columns.clamp(1, panels.len().max(1));
        let largest = |side: fn(&Self) -> f64, sizes: &mut Vec<f64>, at: usize, panel: &Self| {
            sizes.resize(sizes.len().max(at + 1), 0.0);
            sizes[at] = sizes[at].max(side(panel).ceil());
        };
        let (mut widths, mut heights) = (Vec::new(), Vec::new());
        for (index, panel) in panels.iter().enumerate() {
            largest(|panel| panel.width, &mut widths, index % columns, panel);
            largest(|panel| panel.height, &mut heights, index / columns, panel);
        }
        let mut marks = Vec::new();
        for (index, mut panel) in panels.into_iter().enumerate() {
            let corner = (widths[..index % columns].iter().sum(), heights[..index / columns].iter().sum());
            panel.marks.iter_mut().for_each(|mark| mark.shift(corner));
            marks.append(&mut panel.marks);
        }
        Self { width: widths.iter().sum(), height: heights.iter().sum(), marks }
    }

    /// Writes the picture to a file, as SVG or PNG according to the file's extension.
    ///
    /// # Errors
    /// [`PlotError::Ending`]; [`PlotError::Io`], and what [`png`](Self::png) says.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        let path = path.as_ref();
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        let bytes = match ending.as_deref() {
            Some("svg") => self.svg()?.into_bytes(),
            Some("png") => self.png()?,
            _ => return Err(PlotError::Ending { path: path.into() }),
        };
        std::fs::write(path, bytes).map_err(|source| PlotError::Io { path: path.into(), source })
    }

    /// Returns the picture as SVG. Its text stays text, in the reader's own sans-serif font.
    ///
    /// # Errors
    /// [`PlotError::Empty`], for a picture of no panels.
    pub fn svg(&self) -> Result<String, PlotError> {
        let (width, height) = self.size();
        let pixels = (width.saturating_mul(SVG_SCALE as u32), height.saturating_mul(SVG_SCALE as u32));
        let mut inner = String::new();
        let device = Device {
            scale: SVG_SCALE,
            family: FontFamily::SansSerif,
            font_size: text::SVG_SIZE,
            drop: text::SVG_DROP,
            pieces: false,
        };
        self.draw(SVGBackend::with_string(&mut inner, pixels), &device)?;
        // The frame around it has the size to be shown at.
        let (w, h) = pixels;
        let space = "xmlns=\"http://www.w3.org/2000/svg\"";
        let frame = format!("<svg {space} width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {w} {h}\">");
        Ok(format!("{frame}\n{inner}</svg>\n"))
    }

    /// Returns the picture as the bytes of a PNG.
    ///
    /// # Errors
    /// [`PlotError::Empty`], for a picture of no panels; [`PlotError::TooLarge`].
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        let (width, height) = self.size();
        if u64::from(width) * u64::from(height) > MOST_PIXELS {
            return Err(PlotError::TooLarge { width, height });
        }
        let (columns, rows) = (width as usize * PNG_SCALE, height as usize * PNG_SCALE);
        let mut pixels = vec![0; 3 * columns * rows];
        let scale = PNG_SCALE as f64;
        let device = Device {
            scale,
            family: text::family(),
            font_size: text::PIXEL_SIZE,
            drop: text::PIXEL_DROP,
            pieces: true,
        };
        self.draw(BitMapBackend::with_buffer(&mut pixels, (columns as u32, rows as u32)), &device)?;
        encode(&means(&pixels, width as usize, height as usize), width, height)
            .map_err(|error| PlotError::Draw(error.into()))
    }

    fn draw<B: DrawingBackend>(&self, backend: B, device: &Device) -> Result<(), PlotError> {
        if self.marks.is_empty() {
            let cure = "put at least one picture into it";
            return Err(PlotError::Empty { title: "a picture of panels".into(), cure });
        }
        let area = backend.into_drawing_area();
        let drawn = area
            .fill(&WHITE)
            .and_then(|()| self.marks.iter().try_for_each(|mark| mark.draw(&area, device)))
            .and_then(|()| area.present());
        // As a sentence: the error of a backend may hold what is not `'static`.
        drawn.map_err(|error| PlotError::Draw(error.to_string().into()))
    }
}

/// Returns each pixel as the mean of its `PNG_SCALE` x `PNG_SCALE` finer ones.
fn means(fine: &[u8], width: usize, height: usize) -> Vec<u8> {
    const SHARE: u16 = (PNG_SCALE * PNG_SCALE) as u16;
    let mut pixels = Vec::with_capacity(3 * width * height);
    let mut sums = vec![0; 3 * width];
    for rows in fine.chunks_exact(3 * width * PNG_SCALE * PNG_SCALE) {
        sums.fill(0u16);
        for row in rows.chunks_exact(3 * width * PNG_SCALE) {
            for (sum, finer) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * PNG_SCALE)) {
                for color in finer.chunks_exact(3) {
                    for channel in 0..3 {
                        sum[channel] += u16::from(color[channel]);
                    }
                }
            }
        }
        pixels.extend(sums.iter().map(|sum| (sum / SHARE) as u8));
    }
    pixels
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

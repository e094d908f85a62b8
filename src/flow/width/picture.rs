use super::{CoordinateCheck, LayerScaling};
use crate::plot::{Lines, Picture, PlotError};

/// The largest number of lines that are easy to tell apart.
const LINES: usize = 8;

/// Draws the change of the outputs after the last step against the width, for at most eight layers, which are spread
/// from the first to the last. Flat lines do not depend on the width. `name` is a part of the title. The check is the
/// result of [`coordinate_check!`](crate::coordinate_check).
///
/// # Errors
/// [`PlotError`] if there is nothing to draw.
pub fn coordinate_check(name: &str, check: &CoordinateCheck) -> Result<Picture, PlotError> {
    let layers: Vec<&LayerScaling> = check.layers.iter().filter(|layer| layer.exponent.is_some()).collect();
    let shown = layers.len().min(LINES);
    let title = format!("The change of each layer's output, against the width: {name}");
    let lines = Lines::new(title).x("width").log_x();
    (0..shown)
        .map(|at| layers[at * (layers.len() - 1) / (shown - 1).max(1)])
        .fold(lines.y("RMS of the change").log_y(), |lines, layer| {
            let changes = layer.changes.iter().filter_map(|steps| steps.last().copied());
            let points = check.widths.iter().map(|&width| width as f64).zip(changes);
            lines.line(format!("{} {}", layer.path, layer.layer).trim_start(), points)
        })
        .picture()
}

use alloc::string::String;
use std::path::PathBuf;

use crate::flow::{Flow, LayerFlow};

/// The reason why a [`Report`](super::Report) was not written.
///
/// ```
/// use chainrule::flow::{Report, ReportError};
/// assert!(matches!(Report::new("nothing").html(), Err(ReportError::Empty)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// There is nothing to show.
    #[error("the report is empty: give it a flow, a recorder with at least one record, or a section")]
    Empty,
    /// The flows and records belong to different networks.
    #[error("{moment} is not of the same network as {first}: {why}")]
    OtherNetwork {
        /// The first flow or record of the report.
        first: String,
        /// The first one that does not fit.
        moment: String,
        /// The first difference.
        why: String,
    },
    /// The file cannot be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
}

/// Returns the first difference between two networks.
pub(super) fn difference(a: &Flow, b: &Flow) -> Option<String> {
    let sides =
        |layer: &LayerFlow| format!("{}, {:?} to {:?}", layer.named(), layer.input_shape, layer.output_shape);
    let same = |a: &LayerFlow, b: &LayerFlow| {
        a.path == b.path
            && a.layer == b.layer
            && a.input_shape == b.input_shape
            && a.output_shape == b.output_shape
    };
    // Prefers the first difference with a path, because the network itself differs too.
    let mut differing = a.layers.iter().zip(&b.layers).filter(|(a, b)| !same(a, b));
    let first = differing.next();
    match first.map(|first| if first.0.path.is_empty() { differing.next().unwrap_or(first) } else { first }) {
        Some((a, b)) => Some(format!("it has {} in place of {}", sides(b), sides(a))),
        None if a.layers.len() == b.layers.len() => None,
        None => Some(format!("it has {} layers, and not {}", b.layers.len(), a.layers.len())),
    }
}

//! Errors in a line or a cell of a table.

/// An error in a line of a table, inside [`DataError::Line`](super::DataError::Line).
///
/// The example of `data::Csv` prints one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadLine {
    /// The line is empty, and there are rows after it.
    #[error("the line is empty: delete it, or read the table with `.skip_empty_lines()`")]
    Empty,
    /// The number of columns is not that of the first line.
    #[error("the first line has {expected} columns, but this one has {found}")]
    Columns {
        /// The number of columns of the first line.
        expected: usize,
        /// The number of columns of this line.
        found: usize,
    },
    /// A quotation mark is not closed, in this line or the next ones.
    #[error("a quotation mark is not closed")]
    Quote,
    /// The line is too long for a row of numbers.
    #[error("the line is longer than {limit} bytes: this is not a table of numbers")]
    Long {
        /// The largest number of bytes that are read.
        limit: u64,
    },
    /// A line of a log is not one of its rows.
    #[error("this is not a row of a log: {problem}")]
    Row {
        /// The error of the parser.
        problem: String,
    },
}

/// An error in a cell of a table, inside [`DataError::Cell`](super::DataError::Cell). Long texts are shortened.
///
/// The example of `data::Csv` prints one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadCell {
    /// The cell is empty.
    #[error("the cell is empty")]
    Empty,
    /// A number among the inputs is missing, and `Csv::missing` is not set.
    #[error("{}: choose a replacement for missing numbers with `.missing(..)`", no_number(text))]
    Missing {
        /// The text of the cell.
        text: String,
    },
    /// A target is missing.
    #[error(
        "{text:?} means a missing target: leave out its row with `.missing(Missing::DropRow)`, or if it is a class, \
         add it to `.classes(..)`"
    )]
    MissingTarget {
        /// The text of the cell.
        text: String,
    },
    /// The cell is not a number.
    #[error("{text:?} is not a number")]
    Number {
        /// The text of the cell.
        text: String,
    },
    /// The number is NaN, infinite, or too large for the scalar.
    #[error("{text:?} is not finite, or too large for its scalar")]
    NonFinite {
        /// The text of the cell.
        text: String,
    },
    /// The cell is not the index of a class.
    #[error("{text:?} is not a class: a class is a whole number from 0")]
    Class {
        /// The text of the cell.
        text: String,
    },
    /// A class index is out of range.
    #[error("label {text} is out of range: there are {classes} classes, 0 to {}", classes - 1)]
    Label {
        /// The text of the cell.
        text: String,
        /// The number of classes of the label's type.
        classes: usize,
    },
    /// There are more names of classes than the label has classes.
    #[error("{text:?} is one class too many for the type of the label, after {classes}")]
    TooMany {
        /// The text of the cell.
        text: String,
        /// The classes that occurred before it.
        classes: String,
    },
    /// The cell is not the name of a class.
    #[error("there is no class {text:?}; the classes are {classes}")]
    Unknown {
        /// The text of the cell.
        text: String,
        /// The existing classes.
        classes: String,
    },
}

fn no_number(text: &str) -> String {
    if text.is_empty() { "the cell is empty".into() } else { format!("{text:?} is not a number") }
}

pub(super) fn named(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(" ({name:?})")).unwrap_or_default()
}

/// Returns the beginning of a cell for an error message.
#[cfg(any(feature = "csv", feature = "npy", feature = "images"))]
pub(crate) fn excerpt(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(160)]);
    if text.chars().count() > 40 { text.chars().take(37).chain("...".chars()).collect() } else { text.into() }
}

/// Lists names for an error message, at most a few of them.
#[cfg(any(feature = "csv", feature = "npz", feature = "images"))]
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    const MOST: usize = 20;
    let shown = names.iter().take(MOST).map(|name| format!("{:?}", excerpt(name.as_ref().as_bytes())));
    let more = if names.len() > MOST { format!(", .. ({} in all)", names.len()) } else { String::new() };
    shown.collect::<Vec<_>>().join(", ") + &more
}

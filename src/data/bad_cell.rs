//! What is wrong with a line or a cell of a table.

/// What is wrong with a line of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadLine {
    /// It is empty, and there are rows after it.
    #[error("the line is empty: delete it, or read the table by `.skip_empty_lines()`")]
    Empty,
    /// Not as many columns as the first line has.
    #[error("a row has {expected} columns, and this one has {found}")]
    Columns {
        /// The number of columns of the first line.
        expected: usize,
        /// The number of columns of this line.
        found: usize,
    },
    /// A quotation mark without its partner, in this line or the next ones.
    #[error("a quotation mark is not closed")]
    Quote,
    /// The line is too long for a row of numbers.
    #[error("the line is longer than {limit} bytes: this is no table of numbers")]
    Long {
        /// The most bytes that are read.
        limit: u64,
    },
    /// A line of a log that is not one of its rows.
    #[error("this is no row of a log: {problem}")]
    Row {
        /// The error of the parser.
        problem: String,
    },
}

/// What is wrong with a cell of a table. The text is cut after some characters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadCell {
    /// It is empty.
    #[error("the cell is empty")]
    Empty,
    /// A missing number among the inputs, where `Csv::missing` is not set.
    #[error("{}: choose what becomes of missing numbers by `.missing(..)`", no_number(text))]
    Missing {
        /// The text of the cell.
        text: String,
    },
    /// A missing target.
    #[error(
        "{text:?} stands for a missing target: leave out its row by `.missing(Missing::DropRow)` or, if it is a class, \
         name it in `.classes(..)`"
    )]
    MissingTarget {
        /// The text of the cell.
        text: String,
    },
    /// Not a number.
    #[error("{text:?} is not a number")]
    Number {
        /// The text of the cell.
        text: String,
    },
    /// A NaN, an infinity, or a number too large for the scalar.
    #[error("{text:?} is not finite, or too large for its scalar")]
    NonFinite {
        /// The text of the cell.
        text: String,
    },
    /// Not the index of a class.
    #[error("{text:?} is not a class: a class is a whole number from 0")]
    Class {
        /// The text of the cell.
        text: String,
    },
    /// A class index out of range.
    #[error("label {text} is out of range: there are {classes} classes, 0 to {}", classes - 1)]
    Label {
        /// The text of the cell.
        text: String,
        /// How many classes the label's type has.
        classes: usize,
    },
    /// A name of one class more than the label has.
    #[error("{text:?} is one class more than the label has, after {classes}")]
    TooMany {
        /// The text of the cell.
        text: String,
        /// The classes before it.
        classes: String,
    },
    /// Not the name of a class.
    #[error("there is no class {text:?}; the classes are {classes}")]
    Unknown {
        /// The text of the cell.
        text: String,
        /// The classes that there are.
        classes: String,
    },
}

fn no_number(text: &str) -> String {
    if text.is_empty() { "the cell is empty".into() } else { format!("{text:?} is not a number") }
}

pub(super) fn named(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(" ({name:?})")).unwrap_or_default()
}

/// Returns the beginning of a cell, for a message.
#[cfg(any(feature = "csv", feature = "npy", feature = "images"))]
pub(crate) fn excerpt(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(160)]);
    if text.chars().count() > 40 { text.chars().take(37).chain("...".chars()).collect() } else { text.into() }
}

/// Lists names for a message, at most a few of them.
#[cfg(any(feature = "csv", feature = "npz", feature = "images"))]
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    const MOST: usize = 20;
    let shown = names.iter().take(MOST).map(|name| format!("{:?}", excerpt(name.as_ref().as_bytes())));
    let more = if names.len() > MOST { format!(", .. ({} in all)", names.len()) } else { String::new() };
    shown.collect::<Vec<_>>().join(", ") + &more
}

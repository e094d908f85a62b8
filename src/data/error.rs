use std::path::PathBuf;

use crate::Error;

/// A file with invalid data, or an invalid request to a data set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be opened, read or written: it is missing, or its compression is broken.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A field of the header is not what it must be.
    #[error("{}: the {field} is {found}, but must be {expected}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The file ends before its header says, or before it has begun.
    #[error("{}: the file ends within {what}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What was being read: "the number of rows", or "image 7 of 100".
        what: String,
    },
    /// The file is longer than its header says.
    #[error("{}: there is more data after the {count} items that the header counts", path.display())]
    Excess {
        /// The file.
        path: PathBuf,
        /// How many the header promises.
        count: usize,
    },
    /// A label out of range.
    #[error("{}: item {index}: {source}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// Which label, counted from 0.
        index: usize,
        /// What is wrong with it.
        source: Error,
    },
    /// A number that is not the index of a class.
    #[error("{}: item {index} is {value}: a class is a whole number from 0 to {}", path.display(), classes - 1)]
    Class {
        /// The file.
        path: PathBuf,
        /// Which number, counted from 0.
        index: usize,
        /// The number itself.
        value: f64,
        /// How many classes there are.
        classes: usize,
    },
    /// A NaN or an infinity, or a number too large for the scalar that it should become.
    #[error("{}: sample {sample} has {value} at element {element}: clean the data before training on it", path.display())]
    NonFinite {
        /// The file.
        path: PathBuf,
        /// Which sample, counted from 0.
        sample: usize,
        /// Which number of the sample, in C order.
        element: usize,
        /// The number as it stands in the file.
        value: f64,
    },
    /// Not one label for each image.
    #[error("{} has {images} images, but {} has {labels} labels", images_path.display(), labels_path.display())]
    Counts {
        /// The file of images.
        images_path: PathBuf,
        /// How many it holds.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// How many it holds.
        labels: usize,
    },
    /// A table without a row.
    #[error("{}: the table has no rows", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// A line of a table that is not a valid row.
    #[error("{}, line {line}: {wrong}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        wrong: BadLine,
    },
    /// A cell of a table that is not what its column should hold.
    #[error("{}, line {line}, column {column}{}: {wrong}", path.display(), named(name))]
    Cell {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The column, counted from 1.
        column: usize,
        /// The name of the column, where there is a header.
        name: Option<String>,
        /// What is wrong with it.
        wrong: BadCell,
    },
    /// A requested column is not there, or there is more than one of that name.
    #[error("{}: there is {found} column {column}; the columns are {there}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column, as it was asked for.
        column: String,
        /// "no", or "more than one".
        found: &'static str,
        /// The columns that there are.
        there: String,
    },
    /// Not one column for each number of a tensor.
    #[error("{}: {found} columns for {what} of shape {shape:?}, which has {expected} numbers", path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// "an input" or "a target".
        what: &'static str,
        /// The shape of the tensor.
        shape: &'static [usize],
        /// How many numbers it has.
        expected: usize,
        /// How many columns were chosen or, by default, are left.
        found: usize,
    },
    /// Not one target for each input.
    #[error("there are {inputs} inputs and {targets} targets: give one target for each input")]
    Lengths {
        /// The number of inputs.
        inputs: usize,
        /// The number of targets.
        targets: usize,
    },
    /// A data set, or a part of one, without samples.
    #[error("a data set has at least one sample, and here is none")]
    Empty,
    /// One part of a split would have no samples.
    #[error("{share} of {samples} samples leaves one of two parts without any: both need at least one")]
    Split {
        /// The share that was asked for.
        share: f64,
        /// How many samples there are.
        samples: usize,
    },
    /// The index of a sample is out of range.
    #[error("there is no sample {index}: there are {samples}, counted from 0")]
    Index {
        /// The index that was given.
        index: usize,
        /// How many samples there are.
        samples: usize,
    },
    /// The saved place in an epoch cannot belong to a data set of this size.
    #[error(
        "this place in an epoch was not saved with a data set of {samples} samples: \
         resume with the data that the run began with"
    )]
    Place {
        /// How many samples there are.
        samples: usize,
    },
    /// A name that a [`History`](crate::metrics::History) cannot use.
    #[error("{name:?} is no name for a value here: {problem}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        problem: &'static str,
    },
    /// A file of a kind that this build of chainrule cannot read or write.
    #[error("{}: chainrule needs its feature `{feature}` for this file", path.display())]
    Feature {
        /// The file.
        path: PathBuf,
        /// The feature to enable in `Cargo.toml`.
        feature: &'static str,
    },
    /// A setting out of range, or a number that is not finite.
    #[error(transparent)]
    Invalid(#[from] Error),
}

/// What is wrong with a line of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadLine {
    /// It is empty.
    #[error("the line is empty: delete it")]
    Empty,
    /// Not as many columns as the first line has.
    #[error("a row has {expected} columns, and this one has {found}")]
    Columns {
        /// The number of columns of the first line.
        expected: usize,
        /// The number of columns of this line.
        found: usize,
    },
    /// A quotation mark without its partner; a quoted cell must end on its line.
    #[error("a quotation mark is not closed on its line")]
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
    #[error(transparent)]
    Label(Box<Error>),
    /// Not the name of a class.
    #[error("there is no class {text:?}; the classes are {classes}")]
    Unknown {
        /// The text of the cell.
        text: String,
        /// The classes that there are.
        classes: String,
    },
}

fn named(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(" ({name:?})")).unwrap_or_default()
}

/// Returns the beginning of a cell, for a message.
#[cfg(any(feature = "csv", feature = "npy"))]
pub(crate) fn excerpt(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(160)]);
    if text.chars().count() > 40 { text.chars().take(37).chain("...".chars()).collect() } else { text.into() }
}

use std::path::PathBuf;

use super::TextError;
use super::bad_cell::{BadCell, BadLine, named};
use crate::Error;

/// An error in a file of data, or an invalid argument for a data set.
///
/// The message contains the file and the position of the error in it, if there is a file:
///
/// ```
/// use chainrule::data::{DataError, Dataset};
/// use chainrule::prelude::*;
///
/// let error = Dataset::new(vec![Vector([1.0]); 3], vec![Vector([1.0]); 2]).unwrap_err();
/// assert!(matches!(error, DataError::Lengths { inputs: 3, targets: 2 }));
/// assert_eq!(error.to_string(), "there are 3 inputs and 2 targets: give one target for each input");
/// ```
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
    /// A field of the header has an invalid value.
    #[error("{}: the {field} is {found}, but must be {expected}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// The value that it must have.
        expected: String,
        /// The value that it has.
        found: String,
    },
    /// The file is empty, or shorter than its header says.
    #[error("{}: the file ends within {what}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The part that was being read: "the number of rows", or "image 7 of 100".
        what: String,
    },
    /// The file is longer than its header says.
    #[error("{}: there is more data after the {count} items of the header", path.display())]
    Excess {
        /// The file.
        path: PathBuf,
        /// The number of items in the header.
        count: usize,
    },
    /// The samples would take more memory than the limit.
    #[error(
        "{}: its samples would take {needed} bytes in memory, but the limit is {limit}: if you trust the file, set \
         another limit with `.memory(bytes)`",
        path.display()
    )]
    Memory {
        /// The file.
        path: PathBuf,
        /// The number of bytes that the samples would take, as far as it is known.
        needed: u64,
        /// The largest number of bytes that they may take.
        limit: u64,
    },
    /// A label is out of range.
    #[error("{}: item {index}: {source}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// The index of the label, counted from 0.
        index: usize,
        /// The error.
        source: Error,
    },
    /// A number is not the index of a class.
    #[error("{}: item {index} is {value}: a class is a whole number from 0 to {}", path.display(), classes - 1)]
    Class {
        /// The file.
        path: PathBuf,
        /// The index of the number, counted from 0.
        index: usize,
        /// The number itself.
        value: f64,
        /// The number of classes.
        classes: usize,
    },
    /// A number is NaN, infinite, or too large for the scalar of the samples.
    #[error("{}: sample {sample} has {value} at element {element}: clean the data before training on it", path.display())]
    NonFinite {
        /// The file.
        path: PathBuf,
        /// The index of the sample, counted from 0.
        sample: usize,
        /// The index of the number in the sample, in C order.
        element: usize,
        /// The number in the file.
        value: f64,
    },
    /// The numbers of images and labels differ.
    #[error("{} has {images} images, but {} has {labels} labels", images_path.display(), labels_path.display())]
    Counts {
        /// The file of images.
        images_path: PathBuf,
        /// The number of images in it.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// The number of labels in it.
        labels: usize,
    },
    /// The file is not an archive, is damaged, or uses a feature of the format that is not supported.
    #[error("{}: the archive cannot be read: {problem}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// The error of the archive's reader.
        problem: String,
    },
    /// An archive has no array of this name.
    #[error("{}: there is no array {name:?}; the arrays are {there}", path.display())]
    Array {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The existing arrays.
        there: String,
    },
    /// A picture cannot be decoded, or would be too large in memory.
    #[error("{}: the picture cannot be read: {problem}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// The error of the decoder.
        problem: String,
    },
    /// A picture has another size than the image.
    #[error(
        "{}: the picture has {} x {} pixels (height x width), but must have {} x {}: resize all pictures with \
         `.resize(..)`",
        path.display(), found[0], found[1], expected[0], expected[1]
    )]
    Size {
        /// The file.
        path: PathBuf,
        /// The height and width that it must have.
        expected: [usize; 2],
        /// The height and width that it has.
        found: [usize; 2],
    },
    /// The number of classes is not that of the label's type.
    #[error("{}: there {} ({names}), but the type of the label has {expected}", path.display(), are_classes(*found))]
    Classes {
        /// The file or folder.
        path: PathBuf,
        /// The number of classes of the label's type.
        expected: usize,
        /// The number of classes in the data.
        found: usize,
        /// Their names.
        names: String,
    },
    /// The folder of a class contains no picture.
    #[error("{}: this folder contains no picture (.png, .jpg or .jpeg)", path.display())]
    NoPictures {
        /// The folder.
        path: PathBuf,
    },
    /// A table has no rows.
    #[error("{}: the table has no rows", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// A line of a table is not a valid row.
    #[error("{}, line {line}: {wrong}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The error in the line.
        wrong: BadLine,
    },
    /// A cell of a table is not valid in its column.
    #[error("{}, line {line}, column {column}{}: {wrong}", path.display(), named(name))]
    Cell {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The column, counted from 1.
        column: usize,
        /// The name of the column, if there is a header.
        name: Option<String>,
        /// The error in the cell.
        wrong: BadCell,
    },
    /// A requested column does not exist, or several columns have this name.
    #[error("{}: there is {found} column {column}; the columns are {there}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The requested column.
        column: String,
        /// "no", or "more than one".
        found: &'static str,
        /// The existing columns.
        there: String,
    },
    /// A column of `Csv::one_hot` is not among the inputs.
    #[error(
        "{}: column {column} of `.one_hot(..)` is not among the inputs: add it to `.inputs(..)`, or delete its \
         `.one_hot(..)`",
        path.display()
    )]
    NoInput {
        /// The file.
        path: PathBuf,
        /// The requested column.
        column: String,
    },
    /// Every cell of a column is missing, so that the column has no mean.
    #[error("{}: column {column}{} has no mean, because all its cells are missing", path.display(), named(name))]
    NoMean {
        /// The file.
        path: PathBuf,
        /// The column, counted from 1.
        column: usize,
        /// The name of the column, if there is a header.
        name: Option<String>,
    },
    /// A stream cannot use the mean of a column, which is known only at the end of the table.
    #[error("{}: the mean that replaces missing cells is known only at the end of the table: use `read` instead of a stream", path.display())]
    StreamedMean {
        /// The file.
        path: PathBuf,
    },
    /// The number of columns is not the number of elements of a tensor.
    #[error("{}: {found} columns for {what} of shape {shape:?}, which has {expected} numbers", path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// "an input" or "a target".
        what: &'static str,
        /// The shape of the tensor.
        shape: &'static [usize],
        /// The number of its elements.
        expected: usize,
        /// The number of columns that were selected or, by default, are not targets.
        found: usize,
    },
    /// The numbers of inputs and targets differ.
    #[error("there are {inputs} inputs and {targets} targets: give one target for each input")]
    Lengths {
        /// The number of inputs.
        inputs: usize,
        /// The number of targets.
        targets: usize,
    },
    /// A data set, or a part of one, would have no samples.
    #[error("a data set needs at least one sample, but there is none")]
    Empty,
    /// One part of a split would have no samples.
    #[error(
        "a share of {share} of {samples} samples leaves one part empty: both parts need at least one sample"
    )]
    Split {
        /// The requested share.
        share: f64,
        /// The number of samples.
        samples: usize,
    },
    /// One part of a split by a number of samples would have no samples.
    #[error(
        "a split after {first} of {samples} samples leaves one part empty: both parts need at least one sample"
    )]
    SplitAt {
        /// The requested number of samples in the first part.
        first: usize,
        /// The number of samples.
        samples: usize,
    },
    /// A series is too short for a window and its target.
    #[error(
        "a series of {rows} rows is too short for a window of {steps} rows with a target {ahead} rows after it, \
         which needs {} rows",
        steps.saturating_add(*ahead)
    )]
    Windows {
        /// The number of rows.
        rows: usize,
        /// The number of rows of a window.
        steps: usize,
        /// The number of rows from the last row of a window to its target.
        ahead: usize,
    },
    /// A data set cannot be divided into this number of folds.
    #[error(
        "{samples} samples cannot be divided into {folds} folds: use at least 2 folds, and at most one fold per \
         sample"
    )]
    Folds {
        /// The number of parts.
        folds: usize,
        /// The number of samples.
        samples: usize,
    },
    /// The numbers of weights and samples differ.
    #[error("there are {weights} weights for {samples} samples: give one weight for each sample")]
    Weights {
        /// The number of weights.
        weights: usize,
        /// The number of samples.
        samples: usize,
    },
    /// An epoch without replacement cannot have more samples than the data set.
    #[error(
        "an epoch of {draws} samples cannot be drawn without replacement: {available} samples have a weight above 0"
    )]
    Draws {
        /// The number of samples of an epoch.
        draws: usize,
        /// The number of samples that can be drawn.
        available: usize,
    },
    /// The last, incomplete batch is left out, and there is no other one.
    #[error(
        "an epoch of {samples} samples has no complete batch of {size}: use smaller batches, or do not drop the last \
         one"
    )]
    NoBatch {
        /// The number of samples of an epoch.
        samples: usize,
        /// The size of a batch.
        size: usize,
    },
    /// The index of a sample is out of range.
    #[error("there is no sample {index}: there are {samples} samples, counted from 0")]
    Index {
        /// The index.
        index: usize,
        /// The number of samples.
        samples: usize,
    },
    /// A saved position in an epoch is not valid for a data set of this size.
    #[error(
        "this position in an epoch was not saved with a data set of {samples} samples: resume with the data that the \
         run started with"
    )]
    Place {
        /// The number of samples.
        samples: usize,
    },
    /// A name is not allowed in a [`History`](crate::metrics::History).
    #[error("{name:?} cannot be the name of a value: {problem}")]
    Name {
        /// The name.
        name: String,
        /// The reason.
        problem: &'static str,
    },
    /// This build of chainrule cannot read or write files of this kind.
    #[error("{}: enable chainrule's feature `{feature}` for files of this kind", path.display())]
    Feature {
        /// The file.
        path: PathBuf,
        /// The feature to enable in `Cargo.toml`.
        feature: &'static str,
    },
    /// A text or a file of tokens cannot be used.
    #[error("{}: {source}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// The error in the text.
        source: TextError,
    },
    /// A setting is out of range, or a number is not finite.
    #[error(transparent)]
    Invalid(#[from] Error),
}

fn are_classes(count: usize) -> String {
    if count == 1 { "is 1 class".into() } else { format!("are {count} classes") }
}

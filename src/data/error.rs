use std::path::PathBuf;

use super::TextError;
use super::bad_cell::{BadCell, BadLine, named};
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
    /// The samples would take more memory than they may.
    #[error(
        "{}: its samples would take {needed} bytes in memory, and may take {limit}: if the file is right, set another \
         limit by `.memory(bytes)`",
        path.display()
    )]
    Memory {
        /// The file.
        path: PathBuf,
        /// How many bytes the samples would take, as far as it is known.
        needed: u64,
        /// How many they may take.
        limit: u64,
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
    /// A file that is not an archive, or one that is broken or uses what cannot be read.
    #[error("{}: the archive cannot be read: {problem}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An archive without an array of this name.
    #[error("{}: there is no array {name:?}; the arrays are {there}", path.display())]
    Array {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The arrays that there are.
        there: String,
    },
    /// A picture that cannot be decoded, or would be too large in memory.
    #[error("{}: the picture cannot be read: {problem}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A picture of another size.
    #[error(
        "{}: the picture has {} x {} pixels (height x width), and must have {} x {}: resize all by `.resize(..)`",
        path.display(), found[0], found[1], expected[0], expected[1]
    )]
    Size {
        /// The file.
        path: PathBuf,
        /// Height and width that it must have.
        expected: [usize; 2],
        /// Height and width that it has.
        found: [usize; 2],
    },
    /// Not as many classes as the type of the labels has.
    #[error("{}: there {} ({names}), and a label of {expected}", path.display(), are_classes(*found))]
    Classes {
        /// The file or folder.
        path: PathBuf,
        /// How many classes the label has.
        expected: usize,
        /// How many there are.
        found: usize,
        /// Their names.
        names: String,
    },
    /// A folder of a class without a picture.
    #[error("{}: there is no picture (.png, .jpg or .jpeg) in this folder", path.display())]
    NoPictures {
        /// The folder.
        path: PathBuf,
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
    /// A column of `Csv::one_hot` is not among the inputs.
    #[error(
        "{}: column {column} of `.one_hot(..)` is not among the inputs: add it to `.inputs(..)`, or delete its \
         `.one_hot(..)`",
        path.display()
    )]
    NoInput {
        /// The file.
        path: PathBuf,
        /// The column, as it was asked for.
        column: String,
    },
    /// A column in which every cell is missing has no mean.
    #[error("{}: column {column}{} has no number to take the mean of", path.display(), named(name))]
    NoMean {
        /// The file.
        path: PathBuf,
        /// The column, counted from 1.
        column: usize,
        /// The name of the column, where there is a header.
        name: Option<String>,
    },
    /// The mean of a column is known at the end of the table only.
    #[error("{}: a mean in place of missing cells is known at the end of the table: use `read`, not a stream", path.display())]
    StreamedMean {
        /// The file.
        path: PathBuf,
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
    /// One part of a split by number would have no samples.
    #[error(
        "a split after {first} of {samples} samples leaves one of two parts without any: both need at least one"
    )]
    SplitAt {
        /// How many samples the first part should have.
        first: usize,
        /// How many samples there are.
        samples: usize,
    },
    /// A series that is too short for a window and its target.
    #[error(
        "a series of {rows} rows has no window of {steps} with a target {ahead} rows after it: that takes {} rows",
        steps.saturating_add(*ahead)
    )]
    Windows {
        /// The number of rows.
        rows: usize,
        /// The number of rows of a window.
        steps: usize,
        /// How many rows after its last one the target of a window is.
        ahead: usize,
    },
    /// A data set cannot be divided into this number of folds.
    #[error(
        "{samples} samples cannot be divided into {folds} folds: give at least 2, and at most as many as samples"
    )]
    Folds {
        /// The number of parts.
        folds: usize,
        /// How many samples there are.
        samples: usize,
    },
    /// Not one weight for each sample.
    #[error("there are {weights} weights for {samples} samples: give one weight for each sample")]
    Weights {
        /// The number of weights.
        weights: usize,
        /// How many samples there are.
        samples: usize,
    },
    /// An epoch without replacement has more samples than the data set.
    #[error(
        "an epoch of {draws} samples cannot be drawn without replacement: {available} samples have a weight above 0"
    )]
    Draws {
        /// The number of samples of an epoch.
        draws: usize,
        /// How many samples can be drawn.
        available: usize,
    },
    /// Without the last, incomplete batch an epoch has none.
    #[error(
        "an epoch of {samples} samples has no complete batch of {size}: use smaller batches, or keep the last one"
    )]
    NoBatch {
        /// The number of samples of an epoch.
        samples: usize,
        /// The size of a batch.
        size: usize,
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
    /// A text that cannot be used, or a file of tokens.
    #[error("{}: {source}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TextError,
    },
    /// A setting out of range, or a number that is not finite.
    #[error(transparent)]
    Invalid(#[from] Error),
}

fn are_classes(count: usize) -> String {
    if count == 1 { "is 1 class".into() } else { format!("are {count} classes") }
}

//! Floor 6: data from files.
//!
//! [`idx`] reads the format of MNIST and Fashion-MNIST. Nothing is trusted: whatever is wrong with a file is a
//! [`DataError`] that names the file and the field, and what a header claims is not allocated before it is read.

pub mod idx;

use std::path::PathBuf;

use crate::Error;

/// A file that cannot be read as what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be opened or read: it is missing, or its compression is broken.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
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
        expected: u32,
        /// What it is.
        found: u32,
    },
    /// The file ends before its header says.
    #[error("{}: the file ends within {what}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What was being read: "the number of rows", or "image 7 of 100".
        what: String,
    },
    /// The file goes on after its header says.
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
}

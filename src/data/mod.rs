//! Floor 6: data, in memory and from files.
//!
//! | what | where |
//! |---|---|
//! | inputs and targets in memory: split, shuffled, in batches | [`Dataset`] |
//! | batches that are shuffled in each epoch and augmented, and can be resumed in the middle of an epoch | [`Loader`] |
//! | features of mean 0 and standard deviation 1 | [`Standardize`] |
//! | tables of comma-separated values | `Csv`, with the feature `csv` |
//! | arrays of numpy | `npy`, with the feature `npy` |
//! | the format of MNIST and Fashion-MNIST | `idx`, with the feature `idx` |
//! | data that do not fit in memory | [`stream`] |
//!
//! With the feature `gzip`, CSV and IDX files may be compressed.
//!
//! Files are not trusted: an invalid file is a [`DataError`] that names the file and the place in it. Sizes in a header
//! are compared with the file before memory is allocated for them.

mod bad_cell;
#[cfg(feature = "csv")]
mod column;
#[cfg(feature = "csv")]
mod csv;
mod dataset;
mod error;
#[cfg(feature = "images")]
mod folder;
#[cfg(feature = "idx")]
pub mod idx;
#[cfg(feature = "idx")]
mod idx_file;
#[cfg(feature = "csv")]
mod lines;
mod loader;
#[cfg(any(feature = "csv", feature = "idx", feature = "npz", feature = "images"))]
mod loading;
#[cfg(feature = "npy")]
pub mod npy;
#[cfg(feature = "npy")]
mod npy_header;
#[cfg(feature = "npz")]
pub mod npz;
#[cfg(any(feature = "idx", feature = "npy"))]
mod number;
#[cfg(any(feature = "csv", feature = "idx"))]
mod open;
#[cfg(feature = "csv")]
mod records;
mod row;
mod sampling;
mod split;
mod standardize;
pub mod stream;

#[cfg(feature = "csv")]
pub(crate) use bad_cell::excerpt;
#[cfg(feature = "csv")]
pub(crate) use lines::Lines;
pub(crate) use row::csv_row;

pub use bad_cell::{BadCell, BadLine};
#[cfg(feature = "csv")]
pub use column::{Column, Missing};
#[cfg(feature = "csv")]
pub use csv::Csv;
pub use dataset::Dataset;
pub use error::DataError;
#[cfg(feature = "images")]
pub use folder::{Filter, FromPicture, ImageFolder};
pub use loader::{Loader, Place};
#[cfg(any(feature = "csv", feature = "idx", feature = "npz", feature = "images"))]
pub use loading::Progress;
#[cfg(feature = "csv")]
pub use records::Records;
pub use sampling::Sampling;
pub use split::Folds;
pub use standardize::Standardize;

//! Floor 6: data, in memory and from files.
//!
//! | what | where |
//! |---|---|
//! | inputs and targets in memory: split, shuffled, in batches | [`Dataset`] |
//! | shuffled batches epoch after epoch, with augmentation, to be resumed in their midst | [`Loader`] |
//! | mean 0 and deviation 1 | [`Standardize`] |
//! | tables of comma-separated values | `Csv`, with the feature `csv` |
//! | arrays of numpy | `npy`, with the feature `npy` |
//! | the format of MNIST and Fashion-MNIST | `idx`, with the feature `idx` |
//! | what does not fit in memory | [`stream`] |
//!
//! With the feature `gzip`, CSV and IDX files may be compressed.
//!
//! Nothing is trusted: whatever is wrong with a file is a [`DataError`] that names the file and the place in it, and what
//! a header claims is not allocated before the file has shown it.

#[cfg(feature = "csv")]
mod csv;
mod dataset;
mod error;
#[cfg(feature = "idx")]
pub mod idx;
#[cfg(feature = "csv")]
mod lines;
mod loader;
#[cfg(feature = "npy")]
pub mod npy;
#[cfg(feature = "npy")]
mod npy_header;
#[cfg(any(feature = "csv", feature = "idx"))]
mod open;
mod row;
mod standardize;
pub mod stream;

#[cfg(feature = "csv")]
pub(crate) use error::excerpt;
#[cfg(feature = "csv")]
pub(crate) use lines::Lines;
pub(crate) use row::csv_row;

#[cfg(feature = "csv")]
pub use csv::{Column, Csv, Records};
pub use dataset::Dataset;
pub use error::{BadCell, BadLine, DataError};
pub use loader::{Loader, Place};
pub use standardize::Standardize;

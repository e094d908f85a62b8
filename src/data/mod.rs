//! Floor 6: data, in memory and from files.
//!
//! | what | where |
//! |---|---|
//! | inputs and targets in memory: split, shuffled, in batches | [`Dataset`] |
//! | shuffled batches epoch after epoch, with augmentation, to be resumed in their midst | [`Loader`] |
//! | mean 0 and deviation 1 | [`Standardize`] |
//! | tables of comma-separated values | [`Csv`] |
//! | arrays of numpy | [`npy`] |
//! | the format of MNIST and Fashion-MNIST | [`idx`] |
//! | what does not fit in memory | [`stream`] |
//!
//! Nothing is trusted: whatever is wrong with a file is a [`DataError`] that names the file and the place in it, and what
//! a header claims is not allocated before the file has shown it.

mod csv;
mod dataset;
mod error;
pub mod idx;
mod lines;
mod loader;
pub mod npy;
mod npy_header;
mod open;
mod standardize;
pub mod stream;

pub(crate) use error::excerpt;
pub(crate) use lines::Lines;

pub use csv::{Column, Csv, Records};
pub use dataset::Dataset;
pub use error::{BadCell, BadLine, DataError};
pub use loader::{Loader, Place};
pub use standardize::Standardize;

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

/// Appends a copy of a sample that does not pass through the stack, which it may be larger than. (`push` takes a value,
/// and `extend_from_slice` clones one.)
#[cfg(any(feature = "csv", feature = "idx"))]
fn push<X: bytemuck::Pod>(samples: &mut Vec<X>, sample: &X) {
    let mut one = bytemuck::zeroed_vec::<X>(1);
    one.copy_from_slice(core::slice::from_ref(sample));
    samples.append(&mut one);
}

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

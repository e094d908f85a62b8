// Tier 6.
//! Data, in memory and from files.
//!
//! | what | where |
//! |---|---|
//! | inputs and targets in memory: split, shuffled, in folds, in batches | [`Dataset`] |
//! | batches that are shuffled in each epoch and augmented, and can be resumed in the middle of an epoch | [`Loader`] |
//! | epochs of other samples: by weights, balanced by class, with replacement | [`Sampling`] |
//! | random changes of images | [`augment`] |
//! | windows of a series, with later rows as targets | [`Dataset::windows`] |
//! | features of mean 0 and standard deviation 1, or in a range | [`Standardize`] |
//! | data that do not fit in memory | [`stream`], and [`text`](crate::text) |
//! | your own source of data for `Loader` and `fit` | [`Source`] |
//!
//! # Files
//!
//! | format | read by | feature | types | limits |
//! |---|---|---|---|---|
//! | tables of comma-separated values, plain or gzip | `Csv` | `csv` | numbers, classes as numbers or text, categories | 4 MiB of text a row; memory (below) |
//! | IDX, of MNIST and Fashion-MNIST, plain or gzip | `idx::pair`, `idx::Idx` | `idx` | u8, i8, i16, i32, f32, f64 | 8 dimensions; memory (below) |
//! | NumPy's `.npy`, also written | `npy::read`, `npy::labels` | `npy` | f16, bfloat16, f32, f64, i8 to i64, u8 to u64, bool; both orders and endiannesses | a header of 10,000 bytes; as many numbers as the file has |
//! | NumPy's `.npz`, stored or deflated | `npz::Npz` | `npz` | as `.npy` | memory (below), for each array |
//! | folders of PNG and JPEG files, one for each class | `ImageFolder` | `images` | gray, color, palettes, 8 and 16 bits | 64 Mi pixels a picture, before it is decoded |
//!
//! With the feature `gzip`, CSV and IDX files may be compressed. A compressed file can unpack to a thousand times its
//! size. Therefore, by default its samples may take at most 256 times its size in memory, or 64 MiB if that is more.
//! The method `memory` sets another limit. The limit is compared with the header before memory is reserved. A table has
//! no header with sizes, so the limit is compared with the samples that have been read.
//!
//! Files are not trusted: an invalid file is a [`DataError`] with the path and the position in the file. Sizes in a
//! header are compared with the length of the file before memory is allocated for them.
//!
//! With the feature `fit`, a progress bar is shown on a terminal if a file takes longer than a second to load. `quiet`
//! hides it, and `on_progress` calls a function.

pub mod augment;
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
#[cfg(any(feature = "csv", feature = "idx", feature = "images"))]
mod loading;
#[cfg(any(feature = "csv", feature = "idx", feature = "npz", feature = "images"))]
mod memory;
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
mod source;
mod split;
mod standardize;
pub mod stream;
#[cfg(all(test, feature = "fit"))]
mod terminal;
mod text_error;
mod windows;

#[cfg(feature = "csv")]
pub(crate) use bad_cell::excerpt;
#[cfg(feature = "csv")]
pub(crate) use lines::Lines;
pub(crate) use row::csv_row;
#[cfg(all(test, feature = "fit"))]
pub(crate) use terminal::Written;

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
#[cfg(any(feature = "csv", feature = "idx", feature = "images"))]
pub use loading::Progress;
#[cfg(feature = "csv")]
pub use records::Records;
pub use sampling::Sampling;
pub use source::Source;
pub use split::Folds;
pub use standardize::Standardize;
pub use text_error::TextError;

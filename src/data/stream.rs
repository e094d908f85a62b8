//! Data that do not fit in memory: read sample by sample, shuffled within a buffer, gathered into batches.
//!
//! A stream is any iterator of `Result<(X, Y), DataError>`: [`Records`](super::Records) of a table,
//! [`idx::Pairs`](super::idx::Pairs), or one that you write yourself. Open the file again for each epoch.
//!
//! ```
//! # #[cfg(feature = "csv")]
//! use chainrule::data::{Csv, DataError, stream};
//! # #[cfg(feature = "csv")]
//! use chainrule::prelude::*;
//!
//! # #[cfg(not(feature = "csv"))]
//! # fn main() {}
//! # #[cfg(feature = "csv")]
//! # fn main() -> Result<(), DataError> {
//! let (table, mut rng) = ("0.5,1\n0.25,0\n0.125,1\n", rng(1));
//! for _epoch in 0..2 {
//!     let records = Csv::from_reader("table.csv", table.as_bytes()).without_header().labels::<Vector<1>, 2>(1)?;
//!     let mut batches = stream::batches(stream::shuffle(records, 1000, &mut rng)?, 2)?;
//!     while let Some((inputs, labels)) = batches.next()? {
//!         assert_eq!(inputs.len(), labels.len()); // 2 and 1
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use core::iter::Fuse;

use rand::{Rng, RngExt};

use super::DataError;
use super::dataset::check_size;

/// Divides a stream into batches of `size` samples, in a buffer that is reused; the last batch has the remaining ones.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a size of 0.
pub fn batches<X, Y, I: Iterator<Item = Result<(X, Y), DataError>>>(
    stream: I,
    size: usize,
) -> Result<Batches<X, Y, I>, DataError> {
    check_size(size)?;
    Ok(Batches { stream: stream.fuse(), size, inputs: vec![], targets: vec![] })
}

/// The iterator over the batches of a stream: see [`batches`].
pub struct Batches<X, Y, I> {
    stream: Fuse<I>,
    size: usize,
    inputs: Vec<X>,
    targets: Vec<Y>,
}

impl<X, Y, I: Iterator<Item = Result<(X, Y), DataError>>> Batches<X, Y, I> {
    /// Returns the next batch, or `None` at the end.
    ///
    /// # Errors
    /// The first error of the stream. The samples of the unfinished batch are lost.
    #[allow(clippy::should_implement_trait)] // an iterator cannot return references to its buffer
    #[allow(clippy::type_complexity)]
    pub fn next(&mut self) -> Result<Option<(&[X], &[Y])>, DataError> {
        self.inputs.clear();
        self.targets.clear();
        for pair in self.stream.by_ref().take(self.size) {
            let (input, target) = pair?;
            self.inputs.push(input);
            self.targets.push(target);
        }
        Ok(if self.inputs.is_empty() { None } else { Some((&self.inputs, &self.targets)) })
    }
}

/// Shuffles a stream within a buffer of `size` samples: each sample is taken from a random place of the buffer, which
/// the next one of the stream then fills. A buffer as large as the stream shuffles it completely. Data that are sorted
/// by class need a buffer much larger than a class, or a shuffled file.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a size of 0.
pub fn shuffle<T, I: Iterator<Item = Result<T, DataError>>, R: Rng>(
    stream: I,
    size: usize,
    rng: R,
) -> Result<Shuffled<T, I, R>, DataError> {
    check_size(size)?;
    Ok(Shuffled { stream: stream.fuse(), size, buffer: vec![], rng })
}

/// The iterator over a shuffled stream: see [`shuffle`].
pub struct Shuffled<T, I, R> {
    stream: Fuse<I>,
    size: usize,
    buffer: Vec<T>,
    rng: R,
}

impl<T, I: Iterator<Item = Result<T, DataError>>, R: Rng> Iterator for Shuffled<T, I, R> {
    type Item = Result<T, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.buffer.len() < self.size {
            match self.stream.next() {
                Some(Ok(sample)) => self.buffer.push(sample),
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            }
        }
        if self.buffer.is_empty() {
            return None;
        }
        let place = self.rng.random_range(0..self.buffer.len());
        Some(Ok(self.buffer.swap_remove(place)))
    }
}

//! Data that do not fit in memory: read sample by sample, shuffled within a buffer, and collected into batches.
//!
//! A [`Stream`] is [`Records`](super::Records) of a table, [`idx::Pairs`](super::idx::Pairs), or any iterator of
//! `Result<(X, Y), DataError>`. Open the file again for each epoch.
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
//!
//! # Large samples
//! An iterator returns a sample by value, on the stack. A stream appends it to a vector instead, so that samples that
//! are larger than the stack can be shuffled and batched.

use chainrule_parameters::append_copies;
use rand::{Rng, RngExt};

use super::DataError;
use super::dataset::{check_size, swap};

/// Pairs of an input and a target, read one after the other. Every iterator of `Result<(X, Y), DataError>` is a stream.
///
/// The example of [`stream`](self) shuffles a stream and divides it into batches.
#[doc(alias = "IterableDataset")]
pub trait Stream: Sized {
    /// The type of the inputs.
    type Input;
    /// The type of the targets.
    type Target;

    /// Appends the next input and its target to these vectors. Returns `false` at the end.
    ///
    /// # Errors
    /// [`DataError`] if the next pair is invalid. Nothing is appended then.
    fn append_next(
        &mut self,
        inputs: &mut Vec<Self::Input>,
        targets: &mut Vec<Self::Target>,
    ) -> Result<bool, DataError>;
}

impl<X, Y, I: Iterator<Item = Result<(X, Y), DataError>>> Stream for I {
    type Input = X;
    type Target = Y;

    fn append_next(&mut self, inputs: &mut Vec<X>, targets: &mut Vec<Y>) -> Result<bool, DataError> {
        let Some(pair) = self.next() else { return Ok(false) };
        let (input, target) = pair?;
        inputs.push(input);
        targets.push(target);
        Ok(true)
    }
}

/// An iterator over the pairs of a stream, which returns them by value. The `for` loop `for pair in records` creates
/// it.
pub struct Pairs<S: Stream> {
    stream: S,
    input: Vec<S::Input>,
    target: Vec<S::Target>,
}

impl<S: Stream> Pairs<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, input: vec![], target: vec![] }
    }
}

impl<S: Stream> Iterator for Pairs<S> {
    type Item = Result<(S::Input, S::Target), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.stream.append_next(&mut self.input, &mut self.target) {
            Err(error) => Some(Err(error)),
            Ok(_) => Some(Ok((self.input.pop()?, self.target.pop()?))),
        }
    }
}

/// Divides a stream into batches of `size` samples, in a buffer that is reused. The last batch contains the remaining
/// samples. The example of [`stream`](self) calls it.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a size of 0.
pub fn batches<S: Stream>(stream: S, size: usize) -> Result<Batches<S>, DataError> {
    check_size(size)?;
    Ok(Batches { stream, size, ended: false, inputs: vec![], targets: vec![] })
}

/// The batches of a stream, created by [`batches`]. The example of [`stream`](self) reads them.
pub struct Batches<S: Stream> {
    stream: S,
    size: usize,
    ended: bool,
    inputs: Vec<S::Input>,
    targets: Vec<S::Target>,
}

impl<S: Stream> Batches<S> {
    /// Returns the next batch, or `None` at the end.
    ///
    /// # Errors
    /// The first error of the stream. The samples of the unfinished batch are lost.
    #[allow(clippy::should_implement_trait)] // an iterator cannot return references to its buffer
    #[allow(clippy::type_complexity)]
    pub fn next(&mut self) -> Result<Option<(&[S::Input], &[S::Target])>, DataError> {
        self.inputs.clear();
        self.targets.clear();
        while !self.ended && self.inputs.len() < self.size {
            self.ended = !self.stream.append_next(&mut self.inputs, &mut self.targets)?;
        }
        Ok(if self.inputs.is_empty() { None } else { Some((&self.inputs, &self.targets)) })
    }
}

/// Shuffles a stream within a buffer of `size` samples: each sample is taken from a random place of the buffer, and the
/// next sample of the stream takes this place. If the buffer is as large as the stream, the shuffle is complete. Data
/// that are sorted by class need a buffer much larger than a class, or a file that is shuffled already. The example of
/// [`stream`](self) calls it.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a size of 0.
pub fn shuffle<S: Stream, R: Rng>(stream: S, size: usize, rng: R) -> Result<Shuffled<S, R>, DataError>
where
    S::Input: Copy,
    S::Target: Copy,
{
    check_size(size)?;
    Ok(Shuffled { stream, size, ended: false, inputs: vec![], targets: vec![], rng })
}

/// A shuffled stream, created by [`shuffle`]. The example of [`stream`](self) divides it into batches.
pub struct Shuffled<S: Stream, R> {
    stream: S,
    size: usize,
    ended: bool,
    inputs: Vec<S::Input>,
    targets: Vec<S::Target>,
    rng: R,
}

impl<S: Stream, R: Rng> Stream for Shuffled<S, R>
where
    S::Input: Copy,
    S::Target: Copy,
{
    type Input = S::Input;
    type Target = S::Target;

    fn append_next(
        &mut self,
        inputs: &mut Vec<S::Input>,
        targets: &mut Vec<S::Target>,
    ) -> Result<bool, DataError> {
        while !self.ended && self.inputs.len() < self.size {
            self.ended = !self.stream.append_next(&mut self.inputs, &mut self.targets)?;
        }
        let Some(last) = self.inputs.len().checked_sub(1) else { return Ok(false) };
        let place = self.rng.random_range(0..=last);
        take(&mut self.inputs, place, last, inputs);
        take(&mut self.targets, place, last, targets);
        Ok(true)
    }
}

/// Moves the sample at `place` from one vector to the end of another. The last sample of `from` takes its place.
fn take<T: Copy>(from: &mut Vec<T>, place: usize, last: usize, to: &mut Vec<T>) {
    swap(from, place, last);
    append_copies(to, &from[last..]);
    from.truncate(last);
}

impl<S: Stream, R: Rng> IntoIterator for Shuffled<S, R>
where
    S::Input: Copy,
    S::Target: Copy,
{
    type Item = Result<(S::Input, S::Target), DataError>;
    type IntoIter = Pairs<Self>;

    fn into_iter(self) -> Pairs<Self> {
        Pairs::new(self)
    }
}

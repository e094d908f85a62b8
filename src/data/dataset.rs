use core::fmt;

use rand::{Rng, RngExt};

use super::DataError;
use crate::Error;

/// Inputs and their targets in memory: at least one pair.
///
/// ```
/// use chainrule::data::Dataset;
/// use chainrule::prelude::*;
///
/// let halves = (0..100).map(|at| (Vector([at as f32]), Label::<2>::new(at / 50).unwrap()));
/// let (train, test) = Dataset::from_pairs(halves)?.split(0.8, &mut rng(1))?;
/// assert_eq!((train.len(), test.len()), (80, 20));
/// for (inputs, labels) in train.batches(32)? {
///     let (_, _): (&[Vector<1>], &[Label<2>]) = (inputs, labels); // 32, 32 and 16 of them
/// }
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Dataset<X, Y> {
    inputs: Vec<X>,
    targets: Vec<Y>,
}

#[allow(clippy::len_without_is_empty)] // a data set is never empty
impl<X, Y> Dataset<X, Y> {
    /// Creates a data set from inputs and their targets.
    ///
    /// # Errors
    /// [`DataError::Lengths`] when there is not one target for each input, [`DataError::Empty`] when there are none.
    pub fn new(inputs: Vec<X>, targets: Vec<Y>) -> Result<Self, DataError> {
        if inputs.len() != targets.len() {
            return Err(DataError::Lengths { inputs: inputs.len(), targets: targets.len() });
        }
        if inputs.is_empty() { Err(DataError::Empty) } else { Ok(Self { inputs, targets }) }
    }

    /// Creates a data set from pairs of an input and its target.
    ///
    /// Each pair is passed by value, through the stack. For samples of more than some hundred kilobytes, fill two vectors
    /// in place and call [`new`](Self::new): `bytemuck::zeroed_vec(samples)` makes one without the stack.
    ///
    /// # Errors
    /// [`DataError::Empty`] when there are none.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (X, Y)>) -> Result<Self, DataError> {
        let (mut inputs, mut targets) = (vec![], vec![]);
        for (input, target) in pairs {
            inputs.push(input);
            targets.push(target);
        }
        Self::new(inputs, targets)
    }

    /// Returns how many samples there are.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Returns the inputs.
    pub fn inputs(&self) -> &[X] {
        &self.inputs
    }

    /// Returns the inputs, mutably.
    pub fn inputs_mut(&mut self) -> &mut [X] {
        &mut self.inputs
    }

    /// Returns the targets.
    pub fn targets(&self) -> &[Y] {
        &self.targets
    }

    /// Returns the targets, mutably.
    pub fn targets_mut(&mut self) -> &mut [Y] {
        &mut self.targets
    }

    /// Returns the inputs and the targets.
    pub fn into_parts(self) -> (Vec<X>, Vec<Y>) {
        (self.inputs, self.targets)
    }

    /// Returns an iterator over each input with its target.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&X, &Y)> {
        self.inputs.iter().zip(&self.targets)
    }

    /// Returns an iterator over batches of `size` samples, in order; the last batch has the remaining ones. Nothing is
    /// copied.
    ///
    /// # Errors
    /// [`Error::Setting`] for a size of 0.
    pub fn batches(&self, size: usize) -> Result<impl ExactSizeIterator<Item = (&[X], &[Y])>, DataError> {
        check_size(size)?;
        Ok(self.inputs.chunks(size).zip(self.targets.chunks(size)))
    }

    /// Shuffles the samples.
    pub fn shuffle(&mut self, rng: &mut impl Rng) {
        // Durstenfeld's: rand's own shuffles one slice, and these are two.
        for last in (1..self.len()).rev() {
            let other = rng.random_range(0..=last);
            self.swap(last, other);
        }
    }

    /// Swaps two samples in place. (`[T]::swap` and `mem::swap` copy a sample to the stack.)
    fn swap(&mut self, one: usize, other: usize) {
        fn swap<T>(samples: &mut [T], one: usize, other: usize) {
            let (low, high) = samples.split_at_mut(one.max(other));
            if let (Some(low), Some(high)) = (low.get_mut(one.min(other)), high.first_mut()) {
                core::slice::from_mut(low).swap_with_slice(core::slice::from_mut(high));
            }
        }
        swap(&mut self.inputs, one, other);
        swap(&mut self.targets, one, other);
    }

    /// Moves the sample at `order[at]` to the index `at`, in place. `order` is a permutation.
    fn reorder(&mut self, mut order: Vec<usize>) {
        for start in 0..order.len() {
            // Along the cycle, each swap brings one sample to its place.
            let mut at = start;
            while order[at] != start {
                let next = core::mem::replace(&mut order[at], at);
                self.swap(at, next);
                at = next;
            }
            order[at] = at;
        }
    }

    /// Splits the data set at random into two parts, the first with this share of the samples (to the nearest whole
    /// number). Nothing is copied: clone the data set if you need it later.
    ///
    /// # Errors
    /// [`Error::Setting`] when the share is not between 0 and 1, [`DataError::Split`] when a part would be empty.
    pub fn split(mut self, share: f64, rng: &mut impl Rng) -> Result<(Self, Self), DataError> {
        let first = self.count_of(share)?;
        self.shuffle(rng);
        let rest = self.split_off(first);
        Ok((self, rest))
    }

    /// Removes the samples from this index on, and returns them.
    fn split_off(&mut self, first: usize) -> Self {
        Self { inputs: self.inputs.split_off(first), targets: self.targets.split_off(first) }
    }

    /// As [`split`](Self::split), with the same share of the samples of each target: for
    /// [`Label`](crate::tensor::Label)s, of each class, exact to less than one sample.
    ///
    /// # Errors
    /// As [`split`](Self::split).
    pub fn split_stratified(mut self, share: f64, rng: &mut impl Rng) -> Result<(Self, Self), DataError>
    where
        Y: Ord,
    {
        let (first, all) = (self.count_of(share)? as u128, self.len() as u128);
        self.shuffle(rng);
        let mut by_class: Vec<usize> = (0..self.len()).collect();
        // A stable sort: within a class the order is still random.
        by_class.sort_by(|&a, &b| self.targets[a].cmp(&self.targets[b]));
        // Evenly spaced indices of the samples sorted by class take an even share of each class.
        let (mut order, mut rest) = (vec![], vec![]);
        for (at, sample) in (0..).zip(by_class) {
            let comb = (at + 1) * first / all > at * first / all;
            if comb { &mut order } else { &mut rest }.push(sample);
        }
        let chosen = order.len();
        order.append(&mut rest);
        self.reorder(order);
        let mut rest = self.split_off(chosen);
        self.shuffle(rng);
        rest.shuffle(rng);
        Ok((self, rest))
    }

    /// Returns how many samples are this share of all: neither none nor all.
    fn count_of(&self, share: f64) -> Result<usize, DataError> {
        let samples = self.len();
        if !(share > 0.0 && share < 1.0) {
            let (name, expected) = ("the share of a split", "above 0 and below 1");
            return Err(Error::Setting { name, value: share, expected }.into());
        }
        let count = (share * samples as f64).round() as usize;
        if count == 0 || count == samples { Err(DataError::Split { share, samples }) } else { Ok(count) }
    }

    /// Returns the samples at these indices, in this order; an index may occur more than once.
    ///
    /// # Errors
    /// [`DataError::Index`] for an index out of range, [`DataError::Empty`] without an index.
    pub fn subset(&self, places: &[usize]) -> Result<Self, DataError>
    where
        X: Clone,
        Y: Clone,
    {
        let samples = self.len();
        if let Some(&index) = places.iter().find(|&&index| index >= samples) {
            return Err(DataError::Index { index, samples });
        }
        Self::new(copies(&self.inputs, places), copies(&self.targets, places))
    }

    /// Appends the samples of another data set.
    pub fn concat(mut self, other: Self) -> Self {
        let Self { mut inputs, mut targets } = other;
        self.inputs.append(&mut inputs);
        self.targets.append(&mut targets);
        self
    }

    /// Applies `f` to each input. It takes and returns a sample by value; [`inputs_mut`](Self::inputs_mut) changes samples
    /// in place.
    pub fn map_inputs<Z>(self, f: impl FnMut(X) -> Z) -> Dataset<Z, Y> {
        Dataset { inputs: self.inputs.into_iter().map(f).collect(), targets: self.targets }
    }

    /// Applies `f` to each target.
    pub fn map_targets<Z>(self, f: impl FnMut(Y) -> Z) -> Dataset<X, Z> {
        Dataset { inputs: self.inputs, targets: self.targets.into_iter().map(f).collect() }
    }
}

/// The number of samples; all of them would be too many to print.
impl<X, Y> fmt::Debug for Dataset<X, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset of {} samples", self.len())
    }
}

/// Returns copies of these samples.
fn copies<T: Clone>(samples: &[T], places: &[usize]) -> Vec<T> {
    let mut copies = Vec::new();
    copy_to(&mut copies, samples, places);
    copies
}

/// Appends copies of these samples.
pub(super) fn copy_to<T: Clone>(copies: &mut Vec<T>, samples: &[T], places: &[usize]) {
    copies.reserve(places.len());
    places.iter().for_each(|&at| copies.extend_from_slice(core::slice::from_ref(&samples[at])));
}

/// Checks that a batch has at least one sample.
pub(super) fn check_size(size: usize) -> Result<(), Error> {
    let (name, expected) = ("the size of a batch", "at least 1");
    if size == 0 { Err(Error::Setting { name, value: 0.0, expected }) } else { Ok(()) }
}

//! Shuffling a data set and dividing it into parts.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::dataset::{copy_to, swap};
use super::{DataError, Dataset};
use crate::Error;

impl<X, Y> Dataset<X, Y> {
    /// Shuffles the samples.
    pub fn shuffle(&mut self, rng: &mut impl Rng) {
        // Durstenfeld's: rand's own shuffles one slice, and these are two.
        for last in (1..self.len()).rev() {
            let other = rng.random_range(0..=last);
            self.swap(last, other);
        }
    }

    fn swap(&mut self, one: usize, other: usize) {
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

    /// Splits the data set into its first `first` samples and the others, in their order: for series, whose past is
    /// trained on and whose future is tested. Nothing is copied.
    ///
    /// # Errors
    /// [`DataError::SplitAt`] when a part would be empty.
    pub fn split_at(mut self, first: usize) -> Result<(Self, Self), DataError> {
        let samples = self.len();
        if first == 0 || first >= samples {
            return Err(DataError::SplitAt { first, samples });
        }
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
        let by_class = self.sorted_by_target((0..self.len()).collect());
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

    /// Sorts these samples by their targets; those of one target keep their order.
    fn sorted_by_target(&self, mut samples: Vec<usize>) -> Vec<usize>
    where
        Y: Ord,
    {
        samples.sort_by(|&a, &b| self.targets[a].cmp(&self.targets[b]));
        samples
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

    /// Divides the data set at random into `folds` parts for cross-validation. Each item of the iterator is a pair: all
    /// parts but one to train on, and that one to validate on. The sizes of the parts differ by at most 1.
    ///
    /// ```
    /// use chainrule::data::Dataset;
    /// use chainrule::prelude::*;
    /// let data = Dataset::from_pairs((0..10).map(|at| (Vector([at as f32]), at)))?;
    /// for (train, validation) in data.k_folds(5, &mut rng(1))? {
    ///     assert_eq!((train.len(), validation.len()), (8, 2));
    /// }
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Folds`] for fewer than 2 folds or more than there are samples.
    pub fn k_folds(&self, folds: usize, rng: &mut impl Rng) -> Result<Folds<'_, X, Y>, DataError>
    where
        X: Copy,
        Y: Copy,
    {
        self.folds(folds, self.random_order(rng))
    }

    /// As [`k_folds`](Self::k_folds), with the same share of the samples of each target in each part, exact to one sample.
    ///
    /// # Errors
    /// As [`k_folds`](Self::k_folds).
    pub fn k_folds_stratified(&self, folds: usize, rng: &mut impl Rng) -> Result<Folds<'_, X, Y>, DataError>
    where
        X: Copy,
        Y: Copy + Ord,
    {
        self.folds(folds, self.sorted_by_target(self.random_order(rng)))
    }

    fn random_order(&self, rng: &mut impl Rng) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(rng);
        order
    }

    /// Deals the samples of this order to the parts, one after the other.
    fn folds(&self, folds: usize, order: Vec<usize>) -> Result<Folds<'_, X, Y>, DataError>
    where
        X: Copy,
        Y: Copy,
    {
        let samples = self.len();
        if !(2..=samples).contains(&folds) {
            return Err(DataError::Folds { folds, samples });
        }
        Ok(Folds { data: self, order, folds, fold: 0 })
    }
}

/// The parts of a data set for cross-validation: see [`Dataset::k_folds`].
pub struct Folds<'a, X, Y> {
    data: &'a Dataset<X, Y>,
    order: Vec<usize>,
    folds: usize,
    fold: usize,
}

impl<X: Copy, Y: Copy> Folds<'_, X, Y> {
    /// Returns copies of the samples inside or outside of the current part.
    fn part(&self, inside: bool) -> Dataset<X, Y> {
        let dealt = self.order.iter().enumerate();
        let chosen = dealt.filter(|(at, _)| (at % self.folds == self.fold) == inside);
        let places: Vec<usize> = chosen.map(|(_, &sample)| sample).collect();
        let (mut inputs, mut targets) = (vec![], vec![]);
        copy_to(&mut inputs, &self.data.inputs, &places);
        copy_to(&mut targets, &self.data.targets, &places);
        Dataset { inputs, targets }
    }
}

impl<X: Copy, Y: Copy> Iterator for Folds<'_, X, Y> {
    type Item = (Dataset<X, Y>, Dataset<X, Y>);

    fn next(&mut self) -> Option<Self::Item> {
        let parts = (self.fold < self.folds).then(|| (self.part(false), self.part(true)));
        self.fold += 1;
        parts
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.folds.saturating_sub(self.fold);
        (left, Some(left))
    }
}

impl<X: Copy, Y: Copy> ExactSizeIterator for Folds<'_, X, Y> {}

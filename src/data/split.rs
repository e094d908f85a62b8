//! Shuffling a data set and dividing it into parts.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::dataset::{copy_to, swap};
use super::{DataError, Dataset};
use crate::Error;

impl<X, Y> Dataset<X, Y> {
    /// Shuffles the samples in place.
    ///
    /// ```
    /// use chainrule::data::Dataset;
    /// use chainrule::prelude::*;
    ///
    /// let mut data = Dataset::from_pairs((0..10).map(|at| (at, 2 * at)))?;
    /// data.shuffle(&mut rng(1));
    /// assert!(data.iter().all(|(input, target)| 2 * input == *target)); // each input keeps its target
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    pub fn shuffle(&mut self, rng: &mut impl Rng) {
        // Durstenfeld's algorithm. The shuffle of the crate rand permutes one slice, but here there are two.
        for last in (1..self.len()).rev() {
            let other = rng.random_range(0..=last);
            self.swap(last, other);
        }
    }

    fn swap(&mut self, one: usize, other: usize) {
        swap(&mut self.inputs, one, other);
        swap(&mut self.targets, one, other);
    }

    /// Moves the sample at the index `order[at]` to the index `at`, in place. `order` is a permutation.
    fn reorder(&mut self, mut order: Vec<usize>) {
        for start in 0..order.len() {
            // Each swap along a cycle of the permutation moves one sample to its place.
            let mut at = start;
            while order[at] != start {
                let next = core::mem::replace(&mut order[at], at);
                self.swap(at, next);
                at = next;
            }
            order[at] = at;
        }
    }

    /// Splits the data set at random into two parts. The first part has this share of the samples (rounded to the
    /// nearest whole number). Nothing is copied: clone the data set if you need it later. The example of [`Dataset`]
    /// calls it.
    ///
    /// # Errors
    /// [`Error::Setting`] if the share is not between 0 and 1, [`DataError::Split`] if a part would be empty.
    #[doc(alias = "train_test_split")]
    #[doc(alias = "random_split")]
    #[doc(alias = "validation split")]
    pub fn split(mut self, share: f64, rng: &mut impl Rng) -> Result<(Self, Self), DataError> {
        let first = self.count_of(share)?;
        self.shuffle(rng);
        let rest = self.split_off(first);
        Ok((self, rest))
    }

    /// Splits the data set into its first `first` samples and the others, without changing their order. Use it for
    /// series: train on the past and test on the future. Nothing is copied. The example of [`windows`](Self::windows)
    /// calls it.
    ///
    /// # Errors
    /// [`DataError::SplitAt`] if a part would be empty.
    #[doc(alias = "TimeSeriesSplit")]
    pub fn split_at(mut self, first: usize) -> Result<(Self, Self), DataError> {
        let samples = self.len();
        if first == 0 || first >= samples {
            return Err(DataError::SplitAt { first, samples });
        }
        let rest = self.split_off(first);
        Ok((self, rest))
    }

    /// Removes all samples from this index to the end, and returns them.
    fn split_off(&mut self, first: usize) -> Self {
        Self { inputs: self.inputs.split_off(first), targets: self.targets.split_off(first) }
    }

    /// Does the same as [`split`](Self::split), but takes the same share of the samples of each target. For
    /// [`Label`](crate::tensor::Label)s this is the same share of each class, exact to less than one sample.
    ///
    /// ```
    /// use chainrule::data::Dataset;
    /// use chainrule::prelude::*;
    ///
    /// let labels = (0..100).map(|at| (Vector([at as f32]), Label::<2>::new(usize::from(at < 10)).unwrap()));
    /// let (train, test) = Dataset::from_pairs(labels)?.split_stratified(0.8, &mut rng(1))?;
    /// let rare = |data: &Dataset<_, Label<2>>| data.targets().iter().filter(|label| label.index() == 1).count();
    /// assert_eq!((rare(&train), rare(&test)), (8, 2)); // a tenth of each part
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// The same as [`split`](Self::split).
    #[doc(alias = "stratify")]
    #[doc(alias = "StratifiedShuffleSplit")]
    pub fn split_stratified(mut self, share: f64, rng: &mut impl Rng) -> Result<(Self, Self), DataError>
    where
        Y: Ord,
    {
        let (first, all) = (self.count_of(share)? as u128, self.len() as u128);
        self.shuffle(rng);
        let by_class = self.sorted_by_target((0..self.len()).collect());
        // The samples are sorted by class. Evenly spaced indices contain an equal share of each class.
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

    /// Sorts these samples by their targets. Samples with the same target keep their order.
    fn sorted_by_target(&self, mut samples: Vec<usize>) -> Vec<usize>
    where
        Y: Ord,
    {
        samples.sort_by(|&a, &b| self.targets[a].cmp(&self.targets[b]));
        samples
    }

    /// Returns the number of samples in this share, after a check that it is neither 0 nor all.
    fn count_of(&self, share: f64) -> Result<usize, DataError> {
        let samples = self.len();
        if !(share > 0.0 && share < 1.0) {
            let (name, expected) = ("the share of a split", "above 0 and below 1");
            return Err(Error::Setting { name, value: share, expected }.into());
        }
        let count = (share * samples as f64).round() as usize;
        if count == 0 || count == samples { Err(DataError::Split { share, samples }) } else { Ok(count) }
    }

    /// Divides the data set at random into `folds` parts for cross-validation. Each item of the iterator is a pair: one
    /// part for validation as the second element, and all other parts for training as the first. The sizes of the parts
    /// differ by at most 1.
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
    /// [`DataError::Folds`] if `folds` is less than 2, or larger than the number of samples.
    #[doc(alias = "KFold")]
    #[doc(alias = "cross validation")]
    pub fn k_folds(&self, folds: usize, rng: &mut impl Rng) -> Result<Folds<'_, X, Y>, DataError>
    where
        X: Copy,
        Y: Copy,
    {
        self.folds(folds, self.random_order(rng))
    }

    /// Does the same as [`k_folds`](Self::k_folds), but with the same share of the samples of each target in each part,
    /// exact to one sample.
    ///
    /// # Errors
    /// The same as [`k_folds`](Self::k_folds).
    #[doc(alias = "StratifiedKFold")]
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

    /// Distributes the samples of this order to the parts, one sample at a time.
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

/// The parts of a data set for cross-validation. The example of [`Dataset::k_folds`] iterates over them.
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

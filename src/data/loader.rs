use rand::Rng;
use rand::seq::SliceRandom;

use super::dataset::{check_size, copy_to};
use super::{DataError, Dataset};

/// A random change of an input.
type Augment<'a, X> = Box<dyn FnMut(&mut X, &mut dyn Rng) + 'a>;

/// Shuffles a data set in each epoch and divides it into batches.
///
/// The data set does not change: each batch is copied into a buffer, which is reused, and an
/// [augmentation](Self::augment) changes the copy. Nothing is allocated after the first batch.
///
/// The batches depend on the generator alone: the same generator gives the same batches in every epoch. To resume in
/// the middle of an epoch, save the [`Place`] and the generator.
///
/// ```
/// use chainrule::data::{Dataset, Loader};
/// use chainrule::prelude::*;
/// use chainrule::rand::RngExt;
///
/// let images = vec![Image::<1, 2, 2>([[[0.0, 1.0], [0.5, 0.5]]]); 5];
/// let data = Dataset::new(images, Label::<5>::all().collect())?;
/// let mut mirrored = Loader::new(&data, 2)?.augment(|image, rng| {
///     if rng.random_bool(0.5) {
///         image.0.as_flattened_mut().iter_mut().for_each(|row| row.reverse());
///     }
/// });
/// let mut rng = rng(1);
/// for _epoch in 0..3 {
///     while let Some((images, labels)) = mirrored.next(&mut rng) {
///         assert_eq!(images.len(), labels.len()); // 2, 2 and 1
///     }
/// }
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
pub struct Loader<'a, X, Y> {
    data: &'a Dataset<X, Y>,
    size: usize,
    place: Place,
    inputs: Vec<X>,
    targets: Vec<Y>,
    augment: Option<Augment<'a, X>>,
}

/// The position of a [`Loader`] in an epoch. With the state of the generator, it determines the next batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    /// The order of the samples in this epoch; empty before the first.
    pub order: Vec<usize>,
    /// How many of them have been returned. At 0 a new order is drawn.
    pub position: usize,
}

impl<'a, X: Clone, Y: Clone> Loader<'a, X, Y> {
    /// Creates a loader with batches of `size` samples; the last batch of an epoch has the remaining ones.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a size of 0.
    pub fn new(data: &'a Dataset<X, Y>, size: usize) -> Result<Self, DataError> {
        check_size(size)?;
        Ok(Self { data, size, place: Place::default(), inputs: vec![], targets: vec![], augment: None })
    }

    /// Augments each input of each batch at random (rotation, shift, noise). The data set does not change.
    pub fn augment(mut self, change: impl FnMut(&mut X, &mut dyn Rng) + 'a) -> Self {
        self.augment = Some(Box::new(change));
        self
    }

    /// Returns the next batch, or `None` once after each epoch. The first call of an epoch draws its order from `rng`;
    /// the augmentation draws from it in each call.
    pub fn next(&mut self, rng: &mut impl Rng) -> Option<(&[X], &[Y])> {
        let Self { data, place: Place { order, position }, inputs, targets, .. } = self;
        if *position == data.len() {
            *position = 0;
            return None;
        }
        if *position == 0 {
            order.clear(); // the order does not depend on that of the last epoch
            order.extend(0..data.len());
            order.shuffle(rng);
        }
        let end = data.len().min(position.saturating_add(self.size));
        let batch = &order[*position..end];
        *position = end;
        inputs.clear();
        copy_to(inputs, data.inputs(), batch);
        targets.clear();
        copy_to(targets, data.targets(), batch);
        if let Some(augment) = &mut self.augment {
            inputs.iter_mut().for_each(|input| augment(input, rng));
        }
        Some((inputs, targets))
    }

    /// Returns how many batches an epoch has.
    pub fn batches(&self) -> usize {
        self.data.len().div_ceil(self.size)
    }

    /// Returns whether the next batch is the last of its epoch.
    #[cfg(feature = "fit")]
    pub(crate) fn is_before_last(&self) -> bool {
        (1..=self.size).contains(&(self.data.len() - self.place.position))
    }

    /// Returns the place in the epoch. Save it together with the generator.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Continues from a saved place.
    ///
    /// # Errors
    /// [`DataError::Place`] when it cannot belong to this data set; then nothing has changed.
    pub fn resume(&mut self, place: Place) -> Result<(), DataError> {
        let samples = self.data.len();
        let mut seen = vec![false; samples];
        // The order must be a permutation of the samples' indices.
        let mut first_time = |&at: &usize| at < samples && !core::mem::replace(&mut seen[at], true);
        let whole = place.order.len() == samples && place.order.iter().all(&mut first_time);
        let new = place.position == 0 && place.order.is_empty();
        if !(new || (whole && place.position <= samples)) {
            return Err(DataError::Place { samples });
        }
        self.place = place;
        Ok(())
    }
}

use rand::Rng;

use super::dataset::check_size;
use super::{DataError, Sampling, Source};

/// A random change of an input.
type Augment<'a, X> = Box<dyn FnMut(&mut X, &mut dyn Rng) + 'a>;

/// Shuffles a data set, or another [`Source`], in each epoch and divides it into batches.
///
/// The data do not change: each batch is copied into a buffer, which is reused, and an
/// [augmentation](Self::augment) changes the copy. A [`Sampling`] draws other samples than all of them once.
/// Nothing is allocated after the first batch.
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
///     while let Some((images, labels)) = mirrored.next(&mut rng)? {
///         assert_eq!(images.len(), labels.len()); // 2, 2 and 1
///     }
/// }
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
pub struct Loader<'a, X, Y> {
    data: &'a dyn Source<Input = X, Target = Y>,
    size: usize,
    drop_last: bool,
    sampling: Sampling,
    place: Place,
    inputs: Vec<X>,
    targets: Vec<Y>,
    scratch: Vec<f64>,
    augment: Option<Augment<'a, X>>,
}

/// The position of a [`Loader`] in an epoch. With the state of the generator, it determines the next batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    /// The samples of this epoch, in their order; empty before the first.
    pub order: Vec<usize>,
    /// How many of them have been returned (or left out as the last batch). At 0 a new order is drawn.
    pub position: usize,
}

impl<'a, X: Copy, Y: Copy> Loader<'a, X, Y> {
    /// Creates a loader with batches of `size` samples; the last batch of an epoch has the remaining ones.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a size of 0.
    pub fn new(data: &'a dyn Source<Input = X, Target = Y>, size: usize) -> Result<Self, DataError> {
        check_size(size)?;
        Ok(Self {
            data,
            size,
            drop_last: false,
            sampling: Sampling::uniform(),
            place: Place::default(),
            inputs: vec![],
            targets: vec![],
            scratch: vec![],
            augment: None,
        })
    }

    /// Leaves out the last batch of an epoch if it has fewer than `size` samples, so that all batches have one size.
    ///
    /// # Errors
    /// [`DataError::NoBatch`] when an epoch has fewer samples than a batch.
    pub fn drop_last(self) -> Result<Self, DataError> {
        Self { drop_last: true, ..self }.checked()
    }

    /// Draws the samples of each epoch so: by weights, with or without replacement, balanced by class.
    ///
    /// # Errors
    /// [`DataError::Weights`] when there is not one weight for each sample, [`DataError::Draws`] when an epoch would have
    /// more samples than there are to draw without replacement, [`Error::Setting`](crate::Error::Setting) for a weight
    /// that is not finite or below 0, [`DataError::NoBatch`].
    pub fn sample(self, sampling: Sampling) -> Result<Self, DataError> {
        sampling.check(self.data.len())?;
        Self { sampling, place: Place::default(), ..self }.checked()
    }

    fn checked(self) -> Result<Self, DataError> {
        let (samples, size) = (self.samples(), self.size);
        if self.batches() == 0 { Err(DataError::NoBatch { samples, size }) } else { Ok(self) }
    }

    /// Augments each input of each batch at random (rotation, shift, noise). The data set does not change.
    pub fn augment(mut self, change: impl FnMut(&mut X, &mut dyn Rng) + 'a) -> Self {
        self.augment = Some(Box::new(change));
        self
    }

    /// Returns the next batch, or `None` once after each epoch. The first call of an epoch draws its samples from `rng`;
    /// the augmentation draws from it in each call.
    ///
    /// # Errors
    /// What the [`Source`] says of the batch, which is then left out. A [`Dataset`](super::Dataset) has no errors.
    #[allow(clippy::type_complexity)]
    pub fn next(&mut self, rng: &mut impl Rng) -> Result<Option<(&[X], &[Y])>, DataError> {
        let samples = self.samples();
        let Self { data, size, drop_last, sampling, place, inputs, targets, scratch, augment } = self;
        let Place { order, position } = place;
        if *position == samples {
            *position = 0;
            return Ok(None);
        }
        if *position == 0 {
            sampling.draw(data.len(), order, scratch, rng);
        }
        let end = samples.min(position.saturating_add(*size));
        let batch = &order[*position..end];
        let last = *drop_last && samples - end < *size;
        *position = if last { samples } else { end };
        data.read(batch, inputs, targets)?;
        if let Some(augment) = augment {
            inputs.iter_mut().for_each(|input| augment(input, rng));
        }
        Ok(Some((inputs, targets)))
    }

    /// Returns how many samples an epoch has.
    pub(crate) fn samples(&self) -> usize {
        self.sampling.length(self.data.len())
    }

    /// Returns how the samples of an epoch are drawn.
    pub fn sampling(&self) -> &Sampling {
        &self.sampling
    }

    /// Returns how many batches an epoch has.
    pub fn batches(&self) -> usize {
        let (samples, size) = (self.samples(), self.size);
        if self.drop_last { samples / size } else { samples.div_ceil(size) }
    }

    /// Returns whether reading a batch never fails.
    #[cfg(feature = "fit")]
    pub(crate) fn in_memory(&self) -> bool {
        self.data.in_memory()
    }

    /// Returns whether the next batch is the last of its epoch.
    #[cfg(feature = "fit")]
    pub(crate) fn is_before_last(&self) -> bool {
        let left = self.samples() - self.place.position;
        let more = if self.drop_last { self.size } else { 1 };
        left > 0 && left < self.size.saturating_add(more)
    }

    /// Returns the place in the epoch. Save it together with the generator.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Continues from a saved place.
    ///
    /// # Errors
    /// [`DataError::Place`] when it cannot belong to this data set and its [`Sampling`]; then nothing has changed.
    pub fn resume(&mut self, place: Place) -> Result<(), DataError> {
        let samples = self.data.len();
        let new = place.position == 0 && place.order.is_empty();
        let whole = || self.sampling.could_draw(samples, &place.order) && place.position <= place.order.len();
        if !(new || whole()) {
            return Err(DataError::Place { samples });
        }
        self.place = place;
        Ok(())
    }
}

use rand::Rng;

use super::dataset::check_size;
use super::{DataError, Sampling, Source};

/// A random change of an input.
type Augment<'a, X> = Box<dyn FnMut(&mut X, &mut dyn Rng) + 'a>;

/// Shuffles a data set, or another [`Source`], in each epoch and divides it into batches.
///
/// The data do not change: each batch is copied into a buffer, which is reused. An [augmentation](Self::augment)
/// changes the copy. By default, an epoch has every sample once; a [`Sampling`] changes this. Nothing is allocated
/// after the first batch.
///
/// The batches depend only on the state of the random number generator. To resume in the middle of an epoch, save the
/// [`Place`] and the generator.
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
#[doc(alias = "DataLoader")]
#[doc(alias = "minibatch")]
#[doc(alias = "shuffle")]
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

/// The position of a [`Loader`] in an epoch. Together with the state of the generator, it determines the next batches.
///
/// ```
/// use chainrule::data::{Dataset, Loader};
/// use chainrule::prelude::*;
///
/// let data = Dataset::from_pairs((0..10).map(|at| (at, at)))?;
/// let (mut first, mut rng) = (Loader::new(&data, 4)?, rng(1));
/// first.next(&mut rng)?;
/// let place = first.place().clone(); // after 4 of 10 samples
/// assert_eq!(place.position, 4);
///
/// let mut second = Loader::new(&data, 4)?;
/// second.resume(place)?;
/// assert_eq!(second.next(&mut rng)?.unwrap().0, first.next(&mut rng)?.unwrap().0);
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    /// The indices of the samples of this epoch, in order. Empty before the first batch.
    pub order: Vec<usize>,
    /// The number of samples that have been returned (or left out as the last batch). If it is 0, a new order is drawn.
    pub position: usize,
}

impl<'a, X: Copy, Y: Copy> Loader<'a, X, Y> {
    /// Creates a loader with batches of `size` samples. The last batch of an epoch contains the remaining samples.
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

    /// Leaves out the last batch of an epoch if it has fewer than `size` samples, so that all batches have the same
    /// size.
    ///
    /// # Errors
    /// [`DataError::NoBatch`] if an epoch has fewer samples than a batch.
    pub fn drop_last(self) -> Result<Self, DataError> {
        Self { drop_last: true, ..self }.checked()
    }

    /// Sets how the samples of each epoch are drawn: by weights, with or without replacement, balanced by class. The
    /// example of [`Sampling`] calls it.
    ///
    /// # Errors
    /// [`DataError::Weights`] if the numbers of weights and samples differ, [`DataError::Draws`] if an epoch would have
    /// more samples than can be drawn without replacement, [`Error::Setting`](crate::Error::Setting) for a weight that
    /// is not finite or below 0, [`DataError::NoBatch`].
    #[doc(alias = "sampler")]
    #[doc(alias = "WeightedRandomSampler")]
    pub fn sample(self, sampling: Sampling) -> Result<Self, DataError> {
        sampling.check(self.data.len())?;
        Self { sampling, place: Place::default(), ..self }.checked()
    }

    fn checked(self) -> Result<Self, DataError> {
        let (samples, size) = (self.samples(), self.size);
        if self.batches() == 0 { Err(DataError::NoBatch { samples, size }) } else { Ok(self) }
    }

    /// Changes each input of each batch at random: for example a rotation, a shift, or noise. The data set does not
    /// change.
    #[doc(alias = "transforms")]
    #[doc(alias = "data augmentation")]
    pub fn augment(mut self, change: impl FnMut(&mut X, &mut dyn Rng) + 'a) -> Self {
        self.augment = Some(Box::new(change));
        self
    }

    /// Returns the next batch, or `None` once after each epoch. The first call of an epoch draws the order of its
    /// samples from `rng`. Each call draws the random numbers of the augmentation.
    ///
    /// # Errors
    /// The error of the [`Source`]; the batch is then left out. A [`Dataset`](super::Dataset) never fails.
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

    /// Returns the number of samples in an epoch.
    pub(crate) fn samples(&self) -> usize {
        self.sampling.length(self.data.len())
    }

    /// Returns how the samples of an epoch are drawn.
    pub fn sampling(&self) -> &Sampling {
        &self.sampling
    }

    /// Returns the number of batches in an epoch.
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

    /// Returns the position in the epoch. Save it together with the generator. The example of [`Place`] resumes from
    /// it.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Continues from a saved position.
    ///
    /// # Errors
    /// [`DataError::Place`] if the position is not possible with this data set and its [`Sampling`]. The loader has
    /// then not changed.
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

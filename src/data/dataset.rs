use core::fmt;

use bytemuck::Zeroable;
use chainrule_parameters::append_copies;

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
/// # Large samples
/// A sample may be larger than the stack. No method puts a sample on the stack, not even in a debug build, except
/// [`from_pairs`](Self::from_pairs), [`map_inputs`](Self::map_inputs) and [`map_targets`](Self::map_targets), which
/// pass single samples by value. [`from_fn`](Self::from_fn), [`convert_inputs`](Self::convert_inputs) and
/// [`convert_targets`](Self::convert_targets) do the same in place.
#[doc(alias = "TensorDataset")]
#[doc(alias = "data set")]
#[derive(PartialEq)]
pub struct Dataset<X, Y> {
    pub(super) inputs: Vec<X>,
    pub(super) targets: Vec<Y>,
}

#[allow(clippy::len_without_is_empty)] // a data set is never empty
impl<X, Y> Dataset<X, Y> {
    /// Creates a data set from inputs and their targets.
    ///
    /// # Errors
    /// [`DataError::Lengths`] if the numbers of inputs and targets differ, [`DataError::Empty`] if there are none.
    pub fn new(inputs: Vec<X>, targets: Vec<Y>) -> Result<Self, DataError> {
        if inputs.len() != targets.len() {
            return Err(DataError::Lengths { inputs: inputs.len(), targets: targets.len() });
        }
        if inputs.is_empty() { Err(DataError::Empty) } else { Ok(Self { inputs, targets }) }
    }

    /// Creates a data set from pairs of an input and its target.
    ///
    /// Each pair is passed by value, through the stack. For samples of more than a few hundred kilobytes, use
    /// [`from_fn`](Self::from_fn).
    ///
    /// # Errors
    /// [`DataError::Empty`] if there are none.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (X, Y)>) -> Result<Self, DataError> {
        let (mut inputs, mut targets) = (vec![], vec![]);
        for (input, target) in pairs {
            inputs.push(input);
            targets.push(target);
        }
        Self::new(inputs, targets)
    }

    /// Creates a data set of `samples` samples. `fill` is called with each index and an input of zeros. It sets the
    /// input in place, and returns the target.
    ///
    /// ```
    /// use chainrule::data::Dataset;
    /// use chainrule::prelude::*;
    /// let squares = Dataset::from_fn(10, |at, x: &mut Vector<1>| {
    ///     x[0] = at as f32;
    ///     Vector([x[0] * x[0]])
    /// })?;
    /// assert_eq!(squares.targets()[3], Vector([9.0]));
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Empty`] for 0 samples.
    pub fn from_fn(samples: usize, mut fill: impl FnMut(usize, &mut X) -> Y) -> Result<Self, DataError>
    where
        X: Zeroable,
    {
        let mut inputs = bytemuck::zeroed_vec(samples);
        let targets = inputs.iter_mut().enumerate().map(|(at, input)| fill(at, input)).collect();
        Self::new(inputs, targets)
    }

    /// Returns the number of samples.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Returns the inputs.
    pub fn inputs(&self) -> &[X] {
        &self.inputs
    }

    /// Returns the inputs as a mutable slice.
    pub fn inputs_mut(&mut self) -> &mut [X] {
        &mut self.inputs
    }

    /// Returns the targets.
    pub fn targets(&self) -> &[Y] {
        &self.targets
    }

    /// Returns the targets as a mutable slice.
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

    /// Returns an iterator over batches of `size` samples, in order. The last batch contains the remaining samples.
    /// Nothing is copied. The example of [`Dataset`] uses it; [`Loader`](super::Loader) shuffles.
    ///
    /// # Errors
    /// [`Error::Setting`] for a size of 0.
    #[doc(alias = "minibatch")]
    pub fn batches(&self, size: usize) -> Result<impl ExactSizeIterator<Item = (&[X], &[Y])>, DataError> {
        check_size(size)?;
        Ok(self.inputs.chunks(size).zip(self.targets.chunks(size)))
    }

    /// Returns the samples at these indices, in this order. An index may occur more than once.
    ///
    /// ```
    /// use chainrule::data::Dataset;
    ///
    /// let tens = Dataset::from_pairs((0..5).map(|at| (at, 10 * at)))?;
    /// let part = tens.subset(&[4, 0, 0])?.map_targets(|ten| ten + 1);
    /// assert_eq!((part.inputs(), part.targets()), (&[4, 0, 0][..], &[41, 1, 1][..]));
    /// assert_eq!(part.concat(tens).len(), 8);
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Index`] for an index out of range, [`DataError::Empty`] if there is no index.
    #[doc(alias = "Subset")]
    pub fn subset(&self, places: &[usize]) -> Result<Self, DataError>
    where
        X: Copy,
        Y: Copy,
    {
        let samples = self.len();
        if let Some(&index) = places.iter().find(|&&index| index >= samples) {
            return Err(DataError::Index { index, samples });
        }
        let (mut inputs, mut targets) = (vec![], vec![]);
        copy_to(&mut inputs, &self.inputs, places);
        copy_to(&mut targets, &self.targets, places);
        Self::new(inputs, targets)
    }

    /// Appends the samples of another data set. The example of [`subset`](Self::subset) uses it.
    #[doc(alias = "ConcatDataset")]
    pub fn concat(mut self, other: Self) -> Self {
        let Self { mut inputs, mut targets } = other;
        self.inputs.append(&mut inputs);
        self.targets.append(&mut targets);
        self
    }

    /// Applies `f` to each input, which is passed and returned by value. To change samples in place, use
    /// [`inputs_mut`](Self::inputs_mut). To change their type in place, use [`convert_inputs`](Self::convert_inputs).
    pub fn map_inputs<Z>(self, f: impl FnMut(X) -> Z) -> Dataset<Z, Y> {
        Dataset { inputs: self.inputs.into_iter().map(f).collect(), targets: self.targets }
    }

    /// Applies `f` to each target, which is passed and returned by value. The example of [`subset`](Self::subset) uses
    /// it.
    pub fn map_targets<Z>(self, f: impl FnMut(Y) -> Z) -> Dataset<X, Z> {
        Dataset { inputs: self.inputs, targets: self.targets.into_iter().map(f).collect() }
    }

    /// Does the same as [`map_inputs`](Self::map_inputs) for samples of any size: `f` sets a new input of zeros in
    /// place.
    ///
    /// ```
    /// use chainrule::data::Dataset;
    /// use chainrule::prelude::*;
    ///
    /// let data = Dataset::new(vec![Vector([1.0_f32]), Vector([2.0])], vec![0, 1])?;
    /// let doubles = data.convert_inputs(|x, wide: &mut Vector<1, f64>| wide[0] = x[0].into());
    /// assert_eq!(doubles.inputs()[1], Vector([2.0_f64]));
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    pub fn convert_inputs<Z: Zeroable>(self, f: impl FnMut(&X, &mut Z)) -> Dataset<Z, Y> {
        Dataset { inputs: converted(self.inputs, f), targets: self.targets }
    }

    /// Does the same as [`map_targets`](Self::map_targets) for samples of any size: `f` sets a new target of zeros in
    /// place. The example of [`convert_inputs`](Self::convert_inputs) does this with inputs.
    pub fn convert_targets<Z: Zeroable>(self, f: impl FnMut(&Y, &mut Z)) -> Dataset<X, Z> {
        Dataset { inputs: self.inputs, targets: converted(self.targets, f) }
    }
}

/// Copies every sample in place. (The derived implementation would copy each one through the stack.)
impl<X: Copy, Y: Copy> Clone for Dataset<X, Y> {
    fn clone(&self) -> Self {
        let (mut inputs, mut targets) = (vec![], vec![]);
        append_copies(&mut inputs, &self.inputs);
        append_copies(&mut targets, &self.targets);
        Self { inputs, targets }
    }
}

/// Prints the number of samples, because the samples themselves would be too long.
impl<X, Y> fmt::Debug for Dataset<X, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset of {} samples", self.len())
    }
}

/// Converts the samples. `f` sets each new sample in place; it contains zeros before.
fn converted<X, Z: Zeroable>(samples: Vec<X>, mut f: impl FnMut(&X, &mut Z)) -> Vec<Z> {
    let mut converted = bytemuck::zeroed_vec(samples.len());
    samples.iter().zip(&mut converted).for_each(|(x, z)| f(x, z));
    converted
}

/// Sets `copies` to copies of the samples at these indices.
pub(super) fn copy_to<T: Copy>(copies: &mut Vec<T>, samples: &[T], places: &[usize]) {
    copies.clear();
    copies.reserve(places.len());
    places.iter().for_each(|&at| append_copies(copies, core::slice::from_ref(&samples[at])));
}

/// Swaps two samples in place. (`[T]::swap` and `mem::swap` copy a sample to the stack.)
pub(super) fn swap<T>(samples: &mut [T], one: usize, other: usize) {
    let (low, high) = samples.split_at_mut(one.max(other));
    if let (Some(low), Some(high)) = (low.get_mut(one.min(other)), high.first_mut()) {
        core::slice::from_mut(low).swap_with_slice(core::slice::from_mut(high));
    }
}

/// Checks that a batch has at least one sample.
pub(super) fn check_size(size: usize) -> Result<(), Error> {
    let (name, expected) = ("the size of a batch", "at least 1");
    if size == 0 { Err(Error::Setting { name, value: 0.0, expected }) } else { Ok(()) }
}

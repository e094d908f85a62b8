use super::dataset::copy_to;
use super::{DataError, Dataset};

/// Samples that a [`Loader`](super::Loader) reads by their index: a [`Dataset`] in memory, or
/// [`TextWindows`](crate::text::TextWindows) of a file that does not fit in memory.
///
/// [`Trainer::fit`](crate::Trainer::fit) accepts any source. Implement this trait for your own data:
///
/// ```
/// use chainrule::data::{DataError, Loader, Source};
/// use chainrule::prelude::*;
///
/// /// A million numbers and their squares, which are computed when they are read.
/// struct Squares;
///
/// impl Source for Squares {
///     type Input = Vector<1>;
///     type Target = Vector<1>;
///
///     fn len(&self) -> usize {
///         1_000_000
///     }
///
///     fn read(&self, places: &[usize], xs: &mut Vec<Vector<1>>, ys: &mut Vec<Vector<1>>) -> Result<(), DataError> {
///         xs.clear();
///         xs.extend(places.iter().map(|&at| Vector([at as f32])));
///         ys.clear();
///         ys.extend(xs.iter().map(|x| Vector([x[0] * x[0]])));
///         Ok(())
///     }
/// }
///
/// let mut loader = Loader::new(&Squares, 32)?;
/// let (xs, ys) = loader.next(&mut rng(1))?.unwrap();
/// assert_eq!((xs.len(), ys[0][0]), (32, xs[0][0] * xs[0][0]));
/// # Ok::<(), DataError>(())
/// ```
#[doc(alias = "Dataset")]
#[doc(alias = "map-style dataset")]
#[allow(clippy::len_without_is_empty)] // a source is never empty
pub trait Source {
    /// The type of the inputs.
    type Input: Copy;
    /// The type of the targets.
    type Target: Copy;

    /// Returns the number of samples. It is at least 1, and must not change.
    fn len(&self) -> usize;

    /// Sets `inputs` and `targets` to the samples at these indices, in this order. An index may occur more than once.
    /// Each is below [`len`](Self::len).
    ///
    /// # Errors
    /// [`DataError`] if a sample cannot be read or is invalid.
    fn read(
        &self,
        places: &[usize],
        inputs: &mut Vec<Self::Input>,
        targets: &mut Vec<Self::Target>,
    ) -> Result<(), DataError>;

    /// Returns whether [`read`](Self::read) never fails, for example because the data are in memory. Otherwise, the
    /// ranks of a training [across](crate::Trainer::across) several ranks check before each step that all of them have
    /// read their batch.
    fn in_memory(&self) -> bool {
        false
    }
}

impl<X: Copy, Y: Copy> Source for Dataset<X, Y> {
    type Input = X;
    type Target = Y;

    fn len(&self) -> usize {
        self.inputs.len()
    }

    fn read(&self, places: &[usize], inputs: &mut Vec<X>, targets: &mut Vec<Y>) -> Result<(), DataError> {
        copy_to(inputs, &self.inputs, places);
        copy_to(targets, &self.targets, places);
        Ok(())
    }

    fn in_memory(&self) -> bool {
        true
    }
}

impl<S: Source + ?Sized> Source for &S {
    type Input = S::Input;
    type Target = S::Target;

    fn len(&self) -> usize {
        S::len(self)
    }

    fn read(
        &self,
        places: &[usize],
        inputs: &mut Vec<S::Input>,
        targets: &mut Vec<S::Target>,
    ) -> Result<(), DataError> {
        S::read(self, places, inputs, targets)
    }

    fn in_memory(&self) -> bool {
        S::in_memory(self)
    }
}

//! Samples cut from a series.

use super::dataset::copy_to;
use super::{DataError, Dataset};
use crate::Error;
use crate::kernel::Real;
use crate::tensor::{Sequence, Vector};

impl<const STEPS: usize, const FEATURES: usize, T: Real, Y: Copy> Dataset<Sequence<STEPS, FEATURES, T>, Y> {
    /// Cuts a series into windows of `STEPS` rows. A window starts at each row. Its target is the target of the row
    /// that is `ahead` rows after the last row of the window: with 0 of this last row, with 1 of the next row. The
    /// windows are in the order of the series. The last rows, where no complete window starts, are left out without an
    /// error.
    ///
    /// To forecast a series, use the series itself as `targets`, or one column of it:
    ///
    /// ```
    /// use chainrule::data::Dataset;
    /// use chainrule::prelude::*;
    ///
    /// let series: Vec<Vector<1>> = (0..10).map(|year| Vector([year as f32])).collect();
    /// let data: Dataset<Sequence<3, 1>, Vector<1>> = Dataset::windows(&series, &series, 2)?;
    /// assert_eq!(data.inputs()[0], Sequence([[0.0], [1.0], [2.0]]));
    /// assert_eq!(data.targets()[0], Vector([4.0]));
    /// assert_eq!(data.len(), 10 - 3 - 2 + 1);
    ///
    /// // The past for training, the future for testing. Neighboring windows overlap, so a random split would leak.
    /// let (train, test) = data.split_at(4)?;
    /// assert_eq!((train.targets()[3], test.targets()[0]), (Vector([7.0]), Vector([8.0])));
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    ///
    /// Each row is copied `STEPS` times. For windows that do not overlap, select every `STEPS`-th window with
    /// [`subset`](Self::subset).
    ///
    /// # Errors
    /// [`DataError::Lengths`] if the numbers of rows and targets differ, [`DataError::Windows`] if there are too few
    /// rows for one window, [`Error::Setting`] for windows of 0 steps.
    #[doc(alias = "sliding window")]
    #[doc(alias = "time series")]
    #[doc(alias = "timeseries_dataset_from_array")]
    #[doc(alias = "forecasting")]
    pub fn windows(series: &[Vector<FEATURES, T>], targets: &[Y], ahead: usize) -> Result<Self, DataError> {
        if STEPS == 0 {
            let (name, expected) = ("the number of steps of a window", "at least 1");
            return Err(Error::Setting { name, value: 0.0, expected }.into());
        }
        if series.len() != targets.len() {
            return Err(DataError::Lengths { inputs: series.len(), targets: targets.len() });
        }
        let rows = series.len();
        let too_few = || DataError::Windows { rows, steps: STEPS, ahead };
        let first_target = (STEPS - 1).checked_add(ahead).ok_or_else(too_few)?;
        let samples = rows.checked_sub(first_target).filter(|samples| *samples > 0).ok_or_else(too_few)?;
        let mut inputs: Vec<Sequence<STEPS, FEATURES, T>> = bytemuck::zeroed_vec(samples);
        for (first, window) in inputs.iter_mut().enumerate() {
            window.0.iter_mut().zip(&series[first..]).for_each(|(step, row)| *step = row.0);
        }
        let mut chosen = vec![];
        copy_to(&mut chosen, targets, &(first_target..rows).collect::<Vec<_>>());
        Self::new(inputs, chosen)
    }
}

//! The inputs of attention layers: a sequence, or a padded sequence whose length is known at run time.

use bytemuck::{Pod, must_cast_slice, must_cast_slice_mut};

use crate::kernel::Real;
use crate::tensor::{Padded, Sample, Sequence, Tensor, Vector};

/// Steps of `WIDTH` features: a [`Sequence`], or a [`Padded`]. An attention layer does not attend to the padding.
/// See the example of [`CrossAttention`](super::CrossAttention), which has both.
#[diagnostic::on_unimplemented(
    message = "an attention layer of width {WIDTH} cannot take `{Self}`",
    label = "`{Self}` does not have steps of {WIDTH} features",
    note = "it takes a `Sequence<STEPS, {WIDTH}>` or a `Padded<STEPS, {WIDTH}>`; to change the number of features, put a `PerStep<Linear<FEATURES, {WIDTH}>>` before it"
)]
pub trait StepsOf<const WIDTH: usize, T: Real>: Sample<Grad: StepsGrad<WIDTH, T>> + Pod {
    /// The maximum number of steps.
    #[doc(hidden)]
    const STEPS: usize;

    /// Whether all samples have `STEPS` steps.
    #[doc(hidden)]
    const WHOLE: bool;

    /// Returns the number of steps of this sample.
    #[doc(hidden)]
    fn steps(&self) -> usize;

    /// Returns all steps of a batch, or `None` if a sample can have fewer than `STEPS` steps.
    #[doc(hidden)]
    fn rows(batch: &[Self]) -> Option<&[Vector<WIDTH, T>]>;

    /// Returns all steps of a batch, or `None` if a sample can have fewer than `STEPS` steps.
    #[doc(hidden)]
    fn rows_mut(batch: &mut [Self]) -> Option<&mut [Vector<WIDTH, T>]>;

    /// Copies the steps, with the padding.
    #[doc(hidden)]
    fn copy_to(self, rows: &mut [Vector<WIDTH, T>]);

    /// Overwrites this with the first `steps` of these rows.
    #[doc(hidden)]
    fn set(&mut self, rows: &[Vector<WIDTH, T>], steps: usize);
}

/// The gradient of [`StepsOf`]: a sequence.
#[doc(hidden)]
pub trait StepsGrad<const WIDTH: usize, T: Real>: Tensor<Scalar = T> {
    fn of_rows(rows: &[Vector<WIDTH, T>]) -> &[Self];
    fn rows(batch: &[Self]) -> &[Vector<WIDTH, T>];
    fn rows_mut(batch: &mut [Self]) -> &mut [Vector<WIDTH, T>];
}

impl<const STEPS: usize, const WIDTH: usize, T: Real> StepsGrad<WIDTH, T> for Sequence<STEPS, WIDTH, T> {
    fn of_rows(rows: &[Vector<WIDTH, T>]) -> &[Self] {
        bytemuck::cast_slice(rows)
    }

    fn rows(batch: &[Self]) -> &[Vector<WIDTH, T>] {
        must_cast_slice(batch)
    }

    fn rows_mut(batch: &mut [Self]) -> &mut [Vector<WIDTH, T>] {
        must_cast_slice_mut(batch)
    }
}

impl<const STEPS: usize, const WIDTH: usize, T: Real> StepsOf<WIDTH, T> for Sequence<STEPS, WIDTH, T> {
    const STEPS: usize = STEPS;
    const WHOLE: bool = true;

    fn steps(&self) -> usize {
        STEPS
    }

    fn rows(batch: &[Self]) -> Option<&[Vector<WIDTH, T>]> {
        Some(must_cast_slice(batch))
    }

    fn rows_mut(batch: &mut [Self]) -> Option<&mut [Vector<WIDTH, T>]> {
        Some(must_cast_slice_mut(batch))
    }

    fn copy_to(self, rows: &mut [Vector<WIDTH, T>]) {
        rows.copy_from_slice(must_cast_slice(core::slice::from_ref(&self)));
    }

    fn set(&mut self, rows: &[Vector<WIDTH, T>], _: usize) {
        must_cast_slice_mut(core::slice::from_mut(self)).copy_from_slice(rows);
    }
}

impl<const STEPS: usize, const WIDTH: usize, T: Real> StepsOf<WIDTH, T> for Padded<STEPS, WIDTH, T> {
    const STEPS: usize = STEPS;
    const WHOLE: bool = false;

    fn steps(&self) -> usize {
        self.length()
    }

    fn rows(_: &[Self]) -> Option<&[Vector<WIDTH, T>]> {
        None
    }

    fn rows_mut(_: &mut [Self]) -> Option<&mut [Vector<WIDTH, T>]> {
        None
    }

    fn copy_to(self, rows: &mut [Vector<WIDTH, T>]) {
        let mut steps = Sequence([[T::zero(); WIDTH]; STEPS]);
        self.write_to(&mut steps);
        steps.copy_to(rows);
    }

    fn set(&mut self, rows: &[Vector<WIDTH, T>], steps: usize) {
        self.set_steps(rows.iter().take(steps).map(|row| row.0));
    }
}

use bytemuck::{Pod, Zeroable};
use nalgebra::{SMatrix, SMatrixView, SMatrixViewMut};

use super::{Sample, Tensor, shared::sample};
use crate::kernel::Real;

/// `FEATURES` numbers at each of `STEPS` steps, step after step in memory.
///
/// ```
/// use chainrule::tensor::Sequence;
/// let s = Sequence([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
/// assert_eq!(s[(2, 0)], 5.0);
/// assert_eq!(s.view().column(2).sum(), 11.0); // nalgebra's view: a column for each step
/// ```
#[derive(Clone, Copy, PartialEq, Zeroable, Pod)]
#[repr(transparent)]
pub struct Sequence<const STEPS: usize, const FEATURES: usize, T = f32>(pub [[T; FEATURES]; STEPS]);

impl<const STEPS: usize, const FEATURES: usize, T: Real> Tensor for Sequence<STEPS, FEATURES, T> {
    type Scalar = T;
    type Of<E: Pod + Send + Sync> = [[E; FEATURES]; STEPS];
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> Sequence<STEPS, FEATURES, T> {
    /// nalgebra's matrix with a column for each step, without copying: its memory runs down the columns.
    pub fn view(&self) -> SMatrixView<'_, T, FEATURES, STEPS> {
        SMatrixView::from_slice(self.0.as_flattened())
    }

    /// nalgebra's matrix with a column for each step, without copying.
    pub fn view_mut(&mut self) -> SMatrixViewMut<'_, T, FEATURES, STEPS> {
        SMatrixViewMut::from_slice(self.0.as_flattened_mut())
    }
}

/// From a column for each step.
impl<const STEPS: usize, const FEATURES: usize, T: Real> From<SMatrix<T, FEATURES, STEPS>>
    for Sequence<STEPS, FEATURES, T>
{
    fn from(matrix: SMatrix<T, FEATURES, STEPS>) -> Self {
        Self(matrix.data.0)
    }
}

/// To a column for each step.
impl<const STEPS: usize, const FEATURES: usize, T: Real> From<Sequence<STEPS, FEATURES, T>>
    for SMatrix<T, FEATURES, STEPS>
{
    fn from(sequence: Sequence<STEPS, FEATURES, T>) -> Self {
        sequence.view().into_owned()
    }
}

impl<const STEPS: usize, const FEATURES: usize, T> core::ops::Index<(usize, usize)>
    for Sequence<STEPS, FEATURES, T>
{
    type Output = T;
    fn index(&self, (step, feature): (usize, usize)) -> &T {
        &self.0[step][feature]
    }
}

impl<const STEPS: usize, const FEATURES: usize, T> core::ops::IndexMut<(usize, usize)>
    for Sequence<STEPS, FEATURES, T>
{
    fn index_mut(&mut self, (step, feature): (usize, usize)) -> &mut T {
        &mut self.0[step][feature]
    }
}

sample!(Sequence[STEPS, FEATURES], [[T; FEATURES]; STEPS]);

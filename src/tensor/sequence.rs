use bytemuck::{Pod, Zeroable};
use nalgebra::{Const, MatrixView, MatrixViewMut, SMatrix};

use super::{RowMajor, Tensor, shared::sample};
use crate::kernel::Real;

/// `FEATURES` numbers at each of `STEPS` steps, step after step in memory.
///
/// ```
/// use chainrule::tensor::Sequence;
/// let s = Sequence([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
/// assert_eq!(s[(2, 0)], 5.0);
/// assert_eq!(s.view().column(1).sum(), 12.0); // nalgebra's view: a row for each step
/// ```
#[derive(Clone, Copy, PartialEq, Zeroable, Pod)]
#[repr(transparent)]
pub struct Sequence<const STEPS: usize, const FEATURES: usize, T = f32>(pub [[T; FEATURES]; STEPS]);

impl<const STEPS: usize, const FEATURES: usize, T: Real> Tensor for Sequence<STEPS, FEATURES, T> {
    type Scalar = T;
    type Of<E: Pod + Send + Sync> = [[E; FEATURES]; STEPS];
    const SHAPE: &'static [usize] = &[STEPS, FEATURES];
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> Sequence<STEPS, FEATURES, T> {
    /// nalgebra's matrix with a row for each step, without copying.
    pub fn view(&self) -> MatrixView<'_, T, Const<STEPS>, Const<FEATURES>, Const<FEATURES>, Const<1>> {
        let (row, column): RowMajor<FEATURES> = (Const, Const);
        MatrixView::from_slice_with_strides_generic(self.0.as_flattened(), Const, Const, row, column)
    }

    /// nalgebra's matrix with a row for each step, without copying.
    pub fn view_mut(
        &mut self,
    ) -> MatrixViewMut<'_, T, Const<STEPS>, Const<FEATURES>, Const<FEATURES>, Const<1>> {
        let (row, column): RowMajor<FEATURES> = (Const, Const);
        MatrixViewMut::from_slice_with_strides_generic(self.0.as_flattened_mut(), Const, Const, row, column)
    }
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> From<SMatrix<T, STEPS, FEATURES>>
    for Sequence<STEPS, FEATURES, T>
{
    fn from(matrix: SMatrix<T, STEPS, FEATURES>) -> Self {
        Self(matrix.transpose().data.0)
    }
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> From<Sequence<STEPS, FEATURES, T>>
    for SMatrix<T, STEPS, FEATURES>
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

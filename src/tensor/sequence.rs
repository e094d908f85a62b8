use bytemuck::{Pod, Zeroable};

use super::{Sample, Tensor, shared::sample};
use crate::kernel::Real;

/// A sequence of `STEPS` steps with `FEATURES` numbers each, step after step in memory.
///
/// ```
/// use chainrule::tensor::Sequence;
/// let s = Sequence([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
/// assert_eq!(s[(2, 0)], 5.0);
/// assert_eq!(s[2], [5.0, 6.0]);
/// ```
#[doc(alias("time series", "matrix", "2d", "Tensor2"))]
#[derive(Clone, Copy, PartialEq, Zeroable, Pod)]
#[repr(transparent)]
pub struct Sequence<const STEPS: usize, const FEATURES: usize, T = f32>(pub [[T; FEATURES]; STEPS]);

impl<const STEPS: usize, const FEATURES: usize, T: Real> Tensor for Sequence<STEPS, FEATURES, T> {
    type Scalar = T;
    type Of<E: Pod + Send + Sync> = [[E; FEATURES]; STEPS];
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

/// Returns a step.
impl<const STEPS: usize, const FEATURES: usize, T> core::ops::Index<usize> for Sequence<STEPS, FEATURES, T> {
    type Output = [T; FEATURES];
    fn index(&self, step: usize) -> &[T; FEATURES] {
        &self.0[step]
    }
}

/// Returns a step, mutably.
impl<const STEPS: usize, const FEATURES: usize, T> core::ops::IndexMut<usize>
    for Sequence<STEPS, FEATURES, T>
{
    fn index_mut(&mut self, step: usize) -> &mut [T; FEATURES] {
        &mut self.0[step]
    }
}

sample!(Sequence[STEPS, FEATURES], [[T; FEATURES]; STEPS]);

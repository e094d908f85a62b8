use bytemuck::{Pod, Zeroable};

use super::{Sample, Tensor, shared::sample};
use crate::kernel::Real;

/// A vector of `N` features.
///
/// ```
/// use chainrule::tensor::{Tensor, Vector};
/// let v = Vector([1.0, 2.0, 3.0]);
/// assert_eq!(v[2], 3.0);
/// assert_eq!(Vector::<3>::from_slice(&[1.0, 2.0, 3.0]), Ok(v));
/// assert!(Vector::<3>::from_slice(&[1.0]).is_err());
/// ```
#[doc(alias("features", "1d", "Tensor1"))]
#[derive(Clone, Copy, PartialEq, Zeroable, Pod)]
#[repr(transparent)]
pub struct Vector<const N: usize, T = f32>(pub [T; N]);

impl<const N: usize, T: Real> Tensor for Vector<N, T> {
    type Scalar = T;
    type Of<E: Pod + Send + Sync> = [E; N];
}

impl<const N: usize, T> core::ops::Index<usize> for Vector<N, T> {
    type Output = T;
    fn index(&self, feature: usize) -> &T {
        &self.0[feature]
    }
}

impl<const N: usize, T> core::ops::IndexMut<usize> for Vector<N, T> {
    fn index_mut(&mut self, feature: usize) -> &mut T {
        &mut self.0[feature]
    }
}

impl<const N: usize, T> Vector<N, T> {
    /// Returns the number of features, `N`.
    #[allow(clippy::len_without_is_empty)] // an empty vector does not compile
    pub const fn len(&self) -> usize {
        N
    }
}

impl<const N: usize, T> IntoIterator for Vector<N, T> {
    type Item = T;
    type IntoIter = core::array::IntoIter<T, N>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

sample!(Vector[N], [T; N]);

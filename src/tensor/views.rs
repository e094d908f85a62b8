//! Tensors as nalgebra's vectors and matrices: views, and conversions in both directions.

use nalgebra::{SMatrix, SMatrixView, SMatrixViewMut, SVector, SVectorView, SVectorViewMut};

use super::{Image, Sequence, Vector};
use crate::kernel::Real;

impl<const N: usize, T: Real> Vector<N, T> {
    /// Returns a view of this vector as nalgebra's vector, without copying.
    pub fn view(&self) -> SVectorView<'_, T, N> {
        SVectorView::from_slice(&self.0)
    }

    /// Returns a mutable view of this vector as nalgebra's vector, without copying.
    pub fn view_mut(&mut self) -> SVectorViewMut<'_, T, N> {
        SVectorViewMut::from_slice(&mut self.0)
    }
}

impl<const N: usize, T: Real> From<SVector<T, N>> for Vector<N, T> {
    fn from(vector: SVector<T, N>) -> Self {
        Self(vector.data.0[0])
    }
}

impl<const N: usize, T: Real> From<Vector<N, T>> for SVector<T, N> {
    fn from(vector: Vector<N, T>) -> Self {
        vector.0.into()
    }
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> Sequence<STEPS, FEATURES, T> {
    /// Returns a view as nalgebra's matrix, without copying. It has one column for each step, because nalgebra is
    /// column-major.
    pub fn view(&self) -> SMatrixView<'_, T, FEATURES, STEPS> {
        SMatrixView::from_slice(self.0.as_flattened())
    }

    /// Returns a mutable view as nalgebra's matrix with one column for each step, without copying.
    pub fn view_mut(&mut self) -> SMatrixViewMut<'_, T, FEATURES, STEPS> {
        SMatrixViewMut::from_slice(self.0.as_flattened_mut())
    }
}

/// Converts from a matrix with one column for each step.
impl<const STEPS: usize, const FEATURES: usize, T: Real> From<SMatrix<T, FEATURES, STEPS>>
    for Sequence<STEPS, FEATURES, T>
{
    fn from(matrix: SMatrix<T, FEATURES, STEPS>) -> Self {
        Self(matrix.data.0)
    }
}

/// Converts to a matrix with one column for each step.
impl<const STEPS: usize, const FEATURES: usize, T: Real> From<Sequence<STEPS, FEATURES, T>>
    for SMatrix<T, FEATURES, STEPS>
{
    fn from(sequence: Sequence<STEPS, FEATURES, T>) -> Self {
        sequence.view().into_owned()
    }
}

impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>
    Image<CHANNELS, HEIGHT, WIDTH, T>
{
    /// Returns a view of one channel as nalgebra's matrix, without copying. It has one column for each row of pixels,
    /// because nalgebra is column-major and images are row-major.
    ///
    /// # Panics
    /// If `channel` is not less than `CHANNELS`.
    pub fn channel(&self, channel: usize) -> SMatrixView<'_, T, WIDTH, HEIGHT> {
        SMatrixView::from_slice(self.0[channel].as_flattened())
    }

    /// Returns a mutable view of one channel as nalgebra's matrix with one column for each row of pixels, without
    /// copying.
    ///
    /// # Panics
    /// If `channel` is not less than `CHANNELS`.
    pub fn channel_mut(&mut self, channel: usize) -> SMatrixViewMut<'_, T, WIDTH, HEIGHT> {
        SMatrixViewMut::from_slice(self.0[channel].as_flattened_mut())
    }
}

/// Converts from a matrix with one column for each row of pixels.
impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>
    From<[SMatrix<T, WIDTH, HEIGHT>; CHANNELS]> for Image<CHANNELS, HEIGHT, WIDTH, T>
{
    fn from(channels: [SMatrix<T, WIDTH, HEIGHT>; CHANNELS]) -> Self {
        Self(channels.map(|channel| channel.data.0))
    }
}

/// Converts to a matrix with one column for each row of pixels.
impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>
    From<Image<CHANNELS, HEIGHT, WIDTH, T>> for [SMatrix<T, WIDTH, HEIGHT>; CHANNELS]
{
    fn from(image: Image<CHANNELS, HEIGHT, WIDTH, T>) -> Self {
        core::array::from_fn(|channel| image.channel(channel).into_owned())
    }
}

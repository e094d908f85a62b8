use bytemuck::{Pod, Zeroable};
use nalgebra::{SMatrix, SMatrixView, SMatrixViewMut};

use super::{Sample, Tensor, shared::sample};
use crate::kernel::Real;

/// `CHANNELS` pictures of `HEIGHT` x `WIDTH` pixels: channel after channel in memory, row after row in each.
///
/// ```
/// use chainrule::tensor::Image;
/// let picture: Image<1, 2, 3> = Image([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
/// assert_eq!(picture[(0, 1, 2)], 6.0);
/// assert_eq!(picture.channel(0).column(1).sum(), 15.0); // nalgebra's view: a column for each row of pixels
/// ```
#[derive(Clone, Copy, PartialEq, Zeroable, Pod)]
#[repr(transparent)]
pub struct Image<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T = f32>(
    pub [[[T; WIDTH]; HEIGHT]; CHANNELS],
);

impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real> Tensor
    for Image<CHANNELS, HEIGHT, WIDTH, T>
{
    type Scalar = T;
    type Of<E: Pod + Send + Sync> = [[[E; WIDTH]; HEIGHT]; CHANNELS];
}

impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>
    Image<CHANNELS, HEIGHT, WIDTH, T>
{
    /// One channel as nalgebra's matrix with a column for each row of pixels, without copying: nalgebra's memory runs down
    /// the columns, an image's along the rows.
    ///
    /// # Panics
    /// When `channel` is not below `CHANNELS`, as indexing does.
    pub fn channel(&self, channel: usize) -> SMatrixView<'_, T, WIDTH, HEIGHT> {
        SMatrixView::from_slice(self.0[channel].as_flattened())
    }

    /// One channel as nalgebra's matrix with a column for each row of pixels, without copying.
    ///
    /// # Panics
    /// When `channel` is not below `CHANNELS`, as indexing does.
    pub fn channel_mut(&mut self, channel: usize) -> SMatrixViewMut<'_, T, WIDTH, HEIGHT> {
        SMatrixViewMut::from_slice(self.0[channel].as_flattened_mut())
    }
}

/// From a column for each row of pixels.
impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>
    From<[SMatrix<T, WIDTH, HEIGHT>; CHANNELS]> for Image<CHANNELS, HEIGHT, WIDTH, T>
{
    fn from(channels: [SMatrix<T, WIDTH, HEIGHT>; CHANNELS]) -> Self {
        Self(channels.map(|channel| channel.data.0))
    }
}

/// To a column for each row of pixels.
impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>
    From<Image<CHANNELS, HEIGHT, WIDTH, T>> for [SMatrix<T, WIDTH, HEIGHT>; CHANNELS]
{
    fn from(image: Image<CHANNELS, HEIGHT, WIDTH, T>) -> Self {
        core::array::from_fn(|channel| image.channel(channel).into_owned())
    }
}

impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T>
    core::ops::Index<(usize, usize, usize)> for Image<CHANNELS, HEIGHT, WIDTH, T>
{
    type Output = T;
    fn index(&self, (channel, row, column): (usize, usize, usize)) -> &T {
        &self.0[channel][row][column]
    }
}

impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T>
    core::ops::IndexMut<(usize, usize, usize)> for Image<CHANNELS, HEIGHT, WIDTH, T>
{
    fn index_mut(&mut self, (channel, row, column): (usize, usize, usize)) -> &mut T {
        &mut self.0[channel][row][column]
    }
}

sample!(Image[CHANNELS, HEIGHT, WIDTH], [[[T; WIDTH]; HEIGHT]; CHANNELS]);

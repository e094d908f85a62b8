use bytemuck::{Pod, Zeroable};

use super::{Sample, Tensor, shared::sample};
use crate::kernel::Real;

/// An image of `CHANNELS` channels of `HEIGHT` x `WIDTH` pixels. In memory, the channels follow one another, and each
/// channel is stored row by row (PyTorch's `CHW`).
///
/// ```
/// use chainrule::tensor::Image;
/// let picture: Image<1, 2, 3> = Image([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]);
/// assert_eq!(picture[(0, 1, 2)], 6.0);
/// assert_eq!(picture[0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// ```
#[doc(alias("CHW", "NCHW", "Tensor3", "picture"))]
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

/// Returns a channel.
impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T> core::ops::Index<usize>
    for Image<CHANNELS, HEIGHT, WIDTH, T>
{
    type Output = [[T; WIDTH]; HEIGHT];
    fn index(&self, channel: usize) -> &[[T; WIDTH]; HEIGHT] {
        &self.0[channel]
    }
}

/// Returns a channel, mutably.
impl<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T> core::ops::IndexMut<usize>
    for Image<CHANNELS, HEIGHT, WIDTH, T>
{
    fn index_mut(&mut self, channel: usize) -> &mut [[T; WIDTH]; HEIGHT] {
        &mut self.0[channel]
    }
}

sample!(Image[CHANNELS, HEIGHT, WIDTH], [[[T; WIDTH]; HEIGHT]; CHANNELS]);

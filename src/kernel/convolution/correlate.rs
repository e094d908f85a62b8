//! The convolution and its transpose, of samples side by side: every number is a vector, with a lane for each sample.
//!
//! A few channels of the target at a time; their tiles are in `tile`.

use super::super::product::Product;
use super::super::simd::{Kernel, Level, Vector};
use super::axis::Axis;
use super::lanes::{interleave, separate};
use super::tile::{HIGH, Tiles, most_places};
use super::{Room, Windows, take};

/// A convolution of images to outputs, or its transpose from outputs to images. Gives how many samples it has done.
pub(super) struct Correlate<'a, T> {
    pub(super) windows: &'a Windows,
    pub(super) transposed: bool,
    pub(super) weights: &'a [T],
    pub(super) bias: Option<&'a [T]>,
    pub(super) from: &'a [T],
    pub(super) to: &'a mut [T],
    pub(super) room: &'a mut Room<T>,
}

/// The channels, of one group, and the sides of what is read or written.
#[derive(Clone, Copy)]
struct Planes {
    channels: usize,
    height: usize,
    width: usize,
}

impl Planes {
    const fn len(&self, groups: usize) -> usize {
        groups * self.channels * self.height * self.width
    }
}

impl<T: Product> Kernel for Correlate<'_, T> {
    type Output = usize;

    #[inline(always)]
    #[allow(unsafe_code)]
    fn run<L: Level>(self) -> usize {
        let (windows, lanes, groups) = (self.windows, T::Vector::<L>::LANES, self.windows.groups);
        let (source, target) = self.planes();
        let (source_len, target_len) = (source.len(groups), target.len(groups));
        let samples = self.to.len() / target_len;
        assert!(
            self.from.len() == samples * source_len && self.to.len() == samples * target_len,
            "as many inputs as outputs"
        );
        assert!(
            self.bias.is_none_or(|bias| bias.len() == groups * target.channels),
            "a bias for each channel"
        );
        let out_channels = self.out_channels();
        if windows.side_by_side::<T>(samples, lanes, out_channels).is_none() {
            return 0;
        }

        let blocks = target.channels.div_ceil(HIGH);
        let together = most_places(target.channels / blocks);
        let phases = if self.transposed { windows.stride } else { 1 };
        let (mut left, mut right) = (0, 0);
        for phase in 0..phases {
            let [before, behind] =
                Axis::of(windows, self.transposed, phase, windows.width, windows.out_width).margins(together);
            (left, right) =
                (if before > left { before } else { left }, if behind > right { behind } else { right });
        }
        let pitch = left + source.width + right;
        let high = target.channels.div_ceil(blocks);
        let Room { first, second, third } = &mut *self.room;
        let vectors = take(first, groups * source.channels * source.height * pitch * lanes);
        let sums = take(second, high * target.height * target.width * lanes);
        let packed = take(third, self.weights.len());
        pack(windows, self.transposed, self.weights, [source.channels, target.channels], packed);
        if pitch > source.width {
            vectors.fill(T::ZEROS[0]);
        }

        let mut done = 0;
        while let Some(count) = windows.side_by_side::<T>(samples - done, lanes, out_channels) {
            let from = self.from[done * source_len..].as_ptr();
            let to = self.to[done * target_len..].as_mut_ptr();
            // Without margins, all rows are one.
            let (rows, width) = if pitch == source.width {
                (1, source_len)
            } else {
                (source_len / source.width, source.width)
            };
            for row in 0..rows {
                // SAFETY: the rows of `count` samples, to rows of the buffer that are `pitch` vectors long.
                unsafe {
                    let to = vectors.as_mut_ptr().add((row * pitch + left) * lanes);
                    interleave::<L, T>(from.add(row * width), source_len, count, width, to);
                }
            }
            let mut weights = packed.as_ptr();
            for group in 0..groups {
                let (mut channel, mut blocks) = (0, blocks);
                while channel < target.channels {
                    let high = (target.channels - channel).div_ceil(blocks);
                    let first = group * target.channels + channel;
                    let mut bias = [T::ZEROS[0]; HIGH];
                    if let Some(numbers) = self.bias {
                        bias[..high].copy_from_slice(&numbers[first..first + high]);
                    }
                    for phase in 0..phases * phases {
                        let y = Axis::of(
                            windows,
                            self.transposed,
                            phase / phases,
                            windows.height,
                            windows.out_height,
                        );
                        let x = Axis::of(
                            windows,
                            self.transposed,
                            phase % phases,
                            windows.width,
                            windows.out_width,
                        );
                        let tiles = Tiles {
                            source: vectors[group * source.channels * source.height * pitch * lanes..]
                                .as_ptr(),
                            source_row: pitch * lanes,
                            source_plane: source.height * pitch * lanes,
                            channels: source.channels,
                            weights,
                            bias: &bias,
                            target: sums.as_mut_ptr(),
                            target_row: target.width * lanes,
                            target_plane: target.height * target.width * lanes,
                            left: left as isize,
                            y,
                            x,
                        };
                        // SAFETY: the buffers have room for all channels, rows, and columns with their margins.
                        unsafe { tiles.run::<L>(high) };
                        weights = weights.wrapping_add(high * source.channels * y.taps * x.taps);
                    }
                    let len = high * target.height * target.width;
                    // SAFETY: these channels of `count` samples, from as many vectors.
                    unsafe {
                        let to = to.add(first * target.height * target.width);
                        separate::<L, T>(sums.as_ptr(), to, target_len, count, len);
                    }
                    channel += high;
                    blocks -= 1;
                }
            }
            done += count;
        }
        done
    }
}

impl<T: Product> Correlate<'_, T> {
    /// The source and the target.
    fn planes(&self) -> (Planes, Planes) {
        let Windows { groups, channels, height, width, out_height, out_width, .. } = *self.windows;
        let image = Planes { channels, height, width };
        let output = Planes { channels: self.out_channels() / groups, height: out_height, width: out_width };
        if self.transposed { (output, image) } else { (image, output) }
    }

    fn out_channels(&self) -> usize {
        self.weights.len() / self.windows.taps()
    }
}

/// Copies the weights to the order in which the tiles read them: those of a few channels of the target, for one tap after the other.
fn pack<T: Product>(
    windows: &Windows,
    transposed: bool,
    weights: &[T],
    [source, target]: [usize; 2],
    packed: &mut [T],
) {
    let Windows { groups, kernel, stride, .. } = *windows;
    let (phases, taps) = (if transposed { stride } else { 1 }, kernel * kernel);
    // How far apart weights are whose channels of the source, or of the target, are neighbours.
    let (to_source, to_target) = if transposed { (target * taps, taps) } else { (taps, source * taps) };
    let mut packed = packed.iter_mut();
    for group in 0..groups {
        let weights = &weights[group * source * target * taps..];
        let (mut first, mut blocks) = (0, target.div_ceil(HIGH));
        while first < target {
            let high = (target - first).div_ceil(blocks);
            for phase in 0..phases * phases {
                // The taps of a phase do not depend on the sides.
                let y = Axis::of(windows, transposed, phase / phases, 1, 1);
                let x = Axis::of(windows, transposed, phase % phases, 1, 1);
                for at in 0..source * y.taps * x.taps {
                    let (channel, i, j) = (at / x.taps / y.taps, at / x.taps % y.taps, at % x.taps);
                    let from = channel * to_source + y.weight(i) * kernel + x.weight(j);
                    for row in first..first + high {
                        if let Some(packed) = packed.next() {
                            *packed = weights[from + row * to_target];
                        }
                    }
                }
            }
            first += high;
            blocks -= 1;
        }
    }
}

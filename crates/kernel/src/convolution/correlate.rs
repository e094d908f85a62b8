//! The convolution and its transpose, of interleaved samples: every number is a vector, with a lane for each sample.
//!
//! A few channels of the target at a time; their tiles are in `tile`.

use super::Windows;
use super::axis::Axis;
use super::interleave::{interleave, separate};
use super::tile::{MAX_CHANNELS, Tiles, most_places};
use super::workspace::Layout;
use crate::simd::{Kernel, Level, Vector};
use crate::{Real, size};

/// A convolution of images to outputs, or its transpose from outputs to images, whose slices are checked.
#[doc(hidden)]
#[derive(Debug)]
pub struct Correlate<'a, T> {
    pub(super) windows: &'a Windows,
    pub(super) transposed: bool,
    pub(super) weights: &'a [T],
    pub(super) bias: Option<&'a [T]>,
    pub(super) from: &'a [T],
    pub(super) to: &'a mut [T],
    pub(super) workspace: &'a mut [T],
}

impl<'a, T: Real> Correlate<'a, T> {
    /// # Panics
    /// When the slices do not fit the windows or one another.
    pub(super) fn new(
        windows: &'a Windows,
        transposed: bool,
        weights: &'a [T],
        bias: Option<&'a [T]>,
        from: &'a [T],
        to: &'a mut [T],
        workspace: &'a mut [T],
    ) -> Self {
        let out_channels = windows.out_channels(weights.len());
        let (image_len, output_len) = (windows.image_len(), windows.output_len(out_channels));
        let (source_len, target_len, channels) = if transposed {
            (output_len, image_len, windows.groups * windows.channels)
        } else {
            (image_len, output_len, out_channels)
        };
        let samples = to.len() / target_len;
        assert!(
            to.len().is_multiple_of(target_len) && from.len() == size::product([samples, source_len]),
            "as many inputs as outputs"
        );
        assert!(bias.is_none_or(|bias| bias.len() == channels), "a bias for each channel");
        Self { windows, transposed, weights, bias, from, to, workspace }
    }
}

/// The channels of one group, and the sides of a plane.
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

/// The sizes of a correlation: how its channels are divided into blocks, and how long the rows of its source are with
/// their margins.
pub(super) struct Correlation {
    groups: usize,
    source: Planes,
    target: Planes,
    weights: usize,
    /// How many blocks the channels of the target are divided into.
    blocks: usize,
    /// The channels of the largest block.
    high: usize,
    /// The phases of each axis.
    phases: [usize; 2],
    /// The margin before a row of the source.
    left: usize,
    /// The length of a row of the source with its margins.
    pitch: usize,
}

impl Correlation {
    /// The number of channels has passed [`Windows::output_len`].
    pub(super) const fn new(windows: &Windows, transposed: bool, out_channels: usize) -> Self {
        let Windows { groups, channels, rows, columns } = *windows;
        let image = Planes { channels, height: rows.side, width: columns.side };
        let output = Planes { channels: out_channels / groups, height: rows.places, width: columns.places };
        let (source, target) = if transposed { (output, image) } else { (image, output) };
        let blocks = target.channels.div_ceil(MAX_CHANNELS);
        let together = most_places(target.channels / blocks);
        let phases = [Axis::phases(&rows, transposed), Axis::phases(&columns, transposed)];
        let (mut left, mut right, mut phase) = (0, 0, 0);
        while phase < phases[1] {
            let [before, after] = Axis::new(&columns, transposed, phase).margins(together);
            (left, right) = (size::larger(left, before), size::larger(right, after));
            phase += 1;
        }
        let (high, pitch) = (target.channels.div_ceil(blocks), left + source.width + right);
        let weights = size::product([out_channels, windows.taps()]);
        Self { groups, source, target, weights, blocks, high, phases, left, pitch }
    }

    /// Returns the parts of the workspace: the source as vectors, the sums of a block of channels, and the packed
    /// weights.
    pub(super) const fn layout(&self, lanes: usize) -> Layout {
        let Self { groups, source, target, weights, high, pitch, .. } = *self;
        Layout([
            size::product([groups, source.channels, source.height, pitch, lanes]),
            size::product([high, target.height, target.width, lanes]),
            weights,
        ])
    }
}

/// Returns how many samples it has computed: all, or those before the ones that are left to `im2col`.
impl<T: Real> Kernel for &mut Correlate<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn run<L: Level>(self, level: L) -> usize {
        let done = self.interleaved(level);
        if self.windows.is_direct() { self.direct(level, done) } else { done }
    }
}

impl<T: Real> Correlate<'_, T> {
    /// Returns how many samples it has computed. The samples that are left are too few for a vector, or all.
    #[inline(always)]
    pub(super) fn interleaved<L: Level>(&mut self, _: L) -> usize {
        let Correlate { windows, transposed, weights, bias, from, to, workspace } = self;
        let (windows, transposed, lanes) = (*windows, *transposed, T::Vector::<L>::LANES);
        let out_channels = weights.len() / windows.taps();
        let sizes = Correlation::new(windows, transposed, out_channels);
        let Correlation { groups, source, target, blocks, phases, left, pitch, .. } = sizes;
        let (source_len, target_len) = (source.len(groups), target.len(groups));
        let samples = to.len() / target_len;
        if windows.next_samples::<T>(samples, lanes, out_channels).is_none() {
            return 0;
        }

        let [vectors, sums, packed] = sizes.layout(lanes).split(workspace);
        pack(windows, transposed, weights, [source.channels, target.channels], packed);
        if pitch > source.width {
            vectors.fill(T::zero());
        }

        let mut done = 0;
        while let Some(count) = windows.next_samples::<T>(samples - done, lanes, out_channels) {
            let from = from[done * source_len..][..count * source_len].as_ptr();
            let to = to[done * target_len..][..count * target_len].as_mut_ptr();
            // Without margins, all rows are one.
            let (rows, width) = if pitch == source.width {
                (1, source_len)
            } else {
                (source_len / source.width, source.width)
            };
            for row in 0..rows {
                // SAFETY: a level was passed. `rows * width` is `source_len`, and `from` has `count` samples of it; row
                // `row` of the buffer begins at `row * pitch` vectors, and has `left + width` of them at least. `count`
                // is at most the lanes.
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
                    let mut block_bias = [T::zero(); MAX_CHANNELS];
                    if let Some(numbers) = bias {
                        block_bias[..high].copy_from_slice(&numbers[first..first + high]);
                    }
                    for phase in 0..phases[0] * phases[1] {
                        let y = Axis::new(&windows.rows, transposed, phase / phases[1]);
                        let x = Axis::new(&windows.columns, transposed, phase % phases[1]);
                        let tiles = Tiles {
                            source: vectors[group * source.channels * source.height * pitch * lanes..]
                                .as_ptr(),
                            source_row: pitch * lanes,
                            source_plane: source.height * pitch * lanes,
                            channels: source.channels,
                            weights,
                            bias: &block_bias,
                            target: sums.as_mut_ptr(),
                            target_row: target.width * lanes,
                            target_plane: target.height * target.width * lanes,
                            left: left as isize,
                            y,
                            x,
                        };
                        // SAFETY: a level was passed. The source is all channels of a group from the slice's start on,
                        // in rows of `pitch` vectors, with `left` and the rest of `pitch` as margins, which are those
                        // of `together` places in any phase; `most_places(high)` is at most `together`. The packed
                        // weights have those of this block and phase next. The sums hold `high` planes of the target,
                        // and `high` is at most `MAX_CHANNELS`.
                        unsafe { tiles.run::<L>(high) };
                        weights = weights.wrapping_add(high * source.channels * y.taps * x.taps);
                    }
                    let len = high * target.height * target.width;
                    // SAFETY: a level was passed. The sums have `high` planes of vectors; `to` has `count` samples,
                    // each with the channels from `first` to `first + high`.
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

/// Packs the weights in the order in which the tiles read them: those of a block of channels of the target, for one tap
/// after the other.
fn pack<T: Real>(
    windows: &Windows,
    transposed: bool,
    weights: &[T],
    [source, target]: [usize; 2],
    packed: &mut [T],
) {
    let Windows { groups, rows, columns, .. } = *windows;
    let phases = [Axis::phases(&rows, transposed), Axis::phases(&columns, transposed)];
    let taps = windows.pixels();
    // The distances between weights of neighboring channels of the source, and of the target.
    let (to_source, to_target) = if transposed { (target * taps, taps) } else { (taps, source * taps) };
    let mut packed = packed.iter_mut();
    for group in 0..groups {
        let weights = &weights[group * source * target * taps..];
        let (mut first, mut blocks) = (0, target.div_ceil(MAX_CHANNELS));
        while first < target {
            let high = (target - first).div_ceil(blocks);
            for phase in 0..phases[0] * phases[1] {
                let y = Axis::new(&rows, transposed, phase / phases[1]);
                let x = Axis::new(&columns, transposed, phase % phases[1]);
                for at in 0..source * y.taps * x.taps {
                    let (channel, i, j) = (at / x.taps / y.taps, at / x.taps % y.taps, at % x.taps);
                    let from = channel * to_source + y.weight(i) * columns.kernel + x.weight(j);
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

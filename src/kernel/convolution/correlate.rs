//! The convolution and its transpose, of samples side by side: every number is a vector, with a lane for each sample.
//!
//! The sums of a tile, a few channels by a few places of a row, stay in registers while all taps of all channels of the
//! source go by. A tap costs a vector for each place and a weight for each channel, in all lanes. Taps on the padding are
//! left out; only where a tile hangs over the end of a row, some of its places read zeros from a margin.

use super::super::product::Product;
use super::super::simd::{Kernel, Level, Vector};
use super::axis::Axis;
use super::lanes::{interleave, separate};
use super::{Room, Windows, take};

/// So many channels make a tile, at most.
const HIGH: usize = 6;

/// And so many places, by how many channels: up to twelve sums, since a multiply-add is ready after four cycles and two
/// begin in each; the sums, a vector for each place and one weight are in sixteen registers.
const fn most_places(high: usize) -> usize {
    match high {
        1 => 6,
        2 => 4,
        3 | 4 => 3,
        _ => 2,
    }
}

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

/// All tiles of a few channels of the target, in one phase. Rows and planes are so many numbers apart.
struct Tiles<'a, T> {
    source: *const T,
    source_row: usize,
    source_plane: usize,
    channels: usize,
    weights: *const T,
    bias: &'a [T; HIGH],
    target: *mut T,
    target_row: usize,
    target_plane: usize,
    /// Where the first column of the source stands in its row.
    left: isize,
    y: Axis,
    x: Axis,
}

#[allow(unsafe_code)]
impl<T: Product> Tiles<'_, T> {
    /// # Safety
    /// All of the source, with the margins that `x` asks for, and of the target is there, and so are the weights of `high` channels.
    /// The processor has the level.
    #[inline(always)]
    unsafe fn run<L: Level>(&self, high: usize) {
        for y in 0..self.y.places {
            let (mut x, mut tiles) = (0, self.x.places.div_ceil(most_places(high)));
            while x < self.x.places {
                let wide = (self.x.places - x).div_ceil(tiles);
                // SAFETY: so many places from there are the target's.
                unsafe {
                    match (high, wide) {
                        (1, 1) => self.tile::<L, 1, 1>(y, x),
                        (1, 2) => self.tile::<L, 1, 2>(y, x),
                        (1, 3) => self.tile::<L, 1, 3>(y, x),
                        (1, 4) => self.tile::<L, 1, 4>(y, x),
                        (1, 5) => self.tile::<L, 1, 5>(y, x),
                        (1, _) => self.tile::<L, 1, 6>(y, x),
                        (2, 1) => self.tile::<L, 2, 1>(y, x),
                        (2, 2) => self.tile::<L, 2, 2>(y, x),
                        (2, 3) => self.tile::<L, 2, 3>(y, x),
                        (2, _) => self.tile::<L, 2, 4>(y, x),
                        (3, 1) => self.tile::<L, 3, 1>(y, x),
                        (3, 2) => self.tile::<L, 3, 2>(y, x),
                        (3, _) => self.tile::<L, 3, 3>(y, x),
                        (4, 1) => self.tile::<L, 4, 1>(y, x),
                        (4, 2) => self.tile::<L, 4, 2>(y, x),
                        (4, _) => self.tile::<L, 4, 3>(y, x),
                        (5, 1) => self.tile::<L, 5, 1>(y, x),
                        (5, _) => self.tile::<L, 5, 2>(y, x),
                        (_, 1) => self.tile::<L, 6, 1>(y, x),
                        _ => self.tile::<L, 6, 2>(y, x),
                    }
                }
                x += wide;
                tiles -= 1;
            }
        }
    }

    /// `R` channels of `V` places, from this one on.
    #[inline(always)]
    unsafe fn tile<L: Level, const R: usize, const V: usize>(&self, y: usize, x: usize) {
        let lanes = T::Vector::<L>::LANES;
        let (rows, columns) = (self.y.on_source(y, 1), self.x.on_source(x, V));
        let apart = self.x.step * lanes;
        // SAFETY: r < R and v < V, which the caller says are there. Rows on the source are; so are columns of which one of V is, since
        // the margins are made for that.
        unsafe {
            let mut sums = [[T::Vector::<L>::zero(); V]; R];
            for r in 0..R {
                sums[r] = [T::Vector::<L>::splat(self.bias[r]); V];
            }
            let corner = self.y.source(y) * self.source_row as isize
                + (self.left + self.x.source(x) + columns.start as isize) * lanes as isize;
            for channel in 0..self.channels {
                for row in rows.start..rows.end {
                    let offset = (channel * self.source_plane + row * self.source_row) as isize + corner;
                    let mut source = self.source.offset(offset);
                    let tap = (channel * self.y.taps + row) * self.x.taps + columns.start;
                    let mut weights = self.weights.add(tap * R);
                    for _ in columns.start..columns.end {
                        let mut places = [T::Vector::<L>::zero(); V];
                        for v in 0..V {
                            places[v] = T::Vector::<L>::read(source.add(v * apart));
                        }
                        for r in 0..R {
                            let weight = T::Vector::<L>::splat(*weights.add(r));
                            for v in 0..V {
                                sums[r][v] = weight.multiply_add(places[v], sums[r][v]);
                            }
                        }
                        source = source.wrapping_add(lanes);
                        weights = weights.wrapping_add(R);
                    }
                }
            }
            let to = (self.y.first + y * self.y.apart) * self.target_row;
            for r in 0..R {
                for v in 0..V {
                    let to = to + (self.x.first + (x + v) * self.x.apart) * lanes;
                    sums[r][v].write(self.target.add(r * self.target_plane + to));
                }
            }
        }
    }
}

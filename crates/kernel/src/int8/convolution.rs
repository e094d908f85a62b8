use super::Products;
use crate::convolution::Windows;
use crate::simd::{Kernel, Level, dispatch};

/// How many windows are copied before their products are computed.
const BLOCK: usize = 8;

/// Windows are padded with zeros to a multiple of this many numbers, on a level that computes this many products at
/// once.
const LANES: usize = 16;

/// What a convolution is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// An image: `[channels, rows, columns]`.
    ChannelsFirst,
    /// A sequence: `[steps, features]`. The rows of the windows are steps and the columns the features of a group, all
    /// of which a window covers.
    ChannelsLast,
}

/// Returns how many windows are copied at once: a multiple of 4.
const fn block(windows: &Windows) -> usize {
    let places = windows.rows.places * windows.columns.places;
    if places < BLOCK { places.next_multiple_of(4) } else { BLOCK }
}

impl Products<'_> {
    /// Returns the length of the scratch memory of [`convolve`](Self::convolve).
    pub const fn scratch(windows: &Windows) -> usize {
        windows.taps().next_multiple_of(LANES) * (block(windows) + 1) // and the weights of a channel
    }

    /// Computes a convolution. In the place of padding is the zero point.
    ///
    /// # Panics
    /// If the lengths do not match, if the windows on a sequence do not cover all features of a group, or if the
    /// scratch memory is shorter than [`scratch`](Self::scratch) says.
    #[inline]
    pub fn convolve(self, windows: &Windows, order: Order, x: &[i8], y: &mut [i8], scratch: &mut [i8]) {
        let Windows { groups, channels, rows, columns } = *windows;
        let outputs = self.channels.len();
        assert!(
            x.len() == groups * channels * rows.side * columns.side
                && y.len() == outputs * rows.places * columns.places
                && self.weights.len() == outputs * windows.taps()
                && outputs.is_multiple_of(groups),
            "wrong lengths"
        );
        let covers_rows = channels == 1 && columns.places == 1 && columns.kernel == columns.side;
        assert!(order == Order::ChannelsFirst || covers_rows, "not the windows of a sequence");
        let patches = &mut scratch[..Self::scratch(windows)];
        dispatch(Convolution { products: self, windows, order, x, y, patches });
    }
}

struct Convolution<'a> {
    products: Products<'a>,
    windows: &'a Windows,
    order: Order,
    x: &'a [i8],
    y: &'a mut [i8],
    patches: &'a mut [i8],
}

impl Kernel for Convolution<'_> {
    type Output = ();

    /// Common sides of windows are compiled separately, so that their rows are copied without calls.
    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        match self.windows.columns.kernel {
            1 => self.windows_of::<1, L>(level),
            3 => self.windows_of::<3, L>(level),
            5 => self.windows_of::<5, L>(level),
            _ => self.windows_of::<0, L>(level),
        }
    }
}

impl Convolution<'_> {
    /// Computes the convolution, for windows of `K` columns; 0 stands for any number.
    #[inline(always)]
    fn windows_of<const K: usize, L: Level>(self, level: L) {
        let Self { products, windows, order, x, y, patches } = self;
        let Windows { groups, channels, rows, columns } = *windows;
        let (taps, outputs, places) = (windows.taps(), products.channels.len(), rows.places * columns.places);
        // From one group to the next, and from one row to the next.
        let (group_stride, row_stride) = match order {
            Order::ChannelsFirst => (channels * rows.side * columns.side, columns.side),
            Order::ChannelsLast => (columns.side, groups * columns.side),
        };
        // From one place to the next, and from one channel to the next.
        let (place_stride, channel_stride) = match order {
            Order::ChannelsFirst => (1, places),
            Order::ChannelsLast => (outputs, 1),
        };
        const { assert!(LANES.is_multiple_of(L::INT8_LANES), "windows are filled up to LANES") };
        let filled = taps.next_multiple_of(L::INT8_LANES);
        let (patches, last_weights) = patches.split_at_mut(block(windows) * filled);
        patches.fill(0);
        let last_weights = &mut last_weights[..filled];
        last_weights[taps..].fill(0);
        for group in 0..groups {
            let x = &x[group * group_stride..];
            for place in (0..places).step_by(BLOCK) {
                let count = BLOCK.min(places - place);
                let (mut row, mut column, mut copied) = (place / columns.places, place % columns.places, 0);
                while copied < count {
                    let in_row = (count - copied).min(columns.places - column);
                    let patches = &mut patches[copied * filled..(copied + in_row) * filled];
                    let place = [row, column];
                    copy_windows::<K>(windows, x, row_stride, products.input_zero, place, filled, patches);
                    (row, column, copied) = (row + 1, 0, copied + in_row);
                }
                for o in group * (outputs / groups)..(group + 1) * (outputs / groups) {
                    let channel = products.channels[o];
                    // The weights of the next channel meet zeros.
                    let w = match products.weights.get(o * taps..o * taps + filled) {
                        Some(w) => w,
                        None => {
                            last_weights[..taps].copy_from_slice(&products.weights[o * taps..][..taps]);
                            &*last_weights
                        }
                    };
                    let mut y_at = place * place_stride + o * channel_stride;
                    for (four, patches) in
                        patches.chunks_exact(4 * filled).take(count.div_ceil(4)).enumerate()
                    {
                        let part = |at: usize| &patches[at * filled..][..filled];
                        let sums = level.dot4(w, [part(0), part(1), part(2), part(3)]);
                        let outputs = channel.outputs(sums, products.output_zero);
                        for output in outputs.into_iter().take(count - 4 * four) {
                            y[y_at] = output;
                            y_at += place_stride;
                        }
                    }
                }
            }
        }
    }
}

/// Copies the windows of a row of places, from this row and column on, to patches of `filled` numbers each.
#[inline(always)]
fn copy_windows<const K: usize>(
    windows: &Windows,
    x: &[i8],
    row_stride: usize,
    zero: i8,
    [row, column]: [usize; 2],
    filled: usize,
    patches: &mut [i8],
) {
    let Windows { channels, rows, columns, .. } = *windows;
    let kernel = if K == 0 { columns.kernel } else { K };
    for channel in 0..channels {
        let plane = &x[channel * rows.side * columns.side..];
        for m in 0..rows.kernel {
            let start = (channel * rows.kernel + m) * kernel;
            // Before the image, an index wraps around and is large.
            let from = (row * rows.stride + m * rows.dilation).wrapping_sub(rows.before);
            let x = if from < rows.side { &plane[from * row_stride..][..columns.side] } else { &[] };
            let mut first = (column * columns.stride).wrapping_sub(columns.before);
            for patch in patches.chunks_exact_mut(filled) {
                let patch = &mut patch[start..][..kernel];
                if columns.dilation == 1 && first < x.len() && first + kernel <= x.len() {
                    patch.copy_from_slice(&x[first..][..kernel]);
                } else {
                    for (n, to) in patch.iter_mut().enumerate() {
                        *to = x.get(first.wrapping_add(n * columns.dilation)).copied().unwrap_or(zero);
                    }
                }
                first = first.wrapping_add(columns.stride);
            }
        }
    }
}

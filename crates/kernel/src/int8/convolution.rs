use super::Products;
use super::products::dot;
use crate::convolution::Windows;
use crate::simd::{Kernel, Level, dispatch};

/// How many windows are copied before their products are computed.
const BLOCK: usize = 8;

/// What a convolution is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// An image: `[channels, rows, columns]`.
    ChannelsFirst,
    /// A sequence: `[steps, features]`. The rows of the windows are steps and the columns the features of a group, all
    /// of which a window covers.
    ChannelsLast,
}

impl Products<'_> {
    /// Returns the length of the scratch memory of [`convolve`](Self::convolve).
    pub const fn scratch(windows: &Windows) -> usize {
        let places = windows.rows.places * windows.columns.places;
        windows.taps() * if places < BLOCK { places } else { BLOCK }
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
    fn run<L: Level>(self, _: L) {
        match self.windows.columns.kernel {
            1 => self.windows_of::<1>(),
            3 => self.windows_of::<3>(),
            5 => self.windows_of::<5>(),
            _ => self.windows_of::<0>(),
        }
    }
}

impl Convolution<'_> {
    /// Computes the convolution, for windows of `K` columns; 0 stands for any number.
    #[inline(always)]
    fn windows_of<const K: usize>(self) {
        let Self { products, windows, order, x, y, patches } = self;
        let Windows { groups, channels, rows, columns } = *windows;
        let (taps, outputs, places) = (windows.taps(), products.channels.len(), rows.places * columns.places);
        // From one group to the next, and from one row to the next.
        let (group_stride, row_stride) = match order {
            Order::ChannelsFirst => (channels * rows.side * columns.side, columns.side),
            Order::ChannelsLast => (columns.side, groups * columns.side),
        };
        for group in 0..groups {
            let x = &x[group * group_stride..];
            let [mut row, mut column] = [0; 2];
            for place in (0..places).step_by(BLOCK) {
                let count = BLOCK.min(places - place);
                for patch in patches.chunks_exact_mut(taps).take(count) {
                    copy_window::<K>(windows, x, row_stride, products.input_zero, [row, column], patch);
                    column += 1;
                    if column == columns.places {
                        (row, column) = (row + 1, 0);
                    }
                }
                for o in group * (outputs / groups)..(group + 1) * (outputs / groups) {
                    let w = &products.weights[o * taps..][..taps];
                    for (at, patch) in patches.chunks_exact(taps).take(count).enumerate() {
                        let y_at = match order {
                            Order::ChannelsFirst => o * places + place + at,
                            Order::ChannelsLast => (place + at) * outputs + o,
                        };
                        y[y_at] = products.product(o, dot(w, patch));
                    }
                }
            }
        }
    }
}

/// Copies the window at this row and column of places.
#[inline(always)]
fn copy_window<const K: usize>(
    windows: &Windows,
    x: &[i8],
    row_stride: usize,
    zero: i8,
    [row, column]: [usize; 2],
    patch: &mut [i8],
) {
    let Windows { rows, columns, .. } = *windows;
    let kernel = if K == 0 { columns.kernel } else { K };
    // Before the image, an index wraps around and is large.
    let first = (column * columns.stride).wrapping_sub(columns.before);
    let whole = columns.dilation == 1 && first < columns.side && first + kernel <= columns.side;
    for (channel, patch) in patch.chunks_exact_mut(rows.kernel * kernel).enumerate() {
        let plane = &x[channel * rows.side * columns.side..];
        for (m, patch) in patch.chunks_exact_mut(kernel).enumerate() {
            let from = (row * rows.stride + m * rows.dilation).wrapping_sub(rows.before);
            let x = if from < rows.side { &plane[from * row_stride..][..columns.side] } else { &[] };
            if whole && from < rows.side {
                patch.copy_from_slice(&x[first..][..kernel]);
            } else {
                for (n, to) in patch.iter_mut().enumerate() {
                    *to = x.get(first.wrapping_add(n * columns.dilation)).copied().unwrap_or(zero);
                }
            }
        }
    }
}

use super::Channel;
use crate::convolution::Windows;
use crate::simd::{Kernel, Level, dispatch};

/// The numbers of a layer of products.
#[derive(Clone, Copy, Debug)]
pub struct Products<'a> {
    /// For each output channel, its weights side by side.
    pub weights: &'a [i8],
    /// The output channels.
    pub channels: &'a [Channel],
    /// The zero point of the input.
    pub input_zero: i8,
    /// The zero point of the output.
    pub output_zero: i8,
}

/// How many windows are copied before their products are computed.
const BLOCK: usize = 8;

/// The order of an output in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All places of a channel, and then those of the next: an image.
    ChannelsFirst,
    /// All channels of a place, and then those of the next: a sequence.
    ChannelsLast,
}

impl Products<'_> {
    /// Computes a linear map.
    ///
    /// # Panics
    /// If the lengths do not match.
    #[inline]
    pub fn linear(self, x: &[i8], y: &mut [i8]) {
        assert!(self.channels.len() == y.len() && self.weights.len() == x.len() * y.len(), "wrong lengths");
        dispatch(Linear { products: self, x, y });
    }

    /// Returns the length of the scratch memory of [`convolve`](Self::convolve).
    pub const fn scratch(windows: &Windows) -> usize {
        let places = windows.columns.places;
        windows.taps() * if places < BLOCK { places } else { BLOCK }
    }

    /// Computes a convolution of one image, `[channels, rows, columns]`. In the place of padding is the zero point.
    ///
    /// # Panics
    /// If the lengths do not match, or the scratch memory is shorter than [`scratch`](Self::scratch) says.
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
        let patches = &mut scratch[..Self::scratch(windows)];
        dispatch(Convolution { products: self, windows, order, x, y, patches });
    }

    /// Multiplies each channel of `x` by one weight. In memory are `each` numbers of the first channel, then as many
    /// of the second, and so on, and again those of the first.
    ///
    /// # Panics
    /// If the lengths do not match.
    #[inline]
    pub fn scale(self, each: usize, x: &[i8], y: &mut [i8]) {
        let channels = self.channels.len();
        assert!(x.len() == y.len() && self.weights.len() == channels, "wrong lengths");
        for (at, (y, x)) in y.chunks_exact_mut(each).zip(x.chunks_exact(each)).enumerate() {
            let o = at % channels;
            let w = i32::from(self.weights[o]);
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = self.product(o, w * i32::from(x)));
        }
    }

    /// Returns the output of channel `o` for a sum of products.
    #[inline(always)]
    fn product(&self, o: usize, sum: i32) -> i8 {
        let Channel { bias, multiplier } = self.channels[o];
        // The whole sum fits, but a part of it need not.
        let y = multiplier.apply(sum.wrapping_add(bias.get()));
        y.saturating_add(i32::from(self.output_zero)).clamp(-128, 127) as i8
    }
}

/// Returns the sum of all products. (LLVM makes it a loop of 16-bit products that are added in pairs.)
#[inline(always)]
fn dot(a: &[i8], b: &[i8]) -> i32 {
    let mut sum = 0_i32;
    for (&a, &b) in a.iter().zip(b) {
        sum = sum.wrapping_add(i32::from(a) * i32::from(b));
    }
    sum
}

struct Linear<'a> {
    products: Products<'a>,
    x: &'a [i8],
    y: &'a mut [i8],
}

impl Kernel for Linear<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { products, x, y } = self;
        for (o, (y, w)) in y.iter_mut().zip(products.weights.chunks_exact(x.len().max(1))).enumerate() {
            *y = products.product(o, dot(w, x));
        }
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
        let Windows { groups, rows, columns, .. } = *windows;
        let (taps, outputs, places) = (windows.taps(), products.channels.len(), rows.places * columns.places);
        for group in 0..groups {
            let x = &x[group * (x.len() / groups)..][..x.len() / groups];
            for row in 0..rows.places {
                for column in (0..columns.places).step_by(BLOCK) {
                    let count = BLOCK.min(columns.places - column);
                    for (at, patch) in patches.chunks_exact_mut(taps).take(count).enumerate() {
                        copy_window::<K>(windows, x, products.input_zero, [row, column + at], patch);
                    }
                    let place = row * columns.places + column;
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
}

/// Copies the window at this row and column of places.
#[inline(always)]
fn copy_window<const K: usize>(
    windows: &Windows,
    x: &[i8],
    zero: i8,
    [row, column]: [usize; 2],
    patch: &mut [i8],
) {
    let Windows { rows, columns, .. } = *windows;
    let kernel = if K == 0 { columns.kernel } else { K };
    // Before the image, an index wraps around and is large.
    let first = (column * columns.stride).wrapping_sub(columns.before);
    let whole = columns.dilation == 1 && first < columns.side && first + kernel <= columns.side;
    let plane = rows.side * columns.side;
    for (plane, patch) in x.chunks_exact(plane).zip(patch.chunks_exact_mut(rows.kernel * kernel)) {
        for (m, patch) in patch.chunks_exact_mut(kernel).enumerate() {
            let from = (row * rows.stride + m * rows.dilation).wrapping_sub(rows.before);
            let x = if from < rows.side { &plane[from * columns.side..][..columns.side] } else { &[] };
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

use super::Channel;
use crate::simd::{Kernel, Level, dispatch, dot};

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
        let [y] = self.channels[o].outputs([sum], self.output_zero);
        y
    }
}

struct Linear<'a> {
    products: Products<'a>,
    x: &'a [i8],
    y: &'a mut [i8],
}

impl Kernel for Linear<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { products, x, y } = self;
        let inputs = x.len().max(1);
        let row = |o: usize| &products.weights[o * inputs..][..x.len()];
        let (fours, rest) = y.as_chunks_mut::<4>();
        let (start, mut o) = (4 * fours.len(), 0);
        for y in fours {
            let sums = level.dot4(x, [row(o), row(o + 1), row(o + 2), row(o + 3)]);
            for (y, sum) in y.iter_mut().zip(sums) {
                *y = products.product(o, sum);
                o += 1;
            }
        }
        for (at, y) in rest.iter_mut().enumerate() {
            *y = products.product(start + at, dot(row(start + at), x));
        }
    }
}

use super::Channel;
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
    pub(super) fn product(&self, o: usize, sum: i32) -> i8 {
        let Channel { bias, multiplier } = self.channels[o];
        // The whole sum fits, but a part of it need not.
        let y = multiplier.apply(sum.wrapping_add(bias.get()));
        y.saturating_add(i32::from(self.output_zero)).clamp(-128, 127) as i8
    }
}

/// Returns the sum of all products. (LLVM makes it a loop of 16-bit products that are added in pairs.)
#[inline(always)]
pub(super) fn dot(a: &[i8], b: &[i8]) -> i32 {
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

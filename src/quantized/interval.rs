use crate::kernel::all_finite;
use chainrule_kernel::int8::Nested;

/// The range of the numbers at one place in a network. It always includes 0.
///
/// ```
/// use chainrule::quantized::{Interval, Quantization, Ranges};
///
/// let range = Interval { low: 0.0, high: 2.0 }.union(Interval { low: -0.55, high: 1.0 });
/// assert_eq!(range, Interval { low: -0.55, high: 2.0 });
/// let stored = Quantization::of(range); // r = scale (q - zero point)
/// approx::assert_relative_eq!(stored.scale, 0.01, epsilon = 1e-6);
/// assert_eq!(stored.zero_point, -73);
/// approx::assert_relative_eq!(stored.dequantize(stored.quantize(1.234)), 1.23, epsilon = 1e-6);
///
/// let mut measured = Interval::EMPTY;
/// measured.see(&[1.0, -0.5]);
/// assert_eq!(measured, Interval { low: -0.5, high: 1.0 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The smallest number, or 0.
    pub low: f32,
    /// The largest number, or 0.
    pub high: f32,
}

impl Interval {
    /// Returns the smallest range that includes both.
    pub fn union(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Returns whether both ends are finite.
    pub fn is_finite(self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }
}

/// The measurements of a calibration. A layer that you write yourself usually has an [`Interval`], or `()`. See the
/// example of [`Interval`].
pub trait Ranges: Copy {
    /// The ranges before any sample.
    const EMPTY: Self;

    /// Adds the output of some samples. Layers that contain layers measure those instead.
    fn see(&mut self, output: &[f32]) {
        let _ = output;
    }
}

impl Ranges for () {
    const EMPTY: Self = ();
}

impl Ranges for Interval {
    const EMPTY: Self = Self { low: 0.0, high: 0.0 };

    /// A NaN or an infinity makes the range infinite.
    fn see(&mut self, output: &[f32]) {
        if !all_finite(output) {
            self.high = f32::INFINITY;
        }
        for &y in output {
            self.low = self.low.min(y);
            self.high = self.high.max(y);
        }
    }
}

/// The ranges of several layers.
impl<A: Ranges, B: Ranges> Ranges for Nested<A, B> {
    const EMPTY: Self = Self { first: A::EMPTY, rest: B::EMPTY };
}

impl<R: Ranges, const N: usize> Ranges for [R; N] {
    const EMPTY: Self = [R::EMPTY; N];
}

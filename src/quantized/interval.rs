use crate::kernel::all_finite;
use chainrule_kernel::int8::Nested;

/// The range of the numbers at one place of a network. It includes 0.
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

/// What a calibration measures.
pub trait Ranges: Copy {
    /// Before any sample.
    const EMPTY: Self;

    /// Adds the output of some samples. Layers with layers inside measure those instead.
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

/// Those of several layers.
impl<A: Ranges, B: Ranges> Ranges for Nested<A, B> {
    const EMPTY: Self = Self { first: A::EMPTY, rest: B::EMPTY };
}

impl<R: Ranges, const N: usize> Ranges for [R; N] {
    const EMPTY: Self = [R::EMPTY; N];
}
